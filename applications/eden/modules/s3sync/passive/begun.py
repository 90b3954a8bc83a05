"""Exchanges that another site began here, in sync_served: when, how many records of which resources, how they ended.

A request does not say which exchange it belongs to: it goes on with the last one if that is not long ago, and its site
has not told that it is at its end. Exchanges without any record follow each other as one row, so that sites that ask
every minute do not fill the database.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from ..core.errors import SyncError
from ..core.messages import described, message_of
from ..core.task import RunState
from ..database.runs import COUNTED
from ..site import Repository, Site

#: Longest silence within an exchange, and between two that moved nothing and are one row.
SILENCE, QUIET = timedelta(minutes=10), timedelta(hours=2)
#: A row without records that is not older becomes the exchange whose first records come.
BEGINNING = timedelta(seconds=60)
#: Outcome of a record -> column.
_COLUMNS = {"conflict": "conflicts", **{name: name for name in COUNTED}}


@dataclass(frozen=True)
class Begun:
    """An exchange that another site began. The names are those of the columns; all times are UTC.

    Attributes:
        id: its key.
        repository_id: the other site.
        started_on: when it was first heard.
        finished_on: when it was last heard.
        state: running until the other site tells the end, or a request is refused.
        moved: whether there were records; without them several exchanges may be one row.
        code, message, remedy, params: what was refused, as in the log.
        tables: table -> outcomes of received records by name, and number of records sent.
    """

    id: int
    repository_id: int
    started_on: datetime
    finished_on: datetime
    state: RunState
    moved: bool
    code: str | None = None
    message: str = ""
    remedy: str = ""
    params: Mapping[str, Any] | None = None
    tables: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """Number of records sent to the other site."""
        return sum(counts["sent"] for counts in self.tables.values())

    def received(self, *outcomes: str) -> int:
        """Return the number of received records with these outcomes."""
        return sum(counts[name] for counts in self.tables.values() for name in outcomes)

    def is_over(self, now: datetime) -> bool:
        """Return whether nothing more can belong to it."""
        return self.state is not RunState.RUNNING or now - self.finished_on >= SILENCE


class BegunExchanges:
    """The exchanges that one site began.

    Args:
        repository: the other site.
    """

    def __init__(self, repository: Repository) -> None:
        self._db = repository.site.db
        self._clock = repository.site.clock
        self._repository_id = repository.id

    def heard(self) -> None:
        """Note that the other site asked something, within the current transaction."""
        last, now = self._last(), self._clock.now()
        silence = None if last is None else now - last.finished_on
        if last is None or silence is None:
            self._insert(now)
        elif last.moved or last.state == RunState.FAILED:
            if silence >= SILENCE or (last.state == RunState.COMPLETED and silence >= BEGINNING):
                self._insert(now)
            elif last.state == RunState.RUNNING:
                self._change(last.id, finished_on=now)
        elif silence < QUIET:
            self._change(last.id, finished_on=now)
        else:
            self._insert(now)

    def note(self, table: str | None, *, sent: int = 0, outcomes: Mapping[str, int] | None = None) -> None:
        """Count records, within the current transaction.

        Args:
            table: main table of the document, None for records that were put off.
            sent: number of records sent.
            outcomes: outcome -> number of records received.
        """
        now, last = self._clock.now(), self._last()
        key = None
        if last is not None and last.state != RunState.COMPLETED and now - last.finished_on < SILENCE:
            is_open = last.moved or last.state == RunState.FAILED
            key = last.id if is_open or now - last.started_on < BEGINNING else None
        if key is None:
            key = self._insert(now, moved=True)
        else:
            self._change(key, finished_on=now, moved=True)
        counted = {_COLUMNS[name]: count for name, count in (outcomes or {}).items() if name in _COLUMNS}
        self._count(key, table or "", {"sent": sent, **counted})

    def end(self) -> None:
        """Note that the other site told the end, within the current transaction."""
        last, now = self._last(), self._clock.now()
        if last is not None and last.moved and last.state != RunState.COMPLETED:
            if now - last.finished_on < SILENCE:
                # What was refused before has been done by now.
                said = dict.fromkeys(("code", "message", "remedy", "params"))
                self._change(last.id, finished_on=now, state=RunState.COMPLETED.value, **said)

    def refused(self, error: SyncError) -> None:
        """Note that a request was refused, within the current transaction."""
        last, now = self._last(), self._clock.now()
        remedy = message_of(error.remedy)
        said: dict[str, Any] = {"code": error.code, "message": error.said.text, "remedy": remedy.text}
        said["params"] = described([error.said], remedy)
        if last is not None:
            silence = now - last.finished_on
            is_same = last.state == RunState.FAILED and (last.code, last.message) == (
                said["code"],
                said["message"],
            )
            goes_on = last.state != RunState.COMPLETED and (last.moved or last.state == RunState.FAILED)
            if (is_same and silence < QUIET) or (goes_on and silence < SILENCE):
                self._change(last.id, finished_on=now, state=RunState.FAILED.value, **said)
                return
        self._change(self._insert(now), state=RunState.FAILED.value, **said)

    def _last(self) -> Any:
        table = self._db.sync_served
        rows = self._db(table.repository_id == self._repository_id)
        return rows.select(orderby=~table.id, limitby=(0, 1)).first()

    def _insert(self, now: datetime, *, moved: bool = False) -> int:
        return int(
            self._db.sync_served.insert(
                repository_id=self._repository_id, started_on=now, finished_on=now, moved=moved
            )
        )

    def _change(self, key: int, **columns: Any) -> None:
        self._db(self._db.sync_served.id == key).update(**columns)

    def _count(self, key: int, table: str, counts: Mapping[str, int]) -> None:
        parts = self._db.sync_served_table
        row = self._db((parts.served_id == key) & (parts.tablename == table))
        added = {name: parts[name] + count for name, count in counts.items() if count}
        if added and not row.update(**added):
            parts.insert(served_id=key, repository_id=self._repository_id, tablename=table, **dict(counts))


def read(db: Any, rows: Sequence[Any]) -> list[Begun]:
    """Return exchanges from rows of sync_served, with what they moved, in one statement."""
    parts = db.sync_served_table
    tables: dict[int, dict[str, dict[str, int]]] = {}
    keys = [row.id for row in rows if row.moved]
    for part in db(parts.served_id.belongs(keys)).select(orderby=parts.tablename) if keys else ():
        counts = {name: int(part[name] or 0) for name in ("sent", *COUNTED)}
        tables.setdefault(part.served_id, {})[part.tablename] = counts
    return [
        Begun(
            row.id,
            row.repository_id,
            row.started_on,
            row.finished_on,
            RunState(row.state),
            bool(row.moved),
            row.code,
            row.message or "",
            row.remedy or "",
            row.params,
            tables.get(row.id, {}),
        )
        for row in rows
    ]


def recent(site: Site, repository_ids: Sequence[int], most: int) -> dict[int, list[Begun]]:
    """Return the last exchanges of sites with records, or that were refused, oldest first, in few statements.

    Args:
        site: this site.
        repository_ids: the sites.
        most: maximum number of each.
    """
    name, table = site.store.columns.name, site.db.sync_served
    last = (
        f"SELECT id FROM {name('sync_served')} WHERE repository_id = {site.store.mark} "
        f"AND (moved = 'T' OR state = '{RunState.FAILED.value}') ORDER BY id DESC LIMIT {most}"
    )
    ids = [row[0] for row in site.store.first_of_each(last, [(each,) for each in repository_ids])]
    found: dict[int, list[Begun]] = {each: [] for each in repository_ids}
    rows = site.db(table.id.belongs(ids)).select(orderby=table.id) if ids else ()
    for each in read(site.db, rows):
        found[each.repository_id].append(each)
    return found


def purge(db: Any, before: datetime, most: int) -> None:
    """Remove what is older, or more than each site may have, within the current transaction.

    Args:
        db: the DAL.
        before: what was last heard before this time (UTC).
        most: maximum number of rows of each site: another site makes them.
    """
    table, parts = db.sync_served, db.sync_served_table
    number = table.id.count()
    gone = table.finished_on < before
    for row in db(table.id > 0).select(
        table.repository_id, number, groupby=table.repository_id, having=number > most
    ):
        ours = table.repository_id == row.sync_served.repository_id
        newest = db(ours).select(table.id, orderby=~table.id, limitby=(most, most + 1)).first()
        gone |= ours & (table.id <= newest.id)
    db(parts.served_id.belongs(db(gone)._select(table.id))).delete()
    db(gone).delete()
