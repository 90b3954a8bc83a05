"""Finds records by their contents: duplicates, case-sensitive or not."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from ...core.schema import Table
from ...exchange.ports import Row
from .column_types import encode_rows
from .reading import ByKeys
from .statements import CHUNK, chunks, padded


def match_index(table: Table) -> str:
    """Return the name of the index by which duplicates in a table are found."""
    return f"{table.name[:50]}_duplicate"


def _folded(keys: Collection[Row], fold: Sequence[bool]) -> Iterable[Row]:
    """Yield keys with the texts of some columns in lower case."""
    columns = [
        [value.lower() if isinstance(value, str) else value for value in column] if lower else column
        for column, lower in zip(zip(*keys), fold)
    ]
    return zip(*columns)


class ByContents(ByKeys):
    """Finds records by the values of some columns."""

    #: most parameters that one statement may have, a power of two
    most_marks = 4096

    def match(
        self,
        table: Table,
        columns: Sequence[str],
        by: Sequence[str],
        keys: Collection[Row],
        *,
        ignore_case: bool = False,
    ) -> list[Row]:
        """See ports.Store; values that the database cannot compare like Python are compared here again."""
        fold = [ignore_case and table.fields[name].is_text for name in by]
        wanted = set(_folded(keys, fold))
        found: list[Row] = []
        for places, group in self._by_given_values(wanted).items():
            given = [(by[at], fold[at]) for at in places]
            empty = [name for at, name in enumerate(by) if at not in places]
            found.extend(self._matching_keys(table, [*columns, *by], given, empty, group))
        nothing = tuple([None] * len(by))
        if nothing in wanted:
            none = " AND ".join(f"{self.columns.name(name)} IS NULL" for name in by)
            found.extend(self._select_where(table, [*columns, *by], f"{none} AND {self.live(table)}", ()))
        width = len(columns)
        decoded = self._decoded(table, [*columns, *by], found)
        compared = _folded([row[width:] for row in decoded], fold)
        return [row[:width] for row, key in zip(decoded, compared) if key in wanted]

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
        encoded = list(encode_rows(keys, [self.columns.encoder(field) for field in fields]))
        return self._matching(table, columns, by, empty, encoded)

    def _live_without(self, table: Table, empty: Sequence[str], alias: str = "") -> str:
        """Return the condition that a record is not deleted and has no value in some columns."""
        nothing = "".join(f" AND {alias}{self.columns.name(each)} IS NULL" for each in empty)
        return f"{self.live(table, alias)}{nothing}"

    def lowered(self, expression: str, texts: Sequence[str]) -> str:
        """Return a text expression in lower case, to compare it with texts in lower case."""
        return f"LOWER({expression})"

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
            by: columns of the keys, each with whether its case is ignored (then the keys are in lower case).
            empty: further columns, which must be empty.
            keys: values of these columns in the database's form, without None.
        """
        name, fold = by[0]
        column = self.columns.name(name)
        values = list(dict.fromkeys(key[0] for key in keys))
        expression = self.lowered(column, values) if fold else column
        found: list[Row] = []
        # The expression has no index: each statement reads the whole table.
        for part in chunks(values, self.most_marks if fold else CHUNK):
            part = padded(part)
            where = f"{expression} IN ({self.marks(len(part))}) AND {self._live_without(table, empty)}"
            found.extend(self._select_where(table, columns, where, part))
        return found

    def prepare_match(self, table: Table, by: Sequence[tuple[str, bool]]) -> bool:
        """Create the index that ``match`` needs, if this database can index the compared expression.

        Args:
            table: the table.
            by: the columns, each with whether its case is ignored.

        Returns:
            whether it was created now.
        """
        return False

    def _index_match(self, table: Table, by: Sequence[tuple[str, bool]]) -> None:
        name = self.columns.name
        listed = ", ".join(f"LOWER({name(each)})" if fold else name(each) for each, fold in by)
        self.run(f"CREATE INDEX {name(match_index(table))} ON {name(table.name)} ({listed})")
