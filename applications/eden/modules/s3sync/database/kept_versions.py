"""Versions that did not become the record here, in the table sync_kept (ports.KeptVersions)."""

from __future__ import annotations

import json
from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, Callable

from ..core.clock import Clock
from ..core.kept import (
    TELLING,
    DecidedElsewhere,
    Kept,
    KeptKind,
    KeptState,
    OpenConflict,
    Resolution,
    Side,
    TooManyKept,
)
from ..core.limits import MOST_KEPT
from ..core.schema import Schema
from ..exchange.ports import Row
from .store import open_store
from .store.column_types import MOMENT
from .twins import SqlTwins

_LONGEST_NAME = 255
_LONGEST_ADDRESS = 255
_KEPT = "kind, tablename, uuid, record_id, repository_id, winner, reason, modified_on, fingerprint, missing, kept_at"


class SqlKeptVersions:
    """Kept versions in the site's database.

    Args:
        db: the DAL, with the tables of ``tables.define``.
        schema: returns the schema, to find out whether the missing references of a rejected record have arrived.
        clock: the site's clock.
        naming: returns the name of a kept record, "" if it has none.
    """

    def __init__(
        self,
        db: Any,
        schema: Callable[[], Schema],
        clock: Clock,
        naming: Callable[[Kept], str] = lambda item: "",
    ) -> None:
        self._store = open_store(db, schema)
        self._schema = schema
        self._clock = clock
        self._naming = naming
        self._twins = SqlTwins(db, schema)
        self._kept = self._store.columns.name("sync_kept")

    def keep(self, items: Sequence[Kept]) -> None:
        """See ports.KeptVersions; conflicts, and versions without uuid, replace those of the same fingerprint."""
        again = [item for item in items if item.row is not None]
        if again:
            self._keep_again(again)
        latest: dict[tuple[Any, ...], Kept] = {_identity(item): item for item in items if item.row is None}
        if not latest:
            return
        for (kind, repository_id, table, by), group in _grouped(latest):
            where, parameters = self._open(repository_id, table)
            self._store.by_keys_run(
                f"DELETE FROM {self._kept} WHERE {where} AND kind = {self._store.mark} AND {_MAY_GO} AND {by} IN ",
                (*parameters, kind),
                group,
            )
        said = ((item.repository_id, item.table, item.uuid) for item in latest.values() if item.uuid)
        for (repository_id, table), uuids in _grouped(said):
            # The sender says something else by now: that is decided anew.
            left, parameters = self._open(repository_id, table, (KeptState.LEFT,))
            left += f" AND kind IN ('{KeptKind.REJECTED}', '{KeptKind.REFUSED}')"
            self._close(f"{left} AND uuid", parameters, uuids)
        self._check_room(latest.values())
        now, position = self._moment(self._clock.now()), self._store.highest_position()
        columns = f"{_KEPT}, retry_on, ours, theirs, state, closed_on, created_on, journal_at, name"
        count = columns.count(",") + 1
        self._store.run_many(
            f"INSERT INTO {self._kept} ({columns}) VALUES ({self._store.marks(count)})",
            [
                (
                    item.kind,
                    item.table,
                    item.uuid,
                    item.key,
                    item.repository_id,
                    item.winner,
                    item.reason,
                    self._moment(item.modified_on),
                    item.fingerprint,
                    _written(item),
                    item.position,
                    self._moment(item.retry_on),
                    item.ours,
                    item.theirs,
                    KeptState.SUPERSEDED if item.closed else KeptState.OPEN,
                    now if item.closed else None,
                    now,
                    position,
                    self._naming(item)[:_LONGEST_NAME],
                )
                for item in latest.values()
            ],
        )

    def _check_room(self, items: Iterable[Kept]) -> None:
        """Refuse to keep more than anybody can decide: another site could fill the database with what it rejects.

        Raises:
            TooManyKept: so many versions from a repository wait.
        """
        for repository_id, count in Counter(item.repository_id for item in items).items():
            of = "IS NULL" if repository_id is None else f"= {self._store.mark}"
            sql = (
                f"SELECT count(*) FROM {self._kept} WHERE state = '{KeptState.OPEN}' "
                f"AND kind IN ({self._store.marks(len(KeptKind))}) AND repository_id {of}"
            )
            parameters = (*KeptKind, *(() if repository_id is None else (repository_id,)))
            waiting = int(self._store.rows(sql, parameters)[0][0])
            if waiting + count > MOST_KEPT:
                raise TooManyKept(
                    f"{waiting} versions from this repository wait for a decision: no more than {MOST_KEPT} are kept."
                )

    def _keep_again(self, items: Sequence[Kept]) -> None:
        mark = self._store.mark
        self._store.run_many(
            f"UPDATE {self._kept} SET record_id = {mark}, reason = {mark}, missing = {mark}, retry_on = {mark} "
            f"WHERE id = {mark}",
            [
                (item.key, item.reason, _written(item), self._moment(item.retry_on), item.row)
                for item in items
            ],
        )

    def known(self, repository_id: int | None, table: str, uuids: Collection[str]) -> dict[str, Kept]:
        """See ports.KeptVersions."""
        where, parameters = self._open(repository_id, table)
        sql = f"SELECT {self._kept_columns()}, id FROM {self._kept} WHERE {where} AND uuid IN "
        rows = self._store.by_keys(sql, parameters, uuids)
        return {row[2]: self._kept_item(row) for row in sorted(rows, key=lambda row: row[-1])}

    def our_versions(
        self, repository_id: int | None, table: str, uuids: Collection[str]
    ) -> dict[str, list[str]]:
        """See ports.KeptVersions."""
        mark = self._store.mark
        sql = (
            f"SELECT uuid, ours FROM {self._kept} WHERE tablename = {mark} AND repository_id = {mark} "
            f"AND kind = '{KeptKind.CONFLICT}' AND ours IS NOT NULL AND uuid IN "
        )
        found: dict[str, list[str]] = {}
        if repository_id is not None:
            for uuid, ours in self._store.by_keys(sql, (table, repository_id), uuids):
                found.setdefault(uuid, []).append(ours)
        return found

    def overruled(self, table: str, uuids: Collection[str]) -> dict[str, list[tuple[str, str]]]:
        """See ports.KeptVersions."""
        sql = (
            f"SELECT uuid, ours, theirs FROM {self._kept} WHERE tablename = {self._store.mark} "
            f"AND kind IN ('{KeptKind.CONFLICT}', '{KeptKind.REFUSED}') AND winner = '{Side.THEIRS}' "
            f"AND ours IS NOT NULL AND theirs IS NOT NULL AND uuid IN "
        )
        found: dict[str, list[tuple[str, str]]] = {}
        for uuid, ours, theirs in self._store.by_keys(sql, (table,), uuids):
            found.setdefault(uuid, []).append((ours, theirs))
        return found

    def open_conflicts(self, table: str, uuids: Collection[str]) -> list[OpenConflict]:
        """See ports.KeptVersions."""
        sql = (
            f"SELECT id, uuid, name, ours, theirs FROM {self._kept} WHERE state = '{KeptState.OPEN}' "
            f"AND kind = '{KeptKind.CONFLICT}' AND tablename = {self._store.mark} AND uuid IN "
        )
        return [
            OpenConflict(row, table, uuid, name or "", ours, theirs)
            for row, uuid, name, ours, theirs in sorted(self._store.by_keys(sql, (table,), uuids))
        ]

    def decided_elsewhere(self, decisions: Sequence[DecidedElsewhere]) -> None:
        """See ports.KeptVersions."""
        mark = self._store.mark
        now = self._moment(self._clock.now())
        self._store.run_many(
            f"UPDATE {self._kept} SET state = '{KeptState.RESOLVED}', closed_on = {mark}, decision = {mark}, "
            f"resolved_by_email = {mark}, resolved_at_site = {mark}, resolved_on = {mark} WHERE id = {mark}",
            [
                (
                    now,
                    each.decision,
                    each.by[:_LONGEST_ADDRESS],
                    each.site,
                    self._moment(each.decided_on),
                    each.conflict.row,
                )
                for each in decisions
            ],
        )

    def release(
        self, repository_id: int | None, table: str, uuids: Collection[str], kinds: Sequence[KeptKind]
    ) -> None:
        """See ports.KeptVersions."""
        if not kinds:
            return
        where, parameters = self._open(repository_id, table, TELLING)
        where += f" AND kind IN ({self._store.marks(len(kinds))})"
        parameters = (*parameters, *kinds)
        # Usually nothing is open; this query needs no keys.
        if self._store.rows(f"SELECT 1 FROM {self._kept} WHERE {where} LIMIT 1", parameters):
            self._close(f"{where} AND uuid", parameters, uuids)

    def waiting_deletions(self, after: int, limit: int) -> list[tuple[int, Kept]]:
        """See ports.KeptVersions."""
        created = self._store.columns.plain("created_on", MOMENT)
        rows = self._store.rows(
            f"SELECT {self._kept_columns()}, ours, theirs, {created}, id FROM {self._kept} "
            f"WHERE state = '{KeptState.OPEN}' AND kind = '{KeptKind.WAITING}' AND id > {self._store.mark} "
            f"ORDER BY id LIMIT {int(limit)}",
            (after,),
        )
        read = self._store.columns.decoder(MOMENT)
        return [
            (
                row[-1],
                self._kept_item(row)._replace(
                    ours=row[-4], theirs=row[-3], kept_on=row[-2] if read is None else read(row[-2])
                ),
            )
            for row in rows
        ]

    def count_waiting(self, repository_id: int) -> int:
        """See ports.KeptVersions."""
        sql = (
            f"SELECT count(*) FROM {self._kept} WHERE state = '{KeptState.OPEN}' AND kind = '{KeptKind.WAITING}' "
            f"AND repository_id = {self._store.mark}"
        )
        return int(self._store.rows(sql, (repository_id,))[0][0])

    def supersede(self, rows: Collection[int]) -> None:
        """See ports.KeptVersions."""
        self._close("id", (), rows)

    def _close(self, where: str, parameters: Sequence[Any], keys: Collection[Any]) -> None:
        closed = f"state = '{KeptState.SUPERSEDED}', closed_on = {self._store.mark}"
        sql = f"UPDATE {self._kept} SET {closed} WHERE {where} IN "
        self._store.by_keys_run(sql, (self._moment(self._clock.now()), *parameters), keys)

    def tables_to_retry(self, repository_id: int | None) -> set[str]:
        """See ports.KeptVersions."""
        of = "IS NULL" if repository_id is None else f"= {self._store.mark}"
        sql = (
            f"SELECT DISTINCT tablename FROM {self._kept} WHERE state = '{KeptState.OPEN}' "
            f"AND kind = '{KeptKind.REJECTED}' AND missing IS NOT NULL AND repository_id {of}"
        )
        return {row[0] for row in self._store.rows(sql, () if repository_id is None else (repository_id,))}

    def retriable(self, repository_id: int | None, table: str, limit: int, after: int = 0) -> list[Kept]:
        """See ports.KeptVersions."""
        where, parameters = self._open(repository_id, table)
        waiting = [
            (key, set(json.loads(missing) if isinstance(missing, (str, bytes)) else missing))
            for key, missing in self._store.rows(
                f"SELECT id, missing FROM {self._kept} WHERE {where} AND kind = '{KeptKind.REJECTED}' "
                "AND missing IS NOT NULL ORDER BY id",
                parameters,
            )
        ]
        if not waiting:
            return []
        here = self._present(table, set().union(*(missing for _, missing in waiting)))
        ready = [key for key, missing in waiting if not missing or not missing.isdisjoint(here)]
        turn = bisect_right(ready, after)
        return self._to_retry([*ready[turn:], *ready[:turn]][:limit])

    def rejected(self, repository_id: int | None, table: str) -> list[tuple[int, str]]:
        """See ports.KeptVersions."""
        where, parameters = self._open(repository_id, table)
        where += f" AND kind = '{KeptKind.REJECTED}' AND theirs IS NOT NULL"
        sql = f"SELECT id, theirs FROM {self._kept} WHERE {where}"
        return [(row[0], row[1]) for row in self._store.rows(sql, parameters)]

    def due(self, repository_id: int | None, limit: int) -> list[Kept]:
        """See ports.KeptVersions."""
        mark = self._store.mark
        rows = self._store.rows(
            f"SELECT id FROM {self._kept} WHERE state = '{KeptState.OPEN}' AND kind = '{KeptKind.REJECTED}' "
            f"AND repository_id = {mark} AND retry_on <= {mark} ORDER BY id LIMIT {int(limit)}",
            (repository_id, self._moment(self._clock.now())),
        )
        return self._to_retry([row[0] for row in rows]) if rows else []

    def _to_retry(self, keys: Sequence[int]) -> list[Kept]:
        sql = f"SELECT {self._kept_columns()}, ours, theirs, id FROM {self._kept} WHERE id IN "
        rows = {row[-1]: row for row in self._store.by_keys(sql, (), keys)}
        return [
            self._kept_item(row)._replace(ours=row[-3], theirs=row[-2], row=row[-1])
            for row in map(rows.__getitem__, keys)
        ]

    def version(self, key: int) -> Kept | None:
        """Return a kept version with its XML, open or not; None if there is none."""
        sql = f"SELECT {self._kept_columns()}, ours, theirs FROM {self._kept} WHERE id = {self._store.mark}"
        for row in self._store.rows(sql, (key,)):
            return self._kept_item(row)._replace(ours=row[-2], theirs=row[-1])
        return None

    def resolve(self, keys: Collection[int], user_id: int | None, decision: Resolution) -> None:
        """Close kept versions because a person has decided.

        Args:
            keys: keys of the versions.
            user_id: the user who decided.
            decision: what was decided.
        """
        mark = self._store.mark
        self._store.by_keys_run(
            f"UPDATE {self._kept} SET state = '{KeptState.RESOLVED}', closed_on = {mark}, resolved_by = {mark}, "
            f"decision = {mark}, resolved_by_email = NULL, resolved_at_site = NULL, resolved_on = NULL WHERE id IN ",
            (self._moment(self._clock.now()), user_id, decision),
            keys,
        )

    def purge(self, before: datetime) -> int:
        """Remove kept versions that were decided or superseded before a time (UTC); return how many.

        Those that tell of a difference stay as long as they do.
        """
        mark = self._store.mark
        where = f"FROM {self._kept} WHERE state NOT IN {_in(TELLING)} AND closed_on < {mark}"
        parameters = (self._moment(before),)
        count = int(self._store.rows(f"SELECT count(*) {where}", parameters)[0][0])
        if count:
            self._store.run(f"DELETE {where}", parameters)
        return count

    def _present(self, table: str, uuids: set[str]) -> set[str]:
        """Return the uuids that exist here, in any table that the table or its components refer to."""
        tables = sorted(_referred(self._schema(), table))
        found = self._here(tables, uuids)
        # Of a merged record that never was here, the survivor may be.
        ends = self._twins.merged(tables, uuids - found)
        here = self._here(tables, set(ends.values())) if ends else set()
        return found | {uuid for uuid, end in ends.items() if end in here}

    def _here(self, tables: Sequence[str], uuids: set[str]) -> set[str]:
        schema = self._schema()
        found: set[str] = set()
        for name in tables:
            target = schema.get(name)
            if target is not None and "uuid" in target.fields:
                found.update(row[0] for row in self._store.fetch(target, ("uuid",), "uuid", uuids))
            found.update(self._twins.find(name, uuids - found))
        return found

    def _open(
        self, repository_id: int | None, table: str, states: Sequence[KeptState] = (KeptState.OPEN,)
    ) -> tuple[str, tuple[Any, ...]]:
        mark = self._store.mark
        where = f"state IN {_in(states)} AND tablename = {mark} AND repository_id "
        return (
            (where + "IS NULL", (table,))
            if repository_id is None
            else (f"{where}= {mark}", (table, repository_id))
        )

    def _kept_columns(self) -> str:
        return _KEPT.replace("modified_on", self._store.columns.plain("modified_on", MOMENT))

    def _kept_item(self, row: Row) -> Kept:
        kind, table, uuid, key, repository_id, winner, reason, modified_on, fingerprint, missing, position = (
            row[:11]
        )
        read = self._store.columns.decoder(MOMENT)
        if modified_on is not None and read is not None:
            modified_on = read(modified_on)
        if isinstance(missing, (str, bytes)):
            missing = json.loads(missing)
        return Kept(
            kind=KeptKind(kind),
            table=table,
            uuid=uuid,
            key=key,
            repository_id=repository_id,
            winner=Side(winner) if winner else None,
            reason=reason or "",
            ours=None,
            theirs=None,
            modified_on=modified_on,
            fingerprint=fingerprint,
            missing=tuple(missing or ()),
            position=position,
        )

    def _moment(self, moment: Any) -> Any:
        encode = self._store.columns.encoder(MOMENT)
        return moment if encode is None or moment is None else encode(moment)


def _in(states: Sequence[KeptState]) -> str:
    return "({})".format(", ".join(f"'{each}'" for each in states))


def _written(item: Kept) -> str | None:
    """Return what an item misses as it is stored: an empty list where it is tried again although nothing is."""
    return json.dumps(list(item.missing)) if item.missing or item.again else None


#: The same version of another site may win against several of ours: each of these is kept.
_MAY_GO = f"(kind <> '{KeptKind.CONFLICT}' OR COALESCE(winner, '') <> '{Side.THEIRS}' OR ours IS NULL)"


def _identity(item: Kept) -> tuple[Any, ...]:
    """Return the identity of a kept version: every loser of a conflict is kept, of other kinds only the latest."""
    by_uuid = item.uuid is not None and item.kind is not KeptKind.CONFLICT
    by = "uuid" if by_uuid else "fingerprint"
    return item.kind, item.repository_id, item.table, by, item.uuid if by_uuid else item.fingerprint


def _grouped(items: Iterable[tuple[Any, ...]]) -> Iterable[tuple[tuple[Any, ...], list[Any]]]:
    groups: dict[tuple[Any, ...], list[Any]] = {}
    for *group, value in items:
        groups.setdefault(tuple(group), []).append(value)
    return groups.items()


def _referred(schema: Schema, table: str) -> set[str]:
    """Return the tables that a table or its components refer to, with instances instead of super-entities."""
    own = schema.get(table)
    if own is None:
        return set()
    members = [own, *(schema.get(component.table) for component in own.components.values())]
    found: set[str] = set()
    for member in members:
        for field in member.fields.values() if member is not None else ():
            target = schema.get(field.target) if field.target is not None else None
            if target is not None:
                found.update(target.instance_types or (target.name,))
    return found
