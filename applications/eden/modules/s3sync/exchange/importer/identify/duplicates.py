"""Finds the record here for an incoming one by the duplicate rule of its table: by values that look the same."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from itertools import product
from typing import Any

from ....core.schema import DuplicateRule
from ....core.text import normalised
from ...ports import Row, Store
from ..gather import Batch
from ..items import Item, TablePlan, reject
from .targets import Targets


class Duplicates:
    """Finds duplicates, with one query for the rule of a table.

    Args:
        store: see ``ports``.
        targets: looks up what items refer to.
        synchronise_uuids: whether a duplicate adopts the uuid of the incoming record.
    """

    def __init__(self, store: Store, targets: Targets, synchronise_uuids: bool) -> None:
        self._store = store
        self._targets = targets
        self._synchronise_uuids = synchronise_uuids

    def identify(self, plan: TablePlan, rule: DuplicateRule, items: Sequence[Item], batch: Batch) -> None:
        """Set the record here on items of a table that have none, or warn that it may be a duplicate of one."""
        candidates = [item for item in items if item.original is None and not item.record.deleted]
        if not candidates:
            return
        keys = self._keys(plan, candidates, (*rule.primary, *rule.secondary))
        width = len(rule.primary)
        texts = [plan.table.fields[name].is_text for name in rule.primary]
        nothing = frozenset(product((None, ""), repeat=width))
        wanted: dict[Row, list[tuple[Item, Row]]] = defaultdict(list)
        for item, key in zip(candidates, keys):
            if key is not None:
                primary = _comparable(key[:width], texts, rule.ignore_case)
                if primary not in nothing:
                    wanted[primary].append((item, key[width:]))
        if not wanted:
            return
        by_primary: dict[Row, list[Row]] = {}
        positions = [plan.position[name] for name in rule.primary]
        for row in self._store.match(
            plan.table, plan.columns, rule.primary, list(wanted), ignore_case=rule.ignore_case
        ):
            primary = _comparable(tuple(row[at] for at in positions), texts, rule.ignore_case)
            by_primary.setdefault(primary, []).append(row)
        if not by_primary and all(item.uuid is not None for item in candidates):
            return
        for primary, waiting in wanted.items():
            found = by_primary.get(primary)
            first, same = waiting[0]
            for item, secondary in waiting:
                if item.uuid is None and item is not first:
                    if first.uuid is None and secondary == same:
                        batch.stand_for(first, item)
                    batch.put_off(item)
                    continue
                if found:
                    self._settle(plan, rule, item, _narrow(plan, found, rule.secondary, secondary))

    def _settle(self, plan: TablePlan, rule: DuplicateRule, item: Item, rows: Sequence[Row]) -> None:
        if not rows:
            return
        same = " and ".join(rule.primary)
        if item.uuid is not None and not self._synchronise_uuids:
            twin = rows[0][plan.uuid_at]
            item.warnings.append(
                f"May be a duplicate of {plan.table.name} {twin}, which has the same {same}."
            )
        elif len(rows) == 1:
            item.found(rows[0])
        else:
            reject(item, f"Ambiguous: {len(rows)} records here have the same {same}.")

    def _keys(self, plan: TablePlan, items: Sequence[Item], names: Sequence[str]) -> list[Row | None]:
        """Return the values of each item for the fields of a duplicate rule, None where a reference has no target."""
        if not any(name in plan.references or name in plan.uploads for name in names):
            # The usual rule: a component is joined by a reference, so there is none among the fields.
            return [tuple(map(item.record.values.get, names)) for item in items]
        return [
            tuple(values.get(name) for name in names) if values.keys() >= set(names) else None
            for values in self._targets.values(plan, items, names)
        ]


def _comparable(values: Row, texts: Sequence[bool], ignore_case: bool) -> Row:
    """Return the values of a rule's fields as they are compared; ``texts``: which of the fields are texts."""
    return tuple(
        [
            normalised(value, ignore_case) if is_text and isinstance(value, str) else value
            for value, is_text in zip(values, texts)
        ]
    )


def _narrow(plan: TablePlan, rows: list[Row], secondary: Sequence[str], theirs: Sequence[Any]) -> list[Row]:
    """Return the candidates whose secondary fields are equal if both sides have them."""
    for name, value in zip(secondary, theirs):
        if value in (None, ""):
            continue
        at, texts = plan.position[name], [plan.table.fields[name].is_text]
        wanted = _comparable((value,), texts, True)
        rows = [
            row for row in rows if row[at] in (None, "") or _comparable((row[at],), texts, True) == wanted
        ]
    return rows
