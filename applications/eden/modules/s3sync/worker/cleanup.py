"""The daily cleanup by the scheduler: removes what is older than the log is kept."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import cache
from typing import Any

from ..bin import emptying as emptying
from ..conflicts import resolve_many as resolve_many
from ..core.limits import MOST_ENTRIES
from ..database import log as log
from ..database import traffic as traffic
from ..database.thinning import Thinning
from ..monitoring.notices import outbox as outbox
from ..passive import begun as begun
from ..scheduler import queue as queue
from ..site import Site
from ..site.received_there import ReceivedThere
from .notices import FUNCTION as NOTICES

FUNCTION = "sync_tidy"
#: The prefix of all functions in models/tasks_sync.py.
PREFIX = "sync_"
#: How many times longer than usual changes are kept for a site that has not received them.
LONGEST_WAIT = 4
#: Seconds between two cleanups, and maximum seconds of one.
EVERY, TIMEOUT = 86_400, 3_600 * 6


def schedule(site: Site) -> None:
    """Ensure that the scheduler has the task exactly once, queued or running.

    Args:
        site: this site, with the scheduler's tables and without uncommitted changes. Its database is committed.
    """
    # A new site has nothing to remove, so the first cleanup can wait.
    queue.ensure(site, FUNCTION, "Removal of old entries", every=EVERY, timeout=TIMEOUT, wait=EVERY)


def tidy(site: Site) -> None:
    """Remove what is older than it is kept: entries, runs, closed versions, changes, the bin, and more."""
    db = site.db
    site.remove_left_behind(everywhere=True)
    before = site.clock.now() - timedelta(days=site.host.settings.get_sync_log_days())
    log.purge(db, site.store.transaction, before)
    log.purge_excess(db, site.store.transaction, MOST_ENTRIES)
    with site.store.transaction():
        site.kept_versions.purge(before)
        resolve_many.purge(db, before)
        traffic.purge(db, before.date())
        begun.purge(db, before, MOST_ENTRIES)
        outbox.purge(site, before)
    thin_changes(site)
    emptying.empty_bin(site)
    if "scheduler_run" not in db.tables:
        return
    with site.store.transaction():
        _forget_calls(db, before)


def thin_changes(site: Site) -> int:
    """Thin the changes of records that are old enough; return how many were removed or shortened.

    A change that a site in contact has not received is kept longer, but not for ever: a resource that it no longer
    fetches would stop that for good.
    """
    kept = timedelta(days=site.host.settings.get_sync_change_days())
    now = site.clock.now()
    received, longest = cache(ReceivedThere(site, now - kept).up_to), now - LONGEST_WAIT * kept

    def is_over(table: str, position: int | None, noted_on: datetime) -> bool:
        up_to = received(table)
        return up_to is None or position is None or position <= up_to or noted_on < longest

    return Thinning(site.journal.store, site.changes, site.schema, is_over).run(now - kept)


def _forget_calls(db: Any, before: datetime) -> None:
    """Remove the scheduler's records of calls that ended before a time, within the current transaction."""
    task, run = db.scheduler_task, db.scheduler_run
    ours = db(task.function_name.startswith(PREFIX))._select(task.id)
    under_way = db(task.status == "RUNNING")._select(task.id)
    # The scheduler leaves the run of a lost worker without an end.
    lost = (run.stop_time == None) & (run.start_time < before) & ~run.task_id.belongs(under_way)  # noqa: E711
    db(run.task_id.belongs(ours) & ((run.stop_time < before) | lost)).delete()
    others = task.function_name.belongs((resolve_many.FUNCTION, NOTICES))
    once = queue.once(db) | (others & (task.repeats == 1))
    db(once & task.status.belongs(queue.ENDED) & (task.last_run_time < before)).delete()
