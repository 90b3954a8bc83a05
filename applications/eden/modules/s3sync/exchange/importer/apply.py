"""Writes what was planned: one statement per kind, in the order that references need, in the caller's transaction.

If the database refuses a row, its set is halved until the row is found: the others are stored, this one is rejected
with the reason.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Callable

from ...core.kept import Kept, KeptKind
from ...core.policy import Method, Terms
from ...core.records import Action, Outcome, Reference
from ..came import Came
from ..ports import Ports
from .by_field import ChangeWriter, HandedOn, has_learned
from .callbacks import Callbacks
from .context import Context
from .create import Creator
from .deletion import Deleter, Merger
from .gather import Batch
from .items import Item
from .links import Links
from .losses import Losses
from .owners import Owners
from .pending import PendingWriter, names_files
from .references import Resolver
from .update import HandOver, Updater, adopts

_WRITTEN = (Action.CREATED, Action.UPDATED, Action.DELETED, Action.MERGED)


class Applier:
    """Writes planned batches of one import.

    Args:
        ports: the ports of the site.
        context: where the records come from.
        uuid_of: returns the uuid of a reference's target, as it is stored here.
        resolver: looks up references.
        losses: keeps what the effects of deletions and merges take away.
        terms: the rules of the exchange.
    """

    def __init__(
        self,
        ports: Ports,
        context: Context,
        uuid_of: Callable[[Reference], str | None],
        resolver: Resolver,
        losses: Losses,
        terms: Terms,
    ) -> None:
        self._synchronise_uuids = terms.synchronise_uuids
        self._may_delete = Method.DELETE in terms.strategy
        self._ports = ports
        self._context = context
        deleter = Deleter(
            ports, context.repository_id, context.delivered, context.is_possible, losses, context.user_id
        )
        self._owners = Owners(ports.accounts, believed=not context.by_account)
        self._links = Links(ports)
        self._hand_over = HandOver(ports)
        self._creator = Creator(ports, context, self._owners, self._links)
        self._updater = Updater(ports, context, self._owners, self._links, deleter)
        self._merger = Merger(ports, context, deleter)
        self._changes = ChangeWriter(ports, context)
        self._callbacks = Callbacks(ports)
        self._waiting = PendingWriter(ports, context.repository_id, deleter, resolver, uuid_of)

    def apply(self, batch: Batch, main: str) -> None:
        """Write a planned batch and set an outcome on each of its items.

        Args:
            batch: the planned batch.
            main: name of the main table, whose records are journaled last.
        """
        taken = [
            item for item in batch.items if item.outcome is None and item.decision and item.decision.take
        ]
        live = [item for item in taken if not item.record.deleted]
        self._owners.find(live)
        creates = [item for item in live if item.is_new]
        self._links.settle(batch, creates)
        self._hand_over.free(live, batch.vacated)
        late = self._creator.create(creates)
        updates = [item for item in live if not item.is_new and item.outcome is None]
        self._updater.update(updates, _spoken(batch))
        if self._synchronise_uuids:
            self._updater.adopt([item for item in batch.items if _is_same(item) and adopts(item)])
        self._hand_over.settle()
        self._links.write_late(late)
        self._merger.remove([item for item in taken if item.record.deleted and item.outcome is None])
        # What is barred has its outcome by now.
        self._merger.learn([item for item in batch.items if item.outcome is None or not item.is_barred])
        for item in batch.items:
            if item.outcome is None:
                item.outcome = self._outcome(item)
        written = [item for item in live if _is_written(item)]
        self._waiting.write_json_references(written, batch)
        merged = [item for item in batch.items if item.merge is not None]
        learning = [item for item in merged if not _is_written(item) and has_learned(item)]
        noted = {id(item) for item in learning}
        # Otherwise a time that was taken over would look like an edit that nobody noted.
        unchanged = Action.UNCHANGED
        dated = [
            item
            for item in batch.items
            if item.decision is not None
            and item.decision.action is unchanged
            and item.decision.take
            and _is_dated(item)
            and id(item) not in noted
        ]
        handed_on = HandedOn(self._ports, self._context, written)
        self._note([*written, *learning, *dated], batch.items, main)
        handed_on.write()
        self._changes.write(batch.items, written)
        with_files = [item for item in batch.items if item.plan.uploads and names_files(item)]
        self._waiting.defer(written, [item for item in with_files if _is_written(item)])
        self._waiting.ask_again([item for item in with_files if _is_here(item)])
        known = [item for item in batch.items if item.further_uuids and _is_known(item)]
        awaited = self._waiting.settle([*written, *known])
        self._waiting.redirect([item for item in batch.items if self._is_merge_of_an_unknown(item)])
        self._waiting.end_merges([item for item in batch.items if self._is_deletion_of_an_unknown(item)])
        if written:
            self._accept(batch, written, awaited)

    def _accept(self, batch: Batch, written: Sequence[Item], awaited: set[int]) -> None:
        """Call what the data model does after records were written: what it changes of those that came is no edit."""
        keys = defaultdict(set)
        for item in batch.items:
            if item.key is not None:
                keys[item.plan.table.name].add(item.key)
        origin = self._context.repository_id
        made_on = None if origin is None else _first_time(written)
        with self._ports.journal.settling(Came(keys, origin, made_on)):
            self._callbacks.accept(written, awaited)

    def _is_merge_of_an_unknown(self, item: Item) -> bool:
        """Return whether an item says of a record that is not here into which one it was merged."""
        moment = item.record.modified_on
        merged = item.survivor is not None and item.is_new and not item.is_barred
        return merged and (not moment or self._context.is_possible(moment))

    def _is_deletion_of_an_unknown(self, item: Item) -> bool:
        """Return whether an item says that a record was deleted that is not here."""
        moment = item.record.modified_on
        gone = item.record.deleted and item.survivor is None and item.is_new and not item.is_barred
        return gone and self._may_delete and (not moment or self._context.is_possible(moment))

    def _outcome(self, item: Item) -> Outcome:
        decision = item.decision
        assert decision is not None
        return Outcome(
            decision.action,
            item.plan.table.name,
            item.uuid if item.uuid is not None or item.original is None else item.ours("uuid"),
            item.key,
            decision.reason_text,
            warnings=item.warnings,
            winner=decision.winner,
        )

    def _has_adopted(self, item: Item) -> bool:
        """Return whether a record took over a uuid: all have to learn of it, also who has it as two records."""
        outcome = item.outcome
        if outcome is None or not adopts(item):
            return False
        return outcome.action is Action.UNCHANGED or _is_written(item)

    def _note(self, written: Sequence[Item], items: Sequence[Item], main: str) -> None:
        """Give the changes their positions in the journal, the main records last so that theirs cover the others'."""
        by_table: dict[str, list[Item]] = defaultdict(list)
        for item in written:
            if item.key is not None:
                by_table[item.plan.table.name].append(item)
        noted_last = {id(item) for item in by_table.get(main, ())}
        for name in sorted(by_table, key=lambda name: (name == main, name)):
            group = by_table[name]
            keys = [item.key for item in group if item.key is not None]
            self._ports.journal.note(
                name,
                keys,
                self._context.repository_id,
                self._context.delivered,
                self._covered(group, noted_last),
                _times(group),
            )
        # Whoever sent a version that was put aside may have taken ours meanwhile, or been restored from a backup in
        # which it is not: it gets this one back.
        back: dict[str, list[int]] = defaultdict(list)
        for item in items:
            if item.kept_row is not None and item.key is not None and _is_written(item):
                back[item.plan.table.name].append(item.key)
        for name, keys in back.items():
            self._ports.journal.assert_ours(name, keys)
        asserted: dict[str, list[Item]] = defaultdict(list)
        for item in items:
            if item.key is not None and item.decision is not None and not _is_put_off(item):
                if item.decision.assert_ours or (self._synchronise_uuids and self._has_adopted(item)):
                    asserted[item.plan.table.name].append(item)
        for name, group in asserted.items():
            known = self._ports.kept_versions.known(
                self._context.repository_id, name, [item.uuid for item in group if item.uuid is not None]
            )
            # The peer sends the same refused version again although it has received ours. Sending ours once more
            # would repeat for ever. One that was put aside for another reason is refused for the first time.
            fresh = [item for item in group if not _came_before(item, known)]
            self._ports.journal.assert_ours(name, [item.key for item in fresh if item.key is not None])

    def _covered(self, items: Sequence[Item], noted_last: set[int]) -> set[int]:
        """Return the components of a table that belong only to the records that they came with, noted later."""
        joins = self._ports.schema.joins(items[0].plan.table.name)
        return {
            item.key
            for item in items
            if item.key is not None
            and item.component is not None
            and id(item.master) in noted_last
            and joins <= {item.component.fkey}
        }


def _is_put_off(item: Item) -> bool:
    """Return whether a version that would have been taken was put aside: it is tried again, and nothing is new yet."""
    decision, outcome = item.decision, item.outcome
    rejected = outcome is not None and outcome.action is Action.REJECTED
    return outcome is not None and (outcome.waits or (rejected and decision is not None and decision.take))


def _came_before(item: Item, known: Mapping[str, Kept]) -> bool:
    """Return whether the same version was refused before, or lost as a whole against ours."""
    lost = item.merge is None and item.is_among(known, KeptKind.CONFLICT)
    return lost or item.is_among(known, KeptKind.REFUSED)


def _times(items: Sequence[Item]) -> dict[int, datetime] | None:
    """Return key -> time of records that are all new, None where one is not."""
    times: dict[int, datetime] = {}
    for item in items:
        moment = item.record.modified_on
        if item.original is not None or moment is None or item.key is None:
            return None
        times[item.key] = moment
    return times


def _first_time(items: Sequence[Item]) -> datetime | None:
    """Return a time before which none of these records was made or edited."""
    times = (item.record.created_on or item.record.modified_on for item in items)
    return min(filter(None, times), default=None)


def _spoken(batch: Batch) -> dict[str, set[int]]:
    """Return the records of which a batch decides whether they live; those whose version is not taken are left out."""
    spoken: dict[str, set[int]] = defaultdict(set)
    for item in batch.items:
        if item.key is not None and (item.record.deleted or (item.decision and item.decision.take)):
            spoken[item.plan.table.name].add(item.key)
    return spoken


def _is_same(item: Item) -> bool:
    """Return whether a record came as it is here."""
    decided = item.outcome is None and item.decision is not None and item.decision.action is Action.UNCHANGED
    return decided and not item.record.deleted


def _is_dated(item: Item) -> bool:
    """Return whether nothing but the time of a record was taken over."""
    decision, outcome = item.decision, item.outcome
    same = outcome is not None and outcome.action is Action.UNCHANGED
    return same and decision is not None and decision.take and not item.record.deleted


def _is_here(item: Item) -> bool:
    """Return whether the record here is what an item says, whether or not it was written."""
    outcome = item.outcome
    same = outcome is not None and (outcome.action is Action.UNCHANGED or _is_written(item))
    return same and not item.record.deleted


def _is_known(item: Item) -> bool:
    """Return whether a record is here although this version of it was not written."""
    outcome = item.outcome
    return outcome is not None and outcome.action is not Action.REJECTED and not _is_written(item)


def _is_written(item: Item) -> bool:
    """Return whether anything of an incoming version was written."""
    outcome, decision = item.outcome, item.decision
    if outcome is None or decision is None:
        return False
    return outcome.action in _WRITTEN or (outcome.action is Action.CONFLICT and decision.take)
