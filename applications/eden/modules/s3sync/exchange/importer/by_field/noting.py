"""Writes down which fields an import changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ....core.fields import Change, ChangeKind, Merge, learned
from ....core.records import Action
from ...ports import Ports
from ..context import Context
from ..items import Item
from .merger import tells_edits
from .stamps import stamp_of

_TAKEN = (Action.CREATED, Action.UPDATED, Action.CONFLICT, Action.UNCHANGED)


class ChangeWriter:
    """Writes down the changes of one import, after the journal has noted its records.

    Args:
        ports: the ports of the site.
        context: where the records come from.
    """

    def __init__(self, ports: Ports, context: Context) -> None:
        self._changes = ports.changes
        self._clock = ports.clock
        self._accounts = ports.accounts
        self._context = context

    def write(self, items: Sequence[Item], written: Sequence[Item]) -> None:
        """Write down the changes of a batch.

        Args:
            items: the batch, with outcomes.
            written: those of it that were written.
        """
        found: dict[str, list[Change]] = defaultdict(list)
        via = self._context.repository_id
        for item in items:
            if item.merge is not None and has_learned(item):
                by = item.record.modified_by or ""
                found[item.plan.table.name] += learned(
                    item.key or 0, item.merge, _former(item, item.merge), by, via
                )
        for table, group in self._told_nothing(written).items():
            found[table] += self._own(table, group)
        for table, changes in found.items():
            if changes:
                self._changes.note(table, changes)

    def _told_nothing(self, written: Sequence[Item]) -> dict[str, list[Item]]:
        """Return the updated records of which the sender did not say what it edited."""
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in written:
            plain = item.merge is None and item.original is not None and not item.record.deleted
            if plain and item.changes and not tells_edits(item, self._context):
                groups[item.plan.table.name].append(item)
        return groups

    def _own(self, table: str, items: Sequence[Item]) -> list[Change]:
        known = self._changes.edits(table, [item.key or 0 for item in items])
        site, via, decides = self._changes.site, self._context.repository_id, self._context.decides
        kind = ChangeKind.DECISION if decides else ChangeKind.EDIT
        found, own = [], self._own_email() if via is None else ""
        for item in items:
            edits = known.get(item.key or 0)
            moment = item.record.modified_on if via is not None else None
            stamp = stamp_of(site, via, moment or self._clock.exact(), edits.seen if edits else {})
            former: dict[str, list[Any]] = {
                name: [item.ours(name)] for name in item.changes if name in item.plan.position
            }
            by = item.record.modified_by or own
            found.append(Change(item.key or 0, stamp, by, former, kind, decides, via))
        return found

    def _own_email(self) -> str:
        user_id = self._context.user_id
        return "" if user_id is None else self._accounts.emails([user_id]).get(user_id) or ""


def _former(item: Item, merge: Merge) -> dict[str, Any]:
    """Return the values here of the fields of which a merge tells."""
    original, position = item.original, item.plan.position
    if original is None:
        return {}
    told = merge.learned if merge.decided is None else (*merge.learned, merge.decided)
    return {name: original[position[name]] for _, names in told for name in names if name in position}


def has_learned(item: Item) -> bool:
    """Return whether an import has something to write down of a record besides its values."""
    outcome, merge = item.outcome, item.merge
    if merge is None or outcome is None or item.key is None or outcome.action not in _TAKEN:
        return False
    return bool(merge.learned) or merge.decided is not None
