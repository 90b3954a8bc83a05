"""The store of records in sets: the parts that all databases share.

The statements go directly to the driver's cursor: a pydal row object per record takes ten times as long as the
database itself. The modules for each database add the differences: how keys are generated, how many rows a statement
can have, which errors the driver raises.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from ...core.errors import RowRefused
from ...core.schema import Table
from ...exchange.ports import Row
from .column_types import encoded_columns
from .scanning import Scans


class SqlStore(Scans):
    """A ports.Store on the connection of a pydal DAL.

    A store belongs to one DAL object (see ``open_store``), and like the DAL is used by one thread at a time.
    """

    knows_keys = True

    def insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        """See ports.Store."""
        if not rows:
            return []
        encoded = self._encoded(table, columns, rows)
        with self.savepoint():
            return self._insert(table, columns, encoded)

    def withdraw(self, table: Table, keys: Collection[int]) -> None:
        """See ports.Store."""
        name = self.columns.name
        self.by_keys_run(f"DELETE FROM {name(table.name)} WHERE {name(table.key)} IN ", (), keys)

    def update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """See ports.Store."""
        if not rows or not columns:
            return
        encoded = self._encoded(table, [table.key, *columns], rows)
        with self.savepoint():
            self._update(table, columns, encoded)
            if table.super_keys:
                self._share(table, columns, rows)

    def _share(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        """Write to super-entities what they share with updated records."""
        for super_key, entity in table.super_keys.items():
            above = self._require_schema().get(entity)
            places = {name: at for at, name in enumerate(columns, 1) if above and name in above.shared_fields}
            if above is None or not places:
                continue
            keys: dict[int, int] = dict(
                self.fetch(table, (table.key, super_key), table.key, [row[0] for row in rows])
            )
            self.update(
                above,
                list(places),
                [(keys[row[0]], *map(row.__getitem__, places.values())) for row in rows if keys.get(row[0])],
            )

    def _encoded(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> Sequence[Row]:
        return list(zip(*self._encoded_columns(table, columns, rows)))

    def _encoded_columns(
        self, table: Table, columns: Sequence[str], rows: Sequence[Row]
    ) -> list[Sequence[Any]]:
        encoders = [self.columns.encoder(table.fields[name]) for name in columns]
        try:
            return encoded_columns(rows, encoders)
        except (TypeError, ValueError, AttributeError) as error:
            raise RowRefused(f"A value for {table.name} does not fit its column: {error}.") from error

    def _insert(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> list[int]:
        raise NotImplementedError

    def _update(self, table: Table, columns: Sequence[str], rows: Sequence[Row]) -> None:
        quote = self.columns.name
        assignments = ", ".join(f"{quote(name)} = {self.mark}" for name in columns)
        sql = f"UPDATE {quote(table.name)} SET {assignments} WHERE {quote(table.key)} = {self.mark}"
        self.run_many(sql, [(*row[1:], row[0]) for row in rows])
