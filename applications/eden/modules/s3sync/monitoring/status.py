"""The states of repositories for the overview, read with the same few statements for any number of them.

``core.repository_state`` derives the states from the facts collected here.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from ..adapters import can_ask, needed_columns, where
from ..core.cursor import CheckpointKind
from ..core.kept import UNDECIDED, KeptState
from ..core.repository_state import RepositoryFacts, RepositoryState, evaluate
from ..core.task import Mode, RunState
from ..database.runs import Run
from ..database.tables.fields import live
from ..scheduler import queue as queue
from ..scheduler.run_record import live_runs
from ..site import Site
from ..site import exchange_state as exchange_state
from . import pending_changes as pending_changes
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
#: Scheduler states in which a job does not run again by itself.
GIVEN_UP = ("FAILED", "TIMEOUT", "STOPPED", "EXPIRED")


class Flow(NamedTuple):
    """A resource exchanged with a repository.

    Attributes:
        table: name of the table.
        task: row of its task, None if only the other site pulls or pushes it.
        outgoing: number of records waiting to be sent.
        incoming: number of records waiting there, None if the other site has not told.
    """

    table: str
    task: "FlowTask" | None
    outgoing: PendingChanges
    incoming: int | None


class FlowTask(NamedTuple):
    """The columns of a task for the overview."""

    id: int
    resource: str
    mode: Mode


@dataclass
class RepositoryStatus:
    """A repository with its state.

    Attributes:
        id, name: of the repository.
        where: its address or folder, "" if the other site begins.
        run: its last run, None before the first.
        facts, state: what is known of it, and the state that follows.
        flows: the exchanged resources.
    """

    id: int
    name: str
    run: Run | None
    facts: RepositoryFacts
    state: RepositoryState
    where: str = ""
    flows: list[Flow] = field(default_factory=list)

    @property
    def live_run(self) -> int | None:
        """The key of the run with a live worker."""
        return self.run.id if self.run is not None and self.facts.is_live else None

    @property
    def outgoing(self) -> PendingChanges:
        """The number of records waiting to be sent."""
        return sum((flow.outgoing for flow in self.flows), PendingChanges())

    @property
    def incoming(self) -> int | None:
        """The number of records waiting there, None if it has not told."""
        return _sum_known([flow.incoming for flow in self.flows])


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
    columns = sorted({"id", "name", "last_connected", *needed_columns()})
    rows = list(db(query).select(*[table[name] for name in columns], orderby=(table.name, table.id)))
    if not rows:
        return []
    one = rows[0].id if len(rows) == 1 else None
    now = site.clock.now()
    runs, successes = _runs(site, one)
    working = live_runs(site)
    queued = _queued(db)
    jobs_of = _jobs(db, one)
    flows = _flows(site, one, looked_at)
    undecided = _undecided(db)
    workers = queue.workers_alive(site)
    found = []
    for row in rows:
        run = runs.get(row.id)
        next_run, has_stopped = jobs_of.get(row.id, (None, False))
        of_row = flows.get(row.id, [])
        facts = RepositoryFacts(
            is_active=can_ask(row),
            resources=sum(1 for flow in of_row if flow.task is not None and flow.task.mode is not Mode.NONE),
            run_state=run.state if run is not None else None,
            is_live=run is not None and working.get(row.id) == run.id,
            is_stopping=run is not None and run.cancel_requested,
            last_success=successes.get(row.id),
            last_contact=row.last_connected,
            is_queued=row.id in queued,
            next_run=next_run,
            is_schedule_stopped=has_stopped,
            workers=workers,
            undecided=undecided.get(row.id, 0),
            outgoing=sum(flow.outgoing.count for flow in of_row),
            incoming=_sum_known([flow.incoming for flow in of_row]),
        )
        found.append(RepositoryStatus(row.id, row.name, run, facts, evaluate(facts, now), where(row), of_row))
    return found


def _sum_known(counts: Sequence[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


# --- runs ----------------------------------------------------------------------------------------------------


def _runs(site: Site, one: int | None) -> tuple[dict[int, Run], dict[int, datetime]]:
    """Return the last run of each repository, and the end of its last complete one."""
    db, store = site.db, site.store
    name, mark = store.columns.name, store.mark
    sql = (
        f"SELECT r.id, (SELECT MAX(n.id) FROM {name('sync_run')} n WHERE n.repository_id = r.id), "
        f"(SELECT MAX(c.id) FROM {name('sync_run')} c WHERE c.repository_id = r.id "
        f"AND c.state = '{RunState.COMPLETED}') "
        f"FROM {name('sync_repository')} r"
    )
    newest = store.rows(sql if one is None else f"{sql} WHERE r.id = {mark}", () if one is None else (one,))
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
        f"WHERE n.state = '{RunState.FAILED}' AND {_present(site, 'r.')}"
    )
    return int(site.store.rows(sql)[0][0])


def _present(site: Site, alias: str = "") -> str:
    """Return the condition that a row is not deleted."""
    no = "FALSE" if site.store.columns.native_booleans else "'F'"
    return f"({alias}deleted = {no} OR {alias}deleted IS NULL)"


# --- schedule ------------------------------------------------------------------------------------------------


def _queued(db: Any) -> "set[int]":
    """Return the repositories with a run that a person started and that has not begun."""
    table = db.scheduler_task
    rows = db(queue.by_hand(db) & table.status.belongs(queue.WAITING)).select(table.vars)
    return {json.loads(row.vars)["repository_id"] for row in rows}


def _jobs(db: Any, one: int | None) -> dict[int, tuple[datetime | None, bool]]:
    """Return for each repository its next scheduled run, and whether the scheduler has given up all its jobs."""
    job, task = db.sync_job, db.scheduler_task
    query = live(job) & (task.enabled == True)  # noqa: E712 - an SQL expression
    if one is not None:
        query &= job.repository_id == one
    rows = db(query).select(
        job.repository_id, task.next_run_time, task.status, join=task.on(task.id == job.scheduler_task_id)
    )
    times: dict[int, list[datetime]] = {}
    for row in rows:
        known = times.setdefault(row.sync_job.repository_id, [])
        if row.scheduler_task.status not in GIVEN_UP and row.scheduler_task.next_run_time is not None:
            known.append(row.scheduler_task.next_run_time)
    return {key: (min(found, default=None), not found) for key, found in times.items()}


# --- what waits ----------------------------------------------------------------------------------------------


def _undecided(db: Any) -> dict[int, int]:
    table = db.sync_kept
    count = table.id.count()
    query = (table.state == KeptState.OPEN) & table.kind.belongs(UNDECIDED)
    rows = db(query).select(table.repository_id, count, groupby=table.repository_id)
    return {row[table.repository_id]: row[count] for row in rows}


def _flows(site: Site, one: int | None, looked_at: int) -> dict[int, list[Flow]]:
    """Return the resources exchanged with each repository, with the waiting records."""
    tasks = _tasks(site, one)
    told = _told(site, one)
    wanted: dict[tuple[int, str], int | None] = {}
    for repository_id, of_repository in tasks.items():
        for task in of_repository.values():
            state = told.get((repository_id, task.resource), _NOTHING_TOLD)
            wanted[repository_id, task.resource] = state.delivered if task.mode.pushes else None
    for (repository_id, table), state in told.items():
        if state.is_served:
            wanted[repository_id, table] = state.delivered
    lowest = pending_changes.lowest_of(
        (table, position) for (_, table), position in wanted.items() if position is not None
    )
    tails = pending_changes.tails(site.store, lowest, looked_at)
    flows: dict[int, list[Flow]] = {}
    for (repository_id, table), position in wanted.items():
        tail = tails.get(table, pending_changes.NOTHING)
        outgoing = PendingChanges() if position is None else tail.behind(position, repository_id)
        incoming = told.get((repository_id, table), _NOTHING_TOLD).incoming
        own = tasks.get(repository_id, {}).get(table)
        flows.setdefault(repository_id, []).append(Flow(table, own, outgoing, incoming))
    return flows


def _tasks(site: Site, one: int | None) -> dict[int, dict[str, FlowTask]]:
    """Return the tasks by repository and table; without pydal, which takes twenty times as long for a thousand."""
    name, mark = site.store.columns.name, site.store.mark
    sql = f"SELECT id, repository_id, resource_name, mode FROM {name('sync_task')} WHERE {_present(site)}"
    if one is not None:
        sql += f" AND repository_id = {mark}"
    found: dict[int, dict[str, FlowTask]] = {}
    for key, repository_id, resource, mode in site.store.rows(
        f"{sql} ORDER BY id", () if one is None else (one,)
    ):
        found.setdefault(repository_id, {})[resource] = FlowTask(key, resource, Mode.read(mode))
    return found


class _Told(NamedTuple):
    """The checkpoints of a repository and table, evaluated.

    Attributes:
        delivered: position of our journal up to which the repository has received our changes.
        is_served: whether the other site pulls them.
        incoming: number of records waiting there, None if it has not told.
    """

    delivered: int = 0
    is_served: bool = False
    incoming: int | None = None


_NOTHING_TOLD = _Told()


def _told(site: Site, one: int | None) -> dict[tuple[int, str], _Told]:
    """Return the evaluated checkpoints of each table and repository."""
    stored = site.checkpoints.states(one)
    own = site.journal.identity() if stored else ""
    return {
        key: _Told(
            delivered=exchange_state.delivered(states, own),
            is_served=CheckpointKind.SERVE in states,
            incoming=exchange_state.pulled(states, own).waiting,
        )
        for key, states in stored.items()
    }
