"""Ranks versions of the same second by content, field by field, with the same result at every site."""

from __future__ import annotations

from typing import Any

from ...core.records import Reference
from ..ports import Ports
from .gather import Gatherer
from .items import Item


class Ranks:
    """Ranks the versions of one import.

    Args:
        ports: the ports of the site.
        gatherer: resolves identifiers.
    """

    def __init__(self, ports: Ports, gatherer: Gatherer) -> None:
        self._schema = ports.schema
        self._store = ports.store
        self._pending = ports.pending_references
        self._gatherer = gatherer

    def is_above(self, item: Item) -> bool:
        """Return whether the incoming version of a record that is here comes after ours."""
        names = {*item.changes, *(link.field for link in item.links), *(each.field for each in item.missing)}
        for name in sorted(names):
            if name in item.plan.references:
                theirs = self._theirs(item, name)
                ours = self._ours(item, name)
            else:
                theirs, ours = _rank(item.changes[name]), _rank(item.ours(name))
            if theirs != ours:
                return theirs > ours
        return False

    def _theirs(self, item: Item, name: str) -> str:
        value = item.record.references.get(name)
        if value is None:
            # A component stands in its master, which no reference names.
            joins = item.component is not None and item.component.fkey == name
            return (item.master.uuid or "") if joins and item.master is not None else ""
        references = (value,) if isinstance(value, Reference) else value
        return " ".join(self._gatherer.reference_uuid(reference) or "" for reference in references)

    def _ours(self, item: Item, name: str) -> str:
        field = item.plan.references[name]
        value = item.ours(name)
        target = self._schema.get(field.target or "")
        if target is None or value in (None, []):
            waiting = self._pending.deferred_of(item.plan.table.name, [item.key or 0])
            return " ".join(each.uuid for each in waiting if each.field == name)
        keys = value if isinstance(value, list) else [value]
        uuids: dict[int, str | None] = dict(self._store.fetch(target, (target.key, "uuid"), target.key, keys))
        return " ".join(uuids.get(key) or "" for key in keys)


def _rank(value: Any) -> str:
    return "" if value is None else str(value)
