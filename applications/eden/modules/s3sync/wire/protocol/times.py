"""Times in parameters: msince."""

from __future__ import annotations

import re
from datetime import datetime

from ...core.errors import BadRequest
from ...core.text import shown

_MSINCE = "%Y-%m-%dT%H:%M:%S"
_MSINCE_FORM = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}", re.ASCII)


# --- time ---------------------------------------------------------------------------------------------------


def parse_msince(text: str) -> datetime:
    """Read the time of ``msince`` or ``time``: exactly ``YYYY-MM-DDTHH:MM:SS``, UTC.

    Raises:
        BadRequest: it has any other form. An Eden would send everything instead.
    """
    try:
        if _MSINCE_FORM.fullmatch(text) is None:
            raise ValueError(text)
        return datetime.strptime(text, _MSINCE)
    except ValueError:
        raise BadRequest(
            f"msince cannot be read: {shown(text)!r}.", hint="Write it as YYYY-MM-DDTHH:MM:SS, in UTC."
        ) from None


def format_msince(moment: datetime) -> str:
    """Return a time (UTC, without time zone) in the form of ``msince`` and ``time``."""
    return moment.isoformat()[:19]
