"""References between the records of a batch: set as soon as the keys of their targets are known, or dropped."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ...core.records import Action, FieldError, Outcome
from ..ports import Ports, Row
from .gather import Batch
from .items import Item, Link, Missing, reject_for_master

#: Links that close a cycle of references: id() of the item, field, id() of the target.
PutOff = set[tuple[int, str, int]]


class Links:
    """Sets the links of planned items.

    Args:
        ports: the ports of the site.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def settle(self, batch: Batch, creates: Sequence[Item]) -> None:
        """Drop links to records of the batch that will not be stored, until nothing changes any more."""
        coming = {id(item) for item in creates if item.outcome is None}
        settled = False
        while not settled:
            settled = True
            for item in batch.items:
                if item.outcome is not None or not item.links or not (item.decision and item.decision.take):
                    continue
                for link in [link for link in item.links if id(link.target) not in coming]:
                    item.links.remove(link)
                    if not self.do_without(item, link):
                        coming.discard(id(item))
                        settled = False
                        break

    def take(self, item: Item, put_off: PutOff, late: list[tuple[Item, Link]]) -> bool:
        """Set the links of an item; return False if it cannot be stored without one of them.

        Args:
            item: the item.
            put_off: links to write later.
            late: is extended by the item's links in ``put_off``.
        """
        for link in item.links:
            if (id(item), link.field, id(link.target)) in put_off:
                late.append((item, link))
                continue
            known = link.target.key_for(item.plan.table.fields[link.field])
            if known is not None:
                set_reference(item, link, known)
            elif not self.do_without(item, link):
                return False
        component, master = item.component, item.master
        if component is not None and master is not None and component.fkey not in item.changes:
            key = master.key_for(item.plan.references[component.fkey])
            if key is None:
                item.outcome = reject_for_master(item)
                return False
            item.changes[component.fkey] = key
        return True

    def do_without(self, item: Item, link: Link) -> bool:
        """Drop a link; return False if the item needs it and is rejected."""
        target = link.target
        field = item.plan.table.fields[link.field]
        key = target.key_for(field)
        if key is not None:
            set_reference(item, link, key)
            return True
        if item.component is not None and item.master is target and link.field == item.component.fkey:
            item.outcome = reject_for_master(item)
            return False
        if target.uuid:
            item.missing.append(Missing(link.field, target.plan.table.name, target.uuid, link.place, True))
        if field.required or field.notnull:
            reason = f"reference import failed: {target.label()} was not stored"
            item.outcome = Outcome(
                Action.REJECTED,
                item.plan.table.name,
                item.uuid,
                item.key,
                f"{link.field}: {reason}",
                errors={link.field: FieldError(target.uuid, reason)},
            )
            return False
        item.warnings.append(
            f"{link.field}: {target.label()} was not stored; the reference is set when it is."
        )
        return True

    def write_late(self, late: Sequence[tuple[Item, Link]]) -> None:
        """Write the links that closed a cycle of references."""
        rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for item, link in late:
            if item.outcome is not None or item.key is None:
                continue
            key = link.target.key_for(item.plan.table.fields[link.field])
            if key is None:
                self.do_without(item, link)
                continue
            set_reference(item, link, key)
            rows[(item.plan.table.name, link.field)].append((item.key, item.changes[link.field]))
        for (name, field), group in rows.items():
            self._ports.store.update(self._ports.schema.table(name), (field,), group)


def set_reference(item: Item, link: Link, key: int | None) -> None:
    """Set the key of a reference."""
    if link.place is None:
        item.changes[link.field] = key
        return
    listed = item.changes.setdefault(link.field, [])
    if key not in listed:
        listed.insert(link.place, key)
