"""Pending references and files, in the table sync_deferred (ports.PendingReferences)."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Callable

from ..core.clock import Clock
from ..core.kept import Deferred
from ..core.retry import pause
from ..core.schema import Schema
from ..exchange.ports import Row
from .store import open_store
from .store.column_types import MOMENT

_DEFERRED = "tablename, record_id, fieldname, target, uuid, url, filename, position, repository_id"


#: Maximum characters of a file's name, from the width of its column.
LONGEST_FILENAME = 255
#: When a file is asked for again that a person has given up.
NEVER = datetime(9999, 12, 31)


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
        now, mark = self._now(), self._store.mark
        files = {_place(item): item for item in items if not item.target}
        if files:
            # What another site has said of an older file, and this one of any, is out of date.
            self._store.run_many(
                f"DELETE FROM {self._deferred} WHERE {self._of_file} AND (uuid <> {mark} OR repository_id = {mark})",
                [(*_field(item), item.uuid, item.repository_id) for item in files.values()],
            )
        rows = {_place(item): (*_deferred_row(item), 0, None, now) for item in items}
        self._store.upsert(
            "sync_deferred",
            ("tablename", "record_id", "fieldname", "position"),
            [*_DEFERRED.split(", "), "attempts", "retry_on", "created_on"],
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

    def deferred_of(self, table: str, keys: Iterable[int]) -> list[Deferred]:
        """See ports.PendingReferences."""
        mark = self._store.mark
        # Usually nothing is pending: finding that out takes one look-up, not one per record.
        if not self._store.rows(f"SELECT 1 FROM {self._deferred} WHERE tablename = {mark} LIMIT 1", (table,)):
            return []
        sql = f"SELECT {_DEFERRED} FROM {self._deferred} WHERE tablename = {mark} AND record_id IN "
        return [_deferred_item(row) for row in self._store.by_keys(sql, (table,), list(keys))]

    def settle(self, items: Sequence[Deferred]) -> None:
        """See ports.PendingReferences."""
        mark = self._store.mark
        references = [_place(item) for item in items if item.target]
        if references:
            self._store.run_many(f"DELETE FROM {self._deferred} WHERE {self._at_place}", references)
        files = [(*_field(item), item.uuid) for item in items if not item.target]
        if files:
            self._store.run_many(
                f"DELETE FROM {self._deferred} WHERE {self._of_file} AND uuid = {mark}", files
            )

    @property
    def _at_place(self) -> str:
        mark = self._store.mark
        return f"tablename = {mark} AND record_id = {mark} AND fieldname = {mark} AND position = {mark}"

    @property
    def _of_file(self) -> str:
        mark = self._store.mark
        return f"tablename = {mark} AND record_id = {mark} AND fieldname = {mark} AND target = ''"

    def waiting_files(self, repository_id: int, limit: int) -> list[Deferred]:
        """See ports.PendingReferences; files with the fewest attempts come first."""
        due = f"AND (retry_on IS NULL OR retry_on <= {self._store.mark}) ORDER BY attempts, id"
        return self._files(due, (repository_id, self._now()), limit)

    def missing_files(self, repository_id: int, limit: int) -> list[Deferred]:
        """See ports.PendingReferences."""
        wanted = f"AND (retry_on IS NULL OR retry_on < {self._store.mark}) ORDER BY id"
        return self._files(wanted, (repository_id, self._moment(NEVER)), limit)

    def _files(self, which: str, parameters: tuple[Any, ...], limit: int) -> list[Deferred]:
        since = self._store.columns.plain("created_on", MOMENT)
        read = self._store.columns.decoder(MOMENT)
        rows = self._store.rows(
            f"SELECT {_DEFERRED}, attempts, {since} FROM {self._deferred} WHERE target = '' "
            f"AND repository_id = {self._store.mark} {which} LIMIT {int(limit)}",
            parameters,
        )
        return [
            _deferred_item(row)._replace(
                attempts=attempts or 0, since=since if read is None or since is None else read(since)
            )
            for *row, attempts, since in rows
        ]

    def tried(self, items: Sequence[Deferred]) -> None:
        """See ports.PendingReferences."""
        mark = self._store.mark
        sql = (
            f"UPDATE {self._deferred} SET attempts = {mark}, retry_on = {mark} "
            f"WHERE {self._of_file} AND repository_id = {mark}"
        )
        now = self._clock.now()
        rows = [
            (
                item.attempts + 1,
                self._moment(now + pause(item.attempts + 1)),
                *_field(item),
                item.repository_id,
            )
            for item in items
        ]
        if rows:
            self._store.run_many(sql, rows)

    def give_up(self, items: Sequence[Deferred]) -> None:
        """See ports.PendingReferences."""
        mark = self._store.mark
        sql = (
            f"UPDATE {self._deferred} SET retry_on = {mark} WHERE {self._of_file} AND repository_id = {mark}"
        )
        if items:
            never = self._moment(NEVER)
            self._store.run_many(sql, [(never, *_field(item), item.repository_id) for item in items])

    def ask_again(self, repository_id: int, table: str) -> None:
        """See ports.PendingReferences."""
        mark = self._store.mark
        self._store.run(
            f"UPDATE {self._deferred} SET attempts = 0, retry_on = NULL WHERE target = '' AND tablename = {mark} "
            f"AND repository_id = {mark}",
            (table, repository_id),
        )

    def numbers(self) -> list[tuple[int | None, str, str, int]]:
        """Return how much is pending, in one statement: (repository, table of the record, kind, number).

        The kind is ``references``, ``files``, or ``given_up`` for files that a person has given up.
        """
        rows = self._store.rows(
            f"SELECT repository_id, tablename, CASE WHEN target <> '' THEN 'references' "
            f"WHEN retry_on >= {self._store.mark} THEN 'given_up' ELSE 'files' END, COUNT(*) "
            f"FROM {self._deferred} GROUP BY 1, 2, 3",
            (self._moment(NEVER),),
        )
        return [(origin, table, kind, int(number)) for origin, table, kind, number in rows]

    def _now(self) -> Any:
        return self._moment(self._clock.now())

    def _moment(self, moment: datetime) -> Any:
        encode = self._store.columns.encoder(MOMENT)
        return moment if encode is None else encode(moment)


def _field(item: Deferred) -> tuple[str, int, str]:
    return item.table, item.key, item.field


def _place(item: Deferred) -> tuple[str, int, str, int]:
    """Return what there is one row for: a file has one for each repository that may have it, at a place below 0."""
    place = -1 if item.place is None else item.place
    return *_field(item), place if item.target else -1 - (item.repository_id or 0)


def _deferred_row(item: Deferred) -> Row:
    table, key, field, position = _place(item)
    filename = item.filename and item.filename[:LONGEST_FILENAME]
    return table, key, field, item.target, item.uuid, item.url, filename, position, item.repository_id


def _deferred_item(row: Sequence[Any]) -> Deferred:
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
