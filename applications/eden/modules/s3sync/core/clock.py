"""The clock of a site: UTC, without a zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Callable, Protocol

#: By how much a version is made later than the one that it overrides.
TICK = timedelta(seconds=1)
_EPOCH = datetime(1970, 1, 1)


def any_time(moment: datetime) -> bool:
    """Return True: where nobody says otherwise, every time can be that of a record."""
    return True


def later(old: datetime | None, least: datetime, is_possible: Callable[[datetime], bool]) -> datetime:
    """Return the time of a version that replaces another one.

    Args:
        old: time of the version that it replaces, None if it has none.
        least: the time that it has at least.
        is_possible: returns whether a time can be that of a record.

    Returns:
        ``least``, or a second after ``old`` if that is later. A time that cannot be comes from a clock that was wrong:
        it counts as none, or the record could not be corrected until that time has come.
    """
    if old is None or old < least or not is_possible(old):
        return least
    return old + TICK


def milliseconds(moment: datetime) -> int:
    """Return a time (UTC, without zone) as milliseconds since 1970."""
    return int(moment.replace(tzinfo=timezone.utc).timestamp() * 1000)


def moment_of(milliseconds: int) -> datetime:
    """Return the second (UTC) of a time in milliseconds since 1970; the latest one there is for those after it."""
    try:
        return _EPOCH + timedelta(seconds=milliseconds // 1000)
    except OverflowError:
        return datetime.max.replace(microsecond=0)


class Clock(Protocol):
    """The time at this site."""

    def now(self) -> datetime:
        """Return the current time, UTC without zone and microseconds: records have times in whole seconds."""
        ...

    def exact(self) -> datetime:
        """Return the current time, UTC without zone, as exactly as it is known: of two edits the later one counts."""
        ...


class SystemClock:
    """The clock of the computer."""

    def now(self) -> datetime:
        """See ``Clock``."""
        return self.exact().replace(microsecond=0)

    def exact(self) -> datetime:
        """See ``Clock``."""
        return datetime.now(timezone.utc).replace(tzinfo=None)
