"""Finds records by their contents: duplicates, whose texts look the same to a person.

The database compares texts without case and blanks, and finds some records in excess; the rest is compared here.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Collection, Iterable, Sequence
from functools import partial
from typing import Callable

from ...core.schema import Table
from ...core.text import normalised, squeezed
from ...exchange.ports import Row
from .column_types import encode_rows
from .reading import ByKeys
from .statements import CHUNK, chunks, padded


def match_columns(table: Table) -> list[str]:
    """Return the columns of the index for a table's duplicate rule: those with texts.

    A rule that begins with a reference needs no index: few records refer to the same one, and references have one.
    """
    rule = table.duplicate
    if rule is None or not table.fields[rule.primary[0]].is_text:
        return []
    return [name for name in rule.primary if table.fields[name].is_text]


def _each_text(keys: Collection[Row], texts: Sequence[bool], change: Callable[[str], str]) -> Iterable[Row]:
    """Yield keys with the texts of some columns changed."""
    columns = [
        [change(value) if isinstance(value, str) else value for value in column] if is_text else column
        for column, is_text in zip(zip(*keys), texts)
    ]
    return zip(*columns)


def both_forms(keys: Sequence[Row]) -> Sequence[Row]:
    """Return keys, and those with decomposed letters: for what a database takes for others."""
    apart = [
        tuple([unicodedata.normalize("NFD", value) if isinstance(value, str) else value for value in key])
        for key in keys
        if not all(value.isascii() for value in key if isinstance(value, str))
    ]
    return [*keys, *apart] if apart else keys


class ByContents(ByKeys):
    """Finds records by the values of some columns."""

    #: most parameters that one statement may have, a power of two
    most_marks = 4096
    #: endings of the name of the index by which duplicates are found: now, and while it was made of other expressions
    match_ending: str = "alike"
    former_endings: tuple[str, ...] = ("duplicate",)

    def match(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[str],
        keys: Collection[Row],
        *,
        ignore_case: bool = False,
    ) -> list[Row]:
        """See ports.Store."""
        texts = [table.fields[name].is_text for name in by]
        wanted = set(keys)
        width = len(columns)
        found: list[Row] = []
        for places, group in self._by_given_values(wanted).items():
            given = [(by[at], texts[at]) for at in places]
            empty = [name for at, name in enumerate(by) if at not in places]
            rows = self._matching_keys(table, [*columns, *by], given, empty, group)
            # What has no value there is found with the group of which that is asked.
            found.extend(row for row in rows if all(row[width + at] is not None for at in places))
        nothing = tuple([None] * len(by))
        if nothing in wanted:
            none = " AND ".join(f"{self.columns.name(name)} IS NULL" for name in by)
            found.extend(self._select_where(table, [*columns, *by], f"{none} AND {self.live(table)}", ()))
        decoded = self._decoded(table, [*columns, *by], found)
        change = partial(normalised, ignore_case=ignore_case)
        found_keys = _each_text([row[width:] for row in decoded], texts, change)
        return [row[:width] for row, key in zip(decoded, found_keys) if key in wanted]

    @staticmethod
    def _by_given_values(keys: Collection[Row]) -> dict[tuple[int, ...], list[Row]]:
        """Group keys by the positions that have a value, and keep only these values."""
        if keys and not any(None in key for key in keys):
            return {tuple(range(len(next(iter(keys))))): list(keys)}
        groups: dict[tuple[int, ...], list[Row]] = {}
        for key in keys:
            places = tuple(at for at, value in enumerate(key) if value is not None)
            if places:
                groups.setdefault(places, []).append(tuple(key[at] for at in places))
        return groups

    def _matching_keys(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        fields = [table.fields[name] for name, _ in by]
        bare = _each_text(keys, [is_text for _, is_text in by], squeezed)
        encoded = encode_rows(list(dict.fromkeys(bare)), [self.columns.encoder(field) for field in fields])
        return self._matching(table, columns, by, empty, list(encoded))

    def _live_without(self, table: Table, empty: Sequence[str], alias: str = "") -> str:
        """Return the condition that a record is not deleted and has no value in some columns."""
        nothing = "".join(f" AND {alias}{self.columns.name(each)} IS NULL" for each in empty)
        return f"{self.live(table, alias)}{nothing}"

    def lowered(self, expression: str, texts: Sequence[str]) -> str:
        """Return a text expression in lower case, to compare it with texts in lower case."""
        return f"LOWER({expression})"

    def squeezed(self, expression: str) -> str:
        """Return a text expression as it is compared with squeezed texts; it may equal more of them."""
        raise NotImplementedError

    def _matching(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[tuple[str, bool]],
        empty: Sequence[str],
        keys: Sequence[Row],
    ) -> list[Row]:
        """Return the live rows that may have one of the keys; further rows do no harm.

        Args:
            table: the table.
            columns: the columns to return.
            by: columns of the keys, each with whether it has texts (then those of the keys are squeezed).
            empty: further columns, which must be empty.
            keys: values of these columns in the database's form, without None.
        """
        name, is_text = by[0]
        column = self.columns.name(name)
        values = list(dict.fromkeys(key[0] for key in keys))
        expression = self.squeezed(column) if is_text else column
        found: list[Row] = []
        # The expression has no index: each statement reads the whole table.
        for part in chunks(values, self.most_marks if is_text else CHUNK):
            part = padded(part)
            where = f"{expression} IN ({self.marks(len(part))}) AND {self._live_without(table, empty)}"
            found.extend(self._select_where(table, columns, where, part))
        return found

    def prepare_match(self, table: Table, by: Sequence[str]) -> bool:
        """Create the index that ``match`` needs, if this database can index the compared expression.

        Args:
            table: the table.
            by: the columns, all of them with texts.

        Returns:
            whether it was created now.
        """
        return False

    def match_index(self, table: Table, ending: str = "") -> str:
        """Return the name of the index by which duplicates in a table are found."""
        return self.columns.name(f"{table.name[:50]}_{ending or self.match_ending}")

    def _index_match(self, table: Table, by: Sequence[str]) -> None:
        name = self.columns.name
        for ending in self.former_endings:
            self.run(f"DROP INDEX IF EXISTS {self.match_index(table, ending)}")
        listed = ", ".join(self.squeezed(name(each)) for each in by)
        self.run(f"CREATE INDEX {self.match_index(table)} ON {name(table.name)} ({listed})")
