"""What two kept versions of a record disagree on: fields that both sides edited."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from ..core.fields import (
    NO_EDITS,
    Change,
    Dispute,
    Edit,
    Edits,
    Merge,
    Rules,
    Stamp,
    former_values,
    merge,
    together,
)
from ..core.records import Record
from ..core.schema import Table
from .versions import RecordStatus, differing

_ANY_TIME = 1 << 62


class Disagreement(NamedTuple):
    """Two versions of a record whose edits are known.

    Attributes:
        merge: how they go together under the policy NEWER.
        ours, theirs: their edits.
        apart: names of the fields with different values.
        units: names of the fields in dispute, and of those that belong together with them.
    """

    merge: Merge
    ours: Edits
    theirs: Edits
    apart: frozenset[str] = frozenset()
    units: frozenset[str] = frozenset()

    @property
    def disputes(self) -> tuple[Dispute, ...]:
        """The fields that both sides edited, to different values."""
        return self.merge.disputes

    @property
    def fields(self) -> frozenset[str]:
        """Names of the fields in dispute."""
        return frozenset(name for each in self.disputes for name in each.fields)

    @property
    def stamps(self) -> tuple[Stamp, ...]:
        """The edits in dispute, of both sides."""
        return tuple(sorted({edit.stamp for edit in self._edits()}))

    @property
    def settles(self) -> tuple[Stamp, ...]:
        """The edits that a decision settles: those in dispute, and those on which one of these had decided."""
        before = {stamp for edit in self._edits() for stamp in edit.settled}
        return tuple(sorted(before | set(self.stamps)))

    def _edits(self) -> list[Edit]:
        return [edit for each in self.disputes for edit in (each.ours, each.theirs) if edit is not None]

    def is_settled(self, settled: Collection[Stamp]) -> bool:
        """Return whether a decision on these edits was one on this disagreement."""
        return bool(self.disputes) and set(self.stamps) <= set(settled)

    def before(self, changes: Sequence[Change]) -> dict[str, list[Any]]:
        """Return what both had: name -> value in a list of one, empty where it is not known any more.

        Args:
            changes: those of the record here, in the order in which they were written down.
        """
        ours = [each for each in changes if self.ours.has_seen(each.stamp)]
        return former_values([each for each in ours if not self.theirs.has_seen(each.stamp)])


def disagreement(
    ours: Record | None,
    theirs: Record | None,
    table: Table,
    own_domain: str | None = None,
    latest: int = _ANY_TIME,
) -> Disagreement | None:
    """Compare two versions by their edits.

    Args:
        ours, theirs: the versions, None if there is none.
        table: their table.
        own_domain: see ``versions.compare``.
        latest: see ``Rules``.

    Returns:
        None where the edits are not known of both, or do not explain all differences: then whole versions disagree.
    """
    if ours is None or theirs is None or ours.deleted or theirs.deleted:
        return None
    if theirs.edits is None:
        return None
    # Our own versions name no edits where there were none.
    edits = ours.edits or NO_EDITS
    groups = together(table.together)
    apart = differing(ours, theirs, table, own_domain) - table.computed
    found = merge(edits, theirs.edits, apart, Rules("", 0, latest, None, groups, _lists(table)))
    if found.unexplained:
        return None
    disputed = frozenset(name for each in found.disputes for name in each.fields)
    travelling = {each.name for each in table.data_fields()} - table.computed
    units = disputed.union(*(groups.get(name, frozenset()) & travelling for name in disputed))
    return Disagreement(found, edits, theirs.edits, apart, units)


def _lists(table: Table) -> frozenset[str]:
    return frozenset(each.name for each in table.data_fields() if each.kind.startswith("list:"))


def status(
    found: Disagreement,
    now: Record | None,
    ours: Record,
    theirs: Record,
    table: Table,
    own_domain: str | None = None,
) -> RecordStatus:
    """Return which version a record has now in the fields in dispute, whatever became of the others.

    Args:
        found: what the versions disagree on.
        now: the present record.
        ours, theirs: the versions.
        table, own_domain: as for ``disagreement``.
    """
    if now is None:
        return RecordStatus.ABSENT
    if now.deleted:
        return RecordStatus.DELETED
    mine, yours = (differing(now, version, table, own_domain) & found.units for version in (ours, theirs))
    if not mine:
        return RecordStatus.OURS
    if not yours:
        return RecordStatus.THEIRS
    return RecordStatus.OTHER if mine & yours else RecordStatus.BOTH
