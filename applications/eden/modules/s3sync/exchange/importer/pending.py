"""Pending references and files of imported records, and the keys inside JSON values.

A missing target or file is stored, and set when it arrives, in whatever exchange.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Callable

from ...core.kept import Deferred
from ...core.records import Reference, Upload, end_of_merges
from ...core.schema import Table
from ...wire.values.json_references import portable, references, resolved
from ..ports import Ports
from .deletion import Deleter
from .foresight import refused_values
from .gather import Batch
from .items import MERGED, Item, Missing
from .references import Needed, Resolver


class PendingWriter:
    """Stores and resolves the pending references and files of records.

    Args:
        ports: the ports of the site.
        repository_id: the repository that sent the records.
        deleter: merges records whose survivor has arrived.
        resolver: looks up references.
        uuid_of: returns the uuid of a reference's target, as it is stored here.
    """

    def __init__(
        self,
        ports: Ports,
        repository_id: int | None,
        deleter: Deleter,
        resolver: Resolver,
        uuid_of: Callable[[Reference], str | None],
    ) -> None:
        self._schema = ports.schema
        self._store = ports.store
        self._pending = ports.pending_references
        self._files = ports.files
        self._clock = ports.clock
        self._twins = ports.twins
        self._deleter = deleter
        self._resolver = resolver
        self._repository_id = repository_id
        self._uuid_of = uuid_of

    def defer(self, written: Sequence[Item], with_files: Sequence[Item]) -> None:
        """Store pending references and files, and remove superseded ones.

        Args:
            written: records that were written.
            with_files: those of them that name files.
        """
        repository_id = self._repository_id
        waiting: list[Deferred] = []
        for item in written:
            if item.missing:
                waiting.extend(_deferred_items(item, repository_id))
        for item in with_files:
            waiting += [each for each in self._missing_files(item) if each.field in item.changes]
        self._withdraw(written, waiting)
        if waiting:
            self._pending.defer(waiting)

    def ask_again(self, items: Sequence[Item]) -> None:
        """Ask once more for files that records here name and that are not here, whatever came of it before.

        Args:
            items: records with files in the batch that exist here, also those that nothing changed of.
        """
        repository_id = self._repository_id
        if repository_id is None:
            return
        by_table: dict[str, list[tuple[Item, Deferred]]] = defaultdict(list)
        for item in items:
            for each in self._missing_files(item) if not item.is_new else ():
                if each.field not in item.changes and item.ours(each.field) == each.uuid:
                    by_table[each.table].append((item, each))
        for table, found in by_table.items():
            keys = [each.key for _, each in found]
            waiting = self._pending.deferred_of(table, keys)
            # Whom it was asked for may not have it either, and wait for this site.
            asked = {(each.key, each.field) for each in waiting if each.repository_id == repository_id}
            self._pending.defer([each for _, each in found if (each.key, each.field) not in asked])
            if any(item.changes for item, each in found if (each.key, each.field) in asked):
                self._pending.ask_again(repository_id, table)

    def _missing_files(self, item: Item) -> Iterator[Deferred]:
        table = item.plan.table.name
        for name in item.plan.uploads:
            value = item.record.values.get(name)
            if item.key is None or not isinstance(value, Upload):
                continue
            if not self._files.has(table, name, value.stored):
                yield Deferred(
                    table,
                    item.key,
                    name,
                    "",
                    value.stored,
                    url=value.url,
                    filename=value.filename,
                    repository_id=self._repository_id,
                )

    def _withdraw(self, written: Sequence[Item], waiting: Sequence[Deferred]) -> None:
        """Forget what earlier versions of live records wait for and these say otherwise."""
        places = {(each.table, each.key, each.field, each.place) for each in waiting}
        self._pending.settle(
            [
                each
                for item in written
                for each in item.waits
                if (each.table, each.key, each.field, each.place) not in places
                and (
                    each.field in item.changes or each.field in item.record.references or each.field == MERGED
                )
            ]
        )

    def settle(self, written: Sequence[Item]) -> set[int]:
        """Set references that waited for these records; return the id() of the items waited for."""
        arrived: dict[str, dict[str, Item]] = defaultdict(dict)
        for item in written:
            if item.uuid is not None and (item.is_new or item.twin or item.ours("deleted")):
                arrived[item.plan.table.name][item.uuid] = item
            for uuid in item.further_uuids:
                arrived[item.plan.table.name][uuid] = item
        if not arrived:
            return set()
        waiting = self._pending.deferred_for({name: list(uuids) for name, uuids in arrived.items()})
        if not waiting:
            return set()
        refused = self._settle(waiting, lambda each, target: arrived[each.target][each.uuid].key_as(target))
        for each in refused:
            arrived[each.target][each.uuid].warnings.append(
                f"{each.table} {each.key} waited for it, but cannot refer to it ({each.field})."
            )
        return {id(arrived[each.target][each.uuid]) for each in waiting}

    def redirect(self, items: Sequence[Item]) -> None:
        """Let what waits for records that never were here, but were merged elsewhere, wait for their survivors.

        Args:
            items: merges of records that are not here.
        """
        merged: dict[str, dict[str, str]] = defaultdict(dict)
        for item in items:
            if item.uuid is not None and item.survivor is not None:
                merged[item.plan.table.name][item.uuid] = item.survivor
        if not merged:
            return
        ends: dict[str, dict[str, str]] = {}
        for name, steps in merged.items():
            further = self._twins.merged([name], set(steps.values()))
            known = {**further, **steps}
            ends[name] = {uuid: end_of_merges(uuid, known) for uuid in steps}
            self._remember(self._schema.table(name), ends[name])
        waiting = [
            each
            for each in self._pending.deferred_for({name: list(found) for name, found in ends.items()})
            if each.field not in self._schema.table(each.table).json_references
        ]
        if waiting:
            self._redirect([each._replace(uuid=ends[each.target][each.uuid]) for each in waiting])

    def end_merges(self, items: Sequence[Item]) -> None:
        """Delete what belongs to records that were merged into others which never were here and are deleted by now.

        Args:
            items: deletions of records that are not here.
        """
        gone: dict[str, list[str]] = defaultdict(list)
        for item in items:
            if item.uuid is not None:
                gone[item.plan.table.name].append(item.uuid)
        waiting = [each for each in self._pending.deferred_for(gone) if each.field == MERGED] if gone else []
        by_table: dict[str, list[int]] = defaultdict(list)
        for each in waiting:
            by_table[each.table].append(each.key)
        for name, keys in by_table.items():
            self._deleter.end_merges(self._schema.table(name), keys)
        self._pending.settle(waiting)

    def _remember(self, table: Table, ends: Mapping[str, str]) -> None:
        """Store the survivors of records that other sites may name."""
        # Where records have unique values, a further uuid says that two are one, whichever of them comes.
        wanted = () if table.has_unique else set(ends.values())
        here: dict[str, int] = dict(self._store.fetch(table, ("uuid", table.key), "uuid", wanted))
        self._twins.remember(table.name, {uuid: here[end] for uuid, end in ends.items() if end in here})
        self._twins.remember_merged(
            table.name, {uuid: end for uuid, end in ends.items() if end not in here and end != uuid}
        )

    def _redirect(self, waiting: Sequence[Deferred]) -> None:
        needed: Needed = defaultdict(set)
        for each in waiting:
            needed[(each.target, self._target(each))].add(each.uuid)
        known = self._resolver.known(needed)
        arrived = [each for each in waiting if (each.target, self._target(each), each.uuid) in known]
        self._settle(arrived, lambda each, target: known[(each.target, target, each.uuid)])
        self._pending.defer([each for each in waiting if each not in arrived])

    def _target(self, waiting: Deferred) -> str:
        """Return the table that a waiting field refers to, which may be a super-entity."""
        fields = self._schema.table(waiting.table).fields
        return waiting.target if waiting.field == MERGED else fields[waiting.field].target or ""

    def _settle(
        self, waiting: Sequence[Deferred], key_of: Callable[[Deferred, str], int | None]
    ) -> list[Deferred]:
        """Set references that waited, and return those that cannot be.

        Args:
            waiting: the references.
            key_of: takes one and the table that its field refers to, and returns the key.
        """
        refused: list[Deferred] = []
        by_field: dict[tuple[str, str], list[Deferred]] = defaultdict(list)
        for each in waiting:
            by_field[(each.table, each.field)].append(each)
        for (name, field_name), group in by_field.items():
            table = self._schema.get(name)
            if table is not None:
                keys = {each: key_of(each, self._target(each)) for each in group}
                refused += self._settle_field(table, field_name, keys)
        self._pending.settle(waiting)
        return refused

    def _settle_field(
        self, table: Table, field_name: str, keys: dict[Deferred, int | None]
    ) -> list[Deferred]:
        records = {each.key for each in keys}
        if field_name == MERGED:
            self._settle_merges(table, {each.key: key for each, key in keys.items() if key is not None})
            return []
        field = table.fields[field_name]
        if field_name in table.json_references:
            self._settle_json(table, field_name, records)
            return []
        found = self._store.fetch(table, (table.key, field_name), table.key, records)
        current: dict[int, Any] = dict(found)
        rows: dict[int, Any] = {}
        for each, key in keys.items():
            if key is None or each.key not in current:
                continue
            if field.kind == "list:reference":
                listed = rows.get(each.key, list(current[each.key] or []))
                if key not in listed:
                    listed.insert(len(listed) if each.place is None else each.place, key)
                rows[each.key] = listed
            elif current[each.key] is None:
                rows[each.key] = key
        single = rows if field.kind != "list:reference" else {}
        refused = refused_values(self._store, table, field_name, single)
        changed = [(key, value) for key, value in rows.items() if key not in refused]
        if changed:
            self._store.update(table, (field_name,), changed)
        return [each for each in keys if each.key in refused]

    def _settle_merges(self, table: Table, pairs: dict[int, int]) -> None:
        found = self._store.fetch(table, (table.key, "modified_on", "deleted"), table.key, pairs)
        # One that somebody restored here lives on.
        moments = {key: when or self._clock.now() for key, when, gone in found if gone}
        self._deleter.replace(table, {key: pairs[key] for key in moments}, moments)

    def write_json_references(self, written: Sequence[Item], batch: Batch) -> None:
        """Add the keys of records named inside JSON values, after all records of the batch have theirs."""
        for item in written:
            for name in item.plan.table.json_references & item.changes.keys():
                value = item.changes[name]
                named = list(references(value))
                if not named:
                    continue
                keys = self._keys_of(named, batch)
                for place, reference in enumerate(named):
                    uuid = self._uuid_of(reference)
                    if reference not in keys and uuid is not None and reference.table in self._schema:
                        item.missing.append(Missing(name, reference.table, uuid, place, True))
                self._store.update(item.plan.table, (name,), [(item.key, resolved(value, keys.get))])

    def _keys_of(self, named: Sequence[Reference], batch: Batch) -> dict[Reference, int]:
        keys: dict[Reference, int] = {}
        wanted: dict[str, dict[str, Reference]] = defaultdict(dict)
        for reference in named:
            uuid = self._uuid_of(reference)
            item = batch.find(reference, uuid)
            if item is not None and item.key is not None:
                keys[reference] = item.key
            elif uuid is not None:
                wanted[reference.table][uuid] = reference
        for name, by_uuid in wanted.items():
            table = self._schema.get(name)
            if table is not None:
                for uuid, key in self._store.fetch(table, ("uuid", table.key), "uuid", list(by_uuid)):
                    keys[by_uuid[uuid]] = key
        return keys

    def _settle_json(self, table: Table, field_name: str, keys: set[int]) -> None:
        rows = self._store.fetch(table, (table.key, field_name), table.key, keys)
        named = [reference for _, value in rows for reference in references(value)]
        found = self._keys_of(named, Batch())
        self._store.update(
            table, (field_name,), [(key, resolved(portable(value), found.get)) for key, value in rows]
        )


def names_files(item: Item) -> bool:
    """Return whether an incoming record says anything of a file."""
    return not item.record.values.keys().isdisjoint(item.plan.uploads)


def _deferred_items(item: Item, repository_id: int | None) -> list[Deferred]:
    """Return the pending references and files of a written item."""
    key = item.key
    assert key is not None
    return [
        Deferred(
            item.plan.table.name,
            key,
            each.field,
            each.table,
            each.uuid,
            place=each.place,
            repository_id=repository_id,
        )
        for each in item.missing
        if each.deferrable
    ]
