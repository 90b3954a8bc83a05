"""Updates existing records, with one statement for all that change the same fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from ...core.errors import RowRefused
from ..ports import Ports, Row
from .context import Context
from .deletion import Deleter
from .items import Item, TablePlan, refused
from .links import Links
from .owners import Owners


class Updater:
    """Writes changes of existing records.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        owners: the users that they name.
        links: their references to each other.
        remover: restores deleted records.
    """

    def __init__(
        self, ports: Ports, context: Context, owners: Owners, links: Links, remover: Deleter
    ) -> None:
        self._ports = ports
        self._context = context
        self._owners = owners
        self._links = links
        self._remover = remover

    def update(self, updates: Sequence[Item]) -> None:
        """Write the changes of records; records that the database refuses are rejected."""
        revived: dict[str, list[Item]] = defaultdict(list)
        groups: dict[tuple[str, tuple[str, ...]], list[Item]] = defaultdict(list)
        for item in updates:
            if item.links and not self._links.take(item, set(), []):
                continue
            if item.ours("deleted"):
                revived[item.plan.table.name].append(item)
            groups[(item.plan.table.name, tuple(sorted(item.changes)))].append(item)
        for items in revived.values():
            self._remover.revive(items[0].plan.table, [item.key for item in items if item.key is not None])
        for (_, names), items in groups.items():
            self._update_group(items[0].plan, names, items)

    def _update_group(self, plan: TablePlan, names: tuple[str, ...], items: Sequence[Item]) -> None:
        adopt = any(item.uuid is not None and item.uuid != item.ours("uuid") for item in items)
        columns = (*names, "modified_on", "modified_by", *(("uuid",) if adopt else ()))
        rows = [self._changed_row(item, names, adopt) for item in items]
        try:
            with self._ports.store.savepoint():
                self._ports.store.update(plan.table, columns, rows)
                self._update_supers(plan, names, items)
        except RowRefused as error:
            if len(items) == 1:
                items[0].outcome = refused(items[0], error)
                return
            middle = len(items) // 2
            self._update_group(plan, names, items[:middle])
            self._update_group(plan, names, items[middle:])

    def _changed_row(self, item: Item, names: tuple[str, ...], adopt: bool) -> Row:
        record = item.record
        by = self._owners.user(record.modified_by) or self._context.user_id
        row = (
            item.key,
            *(item.changes[name] for name in names),
            record.modified_on or self._ports.clock.now(),
            by,
        )
        if not adopt:
            return row
        keeps_own = item.uuid is None or any(field.name in record.values for field in item.plan.unique)
        return (*row, item.ours("uuid") if keeps_own else item.uuid)

    def _update_supers(self, plan: TablePlan, names: tuple[str, ...], items: Sequence[Item]) -> None:
        for super_key, super_name in plan.table.super_keys.items():
            super_table = self._ports.schema.get(super_name)
            shared = [name for name in names if super_table is not None and name in super_table.shared_fields]
            if super_table is None or not shared:
                continue
            rows = [
                (item.super_keys[super_key], *(item.changes[name] for name in shared))
                for item in items
                if super_key in item.super_keys
            ]
            if rows:
                self._ports.store.update(super_table, shared, rows)
