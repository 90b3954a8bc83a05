"""Times of records: UTC, whole seconds, and never standing still for an edit."""

from __future__ import annotations

import datetime

ONE_SECOND = datetime.timedelta(seconds=1)


class DefaultTime(datetime.datetime):
    """A time that a column's default gave, as opposed to one that the writer chose.

    The data model may move a default forward (see `next_modified_on`), but never a time that was given
    on purpose, such as the `modified_on` of an imported record.
    """


def utcnow() -> datetime.datetime:
    """The current time in UTC without zone and without fraction, as the meta-fields hold it."""
    return datetime.datetime.now(datetime.timezone.utc).replace(microsecond=0, tzinfo=None)


def default_time(moment: datetime.datetime) -> DefaultTime:
    """The same moment, marked as given by a default; fractions of a second are dropped."""
    return DefaultTime(moment.year, moment.month, moment.day, moment.hour, moment.minute, moment.second)


def next_modified_on(old: datetime.datetime | None, now: datetime.datetime) -> datetime.datetime:
    """The `modified_on` of an edit that is made now to a record last modified at `old`.

    Two edits within one second, or an edit of a record that came from a site whose clock is ahead, would
    otherwise look as old as (or older than) what they replace, and lose against it elsewhere.

    Args:
        old: time of the version that is edited, UTC; None for a new record.
        now: current time, UTC.
    Returns:
        the later one of `now` and one second after `old`.
    """
    now = now.replace(microsecond=0)
    if old is None or old < now:
        return now
    return old.replace(microsecond=0) + ONE_SECOND
