"""Checks with the state that an import leads to: the records of a batch, what waits for them, and what goes with them.

The data model's rules for sets (``Table.onvalidation_set``) see records that are not written yet under negative keys.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from ...core.records import FieldError
from ...core.schema import Table
from ..kept_ports import PendingReferences
from ..ports import Ports, Store
from .context import HookForm
from .items import MERGED, Item, TablePlan, reject


class Foresight:
    """Applies rules for sets to the batches of one import.

    Args:
        ports: the ports of the site.
    """

    def __init__(self, ports: Ports) -> None:
        self._store: Store = ports.store
        self._pending: PendingReferences = ports.pending_references
        self._numbers: dict[int, int] = {}

    def check(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Reject records that break the rules together with the others; they are tried again later.

        Args:
            plan: a table with rules for sets.
            items: its records in the batch.
        """
        check = plan.table.onvalidation_set
        taken = [item for item in items if item.outcome is None and item.decision and item.decision.take]
        live = [item for item in taken if not item.record.deleted]
        if check is None or not live:
            return
        self._numbers = {}
        waiting = self._waiting_for(plan, live)
        forms = [self._form(plan, item) for item in live]
        check(
            [*waiting, *forms], [item.key for item in taken if item.record.deleted and item.key is not None]
        )
        for item, form in zip(live, forms):
            if form.errors:
                errors = {
                    name: FieldError(self._named(item, name), str(text)) for name, text in form.errors.items()
                }
                reason = "; ".join(f"{name}: {error.message}" for name, error in errors.items())
                reject(item, reason, errors, again=True)

    def _form(self, plan: TablePlan, item: Item) -> HookForm:
        before = None if item.original is None else dict(zip(plan.columns, item.original))
        values = {**(before or {}), **item.changes, plan.table.key: self._key(item)}
        for link in item.links:
            if link.place is None:
                values[link.field] = self._key(link.target)
        component, master = item.component, item.master
        if component is not None and master is not None and component.pkey == master.plan.table.key:
            values[component.fkey] = self._key(master)
        return HookForm(plan.table.name, values, before)

    def _key(self, item: Item) -> int:
        """Return the key of a record, or the number by which those of the batch refer to it until it has one."""
        return self._numbers.setdefault(id(item), -1 - len(self._numbers)) if item.key is None else item.key

    def _waiting_for(self, plan: TablePlan, items: Sequence[Item]) -> list[HookForm]:
        """Return forms of records of the same table that wait for new ones of the batch."""
        own = [field.name for field in plan.references.values() if field.target == plan.table.name]
        arriving = {item.uuid: item for item in items if item.is_new and item.uuid is not None}
        if not own or not arriving:
            return []
        waiting = {
            each.key: each
            for each in self._pending.deferred_for({plan.table.name: list(arriving)})
            if each.table == plan.table.name and each.field in own and each.field != MERGED
        }
        planned = {item.key for item in items}
        forms = []
        for row in self._store.fetch(plan.table, plan.columns, plan.table.key, waiting.keys() - planned):
            before = dict(zip(plan.columns, row))
            each = waiting[row[plan.key_at]]
            if not before["deleted"] and before[each.field] is None:
                values = {**before, each.field: self._key(arriving[each.uuid])}
                forms.append(HookForm(plan.table.name, values, before))
        return forms

    @staticmethod
    def _named(item: Item, name: str) -> str | None:
        """Return the value of a field as the document names it."""
        value = item.record.references.get(name, item.record.values.get(name))
        return None if value is None else str(getattr(value, "uuid", value))


def refused_values(store: Store, table: Table, field: str, values: Mapping[int, Any]) -> set[int]:
    """Return the records that cannot get a value by the rules for sets.

    Args:
        store: see ``ports``.
        table: their table.
        field: a field of theirs.
        values: key of a record -> its new value; all of them are given together.
    """
    if table.onvalidation_set is None or not values:
        return set()
    columns = (table.key, "deleted", *(each.name for each in table.data_fields()))
    forms: dict[int, HookForm] = {}
    for row in store.fetch(table, columns, table.key, values):
        before = dict(zip(columns, row))
        if not before["deleted"]:
            forms[row[0]] = HookForm(table.name, {**before, field: values[row[0]]}, before)
    table.onvalidation_set(list(forms.values()), ())
    return {key for key, form in forms.items() if form.errors}
