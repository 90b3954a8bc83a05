"""How fast a run gets on, and how long it still takes."""

from __future__ import annotations

from typing import NamedTuple

#: Before so many seconds have passed a rate says little.
SETTLED_AFTER = 2.0
#: A rest of more than so many seconds is no forecast but a guess.
LONGEST_FORECAST = 7 * 86400.0


class Pace(NamedTuple):
    """How a run gets on.

    Attributes:
        share: of the records, from 0 to 1; None where it is not known how many there are.
        rate: records a second; None while nothing can be said.
        left: seconds until the end at this rate; None where nothing can be said.
    """

    share: float | None = None
    rate: float | None = None
    left: float | None = None


def pace(done: int, total: int | None, seconds: float) -> Pace:
    """Return how fast records are exchanged, and how long the rest takes.

    Args:
        done: records that are settled.
        total: records in all, as counted when it began; there may be more by now. None where it is not known.
        seconds: since it began.
    """
    share = min(1.0, done / total) if total else None
    if done <= 0 or seconds < SETTLED_AFTER:
        return Pace(share)
    rate = done / seconds
    if not total:
        return Pace(share, rate)
    left = max(0, total - done) / rate
    return Pace(share, rate, left if left <= LONGEST_FORECAST else None)
