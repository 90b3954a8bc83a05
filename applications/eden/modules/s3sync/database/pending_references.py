"""Pending references and files, in the table sync_deferred (ports.PendingReferences)."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Callable

from ..core.clock import Clock
from ..core.kept import Deferred
from ..core.schema import Schema
from ..exchange.ports import Row
from .store import open_store
from .store.column_types import MOMENT

_DEFERRED = "tablename, record_id, fieldname, target, uuid, url, filename, position, repository_id"


class SqlPendingReferences:
    """Pending references and files in the site's database.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        schema: returns the schema.
        clock: the site's clock.
    """

    def __init__(self, db: Any, schema: Callable[[], Schema], clock: Clock) -> None:
        self._store = open_store(db, schema)
        self._clock = clock
        self._deferred = self._store.columns.name("sync_deferred")

    def defer(self, items: Sequence[Deferred]) -> None:
        """See ports.PendingReferences."""
        now = self._now()
        rows = {_place(item): (*_deferred_row(item), 0, now) for item in items}
        self._store.upsert(
            "sync_deferred",
            ("tablename", "record_id", "fieldname", "position"),
            [*_DEFERRED.split(", "), "attempts", "created_on"],
            list(rows.values()),
        )

    def deferred_for(self, targets: Mapping[str, Collection[str]]) -> list[Deferred]:
        """See ports.PendingReferences."""
        mark = self._store.mark
        sql = f"SELECT {_DEFERRED} FROM {self._deferred} WHERE target = {mark} AND uuid IN "
        any_sql = f"SELECT 1 FROM {self._deferred} WHERE target = {mark} LIMIT 1"
        return [
            _deferred_item(row)
            for target, uuids in targets.items()
            if self._store.rows(any_sql, (target,))
            for row in self._store.by_keys(sql, (target,), uuids)
        ]

    def deferred_of(self, table: str, keys: Collection[int]) -> list[Deferred]:
        """See ports.PendingReferences."""
        mark = self._store.mark
        # Usually nothing is pending: finding that out takes one look-up, not one per record.
        if not self._store.rows(f"SELECT 1 FROM {self._deferred} WHERE tablename = {mark} LIMIT 1", (table,)):
            return []
        sql = f"SELECT {_DEFERRED} FROM {self._deferred} WHERE tablename = {mark} AND record_id IN "
        return [_deferred_item(row) for row in self._store.by_keys(sql, (table,), keys)]

    def settle(self, items: Sequence[Deferred]) -> None:
        """See ports.PendingReferences."""
        mark = self._store.mark
        sql = (
            f"DELETE FROM {self._deferred} WHERE tablename = {mark} AND record_id = {mark} "
            f"AND fieldname = {mark} AND position = {mark}"
        )
        if items:
            self._store.run_many(sql, [_place(item) for item in items])

    def waiting_files(self, repository_id: int, limit: int) -> list[Deferred]:
        """See ports.PendingReferences; files with the fewest attempts come first."""
        mark = self._store.mark
        sql = (
            f"SELECT {_DEFERRED} FROM {self._deferred} WHERE target = '' AND repository_id = {mark} "
            f"ORDER BY attempts, id LIMIT {int(limit)}"
        )
        return [_deferred_item(row) for row in self._store.rows(sql, (repository_id,))]

    def tried(self, items: Sequence[Deferred]) -> None:
        """Count a failed attempt, so that other files are tried before these."""
        mark = self._store.mark
        sql = (
            f"UPDATE {self._deferred} SET attempts = attempts + 1 WHERE tablename = {mark} AND record_id = {mark} "
            f"AND fieldname = {mark} AND position = {mark}"
        )
        if items:
            self._store.run_many(sql, [_place(item) for item in items])

    def _now(self) -> Any:
        encode = self._store.columns.encoder(MOMENT)
        now = self._clock.now()
        return now if encode is None else encode(now)


def _place(item: Deferred) -> tuple[str, int, str, int]:
    return item.table, item.key, item.field, -1 if item.place is None else item.place


def _deferred_row(item: Deferred) -> Row:
    table, key, field, position = _place(item)
    return table, key, field, item.target, item.uuid, item.url, item.filename, position, item.repository_id


def _deferred_item(row: Row) -> Deferred:
    table, key, field, target, uuid, url, filename, position, repository_id = row
    return Deferred(
        table=table,
        key=key,
        field=field,
        target=target,
        uuid=uuid,
        url=url,
        filename=filename,
        place=None if position < 0 else position,
        repository_id=repository_id,
    )
