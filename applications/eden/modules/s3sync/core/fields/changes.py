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


def fold(changes: Iterable[Change]) -> Edits:
    """Return the edits of the present version of a record.

    Args:
        changes: all that is remembered of the record, in the order in which it was written down here.
    """
    fields: dict[str, Edit] = {}
    seen: dict[str, int] = {}
    for change in changes:
        time, site = change.stamp
        if time > seen.get(site, -1):
            seen[site] = time
        if EVERY_FIELD in change.fields:
            fields = {}
        for name in change.fields:
            fields[name] = Edit(change.stamp, change.by, _settled(change, fields.get(name)))
    return Edits(fields, seen)


def _settled(change: Change, before: Edit | None) -> tuple[Stamp, ...]:
    """Return what an edit settled, and the one that it replaces: only the last edit of a field travels."""
    if before is None or not before.settled:
        return change.settled
    former = sorted(set(before.settled) - set(change.settled))[-_MOST_SETTLED:]
    return tuple(sorted((*former, *change.settled)))


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
            {name: _known(former, name) for name in names},
            ChangeKind.DECISION if edit.settled else ChangeKind.EDIT,
            edit.settled,
            via,
        )
        for edit, names in merge.learned
    ]
    if merge.decided is not None:
        stamp, names = merge.decided
        kind = ChangeKind.JOINED if merge.joined.issuperset(names) else ChangeKind.POLICY
        found.append(Change(key, stamp, by, {name: _known(former, name) for name in names}, kind))
    return found


def _known(former: Mapping[str, Any], name: str) -> list[Any]:
    return [former[name]] if name in former else []
