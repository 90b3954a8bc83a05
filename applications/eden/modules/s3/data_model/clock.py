"""Times of records: UTC, whole seconds, and later with each edit."""

from __future__ import annotations

import datetime
from typing import Callable

ONE_SECOND = datetime.timedelta(seconds=1)


class DefaultTime(datetime.datetime):
    """A time from a column's default, as opposed to one that the writer gave.

    The data model may move a default forward (see ``next_modified_on``), but never a given time, such as the
    ``modified_on`` of an imported record.
    """


def utcnow() -> datetime.datetime:
    """Return the current time in UTC without time zone and fraction, as in the meta-fields."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)


def default_time(moment: datetime.datetime) -> DefaultTime:
    """Return the same time marked as a default, without fractions of a second."""
    return DefaultTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def any_time(moment: datetime.datetime) -> bool:
    """Return True: where nobody says otherwise, every time can be."""
    return True


def next_modified_on(
    old: datetime.datetime | None,
    now: datetime.datetime,
    is_possible: Callable[[datetime.datetime], bool] = any_time,
) -> datetime.datetime:
    """Return the ``modified_on`` for an edit made now to a record last modified at ``old``.

    Two edits can happen within one second, and a record can come from a site whose clock is ahead. The edit must
    still be newer than the version it replaces, or it would lose against that version at other sites. Only where that
    one's time cannot be (a clock was wrong then) the edit gets the present time: no other site takes a later one.

    Args:
        old: time of the version that is edited, UTC; None for a new record.
        now: current time, UTC.
        is_possible: returns whether a time can be that of a record.

    Returns:
        the later one of ``now`` and one second after ``old``, ``now`` where ``old`` cannot be.
    """
    now = now.replace(microsecond=0)
    if old is None or old < now or not is_possible(old):
        return now
    return old.replace(microsecond=0) + ONE_SECOND
