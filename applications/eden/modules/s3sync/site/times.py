"""Which times a record can have, as far as this site knows.

A time further in the future than the setting ``future_tolerance`` comes from a clock that was wrong. Whose it was, this
site cannot tell alone: where its own clock is behind what other sites have told before, it is this one's, and the time
can be.
"""

from __future__ import annotations

import statistics
from datetime import datetime, timedelta
from functools import lru_cache, partial
from typing import TYPE_CHECKING, Any, Callable

from ..database.tables.fields import live

if TYPE_CHECKING:
    from . import Site

#: Keys of a repository's settings: by how many seconds its clock was ahead at the last contact, and what it said then.
SKEW, TOLD = "skew", "told"


def told(skew: float | None, now: datetime) -> dict[str, Any]:
    """Return the settings that hold what a clock said.

    Args:
        skew: seconds by which the clock of the repository is ahead of ours, None if it did not tell the time.
        now: the time here (UTC).
    """
    if skew is None:
        return {SKEW: None}
    return {SKEW: skew, TOLD: (now + timedelta(seconds=skew)).isoformat(timespec="seconds")}


def possible_times(site: Site) -> Callable[[datetime], bool]:
    """Return a function that says whether a time (UTC) can be that of a record: with one query at most, usually none.

    Args:
        site: this site.
    """
    told_by_most = lru_cache(maxsize=None)(partial(_told_by_most, site))

    def is_possible(moment: datetime) -> bool:
        ahead = moment - timedelta(seconds=site.host.settings.get_sync_future_tolerance())
        return ahead <= site.clock.now() or ahead <= told_by_most()

    return is_possible


def _told_by_most(site: Site) -> datetime:
    """Return the latest time (UTC) that half of the other sites have told; not of all: one clock decides nothing."""
    rows = site.db(live(site.db.sync_repository)).select(site.db.sync_repository.settings)
    times = [row.settings[TOLD] for row in rows if row.settings and row.settings.get(TOLD)]
    return datetime.fromisoformat(statistics.median_low(times)) if times else datetime.min
