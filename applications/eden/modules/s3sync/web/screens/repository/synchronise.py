"""Synchronise now: start a run in the background, follow it, stop it, see its results."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gluon import URL, redirect

from ....conflicts import kept_list as kept_list
from ....core.limits import MOST_FILES
from ....core.plurals import counted
from ....core.task import Activity, Mode, RunState
from ....core.throughput import Throughput, throughput
from ....database import runs as runs
from ....database.runs import Run
from ....scheduler import queue as queue
from ....scheduler import retries as retries
from ....scheduler import run_record as run_record
from ....site import Repository
from ....site.labels import Translate, resource_title
from ....site.tasks import TaskRow
from ..context import ScreenContext
from ..runs import resource_lines, run_lines, totals
from ..widgets import action_button, pressed
from ..words import states_and_units as states_and_units

#: Number of runs in the list, and of files that have not come.
RUNS, FILES = 10, 20


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show the current or last run of this repository and its actions; as JSON for the live progress."""
    if screen.request.extension == "json":
        return _as_json(screen, record)
    T, db, session = screen.T, screen.db, screen.session
    start = action_button("start", T("Synchronize now"))
    cancel = action_button("cancel", T("Stop"), danger=True)
    here = URL("sync", "repository", args=[record.id, "now"])
    give_up = action_button("give_up", T("Do not ask for these files any more"), danger=True)
    if pressed(screen, give_up, "give_up"):
        pending = screen.site.pending_references
        with screen.site.store.transaction():
            pending.give_up(pending.missing_files(record.id, MOST_FILES))
        redirect(here)
    if pressed(screen, start, "start"):
        # A double click starts only one run.
        retries.begin_now(screen.site, record.id, screen.site.host.user_id)
        redirect(here)
    if pressed(screen, cancel, "cancel"):
        if run_record.request_cancel(db, record.id):
            session.flash = T("It stops after the page that is being exchanged.")
        elif queue.cancel_waiting(db, record.id):
            session.flash = T("The run was taken back before it began.")
        redirect(here)
    found = runs.find(db, db.sync_run.repository_id == record.id, ~db.sync_run.id, RUNS)
    live = run_record.live_run(screen.site, record.id)
    running = next((run for run in found if run.id == live and run.state is RunState.RUNNING), None)
    last = next((run for run in found if run.state is not RunState.RUNNING), None)
    queued = running is None and queue.waiting(db, record.id)
    screen.response.view = "sync/now.html"
    return {
        "start": start,
        "cancel": cancel,
        "running": running,
        "progress": progress(screen, record, running) if running is not None else None,
        "queued": queued,
        "last": last if running is None and not queued else None,
        "last_line": run_lines(screen, [last], live)[0] if last is not None else None,
        "last_totals": totals(T, last) if last is not None else "",
        "resources": resource_lines(screen.site, T, last) if last is not None else [],
        "lines": run_lines(screen, found, live),
        "missing_files": screen.site.pending_references.missing_files(record.id, FILES),
        "give_up": give_up,
        "undecided": kept_list.undecided(screen.site, record.id),
        "workers": queue.workers_alive(screen.site),
        "command": screen.worker_command,
        "tasks": len(record.task_rows),
        "source": URL("sync", "repository.json", args=[record.id, "now"]),
    }


def _as_json(screen: ScreenContext, record: Repository) -> str:
    """Return the progress of the run: requested every second, so it takes no lock and reads three rows."""
    screen.session.forget(screen.response)
    screen.response.headers["Cache-Control"] = "no-store"
    db = screen.db
    live = run_record.live_run(screen.site, record.id)
    run = runs.get(db, live)
    told: dict[str, Any]
    if run is not None and run.state is RunState.RUNNING:
        told = {"state": RunState.RUNNING.value, **progress(screen, record, run)}
    else:
        told = {"state": "queued" if queue.waiting(db, record.id) else "idle"}
    answer: str = screen.response.json(told)
    return answer


def progress(screen: ScreenContext, repository: Repository, run: Run) -> dict[str, Any]:
    """Return the progress of a run, in numbers for the bar and in words for the reader."""
    T = screen.T
    since: datetime = run.stage_since or run.started_on
    found = throughput(run.done, run.total, (screen.now - since).total_seconds())
    tasks = [row for row in repository.task_rows if row.mode is not Mode.NONE]
    return {
        "run": run.id,
        "stopping": run.cancel_requested,
        "part": f"{run.direction or ''} {run.resource_name or ''}",
        "stage": str(states_and_units.stage(T, run.stage, run.direction)),
        "resource": _resource(screen, run.resource_name, tasks),
        "share": _share(run, tasks, found.share),
        "records": str(_records(T, run.done, run.total)),
        "rate": str(_rate(T, found)),
        "left": str(T("not known yet") if found.left is None else states_and_units.span(T, found.left)),
        "received": str(states_and_units.size(T, run.bytes_received)),
        "sent": str(states_and_units.size(T, run.bytes_sent)),
    }


def _resource(screen: ScreenContext, name: str | None, tasks: list[TaskRow]) -> str:
    """Return the title of a resource, and its place among those of the run."""
    if not name:
        return ""
    names = [task.resource for task in tasks]
    title = resource_title(screen.site, name)
    if len(names) < 2 or name not in names:
        return title
    place = {"resource": title, "place": names.index(name) + 1, "all": len(names)}
    return str(screen.T("%(resource)s (%(place)s of %(all)s)") % place)


def _share(run: Run, tasks: list[TaskRow], share: float | None) -> float | None:
    """Return the share of the run that is done, with equal weight for each resource and direction; None if unknown.

    Args:
        run: the run.
        tasks: its tasks, in order.
        share: share done of the current resource and direction, None if unknown.
    """
    ways = [
        (task.resource, direction)
        for task in tasks
        for direction, travels in ((Activity.PULL, task.mode.pulls), (Activity.PUSH, task.mode.pushes))
        if travels
    ]
    present = (run.resource_name, run.direction)
    if present not in ways:
        return None
    return round((ways.index(present) + (share or 0.0)) / len(ways), 4)


def _records(T: Translate, done: int, total: int | None) -> Any:
    if not total:
        return states_and_units.records(T, done)
    return counted(
        T,
        max(done, total),
        "%(done)s of %(count)s record",
        "%(done)s of %(count)s records",
        done=states_and_units.number(done),
    )


def _rate(T: Translate, found: Throughput) -> Any:
    if found.rate is None:
        return T("not known yet")
    if found.rate < 1:
        per_minute = max(1, round(found.rate * 60))
        return counted(T, per_minute, "%(count)s record a minute", "%(count)s records a minute")
    return counted(T, round(found.rate), "%(count)s record a second", "%(count)s records a second")
