"""Adds, changes and removes the jobs of repositories on web2py's scheduler."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..core.errors import AlreadyRunning, ConfigurationError
from ..core.recurrence import upcoming
from ..database.tables.fields import live
from ..site import Site
from .queue import FOR_EVER, FUNCTION, queue, retry_name, task_name, wake_workers
from .run_record import live_run

#: Columns of a scheduler's task with the function and its times.
_CALL = (
    "application_name",
    "task_name",
    "group_name",
    "function_name",
    "args",
    "vars",
    "repeats",
    "retry_failed",
    "timeout",
)


def add_job(
    site: Site,
    repository_id: int,
    user_id: int | None,
    *,
    period: int,
    timeout: float,
    start: datetime | None = None,
    stop: datetime | None = None,
    enabled: bool = True,
    after_change: int | None = None,
) -> int:
    """Schedule a repository; return the sync_job. The caller commits.

    Args:
        site, repository_id, user_id, timeout: as in ``start_now``.
        period: seconds from one run to the next.
        start: first run (UTC), None for now.
        stop: no run after this time (UTC), None for no end.
        enabled: whether the job is enabled.
        after_change: it also runs so many seconds after something has changed here, None if not.
    """
    now = site.clock.now()
    task_id = queue(
        site,
        FUNCTION,
        task_name(repository_id),
        {"repository_id": repository_id, "user_id": user_id, "manual": False},
        timeout=timeout,
        **_timing(now, period, start or now, stop, enabled),
        **FOR_EVER,
    )
    job_id: int = site.db.sync_job.insert(
        repository_id=repository_id, scheduler_task_id=task_id, after_change=after_change
    )
    return job_id


def change_job(
    site: Site,
    job_id: int,
    *,
    period: int,
    start: datetime | None,
    stop: datetime | None,
    enabled: bool,
    after_change: int | None = None,
) -> None:
    """Change the times of a job; a failed or expired job is queued again. The caller commits.

    Args:
        site: this site, with the scheduler's tables.
        job_id: key of the sync_job.
        period, stop, enabled, after_change: as in ``add_job``.
        start: first run (UTC), None for the present one.

    Raises:
        ConfigurationError: there is no such job.
    """
    db, now = site.db, site.clock.now()
    task = _task_of(db, job_id)
    timing = _timing(now, period, start or task.start_time or now, stop, enabled)
    db(db.sync_job.id == job_id).update(after_change=after_change)
    if task.status == "RUNNING":
        _replace_running(db, job_id, task, timing)
        return
    if task.status == "ASSIGNED":
        # A worker is about to start it, and will compute the next run from the new period.
        del timing["next_run_time"]
    else:
        timing["status"] = "QUEUED"
    task.update_record(**timing)


def _replace_running(db: Any, job_id: int, task: Any, timing: Mapping[str, Any]) -> None:
    """Give a job a new task while its present one is running.

    At the end of a run the worker writes the next run into the task, as computed at the beginning from the former
    period: a daily job would use its new period only after a day.
    """
    called = {name: task[name] for name in _CALL}
    changed = db.scheduler_task.insert(**called, **timing, status="QUEUED")
    # The end of the current run is written to its own record, which stays.
    db(db.scheduler_run.task_id == task.id).update(task_id=changed)
    db(db.sync_job.id == job_id).update(scheduler_task_id=changed)
    db(db.scheduler_task.id == task.id).delete()


def reset_job(site: Site, job_id: int) -> bool:
    """Queue a job to run at once, unless a worker is already working on it. The caller commits.

    Args:
        site: this site, with the scheduler's tables.
        job_id: key of the sync_job.

    Returns:
        whether it was queued.

    Raises:
        ConfigurationError: there is no such job.
    """
    db = site.db
    task = db.scheduler_task
    query = (task.id == _task_of(db, job_id).id) & ~task.status.belongs(("ASSIGNED", "RUNNING"))
    queued = db(query).update(
        status="QUEUED",
        enabled=True,
        next_run_time=site.clock.now(),
        times_failed=0,
        assigned_worker_name="",
    )
    wake_workers(db)
    return bool(queued)


def remove_job(db: Any, job_id: int) -> None:
    """Remove a job from the schedule; its current run finishes. The caller commits."""
    job = db.sync_job(job_id)
    if job is None:
        return
    db(db.scheduler_task.id == job.scheduler_task_id).delete()
    job.delete_record()


def hand_over(db: Any, former: int, repository_id: int) -> None:
    """Transfer the jobs and queued runs of a repository to another one. The caller commits.

    Args:
        db: the DAL.
        former: the repository to be removed.
        repository_id: the one that replaces it.
    """
    db(db.sync_job.repository_id == former).update(repository_id=repository_id)
    if "scheduler_task" not in db.tables:
        return
    table = db.scheduler_task
    for name in (task_name, retry_name):
        query = (table.function_name == FUNCTION) & (table.task_name == name(former))
        for task in db(query).select():
            given = {**json.loads(task.vars), "repository_id": repository_id}
            task.update_record(task_name=name(repository_id), vars=json.dumps(given))


def jobs_of(db: Any, repository_id: int) -> list[Any]:
    """Return the jobs of a repository with their tasks: rows with .sync_job and .scheduler_task."""
    joined = db.scheduler_task.on(db.scheduler_task.id == db.sync_job.scheduler_task_id)
    query = (db.sync_job.repository_id == repository_id) & live(db.sync_job)
    return list(db(query).select(db.sync_job.ALL, db.scheduler_task.ALL, join=joined))


def ensure_idle(site: Site, repository_id: int) -> None:
    """Check that no worker is working on a repository.

    Args:
        site: this site.
        repository_id: the repository.

    Raises:
        AlreadyRunning: a worker is.
    """
    if live_run(site, repository_id) is not None:
        raise AlreadyRunning("The repository is being synchronised.")


def _task_of(db: Any, job_id: int) -> Any:
    job = db.sync_job(job_id)
    task = db.scheduler_task(job.scheduler_task_id) if job is not None else None
    if task is None:
        raise ConfigurationError(
            "The job is not on the schedule any more.", hint="Remove it and add a new one to the schedule."
        )
    return task


def _timing(
    now: datetime, period: int, start: datetime, stop: datetime | None, enabled: bool
) -> dict[str, Any]:
    if period < 1:
        raise ConfigurationError("The time between two runs must be at least a second.")
    return {
        "start_time": start,
        "next_run_time": upcoming(start, period, now),
        "stop_time": stop,
        "period": period,
        "enabled": enabled,
        # The next run is computed from the start, so that "every day at three" stays at three.
        "prevent_drift": True,
    }
