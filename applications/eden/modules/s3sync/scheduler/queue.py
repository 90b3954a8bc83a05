"""Queues work for the next free worker of web2py's scheduler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from gluon import current

from ..site import Site

FUNCTION = "sync_synchronize"
GROUP = "main"
#: Beginning of the names of tasks that try a run again.
RETRY = "Another try of repository"

#: Columns of a recurring task, which also runs again after failures.
FOR_EVER = {"repeats": 0, "retry_failed": -1}
#: States of a task that a worker will begin or has begun, and of one that has ended.
WAITING = ("QUEUED", "ASSIGNED")
UNDER_WAY = (*WAITING, "RUNNING")
ENDED = ("COMPLETED", "FAILED", "TIMEOUT", "EXPIRED", "STOPPED")


# --- the schedule ------------------------------------------------------------------------------------------


def queue(
    site: Site,
    function: str,
    name: str,
    given: Mapping[str, Any],
    *,
    timeout: float,
    **columns: Any,
) -> int:
    """Queue a call of a function of models/tasks_sync.py; return its task. The caller commits.

    Args:
        site: this site, with the scheduler's tables.
        function: name of the function.
        name: name of the task.
        given: the function's arguments.
        timeout: maximum seconds of a call.
        columns: further columns of the task, for a later or recurring call.
    """
    now = site.clock.now()
    task: dict[str, Any] = {
        "application_name": site.application,
        "task_name": name,
        "group_name": GROUP,
        "function_name": function,
        "args": "[]",
        "vars": json.dumps(given),
        "status": "QUEUED",
        "start_time": now,
        "next_run_time": now,
        "repeats": 1,
        "retry_failed": 0,
        "timeout": int(timeout),
    }
    task_id: int = site.db.scheduler_task.insert(**{**task, **columns})
    wake_workers(site.db)
    return task_id


def ensure(site: Site, function: str, name: str, *, every: int, timeout: int, wait: float = 0) -> None:
    """Ensure that there is a recurring task exactly once, queued or running.

    Args:
        site: this site, with the scheduler's tables and without uncommitted changes. Its database is committed.
        function: name of a function of models/tasks_sync.py, without arguments.
        name: name of the task.
        every, timeout: seconds between two calls, and maximum seconds of one.
        wait: seconds until the first call of a new task.
    """
    db = site.db
    task = db.scheduler_task
    # The scheduler's uuids are unique: if two workers miss the task at the same time, only one creates it.
    uuid = f"{site.application}/{function}"
    row = db(task.uuid == uuid).select().first()
    now = site.clock.now()
    if row is None:
        recurring = {"period": every, "uuid": uuid, **FOR_EVER}
        try:
            queue(
                site,
                function,
                name,
                {},
                timeout=timeout,
                next_run_time=now + timedelta(seconds=wait),
                **recurring,
            )
        except db._adapter.driver.IntegrityError:
            db.rollback()
    elif row.status not in UNDER_WAY:
        due = now + timedelta(seconds=every)
        row.update_record(status="QUEUED", next_run_time=due, stop_time=None, **FOR_EVER)
    db.commit()


def start_now(site: Site, repository_id: int, user_id: int | None, timeout: float) -> int:
    """Queue a run for the next free worker; return the scheduler's task. The caller commits.

    Args:
        site, timeout: as in ``queue``.
        repository_id: the repository.
        user_id: the user who starts it.
    """
    given = {"repository_id": repository_id, "user_id": user_id, "manual": True}
    return queue(site, FUNCTION, task_name(repository_id), given, timeout=timeout)


def wake_workers(db: Any) -> None:
    """Let the worker that assigns tasks do so with its next heartbeat instead of the fifth. The caller commits."""
    db(db.scheduler_worker.is_ticker == True).update(status="PICK")  # noqa: E712


def waiting(db: Any, repository_id: int) -> bool:
    """Return whether a run that a person started has not begun yet."""
    task, run = db.scheduler_task, db.sync_run
    query = _by_hand(db, repository_id) & task.status.belongs(UNDER_WAY)
    asked = db(query).select(task.status, task.last_run_time)
    if any(row.status != "RUNNING" or row.last_run_time is None for row in asked):
        return True
    if not asked:
        return False
    last = (
        db(run.repository_id == repository_id).select(run.started_on, orderby=~run.id, limitby=(0, 1)).first()
    )
    # A worker needs a moment to start a process; until then there is no run record.
    return last is None or any(last.started_on < row.last_run_time for row in asked)


def newest_by_hand(db: Any, repository_id: int) -> int | None:
    """Return the last task of a run that a person started, None if there is none."""
    task = db.scheduler_task
    row = db(_by_hand(db, repository_id)).select(task.id, orderby=~task.id, limitby=(0, 1)).first()
    return None if row is None else int(row.id)


def cancel_waiting(db: Any, repository_id: int) -> int:
    """Cancel runs that a person started and that no worker has begun; return how many. The caller commits."""
    taken_back: int = db(_by_hand(db, repository_id) & (db.scheduler_task.status == "QUEUED")).delete()
    return taken_back


def by_hand(db: Any) -> Any:
    """Return the query for the tasks of runs that a person started."""
    return once(db) & ~db.scheduler_task.task_name.startswith(RETRY)


def once(db: Any) -> Any:
    """Return the query for the tasks of runs that a person started, or that are tried again."""
    return (db.scheduler_task.function_name == FUNCTION) & (db.scheduler_task.repeats == 1)


def _by_hand(db: Any, repository_id: int) -> Any:
    return by_hand(db) & (db.scheduler_task.task_name == task_name(repository_id))


def scheduler_run_id() -> int | None:
    """Return the id of the scheduler's run that calls this code, None outside its workers."""
    task = getattr(current, "W2P_TASK", None)
    return None if task is None else int(task.run_id)


def workers_alive(site: Site, within: float = 60.0) -> int:
    """Return the number of workers with a heartbeat within some seconds."""
    if "scheduler_worker" not in site.db.tables:
        return 0
    since = site.clock.now() - timedelta(seconds=within)
    alive: int = site.db(site.db.scheduler_worker.last_heartbeat > since).count()
    return alive


def retry_name(repository_id: int) -> str:
    return f"{RETRY} {repository_id}"


def task_name(repository_id: int) -> str:
    return f"Synchronisation of repository {repository_id}"
