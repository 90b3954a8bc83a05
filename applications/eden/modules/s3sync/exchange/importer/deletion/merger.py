"""Deletes records, and merges them into others. Records that must stay are sent back to the site that deleted them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from ....core.clock import TICK
from ....core.kept import Deferred, Place, Side
from ....core.records import Action, Outcome, end_of_merges
from ....core.schema import Table
from ....wire.s3xml import strip_domain
from ...ports import Ports, Row
from ...survivors import merge_steps
from ..by_field import is_later
from ..context import Context
from ..items import MERGED, Item
from .noting import Told
from .removing import RecordToDelete
from .replacing import Deleter


class Merger:
    """Performs the deletions and merges of an import.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        deleter: writes them with their effects on other records.
    """

    def __init__(self, ports: Ports, context: Context, deleter: Deleter) -> None:
        self._ports = ports
        self._context = context
        self._deleter = deleter

    def remove(self, items: Sequence[Item]) -> None:
        """Delete records, or merge them into their replacements."""
        now = self._ports.clock.now()
        to_delete: dict[str, list[Item]] = defaultdict(list)
        merges: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            (merges if item.record.replaced_by else to_delete)[item.plan.table.name].append(item)
        told = self._told(items)
        for name, gone in to_delete.items():
            self._leave_others(gone)
            to_delete[name] = [item for item in gone if item.outcome is None]
            self._date(name, to_delete[name])
        still: set[int] = set()
        for group in merges.values():
            still |= self._merge(group, now)
        for group in filter(None, to_delete.values()):
            table = group[0].plan.table
            by_key = {item.key: item for item in group if item.key is not None}
            already = [key for key, item in by_key.items() if item.ours("deleted")]
            wanted = [
                RecordToDelete(key, item.record.modified_on or now, told.get((table.name, key)))
                for key, item in by_key.items()
                if key not in already
            ]
            reasons = {
                key: f"The record is still needed here: {found.number} {found.table} refer to it ({found.field})."
                for key, found in self._deleter.delete(table, wanted).items()
            }
            if self._context.final:
                self._hold_on(table, reasons, by_key, now)
            else:
                _wait(table, reasons, by_key)
        self._ports.pending_references.settle(
            [
                each
                for item in items
                if item.outcome is None
                for each in item.waits
                if each.field != MERGED or id(item) not in still
            ]
        )

    def _leave_others(self, items: Sequence[Item]) -> None:
        """Let records live on here of which the sender deleted one of several.

        It takes them for one only if it names all uuids that the record has here. Who has not heard of them yet hears
        of them with the record, and then says so.
        """
        table, twins = items[0].plan.table, self._ports.twins
        named = [item for item in items if item.record.twins is not None and item.key is not None]
        for key, uuids in twins.of(table.name, [item.key or 0 for item in named]).items():
            known = twins.find(table.name, uuids).keys()
            for item in (each for each in named if each.key == key):
                told = {item.uuid, *(self._uuid_of(uuid) for uuid in item.record.twins or ())}
                if not told >= {item.ours("uuid"), *known}:
                    reason = "The other site deleted one of several records that are one here."
                    item.outcome = Outcome(Action.UNCHANGED, table.name, item.uuid, key, reason)

    def _date(self, table: str, items: Iterable[Item]) -> None:
        """Let the later one of two deletions count: whoever brings such a record back has to be later than both."""
        rows = [
            (item.key, item.record.modified_on)
            for item in items
            if item.key is not None and item.ours("deleted") and is_later(item)
        ]
        if rows:
            self._ports.store.update(self._ports.schema.table(table), ("modified_on",), rows)
            context = self._context
            keys = [key for key, _ in rows]
            self._ports.journal.note(table, keys, context.repository_id, context.delivered)

    def learn(self, items: Iterable[Item]) -> None:
        """Take over what the sender knows of the deletion of records that were deleted here before, too."""
        told = self._told(
            [item for item in items if item.record.deletion and item.original and item.ours("deleted")]
        )
        if told:
            self._deleter.notes.tell(told)

    def _told(self, items: Iterable[Item]) -> dict[Place, Told]:
        """Return what the sender knows of deletions, with the records here that it names."""
        marks = {
            (item.plan.table.name, item.key): item.record.deletion
            for item in items
            if item.key is not None and item.record.deletion is not None
        }
        wanted: dict[str, set[str]] = defaultdict(set)
        for mark in marks.values():
            if mark.along is not None:
                wanted[mark.along[0]].add(self._uuid_of(mark.along[1]))
        here: dict[tuple[str, str], Place] = {}
        for name, uuids in wanted.items():
            table = self._ports.schema.get(name)
            if table is not None and not table.is_super:
                keys = {**self._ports.twins.find(name, uuids), **self._keys(table, uuids)}
                here.update(((name, uuid), (name, key)) for uuid, key in keys.items())
        return {
            place: Told(
                mark, here.get((mark.along[0], self._uuid_of(mark.along[1])) if mark.along else ("", ""))
            )
            for place, mark in marks.items()
        }

    def _uuid_of(self, uuid: str) -> str:
        return strip_domain(uuid, self._context.own_domain)

    def _keys(self, table: Table, uuids: Collection[str]) -> dict[str, int]:
        return dict(self._ports.store.fetch(table, ("uuid", table.key), "uuid", uuids))

    def _hold_on(self, table: Table, reasons: dict[int, str], by_key: dict[int, Item], now: datetime) -> None:
        """Keep records that must not be deleted, and send them back to the site that deleted them.

        Both sites must end up equal, so the records become newer than the deletion.
        """
        if not reasons:
            return
        rows: list[Row] = []
        for key, reason in reasons.items():
            item = by_key[key]
            deleted_on = item.record.modified_on or now
            moment = max(deleted_on + TICK, item.ours("modified_on") or deleted_on)
            rows.append((key, moment if self._context.is_possible(moment) else max(now, deleted_on + TICK)))
            item.outcome = Outcome(
                Action.CONFLICT,
                table.name,
                item.uuid,
                key,
                f"{reason} It was kept, and the other site gets it back.",
                winner=Side.OURS,
            )
        self._ports.store.update(table, ("modified_on",), rows)
        self._ports.journal.note(table.name, list(reasons), None)

    def _merge(self, items: Sequence[Item], now: datetime) -> set[int]:
        """Merge records of a table; return the id() of the items whose survivor has not arrived."""
        table = items[0].plan.table
        wanted = {item.survivor for item in items if item.survivor}
        survivors: dict[str, int] = {}
        for uuid, key in self._ports.store.fetch(table, ("uuid", table.key), "uuid", list(wanted)):
            survivors[uuid] = key
        survivors = {**self._ports.twins.find(table.name, list(wanted - survivors.keys())), **survivors}
        pairs = {
            item.key: survivors[item.survivor]
            for item in items
            if item.key is not None and item.survivor is not None and item.survivor in survivors
        }
        for item in items:
            if item.key is not None and pairs.get(item.key) == item.key:
                del pairs[item.key]
                item.outcome = Outcome(
                    Action.UNCHANGED, table.name, item.uuid, item.key, "Both are one record here already."
                )
        circular = self._merged_into_themselves(table, pairs)
        self._hold_on(
            table,
            dict.fromkeys(circular, "Here the other record was merged into this one: both would be gone."),
            {item.key: item for item in items if item.key in circular},
            now,
        )
        pairs = {key: survivor for key, survivor in pairs.items() if key not in circular}
        moments = {item.key: item.record.modified_on or now for item in items if item.key is not None}
        if pairs:
            back = self._deleter.replace(table, pairs, moments)
            for item in items if back else ():
                needed_by = back.get(pairs.get(item.key or 0, 0))
                if needed_by is not None:
                    item.warnings.append(
                        f"The record that replaces it ({item.survivor}) was deleted here; it is back, because "
                        f"{needed_by} refers to it."
                    )
        waiting = [item for item in items if item.survivor not in survivors and item.key is not None]
        if waiting:
            self._wait_for_survivors(table, waiting, moments)
        return {id(item) for item in waiting}

    def _wait_for_survivors(
        self, table: Table, waiting: Sequence[Item], moments: dict[int, datetime]
    ) -> None:
        """Delete records whose survivor has not arrived; references to them are moved when it does."""
        self._deleter.delete_alone(
            table, [RecordToDelete(item.key or 0, moments[item.key or 0]) for item in waiting]
        )
        self._ports.pending_references.defer(
            [
                Deferred(
                    table.name,
                    item.key or 0,
                    MERGED,
                    table.name,
                    item.survivor or "",
                    repository_id=self._context.repository_id,
                )
                for item in waiting
            ]
        )
        for item in waiting:
            item.warnings.append(
                f"The record that replaces it ({item.survivor}) has not arrived yet; "
                "what refers to it is moved when it does."
            )

    def _merged_into_themselves(self, table: Table, pairs: dict[int, int]) -> set[int]:
        """Return records whose survivor was itself merged into them, here or in the document, in some steps."""
        steps = merge_steps(self._ports.store, table, pairs)
        # A chain that does not close has an end that is merged no further.
        return {key for key in pairs if steps.get(end_of_merges(key, steps)) == key}


def _wait(table: Table, reasons: dict[int, str], by_key: dict[int, Item]) -> None:
    """Put off deletions until others refer to the records no more."""
    for key, reason in reasons.items():
        item = by_key[key]
        item.outcome = Outcome(
            Action.SKIPPED,
            table.name,
            item.uuid,
            key,
            f"{reason} The deletion waits until that is gone.",
            winner=item.decision.winner if item.decision is not None else None,
            waits=True,
        )
