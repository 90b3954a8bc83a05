"""What the reader of a document may have, where that is not everything: which records it may be sent, or told of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ...core.kept import DeletionMark
from ...core.schema import Table
from ...wire.filters import Filter
from ..ports import Ports, Row
from ..scope import OfAccount

if TYPE_CHECKING:
    from ..scope import Chosen


class Reach:
    """The records that a reader may have.

    Args:
        ports: the ports of the site.
        readable: the tables of these records, with the conditions on them; None for all records.
    """

    def __init__(self, ports: Ports, readable: Chosen | None) -> None:
        self._schema = ports.schema
        self._store = ports.store
        self._readable = readable

    def has(self, table: str) -> bool:
        """Return whether any record of a table may be read."""
        return self._readable is None or table in self._readable

    def keys(self, table: Table, keys: set[int]) -> set[int]:
        """Return those of the keys whose records may be read."""
        if self._readable is None or not keys:
            return keys
        return self._meeting(table, keys, self._readable.get(table.name))

    def _meeting(self, table: Table, keys: set[int], conditions: Sequence[Filter] | None) -> set[int]:
        if conditions is None:
            return set()
        return self._store.matching(table, keys, conditions) if conditions else keys

    def parts(self, table: Table, rows: list[Row]) -> list[Row]:
        """Return those rows of a component, keys first, that may be read with their masters."""
        if not isinstance(self._readable, OfAccount):
            return rows
        keys = self._meeting(table, {row[0] for row in rows}, self._readable.of_parts(table.name))
        return [row for row in rows if row[0] in keys]

    def instances(self, named: Mapping[int, tuple[str, str]]) -> Mapping[int, tuple[str, str]]:
        """Return those records, named by super key -> table and uuid, that may be read."""
        if self._readable is None:
            return named
        by_table: dict[str, list[str]] = defaultdict(list)
        for table, uuid in named.values():
            if self._readable.get(table):
                by_table[table].append(uuid)
        named_in = {table for table, _ in named.values()}
        chosen = {name for name in named_in if name in self._readable and not self._readable[name]}
        inside = {(table, uuid) for table, uuids in by_table.items() for uuid in self._of(table, uuids)}
        return {key: each for key, each in named.items() if each[0] in chosen or each in inside}

    def _of(self, name: str, uuids: list[str]) -> set[str]:
        table = self._schema.get(name)
        if table is None:
            return set()
        found = {row[0]: row[1] for row in self._store.fetch(table, (table.key, "uuid"), "uuid", uuids)}
        return {found[key] for key in self.keys(table, set(found))}

    def marks(self, marks: Mapping[int, DeletionMark]) -> Mapping[int, DeletionMark]:
        """Return who deleted records, without what took them along where that may not be read."""
        if self._readable is None:
            return marks
        return {
            key: mark if mark.along is None or self.has(mark.along[0]) else mark._replace(along=None)
            for key, mark in marks.items()
        }
