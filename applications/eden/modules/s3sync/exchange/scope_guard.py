"""Keeps an import within what its sender may write: what lies outside is skipped, and told as not allowed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING

from ..core.policy import DecisionReason
from ..core.records import Action, Outcome, end_of_merges
from ..core.schema import Schema
from .ports import Store
from .survivors import merge_steps

if TYPE_CHECKING:
    from .importer.gather import Batch
    from .importer.items import Item
    from .scope import Chosen

#: A record of a document: its table and identity, see ``importer.items``.
Named = tuple[str, str]


_WRITTEN = frozenset((Action.CREATED, Action.UPDATED, Action.CONFLICT))
_GONE = frozenset((Action.DELETED, Action.MERGED))


class LeavesScope(Exception):
    """Records were written as the sender must not write them: what was done has to be undone, and done without them.

    Args:
        named: these records.
    """

    def __init__(self, named: Collection[Named]) -> None:
        super().__init__(f"{len(named)} records lie outside of the scope")
        self.named = frozenset(named)


def _action(item: Item) -> Action | None:
    return None if item.outcome is None else item.outcome.action


class ScopeGuard:
    """Keeps one import within a scope.

    Args:
        chosen: the tables that the sender may write, with the conditions on their records.
        barred: records that would not meet these conditions once they were written.
    """

    def __init__(self, chosen: Chosen, barred: Collection[Named] = ()) -> None:
        self._chosen = chosen
        self._barred = frozenset(barred)
        self._left: set[Named] = set()

    def bar(self, items: Sequence[Item], schema: Schema, store: Store) -> None:
        """Skip the items that the sender must not write, before anything is decided on them.

        Args:
            items: all of a batch, masters before their components, with what was found here.
            schema, store: see ``ports``.
        """
        outside = self._outside([item for item in items if item.key is not None], schema, store)
        outside |= self._merged_outside(items, schema, store)
        barred: set[int] = set()
        for item in items:
            if item.master is not None:
                is_barred = id(item.master) in barred or self._takes_another_ones(item)
            else:
                is_barred = (
                    item.plan.table.name not in self._chosen
                    or id(item) in outside
                    or (item.plan.table.name, item.identity) in self._barred
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
        """Look whether what was written still lies within the scope; ``finish`` tells what does not.

        Args:
            batch: the written batch.
            schema, store: see ``ports``.
        """
        done = [item for item in batch.items if item.key is not None and item.outcome is not None]
        written = [item for item in done if not item.record.deleted and _action(item) in _WRITTEN]
        outside = self._outside(written, schema, store)
        merged = [item for item in done if item.survivor and _action(item) in _GONE]
        outside |= self._merged_outside(merged, schema, store)
        self._left |= {(item.plan.table.name, item.identity) for item in done if id(item) in outside}

    def finish(self) -> None:
        """End an import.

        Raises:
            LeavesScope: some of what was written lies outside; the caller rolls back, and imports without it.
        """
        if self._left:
            left, self._left = self._left, set()
            raise LeavesScope(left)

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

    def _merged_outside(self, items: Sequence[Item], schema: Schema, store: Store) -> set[int]:
        """Return the id() of merged records whose survivors here do not meet the conditions: a merge changes both."""
        by_table: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.record.deleted and item.survivor and self._chosen.get(item.plan.table.name):
                by_table[item.plan.table.name].append(item)
        found: set[int] = set()
        for name, group in by_table.items():
            table = schema.table(name)
            named = {item.survivor for item in group if item.survivor}
            keys: dict[str | None, int] = dict(store.fetch(table, ("uuid", table.key), "uuid", named))
            starts = {
                id(item): [key for key in (keys.get(item.survivor), item.key) if key is not None]
                for item in group
            }
            steps = merge_steps(store, table, {}, [key for each in starts.values() for key in each])
            # Before the merge the record itself leads nowhere.
            ends = {
                item: {end_of_merges(key, steps) for key in keys if key != own or key in steps}
                for item, keys, own in ((id(each), starts[id(each)], each.key) for each in group)
            }
            inside = store.matching(table, set().union(*ends.values()), self._chosen[name])
            found |= {item for item, into in ends.items() if not into <= inside}
        return found

    def _takes_another_ones(self, item: Item) -> bool:
        """Return whether a component would be taken from another record, which may not be the sender's to change."""
        component, master = item.component, item.master
        if component is None or master is None or item.original is None:
            return False
        field = item.plan.references.get(component.fkey)
        former = None if field is None else item.ours(component.fkey)
        return field is not None and former is not None and former != master.key_for(field)
