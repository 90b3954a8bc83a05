"""Inserts new records as rows of their tables, level by level, in the order that their references need."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from ...core.errors import RowRefused
from ...core.records import Action, Outcome
from ...core.schema import Table
from ...core.write_order import Edge, Order, arrange
from ..ports import Ports, Row
from .context import Context
from .items import Item, Link, TablePlan, refused
from .links import Links
from .owners import Owners

#: The mci of a record without one in its document: Eden takes it for a second copy.
_UNKNOWN_MCI = 2


#: Columns that are written with every new record if its table has them.
META = (
    "uuid",
    "mci",
    "deleted",
    "created_on",
    "modified_on",
    "created_by",
    "modified_by",
    "owned_by_user",
    "owned_by_group",
    "approved_by",
    "realm_entity",
)


class Creator:
    """Inserts the new records of an import.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        owners: the users and groups that they name.
        links: their references to each other.
    """

    def __init__(self, ports: Ports, context: Context, owners: Owners, links: Links) -> None:
        self._ports = ports
        self._context = context
        self._owners = owners
        self._links = links
        self._rows: dict[str, NewRows] = {}

    def create(self, creates: Sequence[Item]) -> list[tuple[Item, Link]]:
        """Insert new records; return the links to write afterwards."""
        items = [item for item in creates if item.outcome is None]
        for item in items:
            if item.component is not None and item.master is not None and item.master.key is None:
                if not any(link.field == item.component.fkey for link in item.links):
                    item.links.append(Link(item.component.fkey, item.master, None))
        order = arrange_items(items)
        for item in order.impossible:
            item.outcome = Outcome(
                Action.REJECTED,
                item.plan.table.name,
                item.uuid,
                None,
                "The record and others refer to each other in a circle none of which may be empty.",
            )
        put_off = {(id(edge.source), edge.field, id(edge.target)) for edge in order.deferred}
        late: list[tuple[Item, Link]] = []
        for level in order.levels:
            groups: dict[str, list[Item]] = defaultdict(list)
            for item in level:
                if self._links.take(item, put_off, late):
                    groups[item.plan.table.name].append(item)
            for group in groups.values():
                self._insert(group[0].plan, group)
        return late

    def _insert(self, plan: TablePlan, items: Sequence[Item]) -> None:
        if not items:
            return
        supers: list[tuple[Table, list[int]]] = []
        try:
            self._insert_supers(plan, items, supers)
            realms = self._realms(plan, items)
            now = self._ports.clock.now()
            new = self._new_rows(plan)
            rows = [new.row(item, self._meta(item, now, realms.get(id(item)))) for item in items]
            keys = self._ports.store.insert(plan.table, new.columns, rows)
        except RowRefused as error:
            for super_table, made in supers:
                self._ports.store.withdraw(super_table, made)
            for item in items:
                item.super_keys = {}
            if len(items) == 1:
                items[0].outcome = refused(items[0], error)
                return
            middle = len(items) // 2
            self._insert(plan, items[:middle])
            self._insert(plan, items[middle:])
            return
        for item, key in zip(items, keys):
            item.key = key

    def _new_rows(self, plan: TablePlan) -> NewRows:
        found = self._rows.get(plan.table.name)
        if found is None:
            found = self._rows[plan.table.name] = NewRows(plan)
        return found

    def _meta(self, item: Item, now: datetime, realm: int | None) -> tuple[Any, ...]:
        """Return the values of the columns ``META`` for a new record."""
        record = item.record
        modified_on = record.modified_on or now
        by = self._context.user_id
        user = self._owners.user
        return (
            item.uuid,
            _UNKNOWN_MCI if record.mci is None else record.mci,
            False,
            record.created_on or modified_on,
            modified_on,
            user(record.created_by) or by,
            user(record.modified_by) or by,
            user(record.owned_by_user) or by,
            self._owners.group(record.owned_by_group),
            (by or 0) if record.approved else None,
            realm,
        )

    def _insert_supers(
        self, plan: TablePlan, items: Sequence[Item], done: list[tuple[Table, list[int]]]
    ) -> None:
        for super_key, super_name in plan.table.super_keys.items():
            super_table = self._ports.schema.get(super_name)
            if super_table is None:
                continue
            shared = [name for name in super_table.shared_fields if name in plan.position and name != "uuid"]
            shared = [name for name in shared if name != "deleted"]
            columns = ("uuid", "instance_type", "deleted", *shared)
            defaults = plan.default_values()
            rows = [
                (
                    item.uuid,
                    plan.table.name,
                    False,
                    *(item.changes.get(name, defaults.get(name)) for name in shared),
                )
                for item in items
            ]
            keys = self._ports.store.insert(super_table, columns, rows)
            done.append((super_table, keys))
            for item, key in zip(items, keys):
                item.super_keys[super_key] = key

    def _realms(self, plan: TablePlan, items: Sequence[Item]) -> dict[int, int | None]:
        """Return id(item) -> realm entity of new records, by Eden's rules.

        The table's own rule comes first. Then follows the record's own person entity, except for persons, or that of
        its organisation.
        """
        table = plan.table
        if "realm_entity" not in table.fields:
            return {}
        if table.realm is not None:
            return {id(item): table.realm(table.name, {**item.changes, **item.super_keys}) for item in items}
        if "pe_id" in table.fields:
            if table.name == "pr_person":
                return {}
            return {id(item): item.super_keys.get("pe_id", item.changes.get("pe_id")) for item in items}
        owner = self._ports.schema.get("org_organisation")
        if owner is None or "organisation_id" not in plan.references or "pe_id" not in owner.fields:
            return {}
        owners = {item.changes.get("organisation_id") for item in items} - {None}
        entities: dict[Any, int | None] = (
            dict(self._ports.store.fetch(owner, (owner.key, "pe_id"), owner.key, owners)) if owners else {}
        )
        return {id(item): entities.get(item.changes.get("organisation_id")) for item in items}


def arrange_items(items: Sequence[Item]) -> Order[Item]:
    """Return the levels in which new records can be written, referenced records first."""
    fresh = {id(item) for item in items}
    edges = []
    for item in items:
        for link in item.links:
            if id(link.target) in fresh:
                field = item.plan.table.fields[link.field]
                is_join = item.component is not None and link.field == item.component.fkey
                optional = not (field.required or field.notnull or is_join)
                edges.append(Edge(item, link.field, link.target, optional))
    return arrange(items, edges)


class NewRows:
    """How new records of one table become rows, computed once.

    Args:
        plan: the table.

    Attributes:
        columns: the columns of a row, in order.
    """

    def __init__(self, plan: TablePlan) -> None:
        fields = plan.table.fields
        self._plan = plan
        self._initial = plan.table.initial
        self._meta = [at for at, name in enumerate(META) if name in fields]
        self.columns: tuple[str, ...] = (
            *(name for name in META if name in fields),
            *plan.data,
            *plan.references,
            *plan.table.super_keys,
            *(self._initial.fields if self._initial is not None else ()),
        )
        self._place: dict[str, int] = {name: at for at, name in enumerate(self.columns)}
        # The columns after the meta-fields, with their values if the document has none.
        self._unsaid: list[Any] = [plan.fixed_defaults.get(name) for name in self.columns[len(self._meta) :]]

    def row(self, item: Item, meta: tuple[Any, ...]) -> Row:
        """Return the row of an item.

        Args:
            item: the item, with its changes and super keys.
            meta: values for META.
        """
        row = [*(meta if len(self._meta) == len(meta) else [meta[at] for at in self._meta]), *self._unsaid]
        place = self._place
        for values in (self._plan.made_defaults(), item.changes, item.super_keys):
            for name, value in values.items():
                at = place.get(name)
                if at is not None:
                    row[at] = value
        if self._initial is not None:
            derived = self._initial.compute(dict(zip(self.columns, row)))
            row[-len(derived) or len(row) :] = derived
        return tuple(row)
