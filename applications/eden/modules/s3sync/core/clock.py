"""The clock of a site: UTC, without a zone."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import Protocol

#: By how much a version is made later than the one that it overrides.
TICK = timedelta(seconds=1)


class Clock(Protocol):
    """The time at this site."""

    def now(self) -> datetime:
        """Return the current time, UTC without zone and microseconds."""
        ...


class SystemClock:
    """The clock of the computer."""

    def now(self) -> datetime:
        """See ``Clock``."""
        return datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
