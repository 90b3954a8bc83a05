"""Finds records by their contents on SQLite, whose LOWER knows ASCII alone and which can index no better function."""

from __future__ import annotations

import itertools
import math
import unicodedata
from collections.abc import Sequence
from typing import Any, Callable

from ...core.schema import Table
from ...core.text import BLANKS, FINAL_SIGMA, SIGMA, UNSEEN, normalised, squeezed
from ...exchange.ports import Row
from .matching import ByContents, match_columns
from .statements import chunks

#: Maximum number of spellings in upper and lower case that are looked up one by one.
_MOST_SPELLINGS = 32


#: Classes of combining marks that stand in one order and compose with nothing: none, and viramas.
_SETTLED = (0, 9)


#: Blanks that many texts have.
_USUAL_BLANKS = " \t\n\r\u00a0\u3000"
_RARE_ENDING = "rare"


def _ranges(characters: str) -> str:
    """Return characters as GLOB reads them quickest: those that follow one another named by their ends."""
    runs = itertools.groupby(enumerate(sorted(map(ord, characters))), lambda each: each[1] - each[0])
    ends = ((codes[0], codes[-1]) for codes in ([code for _, code in run] for _, run in runs))
    return "".join(chr(first) if first == last else f"{chr(first)}-{chr(last)}" for first, last in ends)


#: What an expression cannot take out of a text: SQLite's parser takes no more than 28 calls within one another.
_RARE = _ranges("".join(each for each in BLANKS + UNSEEN if each not in _USUAL_BLANKS))


def _lower(value: Any) -> Any:
    return value.lower() if isinstance(value, str) else value


def _squeezed(value: Any) -> Any:
    return squeezed(normalised(value)) if isinstance(value, str) else value


def _letter_spellings(letter: str) -> list[str] | None:
    """Return how SQLite's LOWER may leave a letter of a squeezed text; None if only a look can tell."""
    if letter.isascii():
        return [letter]
    if unicodedata.combining(letter) not in _SETTLED:
        return None
    found = {letter, FINAL_SIGMA} if letter == SIGMA else {letter}
    for same in (letter, letter.upper(), letter.title()):
        if same.lower() == letter:
            apart = unicodedata.normalize("NFD", same)
            if len(apart) > 2:
                return None
            found.update((same, apart[0].lower() + apart[1:] if apart[0].isascii() else apart))
    return sorted(found)


def _spellings(text: str) -> list[str] | None:
    """Return how SQLite may squeeze texts that equal a squeezed one; None if there are too many possibilities.

    SQLite's LOWER converts only ASCII letters and composes none, and no better function can be indexed.
    """
    if text.isascii():
        return [text]
    choices: list[list[str]] = []
    count = 1
    for letter in text:
        spelled = _letter_spellings(letter)
        count *= len(spelled or ())
        if spelled is None or count > _MOST_SPELLINGS:
            return None
        choices.append(spelled)
    return ["".join(each) for each in itertools.product(*choices)]


def _lookups(by: Sequence[tuple[str, bool]], keys: Sequence[Row]) -> tuple[list[Row], list[Row]]:
    """Return keys in all spellings, to be looked up in an index, and those that have too many."""
    if all(not text or all(map(str.isascii, column)) for column, (_, text) in zip(zip(*keys), by)):
        return list(keys), []
    looked_up: list[Row] = []
    compared: list[Row] = []
    for key in keys:
        spelled = [_spellings(value) if is_text else [value] for value, (_, is_text) in zip(key, by)]
        known = [each for each in spelled if each is not None]
        if len(known) < len(spelled) or math.prod(map(len, known)) > _MOST_SPELLINGS:
            compared.append(key)
        else:
            looked_up.extend(itertools.product(*known))
    return looked_up, compared


class SQLiteMatching(ByContents):
    """The part of the store on SQLite that compares texts."""

    def __init__(self, db: Any, schema: Any = None) -> None:
        super().__init__(db, schema)
        self._taught: dict[Any, set[str]] = {}

    def squeezed(self, expression: str) -> str:
        """See ByContents; what is rare stays (see ``_rare``)."""
        for blank in _USUAL_BLANKS:
            expression = f"REPLACE({expression}, '{blank}', '')"
        return f"LOWER({expression})"

    def lowered(self, expression: str, texts: Sequence[str]) -> str:
        """See SqlStore; SQLite's own LOWER converts only ASCII."""
        if all(text.isascii() for text in texts):
            return f"LOWER({expression})"
        self._teach("s3sync_lower", _lower)
        return f"s3sync_lower({expression})"

    def _teach(self, name: str, function: Callable[[Any], Any]) -> None:
        """Make a function known to the connection once: while a query is open, SQLite takes no known one again."""
        connection = self._adapter.connection
        # One that outlives this store says itself what it was taught.
        taught = getattr(connection, "taught", None)
        if taught is None:
            taught = self._taught.setdefault(connection, set())
        if name not in taught:
            connection.create_function(name, 1, function, deterministic=True)
            taught.add(name)

    def _matching(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        live = self._live_without(table, empty, "t.")
        texts = [name for name, is_text in by if is_text]
        indexed = match_columns(table)
        if not texts or not {*texts} <= {*indexed}:
            # A reference has an index, and few records have the same one; else the table is read once.
            look = self._seen if len(texts) == len(by) else self._joined
            return look(table, columns, self._compared(by), live, keys)
        looked_up, compared = _lookups(by, keys)
        found = self._joined(table, columns, self._expressions(by, self.squeezed), live, looked_up)
        if compared:
            # Of texts that no index has, the table is read once.
            found += self._seen(table, columns, self._compared(by), live, compared)
        if self.rows(f"SELECT 1 FROM {self.columns.name(table.name)} WHERE {self._rare(indexed)} LIMIT 1"):
            rare = f"{self._rare(indexed, 't.')} AND {live}"
            found += self._seen(table, columns, self._compared(by), rare, keys)
        return found

    def _compared(self, by: Sequence[tuple[str, bool]]) -> list[str]:
        """Return the columns of keys as they are compared by a function of ours, which no index has."""
        self._teach("s3sync_squeezed", _squeezed)
        return self._expressions(by, "s3sync_squeezed({})".format)

    def _rare(self, names: Sequence[str], alias: str = "") -> str:
        """Return the condition that one of the texts of the index has a character that the index does not leave out.

        Such texts have an index of their own, which is empty at most sites. Its condition is this one.
        """
        has = "(LENGTH({0}) < LENGTH(CAST({0} AS BLOB)) AND {0} GLOB '*[{1}]*')"
        return f"({' OR '.join(has.format(alias + self.columns.name(each), _RARE) for each in names)})"

    def _expressions(self, by: Sequence[tuple[str, bool]], change: Callable[[str], str]) -> list[str]:
        named = [(f"t.{self.columns.name(each)}", is_text) for each, is_text in by]
        return [change(each) if is_text else each for each, is_text in named]

    def _joined(
        self,
        table: Table,
        columns: Sequence[str],
        expressions: Sequence[str],
        live: str,
        keys: Sequence[Row],
    ) -> list[Row]:
        """Return the rows whose expressions have one of the keys, each looked up in an index."""
        name = self.columns.name
        wanted = [f"k{at}" for at in range(len(expressions))]
        equal = " AND ".join(f"{one} = {other}" for one, other in zip(expressions, wanted))
        selected = self._select(table, columns, self.columns.plain, "t.")
        row = f"({self.marks(len(wanted))})"
        found: list[Row] = []
        for part in chunks(keys, self.most_marks // len(wanted)):
            # In this order the index on the expressions is searched once for each key.
            sql = (
                f"WITH wanted ({', '.join(wanted)}) AS (VALUES {', '.join([row] * len(part))}) "
                f"SELECT {selected} FROM wanted CROSS JOIN {name(table.name)} t "
                f"WHERE {equal} AND {live}"
            )
            found.extend(self.rows(sql, [value for key in part for value in key]))
        return found

    def _seen(
        self, table: Table, columns: Sequence[str], expressions: Sequence[str], live: str, keys: Sequence[Row]
    ) -> list[Row]:
        """Return the rows whose expressions have one of the keys, all found in one look at the table."""
        selected = self._select(table, columns, self.columns.plain, "t.")
        row = f"({self.marks(len(expressions))})"
        found: list[Row] = []
        for part in chunks(keys, self.most_marks // len(expressions)):
            sql = (
                f"SELECT {selected} FROM {self.columns.name(table.name)} t "
                f"WHERE ({', '.join(expressions)}) IN (VALUES {', '.join([row] * len(part))}) AND {live}"
            )
            found.extend(self.rows(sql, [value for key in part for value in key]))
        return found

    def prepare_match(self, table: Table, by: Sequence[str]) -> bool:
        """See SqlStore; a second index is of the texts whose characters the first one cannot leave out."""
        known = {name for (name,) in self.rows("SELECT name FROM sqlite_master WHERE type = 'index'")}
        usual, rare = (f"{table.name[:50]}_{ending}" for ending in (self.match_ending, _RARE_ENDING))
        if usual not in known:
            self._index_match(table, by)
        if rare not in known:
            name = self.columns.name
            on = f"{name(table.name)} ({name(table.key)})"
            self.run(f"CREATE INDEX {name(rare)} ON {on} WHERE {self._rare(by)}")
        return not {usual, rare} <= known
