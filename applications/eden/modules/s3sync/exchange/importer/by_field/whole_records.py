"""Finds out what a sender of whole records has edited: the fields that differ from what it had from us."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ....core.fields import EVERY_FIELD, Change, Edit, Edits, Stamp, former_values
from ....core.records import differs


def unseen(changes: Sequence[Change], exchanged: int, sender: int | None) -> list[Change]:
    """Return the changes that the sender does not know.

    Args:
        changes: those of a record.
        exchanged: journal position up to which it knows ours.
        sender: the repository.
    """
    return [each for each in changes if (each.position or 0) > exchanged and each.via != sender]


def edits_of_sender(
    ours: Edits, hidden: Sequence[Change], theirs: Mapping[str, Any], stamp: Stamp, by: str
) -> Edits:
    """Return the edits of a version that says nothing of them.

    Args:
        ours: the edits of our version.
        hidden: those of our changes that the sender does not know.
        theirs: its values of the fields that differ from ours.
        stamp: the stamp of what it has edited.
        by: who edited it.
    """
    seen = dict(ours.seen)
    for each in hidden:
        time, site = each.stamp
        seen[site] = min(time - 1, seen.get(site, time))
    before = former_values(hidden)
    whole = EVERY_FIELD in before
    edited = [name for name, value in theirs.items() if not _is_former(before, name, value, whole)]
    if edited:
        seen[stamp.site] = stamp.time
    return Edits(dict.fromkeys(edited, Edit(stamp, by)), seen)


def _is_former(before: Mapping[str, list[Any]], name: str, value: Any, whole: bool) -> bool:
    """Return whether a value is the one that the sender had from us."""
    known = before.get(name)
    return bool(known) and not differs(known[0], value) if known is not None else False
