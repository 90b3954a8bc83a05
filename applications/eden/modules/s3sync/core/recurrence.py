"""When a recurring job runs. All times are UTC."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, time, timedelta

MINUTE, HOUR, DAY = 60, 3600, 86400
UNITS = (MINUTE, HOUR, DAY)
#: The most seconds from a change to the run that it starts.
LONGEST_PAUSE = 3600


@dataclass(frozen=True)
class Interval:
    """A period as a number of units, each of them in seconds."""

    count: int
    unit: int


def every(period: int) -> Interval | None:
    """Return a period in the largest unit that divides it; None if it is no whole number of minutes.

    Args:
        period: seconds.
    """
    fitting = [unit for unit in UNITS if period >= unit and period % unit == 0]
    return Interval(period // fitting[-1], fitting[-1]) if fitting else None


def upcoming(start: datetime, period: int, now: datetime) -> datetime:
    """Return the first run that is not before now; missed runs are not repeated.

    Args:
        start: the first run of all.
        period: seconds from one run to the next.
        now: the current time.
    """
    if start >= now:
        return start
    passed = (now - start) // timedelta(seconds=period)
    slot = start + passed * timedelta(seconds=period)
    return slot if slot >= now else slot + timedelta(seconds=period)


def first_run(period: int, not_before: datetime, at: time | None = None) -> datetime:
    """Return when a job first runs.

    Args:
        period: seconds from one run to the next.
        not_before: the earliest time.
        at: a time of day of one of the runs; None to begin at once.
    """
    if at is None:
        return not_before
    midnight = datetime.combine(not_before.date(), time())
    anchor = midnight + timedelta(hours=at.hour, minutes=at.minute)
    # Counted from the day before: at one in the morning "every hour, with one run at 23:30" means half past one.
    return upcoming(anchor - timedelta(days=1), min(period, DAY), not_before)
