"""Stamps for the edits of senders that send none, and for imports by hand."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ....core.clock import milliseconds
from ....core.fields import Edits, Stamp, next_time


def name_of_sender(site: str, repository_id: int) -> str:
    """Return the site in the stamps of what a sender edited that sends none.

    Args:
        site: identifier of this site.
        repository_id: the sender.
    """
    return f"{site}.{repository_id}"


def is_of_sender(site: str) -> bool:
    """Return whether a site in stamps is that of a sender that tells no edits, at whichever site."""
    return "." in site


def with_own(theirs: Edits, ours: Edits, name: str) -> Edits:
    """Return the edits of a sender that knows what it edited before it sent stamps, whatever they were called here.

    Args:
        theirs, ours: the edits of both versions.
        name: the site in the stamps that its edits were given here.
    """
    known = ours.seen.get(name)
    return theirs if known is None else Edits(theirs.fields, {**theirs.seen, name: known})


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
    name = name_of_sender(site, repository_id)
    return Stamp(max(time, seen.get(name, -1) + 1), name)
