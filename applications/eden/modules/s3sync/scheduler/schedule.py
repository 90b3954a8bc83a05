"""When a repository shall be synchronised: compared with its jobs, and stored."""

from __future__ import annotations

from datetime import datetime, time, timedelta
from typing import Any, NamedTuple

from ..core.recurrence import DAY, first_run
from ..site import Site
from . import jobs as jobs


class WantedSchedule(NamedTuple):
    """A schedule as it shall be: one job.

    Attributes:
        period: seconds from one run to the next.
        at: time of day of one of the runs (UTC), None for any.
        after_change: it also runs so many seconds after something has changed here, None if not.
        enabled: whether it runs at all.
    """

    period: int
    at: time | None = None
    after_change: int | None = None
    enabled: bool = True

    @property
    def in_words(self) -> str:
        """The schedule as a line for the operator."""
        at = f" at {self.at:%H:%M}" if self.at else ""
        after = f", {self.after_change} s after a change" if self.after_change else ""
        return f"every {self.period} s{at}{after}" + ("" if self.enabled else ", switched off")


def of_repository(site: Site, repository_id: int) -> list[WantedSchedule]:
    """Return the schedule of a repository as it is, a line for each job."""
    return [
        WantedSchedule(
            row.scheduler_task.period,
            None if row.scheduler_task.start_time is None else row.scheduler_task.start_time.time(),
            row.sync_job.after_change,
            bool(row.scheduler_task.enabled),
        )
        for row in jobs.jobs_of(site.db, repository_id)
    ]


def is_as_wanted(site: Site, repository_id: int, wanted: WantedSchedule | None) -> bool:
    """Return whether a repository has one job as wanted, or none where none is."""
    found = jobs.jobs_of(site.db, repository_id)
    if wanted is None:
        return not found
    return len(found) == 1 and _fits(found[0], wanted)


def _fits(row: Any, wanted: WantedSchedule) -> bool:
    task, job = row.scheduler_task, row.sync_job
    same = task.period == wanted.period and (job.after_change or None) == wanted.after_change
    # One that was given up, or has ended, does not run.
    runs = task.status in ("QUEUED", "ASSIGNED", "RUNNING") or not wanted.enabled
    return same and runs and bool(task.enabled) == wanted.enabled and _begins(task.start_time, wanted)


def _begins(start: datetime | None, wanted: WantedSchedule) -> bool:
    if wanted.at is None:
        return True
    if start is None:
        return False
    anchor = datetime.combine(start.date(), wanted.at)
    return (start - anchor) % timedelta(seconds=min(wanted.period, DAY)) < timedelta(minutes=1)


def arrange(site: Site, repository_id: int, user_id: int | None, wanted: WantedSchedule | None) -> bool:
    """Let a repository have a schedule and no other one, within the current transaction; return whether it changed.

    Args:
        site: this site, with the scheduler's tables.
        repository_id: the repository.
        user_id: on whose behalf a new job runs, None for the system.
        wanted: the schedule, None for none.
    """
    if is_as_wanted(site, repository_id, wanted):
        return False
    found = jobs.jobs_of(site.db, repository_id)
    for row in found[1:] if wanted is not None else found:
        jobs.remove_job(site.db, row.sync_job.id)
    if wanted is None:
        return True
    if found and _fits(found[0], wanted):
        return True
    start = first_run(wanted.period, site.clock.now(), wanted.at)
    if found:
        jobs.change_job(
            site,
            found[0].sync_job.id,
            period=wanted.period,
            start=start,
            stop=None,
            enabled=wanted.enabled,
            after_change=wanted.after_change,
        )
    else:
        jobs.add_job(
            site,
            repository_id,
            user_id,
            period=wanted.period,
            timeout=site.host.settings.get_sync_task_timeout(),
            start=start,
            enabled=wanted.enabled,
            after_change=wanted.after_change,
        )
    return True
