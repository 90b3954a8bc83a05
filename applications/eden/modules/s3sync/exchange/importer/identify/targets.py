"""The values of incoming records with the keys of what they refer to, as the data model has them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ....core.records import Reference
from ..gather import Gatherer
from ..items import Item, TablePlan, plain
from ..references import Known, Needed, Resolver


class Targets:
    """Looks up what the records of a batch refer to, before they are planned.

    Args:
        gatherer: resolves identifiers.
        resolver: looks up references.
    """

    def __init__(self, gatherer: Gatherer, resolver: Resolver) -> None:
        self._gatherer = gatherer
        self._resolver = resolver

    def values(self, plan: TablePlan, items: Sequence[Item], names: Sequence[str]) -> list[dict[str, Any]]:
        """Return the values of some fields of each item.

        Args:
            plan: the table.
            items: some of its records.
            names: the fields.

        Returns:
            name -> value, references as keys: those without a target here are left out.
        """
        needed: Needed = defaultdict(set)
        for name in names:
            for item in items if name in plan.references else ():
                reference = item.record.references.get(name)
                if isinstance(reference, Reference):
                    uuid = self._gatherer.reference_uuid(reference)
                    if uuid is not None:
                        needed[(reference.table, plan.references[name].target or "")].add(uuid)
        known = self._resolver.known(needed) if needed else {}
        return [self._of(item, names, known) for item in items]

    def _of(self, item: Item, names: Sequence[str], known: Known) -> dict[str, Any]:
        plan, component, master = item.plan, item.component, item.master
        values: dict[str, Any] = {}
        for name in names:
            reference = item.record.references.get(name)
            if component is not None and master is not None and name == component.fkey:
                key = master.key_for(plan.references[name])
            elif isinstance(reference, Reference) and name in plan.references:
                uuid = self._gatherer.reference_uuid(reference)
                key = known.get((reference.table, plan.references[name].target or "", uuid or ""))
            else:
                values[name] = plain(item.record.values.get(name))
                continue
            if key is not None:
                values[name] = key
        return values
