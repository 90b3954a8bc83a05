"""The clock of a site: UTC, without a zone."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Protocol


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
