"""What two kept versions of a record disagree on: fields that both sides edited."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.fields import NO_EDITS, Change, Dispute, Edits, Merge, Rules, Stamp, merge, together
from ..core.records import Record
from ..core.schema import Table
from .importer.by_field import former_values
from .versions import differing


class Disagreement(NamedTuple):
    """Two versions of a record whose edits are known.

    Attributes:
        merge: how they go together under the policy NEWER.
        ours, theirs: their edits.
        apart: names of the fields with different values.
    """

    merge: Merge
    ours: Edits
    theirs: Edits
    apart: frozenset[str] = frozenset()

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
        """The edits in dispute, of both sides: whoever decides on them settles them."""
        edits = {
            edit.stamp for each in self.disputes for edit in (each.ours, each.theirs) if edit is not None
        }
        return tuple(sorted(edits))

    def is_settled(self, settled: Sequence[Stamp]) -> bool:
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
    ours: Record | None, theirs: Record | None, table: Table, own_domain: str | None = None
) -> Disagreement | None:
    """Compare two versions by their edits.

    Args:
        ours, theirs: the versions, None if there is none.
        table: their table.
        own_domain: see ``versions.compare``.

    Returns:
        None where the edits are not known of both, or do not explain all differences: then whole versions disagree.
    """
    if ours is None or theirs is None or ours.deleted or theirs.deleted:
        return None
    if theirs.edits is None:
        return None
    # Our own versions name no edits where there were none.
    edits = ours.edits or NO_EDITS
    rules = Rules("", 0, _ANY_TIME, None, together(table.together))
    apart = differing(ours, theirs, table, own_domain)
    found = merge(edits, theirs.edits, apart, rules)
    return None if found.unexplained else Disagreement(found, edits, theirs.edits, apart)


_ANY_TIME = 1 << 62
