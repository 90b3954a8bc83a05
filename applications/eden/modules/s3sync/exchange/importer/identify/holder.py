"""Keeps the records that an import changes as they are, so that nobody saves them between a look and the writing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from typing import Callable

from ....core.errors import StoreBusy
from ...ports import Store
from ..items import Item


def moved(name: str) -> StoreBusy:
    """Return the error for a record that somebody saved at a moment at which all of it has to be looked at again."""
    error = StoreBusy(f"{name} was saved here just while it was imported.")
    error.deadlock = True
    return error


class Holder:
    """Locks the records here of one import, in one statement a table, in the order of tables and keys.

    New records and those that are as they are here cost nothing.

    Args:
        store: has the records.
    """

    def __init__(self, store: Store) -> None:
        self._store = store
        self._held: set[tuple[str, int]] = set()

    def hold(self, items: Iterable[Item]) -> None:
        """Lock records that were found and will probably be changed, and read them as they are then.

        Raises:
            StoreBusy: a record was found by what is not in it any more.
        """
        self._held = set()
        self._lock(items, _is_another_version, _is_by_uuid)

    def check(self, items: Iterable[Item]) -> None:
        """Lock those planned records that are changed although their time is the same here.

        Raises:
            StoreBusy: one of them was saved since it was read.
        """
        self._lock(items, self._is_open, _never)

    def _is_open(self, item: Item) -> bool:
        takes = item.decision is not None and item.decision.take
        return takes and (item.plan.table.name, item.key or 0) not in self._held

    def _lock(
        self, items: Iterable[Item], asked: Callable[[Item], bool], may_move: Callable[[Item], bool]
    ) -> None:
        if not self._store.locks_records:
            return
        groups: dict[str, dict[int, list[Item]]] = defaultdict(lambda: defaultdict(list))
        for item in items:
            if item.original is not None and item.key is not None and item.outcome is None and asked(item):
                groups[item.plan.table.name][item.key].append(item)
        for name, by_key in sorted(groups.items()):
            plan = next(iter(by_key.values()))[0].plan
            rows = {row[plan.key_at]: row for row in self._store.held(plan.table, plan.columns, by_key)}
            self._held.update((name, key) for key in by_key)
            for key, group in by_key.items():
                for item in group:
                    before = item.original
                    if key in rows:
                        item.found(rows[key])
                    if key not in rows or (item.original != before and not may_move(item)):
                        raise moved(item.label())


def _is_another_version(item: Item) -> bool:
    moment = item.record.modified_on
    return (
        item.record.deleted
        or bool(item.ours("deleted"))
        or moment is None
        or moment != item.ours("modified_on")
    )


def _is_by_uuid(item: Item) -> bool:
    return item.uuid is not None and item.uuid == item.ours("uuid")


def _never(item: Item) -> bool:
    return False
