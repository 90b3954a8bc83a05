"""Reads records by their keys or by the elements of a list column."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, Callable

from ...core.schema import Field, Schema, Table
from ...exchange.ports import Row
from .column_types import Converter, encode_rows
from .statements import CHUNK, chunks, padded
from .transactions import Transactions


class ByKeys(Transactions):
    """Reads records by the values of a column.

    Args:
        db: the DAL.
        schema: returns the schema, for filters with other tables and for super-entities; called when first used.
    """

    def __init__(self, db: Any, schema: Callable[[], Schema] | None = None) -> None:
        super().__init__(db)
        self._schema = schema

    def fetch(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """See ports.Store."""
        return self._decoded(table, columns, self._fetch(table, columns, by, keys, self.columns.plain))

    def fetch_raw(self, table: Table, columns: Sequence[str], by: str, keys: Collection[Any]) -> list[Row]:
        """See ports.Store."""
        return self._fetch(table, columns, by, keys, self.columns.raw)

    def hold(self, table: Table, by: str, value: Any) -> None:
        """See ports.Store."""
        name = self.columns.name
        source = f"SELECT {name(table.key)} FROM {name(table.name)}"
        self.rows(f"{source} WHERE {name(by)} = {self.mark} FOR UPDATE", (value,))

    def held(self, table: Table, columns: Sequence[str], keys: Collection[int]) -> list[Row]:
        """See ports.Store."""
        name = self.columns.name
        selected = self._select(table, columns, self.columns.plain)
        source = f"SELECT {selected} FROM {name(table.name)} WHERE {name(table.key)} IN "
        ending = f" ORDER BY {name(table.key)}{self.locking}"
        return self._decoded(table, columns, self.by_keys(source, (), sorted(keys), ending))

    def fetch_listing(
        self, table: Table, columns: Sequence[str], by: str, keys: Collection[int]
    ) -> list[Row]:
        """See ports.Store."""
        wanted = set(keys)
        if not wanted:
            return []
        listing = table.fields[by]
        read = self.columns.decoder(listing)
        column = self.columns.name(by)
        selected = self._select(table, [*columns, by, table.key], self.columns.plain)
        sql = f"SELECT {selected} FROM {self.columns.name(table.name)}"
        found: list[Row] = []
        few = sorted(wanted)
        no_parameters: list[Any] = []
        for part in [few] if len(few) > CHUNK else chunks(few, 50):
            if len(part) > 50:  # reading all lists is cheaper than comparing each with so many keys
                where, parameters = f"{column} IS NOT NULL", no_parameters
            else:
                where, parameters = self._lists_any(column, part)
            found.extend(self.rows(f"{sql} WHERE {where}", parameters))
        chosen = []
        seen: set[Any] = set()
        for row in found:
            members = row[-2] if read is None or row[-2] is None else read(row[-2])
            if members and row[-1] not in seen and not wanted.isdisjoint(members):
                seen.add(row[-1])
                chosen.append(row[:-2])
        return self._decoded(table, columns, chosen)

    def _lists_any(self, column: str, keys: Sequence[int]) -> tuple[str, list[Any]]:
        return " OR ".join([f"{column} LIKE {self.mark}"] * len(keys)), [f"%|{key}|%" for key in keys]

    def _select_where(
        self, table: Table, columns: Sequence[str], where: str, parameters: Sequence[Any]
    ) -> list[Row]:
        selected = self._select(table, columns, self.columns.plain)
        return self.rows(f"SELECT {selected} FROM {self.columns.name(table.name)} WHERE {where}", parameters)

    def live(self, table: Table, alias: str = "") -> str:
        """Return the condition that a record is not deleted."""
        if "deleted" not in table.fields:
            return "1 = 1"
        column = f"{alias}{self.columns.name('deleted')}"
        no = "FALSE" if self.columns.native_booleans else "'F'"
        return f"({column} = {no} OR {column} IS NULL)"

    def _fetch(
        self,
        table: Table,
        columns: Sequence[str],
        by: str,
        keys: Collection[Any],
        expression: Callable[[str, Field], str],
    ) -> list[Row]:
        distinct = list(dict.fromkeys(key for key in keys if key is not None))
        encode = self.columns.encoder(table.fields[by])
        if encode is not None:
            distinct = [encode(key) for key in distinct]
        selected = self._select(table, columns, expression)
        source = f"SELECT {selected} FROM {self.columns.name(table.name)} WHERE {self.columns.name(by)} IN "
        found: list[Row] = []
        for part in chunks(distinct):
            part = padded(part)
            found.extend(self.rows(f"{source}({self.marks(len(part))})", part))
        return found

    def _select(
        self, table: Table, columns: Sequence[str], expression: Callable[[str, Field], str], alias: str = ""
    ) -> str:
        fields = table.fields
        return ", ".join(expression(f"{alias}{self.columns.name(name)}", fields[name]) for name in columns)

    def _decoded(self, table: Table, columns: Sequence[str], rows: list[Row]) -> list[Row]:
        decoders = [self.columns.decoder(table.fields[name]) for name in columns]
        return list(encode_rows(rows, decoders))

    def reader(self, field: Field) -> Converter | None:
        """See ports.Store."""
        return self.columns.reader(field)
