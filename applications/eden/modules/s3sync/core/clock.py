"""The clock of a site: UTC, without a zone."""

from __future__ import annotations

from datetime import datetime, timezone


class SystemClock:
    """The clock of the computer (a ports.Clock)."""

    def now(self) -> datetime:
        """Return the current time, UTC without zone and microseconds."""
        return datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)


def utcnow() -> datetime:
    """Return the current time, UTC without zone and microseconds."""
    return datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)
