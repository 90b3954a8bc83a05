"""Stores the states of many repositories once a minute, so that the overview pages them in the database."""

from __future__ import annotations

import time
from typing import Callable

from ..monitoring import summary as summary
from ..site import Site


class Watch:
    """When a worker has stored them last.

    Args:
        now: returns seconds.
    """

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self._now = now
        self._last: float | None = None

    def look(self, site: Site) -> bool:
        """Store the states where there are many; return whether anything was queued: nothing is."""
        moment = self._now()
        if self._last is not None and moment - self._last < summary.EVERY.total_seconds():
            return False
        self._last = moment
        if summary.has_many(site):
            summary.renew(site)
        # Also what was only read: a database would keep the worker's view of it until then.
        site.db.commit()
        return False
