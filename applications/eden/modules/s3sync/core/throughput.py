"""How fast a run proceeds, and how long it still takes."""

from __future__ import annotations

from typing import NamedTuple

#: Seconds before a rate is meaningful.
SETTLED_AFTER = 2.0
#: An estimate of more than so many seconds is too uncertain to show.
LONGEST_ESTIMATE = 7 * 86400.0


class Throughput(NamedTuple):
    """The progress of a run.

    Attributes:
        share: share of the records that is done, from 0 to 1; None if their number is unknown.
        rate: records per second, None while unknown.
        left: seconds until the end at this rate, None if unknown.
    """

    share: float | None = None
    rate: float | None = None
    left: float | None = None


def throughput(done: int, total: int | None, seconds: float) -> Throughput:
    """Return how fast records are exchanged, and how long the rest takes.

    Args:
        done: number of records done.
        total: number of all records, counted at the beginning (there may be more by now); None if unknown.
        seconds: seconds since the beginning.
    """
    share = min(1.0, done / total) if total else None
    if done <= 0 or seconds < SETTLED_AFTER:
        return Throughput(share)
    rate = done / seconds
    if not total:
        return Throughput(share, rate)
    left = max(0, total - done) / rate
    return Throughput(share, rate, left if left <= LONGEST_ESTIMATE else None)
