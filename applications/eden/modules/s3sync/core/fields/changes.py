"""The changes of a record as a site remembers them, and the edits that follow from them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from ..text import TextEnum
from .edits import EVERY_FIELD, Edit, Edits, Stamp
from .merge import Merge

#: How many edits that lost a field remembers as decided on, besides those of its last decision.
_MOST_SETTLED = 20
_UNKNOWN: list[Any] = []


class ChangeKind(TextEnum):
    """What a change was.

    EDIT: a person or program wrote fields. DECISION: a person decided what two sites had changed differently. POLICY:
    a policy did, against the order of time. JOINED: members that two sites added to or removed from a list were put
    together. OUTSIDE: the record was written past the journal; nobody knows which fields changed.
    """

    EDIT = "edit"
    DECISION = "decision"
    POLICY = "policy"
    JOINED = "joined"
    OUTSIDE = "outside"


class Change(NamedTuple):
    """Fields of one record that were changed together.

    Attributes:
        key: key of the record.
        stamp: when and where.
        by: who: an e-mail address, "" if unknown.
        fields: name of each changed field -> its former value here in a list of one, or an empty list where that is
            not known. No fields: the edit is only known to have been replaced.
        kind: what it was.
        settled: see ``Edit``.
        via: the repository that brought it, None for a change made here.
        position: of the journal, of the record's change that this is a part of; None before it is stored.
        noted_on: when it was written down here (UTC); None before it is.
    """

    key: int
    stamp: Stamp
    by: str
    fields: Mapping[str, list[Any]]
    kind: ChangeKind = ChangeKind.EDIT
    settled: tuple[Stamp, ...] = ()
    via: int | None = None
    position: int | None = None
    noted_on: datetime | None = None


class Emptied(NamedTuple):
    """A reference of a record that was emptied here because its target was deleted: a change that is no edit.

    Attributes:
        key: key of the record.
        position: of the journal, of this change.
        before: position of the last change of the record before it.
        before_via: the repository that brought that one, None for a change made here.
        time: ``modified_on`` of the record since then, in milliseconds since 1970 (UTC).
        noted_on: when it was written down here (UTC); None before it is.
    """

    key: int
    position: int
    before: int
    before_via: int | None
    time: int
    noted_on: datetime | None = None


class Folding:
    """The edits of the present version of a record, while its changes are read in the order in which they were written.

    Attributes:
        fields, seen: see ``Edits``.
    """

    __slots__ = ("fields", "seen")

    def __init__(self) -> None:
        self.fields: dict[str, Edit] = {}
        self.seen: dict[str, int] = {}

    def add(self, stamp: Stamp, by: str, names: Iterable[str], settled: tuple[Stamp, ...]) -> None:
        """Add a change: arguments as the attributes of ``Change``."""
        time, site = stamp
        if time > self.seen.get(site, -1):
            self.seen[site] = time
        if EVERY_FIELD in names:
            self.fields = {}
        edit = Edit(stamp, by, settled)
        for name in names:
            before = self.fields.get(name)
            if before is None or not before.settled:
                self.fields[name] = edit
            else:
                self.fields[name] = edit._replace(settled=_with_former(settled, before.settled))


def fold(changes: Iterable[Change]) -> Edits:
    """Return the edits of the present version of a record.

    Args:
        changes: all that is remembered of the record, in the order in which it was written down here.
    """
    folding = Folding()
    for change in changes:
        folding.add(change.stamp, change.by, change.fields, change.settled)
    return Edits(folding.fields, folding.seen)


def _with_former(settled: tuple[Stamp, ...], before: tuple[Stamp, ...]) -> tuple[Stamp, ...]:
    """Return what an edit settled, and the one that it replaces: only the last edit of a field travels."""
    former = sorted(set(before) - set(settled))[-_MOST_SETTLED:]
    return tuple(sorted((*former, *settled)))


def former_values(changes: Sequence[Change]) -> dict[str, list[Any]]:
    """Return name -> value before all of these changes in a list of one, an empty list where it is not known."""
    found: dict[str, list[Any]] = {}
    for change in reversed(changes):
        if EVERY_FIELD in change.fields:
            found = dict.fromkeys(found, _UNKNOWN)
        found.update(change.fields)
    return found


def learned(key: int, merge: Merge, former: Mapping[str, Any], by: str, via: int | None) -> list[Change]:
    """Return what is to be remembered of a merge.

    Args:
        key: the record.
        merge: how its versions go together.
        former: the values of its fields before.
        by: on whose behalf a policy decides or lists are joined.
        via: the repository that sent the other version.
    """
    found = [
        Change(
            key,
            edit.stamp,
            edit.by,
            {name: [former[name]] if name in former else [] for name in names},
            ChangeKind.DECISION if edit.settled else ChangeKind.EDIT,
            edit.settled,
            via,
        )
        for edit, names in merge.learned
    ]
    if merge.decided is not None:
        stamp, names = merge.decided
        kind = ChangeKind.JOINED if merge.joined.issuperset(names) else ChangeKind.POLICY
        fields = {name: [former[name]] if name in former else [] for name in names}
        found.append(Change(key, stamp, by, fields, kind))
    return found
