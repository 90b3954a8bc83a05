"""Stamps for the edits of senders that send none, and for imports by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone

from ....core.fields import Stamp, next_time


def milliseconds(moment: datetime) -> int:
    """Return a time (UTC, without zone) as milliseconds since 1970."""
    return int(moment.replace(tzinfo=timezone.utc).timestamp() * 1000)


def stamp_of(site: str, repository_id: int | None, moment: datetime, seen: Mapping[str, int]) -> Stamp:
    """Return the stamp of an edit that came without one.

    Args:
        site: identifier of this site.
        repository_id: who sent it: as if it were a site of its own here; None for an edit made here.
        moment: when it was made (UTC).
        seen: what the version here has seen, see ``Edits``.
    """
    time = milliseconds(moment)
    if repository_id is None:
        return Stamp(next_time(time, seen), site)
    name = f"{site}.{repository_id}"
    return Stamp(max(time, seen.get(name, -1) + 1), name)
