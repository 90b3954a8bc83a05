"""Finds the record here for an incoming one: by uuid, by other unique keys, by the resource's duplicate rule."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from ....core.records import Action
from ...bitset import Bitset
from ...ports import Ports, Row
from ..context import Context
from ..gather import Batch, Gatherer
from ..items import Item, Role, TablePlan, reject, two_here
from ..references import Resolver
from .duplicates import Duplicates
from .functions import DuplicateFunctions
from .targets import Targets


class Identifier:
    """Finds the originals of a batch, with one query per table, unique field and duplicate rule.

    Args:
        ports: the ports of the site.
        gatherer: resolves identifiers.
        resolver: looks up references.
        context: where the records come from.
        synchronise_uuids: whether a duplicate adopts the uuid of the incoming record.
    """

    def __init__(
        self,
        ports: Ports,
        gatherer: Gatherer,
        resolver: Resolver,
        context: Context,
        synchronise_uuids: bool,
    ) -> None:
        self._store = ports.store
        self._twins = ports.twins
        self._journal = ports.journal
        self._context = context
        self._met: list[Item] = []
        self._proposals: dict[str, dict[str, int]] = defaultdict(dict)
        self._open: dict[int, tuple[Item, int]] = {}
        self._seen: dict[str, Bitset] = defaultdict(Bitset)
        self._gatherer = gatherer
        self._synchronise_uuids = synchronise_uuids
        targets = Targets(gatherer, resolver)
        self._duplicates = Duplicates(ports.store, targets, synchronise_uuids)
        self._functions = DuplicateFunctions(ports.store, targets, synchronise_uuids)

    def identify(self, plan: TablePlan, items: list[Item], batch: Batch) -> None:
        """Set on each item of a table its record here, if there is one."""
        by_uuid = {item.uuid: item for item in items if item.uuid is not None}
        if by_uuid:
            uuid_at = plan.uuid_at
            for row in self._store.fetch(plan.table, plan.columns, "uuid", list(by_uuid)):
                by_uuid[row[uuid_at]].found(row)
        if plan.unique or (self._synchronise_uuids and plan.table.recognises):
            self._identify_twins(plan, items)
        if plan.unique:
            self._identify_by_unique(plan, items, batch)
        if plan.table.duplicate is not None:
            self._duplicates.identify(plan, plan.table.duplicate, items, batch)
        if plan.table.finds is not None:
            self._functions.identify(plan, plan.table.finds, items, batch)
        self._identify_single_components(plan, items)
        if plan.unique or plan.table.recognises:
            _put_off_repeats(items, batch)

    def remember_twins(self) -> None:
        """Store under which uuids others know records, after these were written, and tell all others.

        A site that knows two of the uuids as two records, or a record under one of them only, has to learn of it.
        """
        found: dict[str, dict[str, int]] = defaultdict(dict)
        for item in self._met:
            if item.key is not None and not _is_rejected(item):
                found[item.plan.table.name].update(dict.fromkeys(item.further_uuids, item.key))
        self._met = []
        for table, keys in found.items():
            self._twins.remember(table, keys)
            self._journal.assert_ours(table, sorted(set(keys.values())))
        for table, keys in self._proposals.items():
            self._twins.remember(table, keys, proposed=True)
            self._journal.assert_ours(table, sorted(set(keys.values())))
        self._proposals.clear()
        self._withdraw_proposals()

    def _withdraw_proposals(self) -> None:
        """Withdraw proposals for records that are others, as turned out, and tell that, too."""
        settled: dict[str, dict[str, int]] = defaultdict(dict)
        for item, key in self._open.values():
            if item.uuid is not None and not _is_rejected(item):
                settled[item.plan.table.name][item.uuid] = key
        self._open.clear()
        for table, keys in settled.items():
            self._twins.withdraw(table, list(keys))
            self._journal.assert_ours(table, sorted(set(keys.values())))

    def _identify_twins(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Find records that others know under a uuid that is not theirs here."""
        unknown = {item.uuid: item for item in items if item.original is None and item.uuid is not None}
        for uuid, key in self._twins.proposed(plan.table.name, list(unknown)).items():
            self._open[id(unknown[uuid])] = unknown[uuid], key
        named = {id(item): self._named(item) for item in items if item.record.twins}
        asked = {*unknown, *(uuid for uuids in named.values() for uuid in uuids)}
        rows = self._rows_of(plan, asked, bool(named)) if asked else {}
        for uuid, item in unknown.items():
            if uuid in rows:
                item.found(rows[uuid])
                # Sites that adopt each other's uuids in a ring would never end: of known ones the first stays.
                item.twin = bool(plan.unique) or rows[uuid][plan.uuid_at] < uuid
        for item in items:
            if id(item) in named:
                self._follow_sender(item, named[id(item)], rows)

    def _named(self, item: Item) -> list[str]:
        """Return the further uuids that the sender names, as they are stored here."""
        uuids = (self._gatherer.full_uuid(uuid) for uuid in item.record.twins or ())
        return [uuid for uuid in uuids if uuid is not None and uuid != item.uuid]

    def _rows_of(self, plan: TablePlan, uuids: set[str], also_own: bool) -> dict[str, Row]:
        """Return uuid -> record here that others know by it, ``also_own``: or that has it."""
        rows: dict[str, Row] = {}
        keys = self._twins.find(plan.table.name, uuids)
        if keys:
            by_key = {
                row[plan.key_at]: row
                for row in self._store.fetch(plan.table, plan.columns, plan.table.key, set(keys.values()))
            }
            rows.update((uuid, by_key[key]) for uuid, key in keys.items() if key in by_key)
        if also_own:
            own = self._store.fetch(plan.table, plan.columns, "uuid", uuids - rows.keys())
            rows.update((row[plan.uuid_at], row) for row in own)
        return rows

    def _follow_sender(self, item: Item, named: Sequence[str], rows: Mapping[str, Row]) -> None:
        """Take those uuids for one record that the sender takes for one, unless they are several live ones here."""
        plan = item.plan
        others = {rows[uuid][plan.key_at]: rows[uuid] for uuid in named if uuid in rows}
        others.pop(item.key, None)
        live = [row for row in others.values() if not row[plan.deleted_at]]
        is_live = item.original is not None and not item.ours("deleted")
        new = [uuid for uuid in named if uuid not in rows]
        if len(live) + is_live > 1:
            reject(item, two_here(live[0][plan.uuid_at]), again=True)
            return
        if live and not is_live and _was_deleted_alone(item):
            item.other = live[0][plan.uuid_at]
            return
        if item.original is None and item.uuid is not None and others:
            new.append(item.uuid)
        if not is_live and others:
            item.found((live or list(others.values()))[0])
            item.twin = True
        if new:
            item.further_uuids = tuple(new)
            self._met.append(item)

    def _identify_by_unique(self, plan: TablePlan, items: Sequence[Item], batch: Batch) -> None:
        """Find twins of unknown records: the one record here that has their unique values.

        A record that is deleted here is none, nor one of which the document has a version of its own: these give
        the value up. Nor is one that the sender has as well: there it is another record.
        """
        matches: dict[int, dict[int, Row]] = defaultdict(dict)
        unknown = {
            id(item): item
            for item in items
            if item.original is None and item.outcome is None and not item.record.deleted
        }
        deleted = {item.key for item in items if item.key is not None and item.record.deleted}
        known = self._seen[plan.table.name]
        for item in items:
            if item.key is not None:
                known.add(item.key)
        for field in plan.unique:
            wanted: dict[Any, list[Item]] = defaultdict(list)
            for item in unknown.values():
                value = item.record.values.get(field.name)
                if value not in (None, ""):
                    wanted[value].append(item)
            if wanted:
                at = plan.position[field.name]
                for row in self._store.fetch(plan.table, plan.columns, field.name, list(wanted)):
                    for item in wanted.get(row[at], ()) if not row[plan.deleted_at] else ():
                        if row[plan.key_at] in deleted:
                            batch.put_off(item)
                        elif item.uuid is None or row[plan.key_at] not in known:
                            matches[id(item)][row[plan.key_at]] = row
        known_there = self._known_there(plan, {key for rows in matches.values() for key in rows})
        for identity, rows in matches.items():
            if len(rows) == 1 and identity not in batch.postponed:
                ((key, row),) = rows.items()
                self._meet(unknown[identity], row, known_there.get(key, False), batch)

    def _meet(self, item: Item, row: Row, known_there: bool, batch: Batch) -> None:
        """Take the one record that has its unique value for an item, as far as that is sure.

        Args:
            item: the item.
            row: the record.
            known_there: whether it is known that the sender has that record as well.
            batch: the batch of the item.
        """
        late = self._gatherer.late
        answers = item.record.twins is not None
        if item.uuid is None:
            item.found(row)
        elif known_there and answers:
            other, value = row[item.plan.uuid_at], _shared(item, row)
            reject(
                item,
                f"Its {value} is that of {other} here, which the other site has as well.",
                again=True,
            )
        elif self._gatherer.more:
            # The record that has the value may give it up on a later page: then these are two records.
            value = f"Its {_shared(item, row)} is that of {row[item.plan.uuid_at]} here"
            reject(item, f"{value}, until all pages are here.", again=True)
        elif late is not None and item.role is Role.MAIN:
            # It may also give it up further down.
            late.append(item.record)
            batch.leave_out(item)
        elif answers and self._context.met(item.plan.table.name):
            self._propose(item, row)
        else:
            item.found(row)
            item.twin = True
            item.further_uuids = (*item.further_uuids, item.uuid)
            self._met.append(item)

    def _propose(self, item: Item, row: Row) -> None:
        """Let the sender decide: where it does not have our record, that is the one that it sent."""
        other = row[item.plan.uuid_at]
        reject(
            item,
            f"The other site has yet to say whether it is {other} here, which has its {_shared(item, row)}.",
            again=True,
        )
        key = row[item.plan.key_at]
        if item.uuid is not None and self._open.get(id(item)) != (item, key):
            self._proposals[item.plan.table.name][item.uuid] = key

    def _known_there(self, plan: TablePlan, keys: set[int]) -> dict[int, bool]:
        """Return which of some records the sender has: what it brought last, or got from here."""
        sender = self._context.repository_id
        if not keys or sender is None:
            return {}
        delivered = self._context.delivered(plan.table.name)
        positions = self._journal.positions(plan.table.name, keys)
        return {key: origin == sender or seq <= delivered for key, (seq, origin) in positions.items()}

    def _identify_single_components(self, plan: TablePlan, items: Sequence[Item]) -> None:
        """Let a single component update that of its master, whatever its uuid.

        Where the sender has several of one master all the same, they are as many records here: each would take the
        place of the one before, in every exchange.
        """
        parts: dict[str, dict[int, list[Item]]] = defaultdict(lambda: defaultdict(list))
        for item in items:
            component, master = item.component, item.master
            if component is None or master is None or component.multiple or item.record.deleted:
                continue
            key = master.key_for(plan.references[component.fkey])
            if key is not None:
                parts[component.fkey][key].append(item)
        for fkey, by_key in parts.items():
            alone = {key: found[0] for key, found in by_key.items() if len(found) == 1}
            wanted = {key: item for key, item in alone.items() if item.original is None}
            at = plan.position[fkey]
            for row in self._store.fetch(plan.table, plan.columns, fkey, list(wanted)) if wanted else ():
                item = wanted[row[at]]
                if not row[plan.deleted_at] and item.original is None:
                    item.found(row)


def _shared(item: Item, row: Row) -> str:
    """Return the unique values that an item shares with a record, for a person."""
    values = item.record.values
    equal = (f for f in item.plan.unique if values.get(f.name) == row[item.plan.position[f.name]])
    return " and ".join(f"{field.name} {values[field.name]!r}" for field in equal if values.get(field.name))


def _was_deleted_alone(item: Item) -> bool:
    """Return whether the record was deleted here, not merged, and comes as a live one: it is no other record."""
    if item.original is None or item.record.deleted:
        return False
    return "deleted_rb" not in item.plan.position or not item.ours("deleted_rb")


def _is_rejected(item: Item) -> bool:
    return item.outcome is None or item.outcome.action is Action.REJECTED or item.is_barred


def _put_off_repeats(items: Sequence[Item], batch: Batch) -> None:
    """Postpone the later one of two items that turned out to be the same record here."""
    known = [item.key for item in items if item.key is not None]
    if len(set(known)) == len(known):
        return
    claimed: dict[int, Item] = {}
    for item in items:
        if item.key is not None and claimed.setdefault(item.key, item) is not item:
            batch.put_off(item)
