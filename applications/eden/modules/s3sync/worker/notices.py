"""Notices to people: a worker looks once a minute what has to be told, and has it sent by a task of its own.

So neither a mail server nor a webhook that does not answer keeps a run waiting. The workers of a complete Eden only do
what is queued: for these there is a recurring task.
"""

from __future__ import annotations

import time
from typing import Callable

from gluon import current

from ..monitoring.notices import deliver as deliver
from ..monitoring.notices import outbox as outbox
from ..scheduler import queue as queue
from ..site import Site

FUNCTION = "sync_notices"
#: Seconds between two looks of a worker, between two calls where workers do not look, and maximum seconds of a call.
LOOKS_EVERY, EVERY, TIMEOUT = 60.0, 600, 600


class Watch:
    """When a worker has looked last.

    Args:
        now: returns seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: float | None = None

    def look(self, site: Site) -> bool:
        """Make the messages that are due, and queue the task that sends them.

        Args:
            site: this site, with the scheduler's tables.

        Returns:
            whether the task was queued.
        """
        moment = self._now()
        if self._last is not None and moment - self._last < LOOKS_EVERY:
            return False
        self._last = moment
        outbox.look(site)
        wanted = bool(outbox.due(site)) and not _is_under_way(site)
        if wanted:
            queue.queue(site, FUNCTION, "Notices", {}, timeout=TIMEOUT)
        # Also what was only read: a database would keep the worker's view of it until then.
        site.db.commit()
        return wanted


def _is_under_way(site: Site) -> bool:
    task = site.db.scheduler_task
    query = (task.function_name == FUNCTION) & task.status.belongs(queue.UNDER_WAY)
    return not site.db(query).isempty()


def send(site: Site) -> int:
    """Make and send the messages that are due; return how many were delivered."""
    site.db.commit()
    outbox.look(site)
    return deliver.send_due(site)


def schedule(site: Site) -> None:
    """Ensure that there is the recurring task, where workers do not look by themselves.

    Args:
        site: this site, without uncommitted changes. Its database is committed.
    """
    if hasattr(current, "scheduler_watches") or "scheduler_task" not in site.db.tables:
        return
    queue.ensure(site, FUNCTION, "Notices", every=EVERY, timeout=TIMEOUT)
