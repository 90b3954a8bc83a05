"""Figures of a site for a monitoring system, all read from the database: there are several processes.

What is counted is counted since midnight (UTC): a monitoring system takes a smaller value for a new beginning.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from .. import VERSION
from ..core.repository_state import State
from ..core.task import RunState
from ..database import traffic as traffic
from ..database.store.column_types import MOMENT
from ..scheduler import queue as queue
from ..scheduler.run_record import live_runs
from ..site import Site
from ..wire.exposition import Family, Sample
from .health import oldest_waiting
from .status import RepositoryStatus, statuses
from .troubles import failed_in_a_row, free_bytes

#: Repositories that have samples of their own, the most urgent first; the others count in the sums.
MOST = 200
GAUGE, COUNTER = "gauge", "counter"
EPOCH = datetime(1970, 1, 1)
PREFIX = "eden_sync_"


def figures(site: Site) -> list[Family]:
    """Return the figures of this site."""
    found = statuses(site)
    return [*_site(site, found), *_runs(site), *_queue(site), *_repositories(found, failed_in_a_row(site))]


def _one(name: str, kind: str, help: str, value: float | None) -> Family:
    return Family(f"{PREFIX}{name}", kind, help, [] if value is None else [Sample(value)])


def _each(name: str, kind: str, help: str, label: str, values: dict[str, float]) -> Family:
    return Family(
        f"{PREFIX}{name}", kind, help, [Sample(value, {label: key}) for key, value in values.items()]
    )


def _site(site: Site, found: Sequence[RepositoryStatus]) -> Iterator[Family]:
    states = {state.value: 0.0 for state in State}
    for each in found:
        states[each.state.condition.value] += 1
    opened: dict[str, float] = {}
    for each in found:
        for kind, number in each.facts.here._asdict().items():
            opened[kind] = opened.get(kind, 0) + number
    (today,) = traffic.days(site.db, site.clock.now().date(), 1)
    yield _each("info", GAUGE, "The version of the application.", "version", {VERSION: 1})
    yield _one("workers", GAUGE, "Workers with a sign of life within a minute.", queue.workers_alive(site))
    yield _each("repositories", GAUGE, "Repositories by state, as the overview shows them.", "state", states)
    yield _each(
        "open_records", GAUGE, "Records of other sites that were not taken, by reason.", "kind", opened
    )
    yield _one(
        "outgoing_records_all", GAUGE, "Records waiting to go out, summed over all repositories.",
        sum(each.outgoing.count for each in found),
    )  # fmt: skip
    yield _one(
        "incoming_records_all", GAUGE, "Records that other sites have told to be waiting there.",
        sum(each.incoming.records for each in found),
    )  # fmt: skip
    yield _one(
        "oldest_waiting_seconds", GAUGE, "For how long the oldest change has been waiting to go out; 0 for none.",
        oldest_waiting(site, found) or 0,
    )  # fmt: skip
    yield _each(
        "records_total", COUNTER, "Records exchanged since midnight (UTC), also in exchanges that others began.",
        "direction", {"received": today.received, "sent": today.sent},
    )  # fmt: skip
    yield _one("database_bytes", GAUGE, "Size of the database.", site.store.size())
    yield _one(
        "disk_free_bytes", GAUGE, "Bytes that are free where the site writes its files.", free_bytes(site)
    )


def _runs(site: Site) -> Iterator[Family]:
    store, name = site.store, site.store.columns.name
    encode = store.columns.encoder(MOMENT)
    midnight: Any = datetime.combine(site.clock.now().date(), datetime.min.time())
    # By repository, for which there is an index.
    sql = (
        f"SELECT n.state, count(*), SUM(n.bytes_received), SUM(n.bytes_sent) FROM {name('sync_repository')} r "
        f"JOIN {name('sync_run')} n ON n.repository_id = r.id AND n.started_on >= {store.mark} GROUP BY n.state"
    )
    rows = store.rows(sql, (midnight if encode is None else encode(midnight),))
    counts = {state.value: 0.0 for state in RunState if state is not RunState.RUNNING}
    counts.update({str(row[0]): float(row[1]) for row in rows if row[0] in counts})
    yield _each(
        "runs_total", COUNTER, "Runs that began since midnight (UTC) and have ended.", "state", counts
    )
    received, sent = (float(sum(row[column] or 0 for row in rows)) for column in (2, 3))
    yield _each(
        "bytes_total", COUNTER, "Bytes on the line in runs of this site that began since midnight (UTC).",
        "direction", {"received": received, "sent": sent},
    )  # fmt: skip
    fresh = len(live_runs(site))
    held = site.db(site.db.sync_lease).count()
    yield _each(
        "leases", GAUGE, "Repositories that a worker works on, and those whose worker gave no sign of life.",
        "state", {"live": fresh, "stale": max(0, held - fresh)},
    )  # fmt: skip


def _queue(site: Site) -> Iterator[Family]:
    waiting = {status.lower(): 0.0 for status in queue.UNDER_WAY}
    late = 0.0
    if "scheduler_task" in site.db.tables:
        task, now = site.db.scheduler_task, site.clock.now()
        count, first = task.id.count(), task.next_run_time.min()
        due = task.status.belongs(queue.UNDER_WAY) & (task.enabled == True)  # noqa: E712 - an SQL expression
        for row in site.db(due & (task.next_run_time <= now)).select(
            task.status, count, first, groupby=task.status
        ):
            status = row[task.status]
            waiting[status.lower()] = row[count]
            if status in queue.WAITING:
                late = max(late, (now - row[first]) / timedelta(seconds=1))
    yield _each("queue_tasks", GAUGE, "Tasks of the scheduler that are due, by status.", "status", waiting)
    yield _one("queue_oldest_seconds", GAUGE, "For how long the oldest task has been due and waiting.", late)


# --- by repository -----------------------------------------------------------------------------------------------

_Value = Callable[[RepositoryStatus], "float | None"]


def _seconds(moment: datetime | None) -> float | None:
    return None if moment is None else (moment - EPOCH).total_seconds()


def _duration(each: RepositoryStatus) -> float | None:
    run = each.run
    return (
        None if run is None or run.finished_on is None else (run.finished_on - run.started_on).total_seconds()
    )


def _last_success(each: RepositoryStatus) -> float | None:
    facts = each.facts
    return _seconds(facts.last_success if facts.is_active else each.fetched_on)


_BY_REPOSITORY: tuple[tuple[str, str, _Value], ...] = (
    (
        "repository_needs_attention",
        "Whether the overview says that the repository needs attention.",
        lambda each: float(each.state.condition is State.ATTENTION),
    ),
    ("outgoing_records", "Records waiting to go out, at least.", lambda each: each.outgoing.count),
    (
        "incoming_records",
        "Records that the other site has told to be waiting there; missing where that is not known.",
        lambda each: each.incoming.records if each.incoming.is_known else None,
    ),
    (
        "last_success_timestamp_seconds",
        "When our last complete run ended; where the other site begins, when it last fetched something new.",
        _last_success,
    ),
    (
        "last_contact_timestamp_seconds",
        "When the other site last made contact.",
        lambda each: _seconds(each.facts.last_contact),
    ),
    ("last_run_seconds", "How long the last run that ended took.", _duration),
    (
        "last_run_failed",
        "Whether the last run failed.",
        lambda each: None if each.run is None else float(each.run.state is RunState.FAILED),
    ),
    ("conflicts_open", "Conflicts that nobody has decided.", lambda each: each.facts.here.conflicts),
    ("rejected_open", "Records that could not be stored.", lambda each: each.facts.here.rejected),
    (
        "clock_ahead_seconds",
        "By how much the clock of the other site is ahead.",
        lambda each: each.facts.skew,
    ),
)


def _repositories(found: Sequence[RepositoryStatus], failed: Mapping[int, int]) -> Iterator[Family]:
    urgency = {condition: place for place, condition in enumerate(State)}
    shown = sorted(found, key=lambda each: (urgency[each.state.condition], each.id))[:MOST]
    in_a_row = (
        "failed_runs",
        "Runs that failed since the last complete one.",
        lambda each: failed.get(each.id, 0),
    )
    for name, help, value in (*_BY_REPOSITORY, in_a_row):
        samples = []
        for each in shown:
            number = value(each)
            if number is not None:
                samples.append(Sample(number, {"repository": each.name or "", "id": str(each.id)}))
        yield Family(f"{PREFIX}{name}", GAUGE, help, samples)
    left_out = max(0, len(found) - MOST)
    yield _one("repositories_left_out", GAUGE, "Repositories without samples of their own.", left_out)
