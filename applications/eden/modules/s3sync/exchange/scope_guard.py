"""Keeps an import within what its sender may write: what lies outside is skipped, and told as not allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..core.policy import DecisionReason
from ..core.records import Action, Outcome
from ..core.schema import Schema
from .ports import Store

if TYPE_CHECKING:
    from .importer.gather import Batch
    from .importer.items import Item
    from .scope import Chosen

#: A record of a document: its table and uuid.
Named = tuple[str, "str | None"]


class LeavesScope(Exception):
    """Records were written as the sender must not write them: what was done has to be undone, and done without them.

    Args:
        named: these records.
    """

    def __init__(self, named: Collection[Named]) -> None:
        super().__init__(f"{len(named)} records lie outside of the scope")
        self.named = frozenset(named)


class ScopeGuard:
    """Keeps one import within a scope.

    Args:
        chosen: the tables that the sender may write, with the conditions on their records.
        barred: records that would not meet these conditions once they were written.
    """

    def __init__(self, chosen: Chosen, barred: Collection[Named] = ()) -> None:
        self._chosen = chosen
        self._barred = frozenset(barred)

    def bar(self, items: Sequence[Item], schema: Schema, store: Store) -> None:
        """Skip the items that the sender must not write, before anything is decided on them.

        Args:
            items: all of a batch, masters before their components, with what was found here.
            schema, store: see ``ports``.
        """
        outside = self._outside([item for item in items if item.key is not None], schema, store)
        barred: set[int] = set()
        for item in items:
            if item.master is not None:
                is_barred = id(item.master) in barred or self._takes_another_ones(item)
            else:
                is_barred = (
                    item.plan.table.name not in self._chosen
                    or id(item) in outside
                    or (item.plan.table.name, item.uuid) in self._barred
                )
            if is_barred:
                barred.add(id(item))
                if item.outcome is None:
                    item.outcome = Outcome(
                        Action.SKIPPED,
                        item.plan.table.name,
                        item.uuid,
                        item.key,
                        DecisionReason.OUT_OF_SCOPE.value,
                    )

    def check(self, batch: Batch, schema: Schema, store: Store) -> None:
        """Look whether what was written still lies within the scope.

        Args:
            batch: the written batch.
            schema, store: see ``ports``.

        Raises:
            LeavesScope: some of it does not; the caller rolls back, and imports without it.
        """
        written = [
            item
            for item in batch.items
            if item.key is not None
            and not item.record.deleted
            and item.outcome is not None
            and item.outcome.action in (Action.CREATED, Action.UPDATED, Action.CONFLICT)
        ]
        outside = self._outside(written, schema, store)
        if outside:
            raise LeavesScope([(item.plan.table.name, item.uuid) for item in written if id(item) in outside])

    def _outside(self, items: Sequence[Item], schema: Schema, store: Store) -> set[int]:
        """Return the id() of records, no components, that do not meet the conditions as they are here now."""
        by_table: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.component is None and self._chosen.get(item.plan.table.name):
                by_table[item.plan.table.name].append(item)
        found: set[int] = set()
        for name, group in by_table.items():
            keys = {item.key for item in group if item.key is not None}
            inside = store.matching(schema.table(name), keys, self._chosen[name])
            found |= {id(item) for item in group if item.key not in inside}
        return found

    def _takes_another_ones(self, item: Item) -> bool:
        """Return whether a component would be taken from another record, which may not be the sender's to change."""
        component, master = item.component, item.master
        if component is None or master is None or item.original is None:
            return False
        field = item.plan.references.get(component.fkey)
        former = None if field is None else item.ours(component.fkey)
        return field is not None and former is not None and former != master.key_for(field)
