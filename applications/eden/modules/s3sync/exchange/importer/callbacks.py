"""Calls what the data model does once records are written: entities first, then realms, then the records."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence, Set
from contextlib import contextmanager, nullcontext
from typing import Any, Callable

from ...core.schema import Hook, Table
from ..ports import Ports, Store
from .context import CallbackFailed, HookForm
from .items import Item


class Callbacks:
    """The callbacks of one import.

    Args:
        ports: the ports of the site.
    """

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    def accept(self, written: Sequence[Item], awaited: set[int]) -> None:
        """Call them for written items.

        Args:
            written: the items.
            awaited: id() of items that others waited for.
        """
        by_table: dict[str, list[Item]] = defaultdict(list)
        for item in written:
            by_table[item.plan.table.name].append(item)
        for items in by_table.values():
            table = items[0].plan.table
            self._accept_entities(table, items)
            if table.realm_set is not None:
                self._set_realms(table.realm_set, items)
            if table.onaccept_set is not None:
                keys = [
                    item.key
                    for item in items
                    if item.key is not None and (id(item) in awaited or not self._is_complete(item))
                ]
                left = accept_together(self._ports.store, table, keys)
                items = [item for item in items if item.key in left]
            for item in items:
                hook = table.onaccept.get("create" if item.is_new else "update")
                if hook is not None:
                    before = None if item.original is None else dict(zip(item.plan.columns, item.original))
                    values = {**(before or {}), **item.changes, **item.super_keys, table.key: item.key}
                    values["uuid"] = item.uuid
                    self._call(hook, HookForm(table.name, values, before), item)

    def _accept_entities(self, table: Table, items: Sequence[Item]) -> None:
        """Call what super-entities do with the records that were made for new instances."""
        for super_key, name in table.super_keys.items():
            entity = self._ports.schema.get(name)
            hook = None if entity is None else entity.onaccept.get("create")
            if entity is None or hook is None:
                continue
            new = {item.super_keys[super_key]: item for item in items if super_key in item.super_keys}
            if entity.onaccept_set is not None:
                left = accept_together(self._ports.store, entity, list(new))
                new = {key: item for key, item in new.items() if key in left}
            columns = tuple(entity.fields)
            for row in self._ports.store.fetch(entity, columns, entity.key, new):
                values = dict(zip(columns, row))
                self._call(hook, HookForm(name, values), new[values[entity.key]])

    def _call(self, hook: Hook, form: Any, item: Item) -> None:
        """Call a callback; where it fails that is told with its record."""
        with contained(self._ports.store) as failed:
            hook(form)
        item.warnings.extend(failed)

    def _set_realms(self, realm_set: Callable[[Sequence[int]], None], items: Sequence[Item]) -> None:
        """Let the host set realms, and record by record where one of them fails."""
        with contained(self._ports.store) as failed:
            realm_set([item.key for item in items if item.key is not None])
        if failed and len(items) > 1:
            for item in items:
                self._set_realms(realm_set, [item])
        elif failed:
            items[0].warnings.extend(failed)

    def _is_complete(self, item: Item) -> bool:
        """Return whether a new record was written with all its computed fields."""
        initial = item.plan.table.initial
        if initial is None or not item.is_new or not self._ports.store.knows_keys:
            return False
        return not any(map(item.changes.get, initial.above))


def accept_together(store: Store, table: Table, keys: Sequence[int]) -> Set[int]:
    """Call the set-based counterpart of a table's ``onaccept``, if it has one.

    Args:
        store: the store of the site.
        table: the table.
        keys: of the records that were written.

    Returns:
        the keys of records for which ``onaccept`` itself is to be called; all of them where the counterpart failed.
    """
    if table.onaccept_set is None:
        return set(keys)
    if not keys:
        return set()
    with contained(store):
        return set(table.onaccept_set(keys) or ())
    # The host has logged the failure.
    return set(keys)


@contextmanager
def contained(store: Store) -> Iterator[list[str]]:
    """Contain the failure of a callback; what it did itself is undone where the database can do that alone.

    Args:
        store: the store of the site.

    Yields:
        a list that gets what failed.

    Raises:
        SyncError: the failure has ended the whole transaction: nothing that was written before is left.
    """
    failed: list[str] = []
    # PostgreSQL ends the whole transaction with a statement that fails.
    alone = store.savepoint() if store.dialect == "postgres" else nullcontext()
    try:
        with alone:
            yield failed
    except CallbackFailed as error:
        ending = store.ending(error.__cause__)
        if ending is not None:
            raise ending from error
        failed.append(str(error))
