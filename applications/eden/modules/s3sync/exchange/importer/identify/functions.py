"""Finds the record here for an incoming one by asking a function of the data model, a record at a time."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Callable

from ....core.records import Action, Outcome
from ....core.schema import Candidate, Found
from ...ports import Store
from ..callbacks import contained
from ..gather import Batch
from ..items import Item, TablePlan, reject
from .targets import Targets

Function = Callable[[Candidate], Found]
Components = Mapping[int, Sequence[tuple[str, Mapping[str, Any]]]]


class DuplicateFunctions:
    """Asks for the records that come without uuid, and for all unknown ones where uuids are adopted, as an Eden does.

    Args:
        store: see ``ports``.
        targets: looks up what items refer to.
        synchronise_uuids: whether a duplicate adopts the uuid of the incoming record.
    """

    def __init__(self, store: Store, targets: Targets, synchronise_uuids: bool) -> None:
        self._store = store
        self._targets = targets
        self._synchronise_uuids = synchronise_uuids

    def identify(self, plan: TablePlan, function: Function, items: Sequence[Item], batch: Batch) -> None:
        """Set the record here on items of a table that have none.

        What the function itself fails with is a warning of the record, which is taken for another one then.
        """
        candidates = [item for item in items if self._is_asked_for(item)]
        if not candidates:
            return
        components = self._components(candidates, batch.items)
        found: dict[int, list[tuple[Item, bool]]] = defaultdict(list)
        for item, values in zip(candidates, self._told(plan, candidates)):
            candidate = Candidate(item.uuid, values, tuple(components.get(id(item), ())))
            answer = self._ask(function, item, candidate)
            if answer.key is not None:
                found[answer.key].append((item, answer.stays))
        if found:
            for row in self._store.fetch(plan.table, plan.columns, plan.table.key, list(found)):
                for item, stays in found[row[plan.key_at]] if not row[plan.deleted_at] else ():
                    item.found(row)
                    if stays:
                        item.outcome = _left(item)

    def _is_asked_for(self, item: Item) -> bool:
        if item.original is not None or item.outcome is not None or item.record.deleted:
            return False
        return item.uuid is None or self._synchronise_uuids

    def _told(self, plan: TablePlan, items: Sequence[Item]) -> list[dict[str, Any]]:
        """Return what came of each item: the functions take a field that is there for one that was sent."""
        names = [*plan.data, *plan.references]
        return [
            {name: value for name, value in values.items() if value is not None}
            for values in self._targets.values(plan, items, names)
        ]

    def _components(self, masters: Sequence[Item], items: Iterable[Item]) -> Components:
        wanted = {id(item) for item in masters}
        by_plan: dict[int, tuple[TablePlan, list[Item]]] = {}
        for item in items:
            if item.master is not None and id(item.master) in wanted and not item.record.deleted:
                by_plan.setdefault(id(item.plan), (item.plan, []))[1].append(item)
        found: dict[int, list[tuple[str, Mapping[str, Any]]]] = defaultdict(list)
        for plan, components in by_plan.values():
            for item, values in zip(components, self._told(plan, components)):
                found[id(item.master)].append((plan.table.name, values))
        return found

    def _ask(self, function: Function, item: Item, candidate: Candidate) -> Found:
        answer = Found()
        with contained(self._store) as failed:
            answer = function(candidate)
        if failed:
            item.warnings.extend(failed)
        elif answer.refused is not None:
            reject(item, answer.refused)
            return Found()
        return answer


def _left(item: Item) -> Outcome:
    reason = "The rule for duplicates of its table lets nobody change this record by an import."
    return Outcome(Action.SKIPPED, item.plan.table.name, item.uuid, item.key, reason)
