"""Finds the record here for an incoming one: by uuid, by other unique keys, by the resource's duplicate rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from ...core.records import Action, Reference
from ...core.schema import Component, DuplicateRule
from ...wire.values.json_references import portable
from ..ports import Row, Store, Twins
from .gather import Batch, Gatherer
from .items import Item, TablePlan, plain, reject
from .references import Needed, Resolver


class Identifier:
    """Finds the originals of a batch, with one query per table, unique field and duplicate rule.

    Args:
        store, twins: see ``ports``.
        gatherer: resolves identifiers.
        resolver: looks up references.
        synchronise_uuids: whether a duplicate adopts the uuid of the incoming record.
    """

    def __init__(
        self, store: Store, twins: Twins, gatherer: Gatherer, resolver: Resolver, synchronise_uuids: bool
    ) -> None:
        self._store = store
        self._twins = twins
        self._met: list[Item] = []
        self._gatherer = gatherer
        self._resolver = resolver
        self._synchronise_uuids = synchronise_uuids

    def identify(self, plan: TablePlan, items: list[Item], batch: Batch) -> None:
        """Set on each item of a table its record here, if there is one."""
        by_uuid = {item.uuid: item for item in items if item.uuid is not None}
        if by_uuid:
            uuid_at = plan.uuid_at
            for row in self._store.fetch(plan.table, plan.columns, "uuid", list(by_uuid)):
                self._found(by_uuid[row[uuid_at]], row)
        if plan.unique:
            self._identify_twins(plan, items)
            self._identify_by_unique(plan, items)
        if plan.table.duplicate is not None:
            self._identify_duplicates(plan, plan.table.duplicate, items, batch)
        self._identify_single_components(plan, items)
        if plan.unique or plan.table.duplicate is not None:
            _put_off_repeats(items, batch)

    def _found(self, item: Item, row: Row) -> None:
        if item.plan.table.json_references:
            row = _portable(item.plan, row)
        item.original = row
        item.key = row[item.plan.key_at]
        for super_key in item.plan.table.super_keys:
            value = row[item.plan.position[super_key]]
            if value is not None:
                item.super_keys[super_key] = value

    def remember_twins(self) -> None:
        """Store under which uuids others know records, after these were written."""
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for item in self._met:
            if item.uuid is not None and item.key is not None and not _is_rejected(item):
                found[item.plan.table.name][item.uuid] = item.key
        self._met = []
        for table, keys in found.items():
            self._twins.remember(table, keys)

    def _identify_twins(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Find records that others know under a uuid that is not theirs here."""
        unknown = {item.uuid: item for item in items if item.original is None and item.uuid is not None}
        keys = self._twins.find(plan.table.name, list(unknown)) if unknown else {}
        if not keys:
            return
        rows = {
            row[plan.key_at]: row
            for row in self._store.fetch(plan.table, plan.columns, plan.table.key, set(keys.values()))
        }
        for uuid, key in keys.items():
            if key in rows:
                self._found(unknown[uuid], rows[key])
                unknown[uuid].twin = True

    def _identify_by_unique(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Find twins of unknown records: the one record here that has their unique values.

        A record of which the same document has a version of its own is none: it gives the value up.
        """
        matches: dict[int, dict[int, Row]] = defaultdict(dict)
        unknown = {id(item): item for item in items if item.original is None and not item.record.deleted}
        known = {item.key for item in items if item.key is not None}
        for field in plan.unique:
            wanted: dict[Any, list[Item]] = defaultdict(list)
            for item in unknown.values():
                value = item.record.values.get(field.name)
                if value not in (None, ""):
                    wanted[value].append(item)
            if wanted:
                at = plan.position[field.name]
                for row in self._store.fetch(plan.table, plan.columns, field.name, list(wanted)):
                    for item in wanted.get(row[at], ()):
                        if item.uuid is None or row[plan.key_at] not in known:
                            matches[id(item)][row[plan.key_at]] = row
        for identity, rows in matches.items():
            item = unknown[identity]
            if len(rows) == 1 and item.uuid is not None and self._gatherer.more:
                # The record that has the value may give it up on a later page: then these are two records.
                reject(item, "Another record here has its unique value until all pages are here.", again=True)
            elif len(rows) == 1:
                self._found(item, next(iter(rows.values())))
                item.twin = item.uuid is not None
                if item.twin:
                    self._met.append(item)

    def _identify_single_components(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Let a single component update that of its master, whatever its uuid."""
        wanted: dict[str, dict[int, Item]] = defaultdict(dict)
        for item in items:
            component, master = item.component, item.master
            if (
                item.original is None
                and component is not None
                and not component.multiple
                and master is not None
            ):
                key = _join_key(component, master)
                if key is not None:
                    wanted[component.fkey][key] = item
        for fkey, by_key in wanted.items():
            at = plan.position[fkey]
            for row in self._store.fetch(plan.table, plan.columns, fkey, list(by_key)):
                if not row[plan.deleted_at] and by_key[row[at]].original is None:
                    self._found(by_key[row[at]], row)

    def _identify_duplicates(
        self, plan: TablePlan, rule: DuplicateRule, items: Sequence[Item], batch: Batch
    ) -> None:
        candidates = [item for item in items if item.original is None and not item.record.deleted]
        keys = self._duplicate_keys(plan, candidates, (*rule.primary, *rule.secondary))
        width = len(rule.primary)
        wanted: dict[Row, list[Item]] = defaultdict(list)
        for item in candidates:
            key = keys.get(id(item))
            if key is not None and any(value not in (None, "") for value in key[:width]):
                wanted[key[:width]].append(item)
        if not wanted:
            return
        by_primary: dict[Row, list[Row]] = {}
        positions = [plan.position[name] for name in rule.primary]
        for row in self._store.match(
            plan.table, plan.columns, rule.primary, list(wanted), ignore_case=rule.ignore_case
        ):
            folded = _fold(tuple(row[at] for at in positions), rule.ignore_case)
            by_primary.setdefault(folded, []).append(row)
        if not by_primary and all(item.uuid is not None for item in candidates):
            return
        claimed: set[Row] = set()
        for key, waiting in wanted.items():
            folded = _fold(key, rule.ignore_case)
            found = by_primary.get(folded)
            for item in waiting:
                if item.uuid is None and folded in claimed:
                    batch.put_off(item)
                    continue
                claimed.add(folded)
                if found:
                    rows = _narrow(plan, found, rule.secondary, keys[id(item)][width:])
                    self._settle_duplicate(plan, rule, item, rows)

    def _settle_duplicate(
        self, plan: TablePlan, rule: DuplicateRule, item: Item, rows: Sequence[Row]
    ) -> None:
        if not rows:
            return
        same = " and ".join(rule.primary)
        if item.uuid is not None and not self._synchronise_uuids:
            twin = rows[0][plan.uuid_at]
            item.warnings.append(
                f"May be a duplicate of {plan.table.name} {twin}, which has the same {same}."
            )
        elif len(rows) == 1:
            self._found(item, rows[0])
        else:
            reject(item, f"Ambiguous: {len(rows)} records here have the same {same}.")

    def _duplicate_keys(self, plan: TablePlan, items: Sequence[Item], names: Sequence[str]) -> dict[int, Row]:
        """Return id(item) -> its values of the duplicate rule's fields; without items whose reference has no target."""
        needed: Needed = defaultdict(set)
        fields = [plan.references[name] for name in names if name in plan.references]
        for item in items:
            for field in fields:
                reference = item.record.references.get(field.name)
                if isinstance(reference, Reference):
                    uuid = self._gatherer.reference_uuid(reference)
                    if uuid is not None:
                        needed[(reference.table, field.target or "")].add(uuid)
        known = self._resolver.known(needed)
        keys: dict[int, Row] = {}
        for item in items:
            if not fields and item.component is None:
                get = item.record.values.get
                keys[id(item)] = tuple([plain(get(name)) for name in names])
                continue
            values: list[Any] = []
            for name in names:
                if item.component is not None and item.master is not None and name == item.component.fkey:
                    joined = _join_key(item.component, item.master)
                    if joined is None:
                        break
                    values.append(joined)
                    continue
                reference = item.record.references.get(name)
                if isinstance(reference, Reference) and name in plan.references:
                    target = plan.references[name].target or ""
                    uuid = self._gatherer.reference_uuid(reference)
                    key = known.get((reference.table, target, uuid or ""))
                    if key is None:
                        break
                    values.append(key)
                else:
                    values.append(plain(item.record.values.get(name)))
            else:
                keys[id(item)] = tuple(values)
        return keys


def _is_rejected(item: Item) -> bool:
    return item.outcome is None or item.outcome.action is Action.REJECTED


def _join_key(component: Component, master: Item) -> int | None:
    """Return the key by which components belong to a master, None while the master is new."""
    return master.key if component.pkey == master.plan.table.key else master.super_keys.get(component.pkey)


def _portable(plan: TablePlan, row: Row) -> Row:
    """Return a row with JSON values as they travel, to compare them with incoming ones."""
    values = list(row)
    for name in plan.table.json_references:
        at = plan.position[name]
        values[at] = portable(values[at])
    return tuple(values)


def _fold(values: tuple[Any, ...], ignore_case: bool) -> tuple[Any, ...]:
    if not ignore_case:
        return values
    return tuple(value.lower() if isinstance(value, str) else value for value in values)


def _put_off_repeats(items: Sequence[Item], batch: Batch) -> None:
    """Postpone the later one of two items that turned out to be the same record here."""
    claimed: dict[int, Item] = {}
    for item in items:
        if item.key is not None and claimed.setdefault(item.key, item) is not item:
            batch.put_off(item)


def _narrow(plan: TablePlan, rows: list[Row], secondary: Sequence[str], theirs: Sequence[Any]) -> list[Row]:
    """Return the candidates whose secondary fields are equal if both sides have them."""
    for name, value in zip(secondary, theirs):
        if value in (None, ""):
            continue
        at = plan.position[name]
        wanted = _fold((value,), True)
        rows = [row for row in rows if row[at] in (None, "") or _fold((row[at],), True) == wanted]
    return rows
