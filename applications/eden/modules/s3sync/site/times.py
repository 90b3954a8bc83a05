"""Which times a record can have, as far as this site knows.

A time further in the future than the setting ``future_tolerance`` comes from a clock that was wrong. Whose it was, this
site cannot tell alone: where its own clock is behind what other sites have told before, it is this one's, and the time
can be.
"""

from __future__ import annotations

import statistics
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

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


def is_possible(site: Site, moment: datetime) -> bool:
    """Return whether a time can be that of a record; usually without a query.

    Args:
        site: this site.
        moment: the time (UTC).
    """
    ahead = moment - timedelta(seconds=site.host.settings.get_sync_future_tolerance())
    if ahead <= site.clock.now():
        return True
    rows = site.db(live(site.db.sync_repository)).select(site.db.sync_repository.settings)
    times = [row.settings[TOLD] for row in rows if row.settings and row.settings.get(TOLD)]
    # Not the latest one: a single clock that is ahead decides nothing.
    return bool(times) and ahead <= datetime.fromisoformat(statistics.median_low(times))
