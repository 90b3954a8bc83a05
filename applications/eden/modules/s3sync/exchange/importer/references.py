"""Resolves references to the keys of their targets, or notes that these are missing."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from ...core.records import Reference, end_of_merges
from ...core.schema import Field, Table
from ..ports import Ports, Row
from .deletion import merge_steps
from .gather import Batch, Gatherer
from .items import Item, Link, Missing, Resolved

#: (table of the record, table the field refers to) -> uuids.
Needed = dict[tuple[str, str], set[str]]

#: (table of the record, table the field refers to, uuid) -> key for the field.
Known = dict[tuple[str, str, str], int]


class Resolver:
    """Resolves the references of one import, with one query per table referred to.

    Args:
        ports: see ``ports``.
        gatherer: knows how references are to be read.

    Attributes:
        redirected: id() of the records of the batch that refer to what was merged here: to its survivor now.
    """

    def __init__(self, ports: Ports, gatherer: Gatherer) -> None:
        self.redirected: set[int] = set()
        self._schema = ports.schema
        self._store = ports.store
        self._twins = ports.twins
        self._gatherer = gatherer
        self._tuids: dict[tuple[str, str], int] = {}
        self._merged: Collection[int] = ()
        #: Of uuids of records that never were here and were merged elsewhere: that of the survivor, to wait for.
        self._survivors: dict[tuple[str, str], str] = {}
        self._ends: set[tuple[str, str, str]] = set()

    def remember(self, batch: Batch) -> None:
        """Store the keys of written records that later batches of the document can name only by tuid."""
        for (table, tuid), item in batch.by_tuid.items():
            if item.key is not None:
                self._tuids[(table, tuid)] = item.key

    def resolve(self, batch: Batch, merged: Collection[int] = ()) -> None:
        """Set for every reference the key of its target, the item that will get it, or a note that it is missing.

        Args:
            batch: the records.
            merged: id() of those that were merged into others and stay so: what refers to them refers to these.
        """
        self._merged = merged
        self.redirected = set()
        needed: Needed = defaultdict(set)
        items = [item for item in batch.items if item.record.references]
        for item in items:
            for field, reference, uuid in self._each_reference(item):
                if uuid is not None and self._find(batch, reference, uuid) is None:
                    needed[(reference.table, field.target or "")].add(uuid)
        known = self.known(needed)
        for item in items:
            self._resolve_item(item, batch, known)

    def _find(self, batch: Batch, reference: Reference, uuid: str | None) -> Item | None:
        target = batch.find(reference, uuid)
        return None if target is not None and uuid is not None and id(target) in self._merged else target

    def _each_reference(self, item: Item) -> "Iterable[tuple[Field, Reference, str | None]]":
        for name, value in item.record.references.items():
            field = item.plan.references.get(name)
            if field is None or value is None:
                continue
            for reference in (value,) if isinstance(value, Reference) else value:
                yield field, reference, self._gatherer.reference_uuid(reference)

    def known(self, needed: Needed) -> Known:
        """Look up uuids: (table, field target, uuid) -> key; for a merged record that of its replacement."""
        known: Known = {}
        for (name, target), uuids in needed.items():
            table = self._schema.get(name)
            column = _key_column(table, target) if table is not None else None
            if table is None or column is None:
                continue
            merged: dict[int, list[str]] = defaultdict(list)
            has_mark = "deleted_rb" in table.fields
            columns = ("uuid", column, "deleted_rb") if has_mark else ("uuid", column)
            rows = self._store.fetch(table, columns, "uuid", uuids)
            rows += self._of_twins(table, columns, uuids - {row[0] for row in rows})
            for row in rows:
                known[(name, target, row[0])] = row[1]
                if has_mark and row[2]:
                    merged[row[2]].append(row[0])
            if merged:
                steps = merge_steps(self._store, table, {}, merged)
                ends: dict[int, list[str]] = defaultdict(list)
                for key, named in merged.items():
                    ends[end_of_merges(key, steps)] += named
                for key, value in self._store.fetch(table, (table.key, column), table.key, list(ends)):
                    for uuid in ends[key]:
                        known[(name, target, uuid)] = value
                        self._ends.add((name, target, uuid))
            unknown = {uuid for uuid in uuids if (name, target, uuid) not in known}
            known.update(self._of_survivors(name, target, unknown))
        return known

    def _of_survivors(self, name: str, target: str, uuids: set[str]) -> Known:
        """Look up records that never were here and were merged elsewhere."""
        ends = self._twins.merged([name], uuids)
        self._survivors.update(((name, uuid), end) for uuid, end in ends.items())
        found = self.known({(name, target): set(ends.values())}) if ends else {}
        for uuid, end in ends.items():
            if (name, target, end) in found:
                found[(name, target, uuid)] = found[(name, target, end)]
        return found

    def _of_twins(self, table: Table, columns: Sequence[str], uuids: set[str]) -> list[Row]:
        """Return rows as ``known`` looks them up by uuid, for records with further uuids: twins, and merged ones."""
        if not uuids:
            return []
        keys = self._twins.find(table.name, uuids)
        if not keys:
            return []
        wanted = (table.key, *columns[1:])
        rows = {row[0]: row for row in self._store.fetch(table, wanted, table.key, set(keys.values()))}
        return [(uuid, *rows[key][1:]) for uuid, key in keys.items() if key in rows]

    def _resolve_item(self, item: Item, batch: Batch, known: Known) -> None:
        changes = item.changes
        for name, value in item.record.references.items():
            field = item.plan.references.get(name)
            if field is None:
                continue
            if value is None:
                changes[name] = None
            elif isinstance(value, Reference):
                found = self._target(item, field, value, batch, known, None)
                if isinstance(found, int):
                    changes[name] = found
            else:
                changes[name] = [
                    key
                    for place, reference in enumerate(value)
                    for key in (self._target(item, field, reference, batch, known, place),)
                    if isinstance(key, int)
                ]

    def _target(
        self,
        item: Item,
        field: Field,
        reference: Reference,
        batch: Batch,
        known: Known,
        place: int | None,
    ) -> Resolved:
        uuid = self._gatherer.reference_uuid(reference)
        target = self._find(batch, reference, uuid)
        if target is None and uuid is not None:
            uuid = self._survivors.get((reference.table, uuid), uuid)
            target = self._find(batch, reference, uuid)
        if target is not None:
            key = target.key_for(field) if target.original is not None else None
            if key is not None:
                return key
            item.links.append(Link(field.name, target, place))
            return target
        if uuid is not None:
            key = known.get((reference.table, field.target or "", uuid))
        else:
            key = self._tuids.get((reference.table, reference.tuid or ""))
        if key is not None:
            if (reference.table, field.target or "", uuid) in self._ends:
                self.redirected.add(id(item))
            return key
        table = self._schema.get(reference.table)
        deferrable = (
            uuid is not None and table is not None and _key_column(table, field.target or "") is not None
        )
        missing = Missing(field.name, reference.table, uuid or reference.tuid or "", place, deferrable)
        item.missing.append(missing)
        return missing


def _key_column(table: Table, target: str) -> str | None:
    """Return the column of an instance table whose value is stored in a field that refers to ``target``."""
    if target == table.name:
        return table.key
    for super_key, super_table in table.super_keys.items():
        if super_table == target:
            return super_key
    return None


def may_wait(item: Item) -> bool:
    """Return whether an earlier version may wait for something: a reference that is empty here, a file, a merge."""
    record, original = item.record, item.original
    if original is None:
        return False
    if item.missing or record.deleted or item.ours("deleted") or item.plan.uploads:
        return True
    if not item.plan.table.json_references.isdisjoint(record.values):
        return True
    position = item.plan.position
    return any(
        not original[position[name]] or isinstance(original[position[name]], list)
        for name in record.references
        if name in position
    )


def compare_waiting(item: Item, resolved: dict[str, Any]) -> None:
    """Count as changes that a reference waits for another record than before, or for none any more."""
    waited = {(each.field, each.uuid) for each in item.waits}
    waiting = {(each.field, each.uuid) for each in item.missing if each.deferrable}
    for field, _ in waiting ^ waited:
        if field in item.record.references and field in item.plan.references:
            item.changes.setdefault(field, resolved.get(field))
