"""Begins jobs before their time once something has changed here: looked for by the worker with each heartbeat."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Callable, NamedTuple

from ..database.tables.fields import live
from ..monitoring import status as status
from ..scheduler import jobs as jobs
from ..site import Site


class AfterChange(NamedTuple):
    """A job that runs after changes.

    Attributes:
        id: key of the sync_job.
        pause: seconds from the first change that waits to the run.
    """

    id: int
    pause: int


class Watch:
    """What a worker has seen of the changes at its site. It begins to know with its first look.

    Args:
        look_again: lets the worker look after so many seconds at the latest, None where it has its own times.
    """

    def __init__(self, look_again: Callable[[float], object] | None = None) -> None:
        self._look_again = look_again
        self._head: int | None = None
        self._waiting: dict[int, datetime] = {}
        self._begun: dict[int, int | None] = {}
        self._has_jobs = False

    def has_moved(self, site: Site) -> bool:
        """Return whether something was changed since the last look, and a job waits for changes: with one look-up."""
        if not self._has_jobs:
            return False
        moved = site.journal.head() != self._head
        site.db.commit()
        return moved

    def look(self, site: Site) -> bool:
        """Begin the jobs that are due because something has changed here.

        A run that fails is tried again as any other, and not begun anew before something else changes.

        Args:
            site: this site, with the scheduler's tables.

        Returns:
            whether a job was queued.
        """
        begun = [self._begin(site, repository_id, job) for repository_id, job in self._due(site)]
        # Also what was only read: a database would keep the worker's view of it until then.
        site.db.commit()
        return any(begun)

    def _begin(self, site: Site, repository_id: int, job_id: int) -> bool:
        """Queue a job; one that a worker has in hand may have sent before the change, and is queued afterwards."""
        if not jobs.reset_job(site, job_id):
            return False
        self._begun[repository_id] = self._head
        del self._waiting[repository_id]
        return True

    def _due(self, site: Site) -> list[tuple[int, int]]:
        """Return the repositories whose changes have waited long enough, each with its job."""
        found = jobs_after_change(site)
        self._has_jobs = bool(found)
        if not found:
            return []
        head = site.journal.head()
        if head == self._head and not self._waiting:
            return []
        self._head = head
        now = site.clock.now()
        table = site.db.sync_repository
        due = []
        for each in status.statuses(site, table.id.belongs(list(found)), looked_at=1):
            outgoing, facts = each.outgoing, each.facts
            if not (outgoing.count or outgoing.is_more) or self._begun.get(each.id) == head:
                self._waiting.pop(each.id, None)
                continue
            since = self._waiting.setdefault(each.id, now)
            left = found[each.id].pause - (now - since).total_seconds()
            if left > 0 and self._look_again is not None:
                self._look_again(left)
            busy = facts.is_live or facts.is_queued or facts.next_try is not None
            if not busy and now - since >= timedelta(seconds=found[each.id].pause):
                due.append((each.id, found[each.id].id))
        return due


def jobs_after_change(site: Site) -> dict[int, AfterChange]:
    """Return repository -> its job that runs soonest after changes."""
    db = site.db
    job, task = db.sync_job, db.scheduler_task
    query = live(job) & (job.after_change > 0) & (task.enabled == True)  # noqa: E712 - an SQL expression
    rows = db(query).select(
        job.id, job.repository_id, job.after_change, join=task.on(task.id == job.scheduler_task_id)
    )
    found: dict[int, AfterChange] = {}
    for row in sorted(rows, key=lambda row: (-row.after_change, -row.id)):
        found[row.repository_id] = AfterChange(row.id, row.after_change)
    return found
