"""Keeps an import within what the sending account may do here with each record, by the host's own rights."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from ..core.policy import DecisionReason
from ..core.records import Action, Outcome
from ..core.schema import Schema
from .ports import Store
from .scope import Accessible
from .scope_guard import ScopeGuard

if TYPE_CHECKING:
    from .importer.gather import Batch
    from .importer.items import Item


class AccountGuard(ScopeGuard):
    """Keeps one import within what an account may create, update and delete.

    Args:
        accessible: takes a method ("create", "update", "delete") and a table; returns whether the account may do so
            with all of its records (True) or none (False), else an SQL query for the keys of those.
        inner: what also has to be kept to.
    """

    def __init__(self, accessible: Callable[[str, str], bool | str], inner: ScopeGuard | None = None) -> None:
        super().__init__({})
        self._accessible, self._inner = accessible, inner

    def bar(self, items: Sequence[Item], schema: Schema, store: Store) -> None:
        """See ScopeGuard: one query a table and method."""
        if self._inner is not None:
            self._inner.bar(items, schema, store)
        allowed = self._allowed(items, schema, store)
        for item in items:
            master_barred = item.master is not None and item.master.is_barred
            if item.outcome is None and (master_barred or id(item) not in allowed):
                item.outcome = Outcome(
                    Action.SKIPPED,
                    item.plan.table.name,
                    item.uuid,
                    item.key,
                    DecisionReason.OUT_OF_SCOPE.value,
                )

    def check(self, batch: Batch, schema: Schema, store: Store) -> None:
        """See ScopeGuard: as in an Eden, who may change a record may also give it to others."""
        if self._inner is not None:
            self._inner.check(batch, schema, store)

    def finish(self) -> None:
        """See ScopeGuard."""
        if self._inner is not None:
            self._inner.finish()

    def _allowed(self, items: Sequence[Item], schema: Schema, store: Store) -> set[int]:
        """Return the id() of those items whose records the account may write as they say."""
        groups: dict[tuple[str, str], list[Item]] = {}
        for item in items:
            method = "create" if item.key is None else "delete" if item.record.deleted else "update"
            groups.setdefault((item.plan.table.name, method), []).append(item)
        found: set[int] = set()
        for (name, method), group in groups.items():
            if method == "create":
                chosen = group if self._accessible(method, name) else []
            else:
                keys = {item.key for item in group if item.key is not None}
                inside = self._inside(method, schema, store, name, keys)
                chosen = [item for item in group if item.key in inside]
            found.update(map(id, chosen))
        return found

    def _inside(self, method: str, schema: Schema, store: Store, name: str, keys: set[int]) -> set[int]:
        may = self._accessible(method, name)
        if isinstance(may, str):
            return store.matching(schema.table(name), keys, [Accessible.by(may)])
        return keys if may else set()
