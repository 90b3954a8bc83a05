"""Updates existing records, with one statement for all that change the same fields."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence

from ...core.errors import RowRefused
from ...core.records import Action
from ...core.schema import Field
from ..ports import Ports, Row
from .context import Context
from .deletion import Deleter, placeholder
from .gather import Vacated
from .items import Item, TablePlan, refused
from .links import Links
from .owners import Owners


class HandOver:
    """Unique values of a batch that change hands: whoever gives one up gets a placeholder first.

    A unique index is checked row by row, so two records that swap their values could not be written one after the
    other, in whatever order.

    Args:
        ports: the ports of the site.
    """

    def __init__(self, ports: Ports) -> None:
        self._store = ports.store
        self._deletions = ports.deletions
        self._freed: list[tuple[Item, Field]] = []

    def free(self, items: Sequence[Item], vacated: Sequence[Vacated] = ()) -> None:
        """Free values that other items of the batch get, before anything of it is written.

        Args:
            items: new records and changed ones.
            vacated: values of records that are deleted here.
        """
        self._freed = []
        for plan, field, key in vacated:
            rows = self._store.fetch(plan.table, (plan.table.key, field.name), plan.table.key, [key])
            if self._clear(plan, field, [key]):
                self._deletions.vacate(plan.table.name, field.name, dict(rows))
        by_table: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.outcome is None and item.plan.unique:
                by_table[item.plan.table.name].append(item)
        for group in by_table.values():
            for field in group[0].plan.unique:
                if field.is_text or not field.notnull:
                    self._free_field(group[0].plan, field, group)

    def _free_field(self, plan: TablePlan, field: Field, items: Sequence[Item]) -> None:
        wanted = {item.changes.get(field.name) for item in items} - {None, ""}
        givers = [
            item
            for item in items
            if item.original is not None and field.name in item.changes and item.ours(field.name) in wanted
        ]
        if givers:
            if self._clear(plan, field, [item.key for item in givers if item.key is not None]):
                self._freed += [(item, field) for item in givers]

    def _clear(self, plan: TablePlan, field: Field, keys: Sequence[int]) -> bool:
        """Put placeholders in the place of values; return False if the database allows none.

        Then it refuses also those who want the values, and these are rejected with its reason.
        """
        try:
            with self._store.savepoint():
                self._store.update(plan.table, (field.name,), [(key, placeholder(field)) for key in keys])
        except RowRefused:
            return False
        return True

    def settle(self) -> None:
        """Give values back to records that the database refused after all, as far as nobody has them."""
        for item, field in self._freed:
            if item.outcome is None or item.outcome.action is not Action.REJECTED:
                continue
            try:
                with self._store.savepoint():
                    self._store.update(item.plan.table, (field.name,), [(item.key, item.ours(field.name))])
            except RowRefused:
                item.outcome.reason += f" Its former {field.name} is that of another record now."


def adopts(item: Item) -> bool:
    """Return whether a record takes over the uuid that it came with."""
    return (
        item.original is not None
        and item.uuid is not None
        and not item.twin
        and item.uuid != item.ours("uuid")
    )


class Updater:
    """Writes changes of existing records.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        owners: the users that they name.
        links: their references to each other.
        deleter: restores deleted records.
    """

    def __init__(
        self, ports: Ports, context: Context, owners: Owners, links: Links, deleter: Deleter
    ) -> None:
        self._ports = ports
        self._context = context
        self._owners = owners
        self._links = links
        self._deleter = deleter

    def update(self, updates: Sequence[Item], spoken: Mapping[str, Collection[int]]) -> None:
        """Write the changes of records; records that the database refuses are rejected.

        Args:
            updates: the records.
            spoken: table -> records of the batch of which it is decided whether they live again.
        """
        revived: dict[str, list[Item]] = defaultdict(list)
        groups: dict[tuple[str, tuple[str, ...]], list[Item]] = defaultdict(list)
        for item in updates:
            if item.links and not self._links.take(item, set(), []):
                continue
            if item.ours("deleted"):
                revived[item.plan.table.name].append(item)
            groups[(item.plan.table.name, tuple(sorted(item.changes)))].append(item)
        for items in revived.values():
            given = {item.key: item.record.references.keys() for item in items if item.key is not None}
            self._deleter.reviver.revive(items[0].plan.table, list(given), given)
        for (_, names), items in groups.items():
            self._update_group(items[0].plan, names, items)
        now = self._ports.clock.now()
        for items in revived.values():
            moments = {
                item.key: item.record.modified_on or now
                for item in items
                if item.key is not None and item.outcome is None
            }
            self._deleter.reviver.undo(items[0].plan.table, moments, spoken)

    def adopt(self, items: Sequence[Item]) -> None:
        """Take over the uuids of records that are equal but for them, and remember the former ones."""
        groups: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            groups[item.plan.table.name].append(item)
        for group in groups.values():
            table = group[0].plan.table
            try:
                with self._ports.store.savepoint():
                    self._ports.store.update(table, ("uuid",), [(item.key, item.uuid) for item in group])
            except RowRefused as error:
                for item in group:
                    item.outcome = refused(item, error)
                continue
            self.remember_former(group)

    def remember_former(self, items: Sequence[Item]) -> None:
        """Remember under which uuids others may still know records that adopted another one."""
        former: dict[str, dict[str, int]] = defaultdict(dict)
        for item in items:
            if adopts(item) and item.key is not None:
                former[item.plan.table.name][item.ours("uuid")] = item.key
        for table, keys in former.items():
            self._ports.twins.remember(table, keys)

    def _update_group(self, plan: TablePlan, names: tuple[str, ...], items: Sequence[Item]) -> None:
        adopt = any(map(adopts, items))
        columns = (*names, "modified_on", "modified_by", *(("uuid",) if adopt else ()))
        rows = [self._changed_row(item, names, adopt) for item in items]
        try:
            with self._ports.store.savepoint():
                self._ports.store.update(plan.table, columns, rows)
                if adopt:
                    self.remember_former(items)
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
        keeps_own = item.uuid is None or item.twin
        return (*row, item.ours("uuid") if keeps_own else item.uuid)
