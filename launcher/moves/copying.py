"""Copies all rows of one database into another one that has the same tables, and compares them afterwards.

It is killed anywhere and started again: rows are written in the order of their keys, and it goes on after the last one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .ends import End, Row, text_of

#: Name of the table, rows that are done, rows in all.
Tell = Callable[[str, int, int], None]
#: Name of a file among the notes: the rows in the target are copied ones.
EMPTIED = "emptied"
#: The table with the identifier of a site.
_CONFIG = "sync_config"


class CopyFailed(Exception):
    """A row, a table or a column cannot be there as it is here; the text says which one."""


class Copy:
    """Copies a database.

    Args:
        source: where the rows are.
        target: where they go; it has the tables.
        notes: folder for what has to be known after this process was killed.
        tell: is called while it lasts.
    """

    def __init__(self, source: End, target: End, notes: Path, tell: Tell) -> None:
        self._source = source
        self._target = target
        self._notes = notes
        self._tell = tell
        self._tables = self._common()

    def run(self) -> dict[str, int]:
        """Copy everything, and compare it.

        Returns:
            how many tables and rows there are.

        Raises:
            CopyFailed: something cannot be copied, or differs afterwards, or another site has begun to use the target
                since the last try.
        """
        references, emptied = self._notes / "references.json", self._notes / EMPTIED
        if emptied.is_file():
            self._ensure_ours()
        self._target.loosen(references)
        if not emptied.is_file():
            self._target.empty(self._tables)
            emptied.touch()
        began = sum(self._target.count(name) for name in self._tables)
        for name in self._tables:
            self._copy(name)
        different = self._different()
        if different and began:
            # The site was used between two tries: what was copied before is not what it is now.
            self._ensure_ours()
            self._target.empty(self._tables)
            for name in self._tables:
                self._copy(name)
            different = self._different()
        if different:
            raise CopyFailed(f"{different} is not the same after it was copied.")
        self._target.settle(self._tables)
        self._target.tighten(references)
        return {
            "tables": len(self._tables),
            "records": sum(self._source.count(name) for name in self._tables),
        }

    def _ensure_ours(self) -> None:
        """Ensure that the target holds no other site: its rows would be removed."""
        if ("uuid", "uuid") not in self._tables.get(_CONFIG, ()):
            return
        here, there = (
            {row[0] for row in end.run(f"SELECT {end.quoted('uuid')} FROM {end.quoted(_CONFIG)}")}
            for end in (self._source, self._target)
        )
        if there - here:
            raise CopyFailed(
                "Since the last try another site has its records in the new database, and they are left there."
                " Name another one, which is empty."
            )

    def _common(self) -> dict[str, list[tuple[str, str]]]:
        """Return each table that both have, with its columns here and there, the key first."""
        there = {name.lower(): name for name in self._target.tables()}
        found = {}
        for name in self._source.tables():
            if name.lower() not in there:
                if self._source.count(name):
                    raise CopyFailed(f"This version does not know the table {name}, and it has rows.")
                continue
            if there[name.lower()] != name:
                raise CopyFailed(f"The table {name} is called {there[name.lower()]} there.")
            found[name] = self._columns(name)
        return found

    def _columns(self, table: str) -> list[tuple[str, str]]:
        there = {name.lower(): name for name in self._target.columns(table)}
        pairs = []
        for name in self._source.columns(table):
            if name.lower() in there:
                pairs.append((name, there[name.lower()]))
            elif self._source.run(
                f"SELECT 1 FROM {self._source.quoted(table)} WHERE {self._source.quoted(name)} IS NOT NULL LIMIT 1"
            ):
                raise CopyFailed(
                    f"This version does not know the column {name} of {table}, and it has values."
                )
        try:
            key, other = self._source.key(table), self._target.key(table)
        except LookupError:
            raise CopyFailed(f"The table {table} has no primary key of one column.") from None
        if (key, other) not in pairs:
            raise CopyFailed(f"The table {table} has the key {key} here and {other} there.")
        return sorted(pairs, key=lambda pair: pair[0] != key)

    def _copy(self, table: str) -> None:
        here, there = zip(*self._tables[table])
        total, done = self._source.count(table), self._target.count(table)
        for rows in self._source.rows(table, here, self._target.last(table)):
            self._write(table, there, rows)
            done += len(rows)
            self._tell(table, done, total)

    def _write(self, table: str, columns: Sequence[str], rows: Sequence[Row]) -> None:
        try:
            self._target.insert(table, columns, rows)
            self._target.connection.commit()
        except Exception as error:
            # Drivers have exceptions of their own; which row it was is found one by one.
            self._target.connection.rollback()
            for row in rows:
                self._write_one(table, columns, row)
            raise CopyFailed(f"Rows of {table} cannot be written together: {error}") from error

    def _write_one(self, table: str, columns: Sequence[str], row: Row) -> None:
        try:
            self._target.insert(table, columns, [row])
        except Exception as error:
            self._target.connection.rollback()
            said = " ".join(str(error).split())
            raise CopyFailed(f"The row {row[0]} of {table} cannot be written there: {said}") from error

    def _different(self) -> str:
        """Return the first table that differs, "" if all are equal."""
        for name, pairs in self._tables.items():
            here, there = zip(*pairs)
            if _digest(self._source, name, here) != _digest(self._target, name, there):
                return name
        return ""


def _digest(end: End, table: str, columns: Sequence[str]) -> tuple[int, str]:
    """Return how many rows a table has, and a digest of all their values in the order of their keys."""
    found, count = hashlib.sha256(), 0
    for rows in end.rows(table, columns, _BELOW_ALL):
        count += len(rows)
        for row in rows:
            found.update(repr([None if value is None else _plain(value) for value in row]).encode())
    return count, found.hexdigest()


_BELOW_ALL = -(2**31)


def _plain(value: Any) -> str:
    return value if isinstance(value, str) else text_of(value)
