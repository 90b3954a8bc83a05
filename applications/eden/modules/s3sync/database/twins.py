"""Further uuids of records, in the table sync_twin (ports.Twins)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable

from ..core.schema import Schema
from .store import open_store


class SqlTwins:
    """Twins in the site's database.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        schema: gives the schema.
    """

    def __init__(self, db: Any, schema: Callable[[], Schema]) -> None:
        self._store = open_store(db, schema)
        self._twins = self._store.columns.name("sync_twin")

    def find(self, table: str, uuids: Collection[str]) -> dict[str, int]:
        """See ports.Twins."""
        mark = self._store.mark
        # Usually there are none, and one query without keys shows it.
        if not uuids or not self._store.rows(
            f"SELECT 1 FROM {self._twins} WHERE tablename = {mark} LIMIT 1", (table,)
        ):
            return {}
        sql = f"SELECT uuid, record_id FROM {self._twins} WHERE tablename = {mark} AND uuid IN "
        return dict(self._store.by_keys(sql, (table,), uuids))

    def remember(self, table: str, keys: Mapping[str, int]) -> None:
        """See ports.Twins."""
        rows = [(table, uuid, key) for uuid, key in keys.items()]
        self._store.upsert("sync_twin", ("tablename", "uuid"), ("tablename", "uuid", "record_id"), rows)
