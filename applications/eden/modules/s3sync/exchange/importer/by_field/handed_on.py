"""Writes down which incoming versions only hand on that a deletion elsewhere emptied references of their record."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable

from ....core.clock import milliseconds
from ....core.fields import Emptied
from ...ports import Ports
from ..context import Context
from ..items import Item
from .lost_references import has_lost
from .merger import tells_edits


class HandedOn:
    """The records of one batch that lost references, and were not edited.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        written: records that were written, before the journal has noted them.
    """

    def __init__(self, ports: Ports, context: Context, written: Iterable[Item]) -> None:
        self._journal = ports.journal
        self._changes = ports.changes
        self._items: dict[str, list[Item]] = defaultdict(list)
        for item in written:
            if item.original is not None and tells_edits(item, context) and _only_lost_references(item):
                self._items[item.plan.table.name].append(item)
        self._before = {name: self._positions(name) for name in self._items}

    def write(self) -> None:
        """Write them down, after the journal has noted them."""
        for name, items in self._items.items():
            before, after = self._before[name], self._positions(name)
            self._changes.note_emptied(
                name,
                [
                    Emptied(key, after[key][0], *before[key], milliseconds(moment))
                    for key, moment in ((item.key or 0, item.record.modified_on) for item in items)
                    if moment is not None and key in before and key in after
                ],
            )

    def _positions(self, name: str) -> dict[int, tuple[int, int | None]]:
        return dict(self._journal.positions(name, [item.key or 0 for item in self._items[name]]))


def _only_lost_references(item: Item) -> bool:
    """Return whether a version tells of no new edit, and differs from ours in nothing but lost references."""
    merge = item.merge
    if not item.changes or item.record.deleted or item.ours("deleted") or item.links or item.missing:
        return False
    if merge is None or merge.learned or merge.decided is not None:
        return False
    references = item.plan.references
    return all(
        name in references and has_lost(item.ours(name), value) for name, value in item.changes.items()
    )
