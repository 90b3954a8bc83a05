"""Finds out what a sender of whole records has edited: the fields that differ from what it had from us."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, NamedTuple

from ....core.clock import milliseconds
from ....core.fields import EVERY_FIELD, Change, Edit, Edits, Stamp, former_values
from ....core.records import differs
from ..items import Item
from .dating import time_of
from .stamps import is_of_sender


class Knowledge(NamedTuple):
    """What a sender of whole records knew of our changes when it had a version.

    Attributes:
        exchanged: journal position up to which it was sent ours.
        made: when its version was made, None where only that counts.
        sent: journal position and time of what was sent to it, in this order, as far as remembered.

    Times are in milliseconds since 1970, by our clock.
    """

    exchanged: int
    made: int | None = None
    sent: Sequence[tuple[int, int]] = ()

    def includes(self, change: Change) -> bool:
        """Return whether it knew a change."""
        # Nobody knows a change before it was made, or before it was sent.
        return self._reaches(change.position or 0, change.stamp.time)

    def certainly_includes(self, position: int) -> bool:
        """Return whether it knew a change of which nothing but its position is known."""
        return self._reaches(position, None)

    def _reaches(self, position: int, made: int | None) -> bool:
        """Return whether it knew a change, where nobody remembers when it was sent from the time when it was made."""
        if position > self.exchanged:
            return False
        if self.made is None:
            return True
        sent = next((time for until, time in self.sent if position <= until), made)
        return sent is not None and sent <= self.made


def unseen(changes: Sequence[Change], known: Knowledge, sender: int | None) -> list[Change]:
    """Return the changes that the sender does not know: from the first such one on all that it did not bring.

    Args:
        changes: those of a record, in the order in which they were written down.
        known: what the sender knows.
        sender: the repository.
    """
    own = [each for each in changes if each.via != sender]
    first = min((each.position or 0 for each in own if not known.includes(each)), default=None)
    return [] if first is None else [each for each in own if (each.position or 0) >= first]


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


def may_not_know(theirs: Edits, item: Item) -> bool:
    """Return whether edits of theirs may have been made without knowing our version, which came new and whole.

    Args:
        theirs: the edits of the incoming version.
        item: a record that is here.
    """
    ours, created = time_of(item), item.ours("created_on")
    if any(edit.stamp.time <= ours for edit in theirs.fields.values()):
        return True
    # Whoever edits a record knows what was entered with it; and what silent senders edited after that, as noted there.
    is_as_created = created is not None and ours <= milliseconds(created)
    return not is_as_created and not any(
        is_of_sender(site) and time >= ours for site, time in theirs.seen.items()
    )


def put_back(theirs: Edits, names: Collection[str], stamp: Stamp, by: str) -> Edits:
    """Return the edits of a version that has nothing but former values, as if its sender had put these back.

    It is later than ours. Either somebody there decided for what was there before, or nobody edited these fields.

    Args:
        theirs: its edits without that.
        names: the fields that differ.
        stamp, by: see ``edits_of_sender``.
    """
    return Edits(dict.fromkeys(names, Edit(stamp, by)), {**theirs.seen, stamp.site: stamp.time})


def _is_former(before: Mapping[str, list[Any]], name: str, value: Any, whole: bool) -> bool:
    """Return whether a value is the one that the sender had from us."""
    known = before.get(name)
    return bool(known) and not differs(known[0], value) if known is not None else False
