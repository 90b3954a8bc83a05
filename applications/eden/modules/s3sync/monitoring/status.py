"""The states of repositories for the overview, read with the same few statements for any number of them.

``core.repository_state`` derives the states from the facts collected here.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from ..adapters import USUAL, adapter_types, can_ask, capabilities_of, needed_columns, where
from ..core.repository_state import OpenRecords, RepositoryFacts, RepositoryState, evaluate
from ..core.task import Mode, RunState
from ..database import own_rows as own_rows
from ..database.own_rows import Repositories
from ..database.runs import Run
from ..database.tables.fields import live
from ..scheduler import queue as queue
from ..scheduler.run_record import live_runs
from ..site import Site
from ..site import exchange_state as exchange_state
from ..site.repositories import REVOKED, WAITING
from ..site.times import SKEW
from ..site.wanted.followed import followed_in
from . import open_records as open_records
from . import pending_changes as pending_changes
from .bounds import Bounds, bounds_of
from .flows import (
    NOTHING_SAID,
    NOTHING_TOLD,
    Flow,
    Incoming,
    flows_of,
    incoming_of,
    present,
    told_by_repository,
)
from .pending_changes import PendingChanges

RUN_COLUMNS = (
    "id",
    "repository_id",
    "started_on",
    "finished_on",
    "manual",
    "state",
    "stage",
    "resource_name",
    "direction",
    "message",
    "failures",
    "cancel_requested",
)
#: Of so many repositories the rows are looked up one by one.
FEW = 60
#: Scheduler states in which a job does not run again by itself.
GIVEN_UP = ("FAILED", "TIMEOUT", "STOPPED", "EXPIRED")


@dataclass
class RepositoryStatus:
    """A repository with its state.

    Attributes:
        id, name: of the repository.
        where: its address or folder, "" if the other site begins.
        run: its last run, None before the first.
        facts, state: what is known of it, and the state that follows.
        flows: the exchanged resources.
        fetched_on: when the other site last fetched something of ours, None if it never did.
        version: of the synchronisation there, as it told last; None from an Eden, and if it has not told.
    """

    id: int
    name: str
    run: Run | None
    facts: RepositoryFacts
    state: RepositoryState
    where: str = ""
    flows: list[Flow] = field(default_factory=list)
    fetched_on: datetime | None = None
    version: str | None = None

    @property
    def live_run(self) -> int | None:
        """The key of the run with a live worker."""
        return self.run.id if self.run is not None and self.facts.is_live else None

    @property
    def outgoing(self) -> PendingChanges:
        """The number of records waiting to be sent."""
        return sum((flow.outgoing for flow in self.flows), PendingChanges())

    @property
    def incoming(self) -> Incoming:
        """What waits there: an unknown number is not none."""
        return incoming_of(self.flows)


def statuses(
    site: Site, only: Any = None, looked_at: int = pending_changes.LOOKED_AT
) -> list[RepositoryStatus]:
    """Return the states of repositories, sorted by name.

    Args:
        site: this site.
        only: pydal query for the repositories, None for all.
        looked_at: number of the last changes of a table to read for the waiting records.
    """
    db = site.db
    table = db.sync_repository
    query = live(table)
    if only is not None:
        query &= only
    columns = sorted(
        {
            "id",
            "name",
            "last_connected",
            "apitype",
            "settings",
            "scope_id",
            "approval",
            "peer_version",
            *needed_columns(),
        }
    )
    rows = list(db(query).select(*[table[name] for name in columns], orderby=(table.name, table.id)))
    if not rows:
        return []
    # All rows of a table are read at once where many are wanted.
    some = [row.id for row in rows] if only is not None and len(rows) <= FEW else None
    now = site.clock.now()
    runs, successes = _runs(site, some)
    working = live_runs(site)
    queued, tries = _queued(db)
    jobs_of = _jobs(db, some)
    told, standing = told_by_repository(site, some)
    bounds = bounds_of(site, rows)
    can = {row.id: capabilities_of(row) for row in rows}
    flows = flows_of(site, some, looked_at, told, standing, can, bounds)
    here, there = open_records.here(site, some), open_records.there(site, some)
    warning = site.host.settings.get_sync_clock_warning()
    workers = queue.workers_alive(site)
    found = []
    for row in rows:
        run = runs.get(row.id)
        next_run, has_stopped = jobs_of.get(row.id, (None, False))
        of_row = flows.get(row.id, [])
        open_here, incoming = here.get(row.id, OpenRecords()), incoming_of(of_row)
        facts = RepositoryFacts(
            is_active=can_ask(row),
            rests="" if (row.apitype or USUAL) in adapter_types() else row.apitype,
            resources=sum(1 for flow in of_row if flow.task is not None and flow.task.mode is not Mode.NONE),
            not_allowed=_not_allowed(bounds.get(row.id), of_row),
            run_state=run.state if run is not None else None,
            is_live=run is not None and working.get(row.id) == run.id,
            is_prescription_open=_is_prescription_open(row.settings),
            is_revoked=row.approval == REVOKED,
            is_waiting=row.approval == WAITING,
            is_stopping=run is not None and run.cancel_requested,
            last_success=successes.get(row.id),
            last_contact=row.last_connected,
            is_queued=row.id in queued,
            next_run=next_run,
            next_try=tries.get(row.id),
            is_schedule_stopped=has_stopped,
            workers=workers,
            undecided=open_here.conflicts + open_here.rejected,
            outgoing=sum(flow.outgoing.count or flow.outgoing.is_more for flow in of_row),
            incoming=incoming.records,
            not_asked=incoming.unknown if can_ask(row) else 0,
            here=open_here,
            there=there.get(row.id, OpenRecords()),
            files_there=sum(flow.files for flow in of_row),
            skew=(row.settings or {}).get(SKEW),
            clock_warning=warning,
            has_fetched=any(told.get((row.id, flow.table), NOTHING_TOLD).has_begun(flow) for flow in of_row),
            tells=standing.get(row.id, NOTHING_SAID).complete,
            confirms=_confirms(row) or not any(flow.task and flow.task.mode.pushes for flow in of_row),
        )
        told_of_row = [told.get((row.id, flow.table), NOTHING_TOLD) for flow in of_row]
        fetched_on = max((each.fetched_on for each in told_of_row if each.fetched_on), default=None)
        found.append(
            RepositoryStatus(
                row.id,
                row.name,
                run,
                facts,
                evaluate(facts, now),
                where(row),
                of_row,
                fetched_on,
                row.peer_version,
            )
        )
    return found


def _is_prescription_open(settings: Mapping[str, Any] | None) -> bool:
    followed = followed_in(settings or {})
    return followed is not None and followed.problem is not None


def _not_allowed(may: Bounds | None, flows: Sequence[Flow]) -> int:
    """Return of how many resources the other site lets this one exchange nothing."""
    if may is None:
        return 0
    tasks = [flow.task for flow in flows if flow.task is not None and flow.task.mode is not Mode.NONE]
    return sum(
        not (each.mode.pulls and may.lets_fetch(each.resource, by_us=True))
        and not (each.mode.pushes and may.lets_send(each.resource, by_us=True))
        for each in tasks
    )


def _confirms(row: Any) -> bool:
    """Return whether sites of this type confirm what is sent to them."""
    kind = adapter_types().get(row.apitype or USUAL)
    return kind is None or kind.confirms


# --- runs ----------------------------------------------------------------------------------------------------


def _runs(site: Site, only: Repositories) -> tuple[dict[int, Run], dict[int, datetime]]:
    """Return the last run of each repository, and the end of its last complete one."""
    db, store = site.db, site.store
    name = store.columns.name
    of, keys = own_rows.among(store, "r.id", only)
    sql = (
        f"SELECT r.id, (SELECT MAX(n.id) FROM {name('sync_run')} n WHERE n.repository_id = r.id), "
        f"(SELECT MAX(c.id) FROM {name('sync_run')} c WHERE c.repository_id = r.id "
        f"AND c.state = '{RunState.COMPLETED}') "
        f"FROM {name('sync_repository')} r WHERE {of}"
    )
    newest = store.rows(sql, keys)
    ids = {each for row in newest for each in row[1:] if each}
    table = db.sync_run
    columns = [table[each] for each in RUN_COLUMNS]
    by_id = {row.id: Run.read(row) for row in db(table.id.belongs(ids)).select(*columns)} if ids else {}
    runs = {row[0]: by_id[row[1]] for row in newest if row[1] in by_id}
    successes = {
        row[0]: by_id[row[2]].finished_on or by_id[row[2]].started_on for row in newest if row[2] in by_id
    }
    return runs, successes


def recent_runs(site: Site, repository_ids: Sequence[int], most: int) -> dict[int, list[Run]]:
    """Return the last runs of repositories, oldest first, in few statements.

    Args:
        site: this site.
        repository_ids: the repositories.
        most: maximum number of runs of each.
    """
    if not repository_ids:
        return {}
    db, store = site.db, site.store
    last = (
        f"SELECT id FROM {store.columns.name('sync_run')} WHERE repository_id = {store.mark} "
        f"ORDER BY id DESC LIMIT {most}"
    )
    ids = [row[0] for row in store.first_of_each(last, [(each,) for each in repository_ids])]
    found: dict[int, list[Run]] = {each: [] for each in repository_ids}
    table = db.sync_run
    columns = [table[each] for each in (*RUN_COLUMNS, "created", "updated", "deleted", "merged", "sent")]
    for row in db(table.id.belongs(ids)).select(*columns, orderby=table.id) if ids else ():
        found[row.repository_id].append(Run.read(row))
    return found


def failing(site: Site) -> int:
    """Return the number of repositories whose last run failed."""
    name = site.store.columns.name
    sql = (
        f"SELECT COUNT(*) FROM {name('sync_repository')} r JOIN {name('sync_run')} n ON n.id = "
        f"(SELECT MAX(m.id) FROM {name('sync_run')} m WHERE m.repository_id = r.id) "
        f"WHERE n.state = '{RunState.FAILED}' AND {present(site, 'r.')}"
    )
    return int(site.store.rows(sql)[0][0])


# --- schedule ------------------------------------------------------------------------------------------------


def _queued(db: Any) -> tuple[set[int], dict[int, datetime]]:
    """Return the repositories with a run of a person that has not begun, and when runs are tried again."""
    if "scheduler_task" not in db.tables:
        return set(), {}
    table = db.scheduler_task
    by_hand, tries = set(), {}
    rows = db(queue.once(db) & table.status.belongs(queue.WAITING)).select(
        table.vars, table.task_name, table.next_run_time
    )
    for row in rows:
        key = json.loads(row.vars)["repository_id"]
        if row.task_name.startswith(queue.RETRY):
            tries[key] = row.next_run_time
        else:
            by_hand.add(key)
    return by_hand, tries


def _jobs(db: Any, only: Sequence[int] | None) -> dict[int, tuple[datetime | None, bool]]:
    """Return for each repository its next scheduled run, and whether the scheduler has given up all its jobs."""
    if "scheduler_task" not in db.tables:
        return {}
    job, task = db.sync_job, db.scheduler_task
    query = live(job) & (task.enabled == True)  # noqa: E712 - an SQL expression
    if only is not None:
        query &= job.repository_id.belongs(only)
    rows = db(query).select(
        job.repository_id, task.next_run_time, task.status, join=task.on(task.id == job.scheduler_task_id)
    )
    times: dict[int, list[datetime]] = {}
    for row in rows:
        known = times.setdefault(row.sync_job.repository_id, [])
        if row.scheduler_task.status not in GIVEN_UP and row.scheduler_task.next_run_time is not None:
            known.append(row.scheduler_task.next_run_time)
    return {key: (min(found, default=None), not found) for key, found in times.items()}
