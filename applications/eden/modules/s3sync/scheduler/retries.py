"""Runs of the schedule that failed are tried again: by tasks of their own, which leave the schedule as it is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from ..core.recurrence import upcoming
from ..core.retry import next_try
from ..database.tables.fields import live
from ..site import Site
from .queue import FUNCTION, UNDER_WAY, queue, retry_name, start_now, waiting


def plan(
    site: Site, repository_id: int, user_id: int | None, attempt: int, timeout: float
) -> datetime | None:
    """Queue another try of a run that failed, if its repository is on the schedule. The caller commits.

    Args:
        site, timeout: as in ``queue``.
        repository_id, user_id: as in ``start_now``.
        attempt: how often it was tried again before.

    Returns:
        when it is tried (UTC), None if the schedule comes first or it was tried often enough.
    """
    scheduled = _scheduled(site, repository_id)
    if scheduled is None:
        return None
    moment = next_try(attempt, site.clock.now(), scheduled)
    if moment is not None:
        given = {"repository_id": repository_id, "user_id": user_id, "manual": False, "attempt": attempt + 1}
        queue(
            site,
            FUNCTION,
            retry_name(repository_id),
            given,
            timeout=timeout,
            start_time=moment,
            next_run_time=moment,
        )
    return moment


def forget(db: Any, repository_id: int) -> None:
    """Remove another try that has not begun: a run has, or a person starts one. The caller commits."""
    if "scheduler_task" not in db.tables:
        return
    task = db.scheduler_task
    query = (task.function_name == FUNCTION) & (task.task_name == retry_name(repository_id))
    db(query & (task.status == "QUEUED")).delete()


def begin_now(site: Site, repository_id: int, user_id: int | None) -> int | None:
    """Queue a run that a person asks for, in place of another try that waits. The caller commits.

    Args:
        site: as in ``queue``.
        repository_id: the repository.
        user_id: the user who starts it, None for the system.

    Returns:
        the scheduler's task, None if such a run waits already.
    """
    if waiting(site.db, repository_id):
        return None
    forget(site.db, repository_id)
    return start_now(site, repository_id, user_id, site.host.settings.get_sync_task_timeout())


def _scheduled(site: Site, repository_id: int) -> datetime | None:
    """Return the next run of the schedule, None if the repository is not on it."""
    db, now = site.db, site.clock.now()
    if "scheduler_task" not in db.tables:
        return None
    job, task = db.sync_job, db.scheduler_task
    query = (job.repository_id == repository_id) & live(job) & (task.enabled == True)  # noqa: E712
    rows = db(query & task.status.belongs(UNDER_WAY)).select(
        task.next_run_time, task.start_time, task.period, join=task.on(task.id == job.scheduler_task_id)
    )
    # While a job is running, its next run is not stored yet.
    return min((_next_run(row, now) for row in rows), default=None)


def _next_run(task: Any, now: datetime) -> datetime:
    if task.next_run_time is not None and task.next_run_time > now:
        return task.next_run_time  # type: ignore[no-any-return]
    return upcoming(task.start_time or now, max(int(task.period or 1), 1), now + timedelta(seconds=1))
