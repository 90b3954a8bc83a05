"""Starts runs through the queue, as the screens do, and follows them to their end."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import partial
from typing import Any, Callable

from ..core.task import RunState
from ..database import runs as runs
from ..database.runs import Run
from ..monitoring.status import RepositoryStatus, statuses
from ..scheduler import queue as queue
from ..scheduler import retries as retries
from ..site import Site
from ..site.labels import Translate, resource_title
from ..web.screens.words import states_and_units as states_and_units
from ..web.screens.words.run_failures import failure_of
from .states import repository_named
from .words import Refusal, plain

Say = Callable[[Mapping[str, Any]], None]

#: Seconds between two looks at a run that is followed.
EVERY = 0.5


def sync(site: Site, T: Translate, given: Mapping[str, Any], say: Say) -> dict[str, Any]:
    """Queue a run of a repository, or of all with which this site begins the exchange.

    Args:
        site: this site.
        T: web2py's translator.
        given: repository (name or number, None for all), wait (whether to follow the runs to their end).
        say: is called with the progress of a run that is followed.

    Raises:
        Refusal: there is no such repository, or nothing to begin with it.
    """
    chosen = _chosen(site, given.get("repository"))
    tasks: dict[int, int | None] = {}
    for each in chosen:
        with site.store.transaction():
            task = retries.begin_now(site, each.id, None)
            tasks[each.id] = task if task is not None else queue.newest_by_hand(site.db, each.id)
    workers = queue.workers_alive(site)
    started: list[dict[str, Any]] = [{"id": each.id, "name": each.name, "state": "queued"} for each in chosen]
    if given.get("wait") and workers:
        for told in started:
            told.update(_followed(site, T, told, tasks[told["id"]], say))
    failed = any(told["state"] not in ("queued", RunState.COMPLETED.value) for told in started)
    return {"workers": workers, "runs": started, "needs_attention": failed or not workers}


def _chosen(site: Site, name: str | None) -> list[RepositoryStatus]:
    key = repository_named(site, name)
    found = statuses(site, None if key is None else site.db.sync_repository.id == key)
    chosen = [each for each in found if each.facts.is_active and each.facts.resources]
    if chosen:
        return chosen
    if key is None:
        raise Refusal(
            "There is no repository with which this site begins an exchange.",
            "Add one in the screens: Administration > Synchronization. See which there are: ./eden repositories",
        )
    if found[0].facts.is_active:
        raise Refusal(
            f"No resources are chosen for {found[0].name}, so nothing is exchanged.",
            "Choose them in the screens: Administration > Synchronization.",
        )
    raise Refusal(f"{found[0].name} begins the exchange, not this site.", "Start it at the other site.")


def _followed(
    site: Site, T: Translate, told: Mapping[str, Any], task: int | None, say: Say
) -> dict[str, Any]:
    """Tell the progress of a run until its task has ended; return how."""
    db, last = site.db, None
    while True:
        # Ends the read transaction: within one, a database shows nothing new.
        db.commit()
        row = db.scheduler_task(task) if task is not None else None
        run = _run_of(db, task)
        if run is not None and run.state is RunState.RUNNING:
            now = _progress(site, T, run)
            if now != last:
                say({**told, **now})
            last = now
        if row is None and run is None:
            return {"state": RunState.CANCELLED.value, "message": "The run was taken back before it began."}
        if row is None or row.status in queue.ENDED:
            return _ended(site, T, run, task)
        time.sleep(EVERY)


def _run_of(db: Any, task: int | None) -> Run | None:
    attempts = db.scheduler_run
    keys = [row.id for row in db(attempts.task_id == task).select(attempts.id)] if task is not None else []
    found = runs.find(db, db.sync_run.scheduler_run_id.belongs(keys), ~db.sync_run.id, 1) if keys else []
    return found[0] if found else None


def _progress(site: Site, T: Translate, run: Run) -> dict[str, Any]:
    title = resource_title(site, run.resource_name) if run.resource_name else ""
    stage = plain(states_and_units.stage(T, run.stage, run.direction))
    return {"resource": title, "stage": stage, "done": run.done, "of": run.total}


def _ended(site: Site, T: Translate, run: Run | None, task: int | None) -> dict[str, Any]:
    if run is None:
        return {"state": RunState.FAILED.value, "message": _last_words(site.db, task)}
    failed = run.state in (RunState.FAILED, RunState.CANCELLED)
    message = failure_of(T, run, partial(resource_title, site)) if failed else run.message
    return {
        "state": run.state.value,
        "run": run.id,
        "message": message,
        "received": run.received,
        "sent": run.sent,
    }


def _last_words(db: Any, task: int | None) -> str:
    """Return why a task ended that did not come to begin a run: the last line of its trace."""
    attempts = db.scheduler_run
    row = db(attempts.task_id == task).select(orderby=~attempts.id, limitby=(0, 1)).first()
    lines = ((row.traceback if row is not None else "") or "").strip().splitlines()
    return lines[-1] if lines else "The worker ended it without a word."
