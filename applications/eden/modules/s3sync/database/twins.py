"""Further uuids of records, and those of records that were merged elsewhere, in sync_twin (ports.Twins)."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Callable

from ..core.records import end_of_merges
from ..core.schema import Schema
from .store import open_store

#: How the DAL stores truth.
_TRUE, _FALSE = "T", "F"


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
        return self._keys(table, uuids, f"(proposed IS NULL OR proposed <> '{_TRUE}') AND survivor IS NULL")

    def proposed(self, table: str, uuids: Collection[str]) -> dict[str, int]:
        """See ports.Twins."""
        return self._keys(table, uuids, f"proposed = '{_TRUE}'")

    def _keys(self, table: str, uuids: Collection[str], condition: str) -> dict[str, int]:
        if not uuids or not self._are_there(table):
            return {}
        where = f"tablename = {self._store.mark} AND {condition} AND uuid IN "
        sql = f"SELECT uuid, record_id FROM {self._twins} WHERE {where}"
        return dict(self._store.by_keys(sql, (table,), uuids))

    def of(self, table: str, keys: Collection[int]) -> dict[int, list[str]]:
        """See ports.Twins."""
        found: dict[int, list[str]] = {}
        if keys and self._are_there(table):
            mark = self._store.mark
            sql = f"SELECT record_id, uuid FROM {self._twins} WHERE tablename = {mark} AND record_id IN "
            for key, uuid in sorted(self._store.by_keys(sql, (table,), keys)):
                found.setdefault(key, []).append(uuid)
        return found

    def _are_there(self, table: str) -> bool:
        """Return whether any record of a table has a further uuid; usually none has."""
        sql = f"SELECT 1 FROM {self._twins} WHERE tablename = {self._store.mark} LIMIT 1"
        return bool(self._store.rows(sql, (table,)))

    def remember(self, table: str, keys: Mapping[str, int], *, proposed: bool = False) -> None:
        """See ports.Twins."""
        self._upsert([(table, uuid, key, _TRUE if proposed else _FALSE, None) for uuid, key in keys.items()])

    def merged(self, tables: Collection[str], uuids: Collection[str]) -> dict[str, str]:
        """See ports.Twins."""
        steps: dict[str, str] = {}
        asked = set(uuids) if uuids and any(map(self._are_there, tables)) else set()
        where = f"tablename IN ({self._store.marks(len(tables))}) AND survivor IS NOT NULL AND uuid IN "
        while asked:
            sql = f"SELECT uuid, survivor FROM {self._twins} WHERE {where}"
            found: dict[str, str] = dict(self._store.by_keys(sql, tuple(tables), asked))
            steps.update(found)
            asked = set(found.values()) - steps.keys()
        return {uuid: end_of_merges(uuid, steps) for uuid in steps.keys() & set(uuids)}

    def remember_merged(self, table: str, survivors: Mapping[str, str]) -> None:
        """See ports.Twins."""
        self._upsert([(table, uuid, 0, _FALSE, survivor) for uuid, survivor in survivors.items()])

    def _upsert(self, rows: list[tuple[Any, ...]]) -> None:
        columns = ("tablename", "uuid", "record_id", "proposed", "survivor")
        self._store.upsert("sync_twin", ("tablename", "uuid"), columns, rows)

    def withdraw(self, table: str, uuids: Collection[str]) -> None:
        """See ports.Twins."""
        where = f"tablename = {self._store.mark} AND proposed = '{_TRUE}' AND uuid IN "
        self._store.by_keys_run(f"DELETE FROM {self._twins} WHERE {where}", (table,), uuids)
