"""Imports documents under a policy: plan, then apply, batch by batch; every record ends in one outcome.

A page (``import_page``) is imported in the caller's transaction, so that the cursor can be stored in the same step. A
whole document of an Eden (``import_document``) is verified first and then imported with one transaction per batch,
however large it is.
"""

from __future__ import annotations

import uuid as uuids
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from typing import Callable

from ...core.gc_pause import paused_gc
from ...core.kept import SUPERSEDABLE, Kept, KeptKind, Side
from ...core.limits import BATCH_SIZE
from ...core.messages import Message, Sentence
from ...core.policy import DecisionReason, Terms
from ...core.records import Action, Outcome, Record
from ...wire.s3xml import LONGEST_IDENTIFIER, Decoder, encode_record, parse_fragment
from ...wire.s3xml.document import Document
from ..ports import Ports
from .apply import Applier
from .by_field import DecisionReader, SentFields
from .context import Context, unknown
from .deletion import rejected_components
from .deletion.agreed import Agreed
from .gather import Batch, Gatherer
from .items import Item, Role, as_kept, awaited, comes_along, went_along
from .losses import Losses, Snapshot
from .plan import Planner
from .report import MAX_FAILURES, Report

__all__ = [
    "Context",
    "Importer",
    "Report",
    "SentFields",
    "context",
    "deletion",
    "dry_run",
    "report",
    "unknown",
]

#: What no version is kept of.
_TAKEN = frozenset(Action) - {Action.CONFLICT, Action.REJECTED, Action.SKIPPED}
#: What a record replaces that only comes along with others: it may be older than a deletion, where pages are carried.
_PUT_ASIDE = tuple(kind for kind in SUPERSEDABLE if kind is not KeptKind.WAITING)
_TOLD = frozenset((Action.CONFLICT, Action.REJECTED))
_KEPT_KINDS = {
    Action.CONFLICT: KeptKind.CONFLICT,
    Action.REJECTED: KeptKind.REJECTED,
    Action.SKIPPED: KeptKind.REFUSED,
}


class Importer:
    """Imports documents.

    Args:
        ports: the ports of the site.
        snapshot: writes our version of records, to be kept beside theirs.
        batch_size: number of records planned and written together.
    """

    def __init__(
        self,
        ports: Ports,
        snapshot: Snapshot,
        batch_size: int = BATCH_SIZE,
    ) -> None:
        self._ports = ports
        self._snapshot = snapshot
        self._batch_size = batch_size

    def import_page(self, document: Document, terms: Terms, context: Context) -> Report:
        """Import a document within the caller's transaction.

        Args:
            document: the document; its main table decides what is imported.
            terms: strategy and policies.
            context: where it comes from.

        Returns:
            what became of its records.

        Raises:
            DocumentError: it cannot be read; the caller must roll back.
            StoreBusy, StoreFull: the database did not accept it; the caller must roll back.
        """
        return self._import(document, terms, context, nullcontext)

    def import_document(
        self,
        document: Document,
        terms: Terms,
        context: Context,
        on_batch: Callable[[Report], None] | None = None,
    ) -> Report:
        """Import a document of any size, with one transaction per batch.

        Args:
            document, terms, context: as in ``import_page``.
            on_batch: called after each batch with the report so far, outside any transaction; an exception it
                raises ends the import between two batches.

        Raises:
            DocumentError: it cannot be read; nothing of it was imported.
            StoreBusy, StoreFull: the database did not accept a batch; earlier batches are stored.
        """
        document.verify()
        return self._import(document, terms, context, self._ports.store.transaction, on_batch)

    def retry(
        self,
        records: Sequence[Record],
        main: str,
        terms: Terms,
        context: Context,
        kept_rows: Sequence[int] = (),
    ) -> Report:
        """Import records again that were put aside, within the caller's transaction.

        Args:
            records: the records.
            main: name of their table.
            terms, context: as in ``import_page``.
            kept_rows: row of each record among the kept versions: one that is rejected once more keeps its row, the
                others are closed. None where no row is concerned.
        """
        rows = {id(record): row for record, row in zip(records, kept_rows)}
        gatherer = Gatherer(self._ports.schema, None, context.own_domain, terms.components, rows)
        return self._import_batches([records], main, gatherer, terms, context, nullcontext, None)

    def delete_again(self, waiting: Sequence[Kept], terms: Terms, context: Context) -> Report:
        """Try deletions again that wait, of one table and one repository, within the caller's transaction.

        Args:
            waiting: the deletions.
            terms: rules for records that changed here since.
            context: where they came from; whether what is still restricted goes on waiting.
        """
        records, agreed = [], {}
        for each in waiting:
            record = self._read(each.theirs)
            ours = self._read(each.ours)
            if record is not None and each.uuid is not None:
                records.append(record)
                agreed[each.uuid] = Agreed(ours.modified_on if ours else None, each.winner)
        main = waiting[0].table
        gatherer = Gatherer(self._ports.schema, None, context.own_domain, terms.components)
        return self._import_batches([records], main, gatherer, terms, context, nullcontext, None, agreed)

    def _read(self, version: str | None) -> Record | None:
        if not version:
            return None
        return Decoder(self._ports.schema).decode(parse_fragment(version.encode("utf-8")))

    def _import(
        self,
        document: Document,
        terms: Terms,
        context: Context,
        transaction: Callable[[], AbstractContextManager[None]],
        on_batch: Callable[[Report], None] | None = None,
    ) -> Report:
        context = replace(context, by_field=document.header.by_field)
        gatherer = Gatherer(self._ports.schema, document, context.own_domain, terms.components)
        batches = document.batches(self._batch_size)
        return self._import_batches(batches, document.main, gatherer, terms, context, transaction, on_batch)

    def _import_batches(
        self,
        batches: Iterable[Sequence[Record]],
        main: str,
        gatherer: Gatherer,
        terms: Terms,
        context: Context,
        transaction: Callable[[], AbstractContextManager[None]],
        on_batch: Callable[[Report], None] | None,
        agreed: Mapping[str, Agreed] | None = None,
    ) -> Report:
        planner = Planner(self._ports, gatherer, terms, context, agreed)
        losses = Losses(self._ports.schema, self._snapshot, context.repository_id)
        applier = Applier(self._ports, context, gatherer.reference_uuid, planner.resolver, losses, terms)
        decisions = DecisionReader(self._ports, context)
        report = Report()
        waiting = iter(batches)
        while True:
            with paused_gc():
                records = next(waiting, None)
                if records is None and gatherer.late:
                    records, gatherer.late = gatherer.late, None
                if records is None:
                    if context.guard is not None:
                        context.guard.finish()
                    return report
                with transaction():
                    batch = gatherer.batch(records)
                    while batch.items:
                        planner.plan(batch)
                        _name_new_records(batch)
                        ours = self._our_versions(batch)
                        applier.apply(batch, main)
                        if context.guard is not None:
                            context.guard.check(batch, self._ports.schema, self._ports.store)
                        if len(records) >= self._batch_size:
                            gatherer.put_off_refused(batch)
                        planner.identifier.remember_twins()
                        planner.resolver.remember(batch)
                        self._keep(batch, context, ours)
                        _account(report, batch, main)
                        self._keep_losses(losses.take(), report)
                        report.decided += decisions.read(batch.items)
                        batch = gatherer.again(batch)
                # The next batch is read before these names are bound again, and two batches need twice the memory.
                del records, batch
            if on_batch is not None:
                on_batch(report)

    def _our_versions(self, batch: Batch) -> dict[str, dict[int, str]]:
        """Store our versions of records in conflict before anything changes them."""
        ours: dict[str, dict[int, str]] = {}
        conflict = Action.CONFLICT
        planned = [item for item in batch.items if item.outcome is None and item.decision is not None]
        self._add_our_versions(
            ours,
            [
                item
                for item in planned
                if item.decision and (item.decision.action is conflict or item.decision.overrules)
            ],
        )
        return ours

    def _add_our_versions(self, ours: dict[str, dict[int, str]], items: Iterable[Item]) -> None:
        """Add the present versions of records, in place of those that were stored before."""
        keys: dict[tuple[str, bool], list[int]] = {}
        for item in items:
            if item.key is not None:
                # What is in dispute was edited here before the record was deleted.
                before = item.merge is not None and bool(item.merge.disputes)
                keys.setdefault((item.plan.table.name, before), []).append(item.key)
        for (name, before), group in keys.items():
            found = self._snapshot(self._ports.schema.table(name), group, before=before)
            ours.setdefault(name, {}).update(found)

    def _keep(self, batch: Batch, context: Context, ours: dict[str, dict[int, str]]) -> None:
        """Keep the versions that did not become the record, and close those that an earlier exchange kept."""
        # Of some records only the deletion showed that they must stay.
        conflict = Action.CONFLICT
        contested = [item for item in batch.items if item.outcome and item.outcome.action is conflict]
        late = [item for item in contested if item.key not in ours.get(item.plan.table.name, {})]
        self._add_our_versions(ours, late)
        kept: list[Kept] = []
        waiting: list[Item] = []
        settled: dict[str, list[str]] = defaultdict(list)
        skipped: dict[str, list[str]] = defaultdict(list)
        along: dict[str, list[str]] = defaultdict(list)
        done = rejected_components(self._ports, context.repository_id, batch.items)
        for item in batch.items:
            outcome = item.outcome
            if outcome is None:
                continue
            action = outcome.action
            if action in _TAKEN and item.decision is not None and item.decision.overrules:
                kept.append(
                    self._kept(item, outcome, context, ours)._replace(
                        kind=KeptKind.REFUSED, winner=Side.THEIRS, closed=True
                    )
                )
            if action in _TAKEN and item.kept_row is None:
                if item.uuid is not None and not went_along(item):
                    (along if comes_along(item) else settled)[item.plan.table.name].append(item.uuid)
                continue
            if outcome.waits:
                waiting.append(item)
                continue
            refused = item.decision is not None and item.decision.assert_ours
            if item.uuid is not None and action not in _TAKEN and not comes_along(item):
                skipped[item.plan.table.name].append(item.uuid)
            if item.kept_row is not None and action is not Action.REJECTED:
                done.append(item.kept_row)
            if action in (conflict, Action.REJECTED) or (action is Action.SKIPPED and refused):
                kept.append(self._kept(item, outcome, context, ours))
            elif item.uuid is not None and action is not Action.SKIPPED:
                settled[item.plan.table.name].append(item.uuid)
        # What the sender says of a record now takes the place of a deletion that waits, whatever becomes of it.
        for found, superseded in (
            (settled, SUPERSEDABLE),
            (skipped, (KeptKind.WAITING,)),
            (along, _PUT_ASIDE),
        ):
            for name, uuids_of_table in found.items():
                self._ports.kept_versions.release(context.repository_id, name, uuids_of_table, superseded)
        if waiting:
            kept += self._put_off(waiting, context, ours)
        if done:
            self._ports.kept_versions.supersede(done)
        if kept:
            self._ports.kept_versions.keep(self._with_positions(kept, context))

    def _with_positions(self, kept: Sequence[Kept], context: Context) -> list[Kept]:
        """Add to versions that are tried again later up to which position of the journal they know our changes."""
        by_table: dict[str, list[str]] = {}
        for each in kept:
            if each.retry_on is not None and each.row is None and each.uuid is not None:
                by_table.setdefault(each.table, []).append(each.uuid)
        if not by_table:
            return list(kept)
        head = self._ports.journal.head()
        exchanged = {name: context.exchanged_with(name) for name in by_table}
        reached = {name: head if each is None else min(head, each) for name, each in exchanged.items()}
        known = {
            (found.table, found.uuid, found.fingerprint): found.position
            for name, uuids_of_table in by_table.items()
            for found in self._ports.kept_versions.known(context.repository_id, name, uuids_of_table).values()
            if found.position is not None
        }
        return [
            each._replace(
                position=known.get((each.table, each.uuid, each.fingerprint), reached.get(each.table, head))
            )
            if each.retry_on is not None
            else each
            for each in kept
        ]

    def _keep_losses(self, lost: Sequence[Kept], report: Report) -> None:
        if not lost:
            return
        self._ports.kept_versions.keep(lost)
        for each in lost[: max(0, MAX_FAILURES - len(report.conflicts))]:
            report.conflicts.append(
                Sentence.RECORD_CONFLICT.say(
                    record=f"{each.table} {each.uuid}", reason=_reason_message(each.reason)
                )
            )

    def _put_off(
        self, items: Sequence[Item], context: Context, ours: dict[str, dict[int, str]]
    ) -> list[Kept]:
        """Return deletions to keep because they wait; those that waited before are kept since then."""
        by_table: dict[str, list[Item]] = {}
        for item in items:
            by_table.setdefault(item.plan.table.name, []).append(item)
        kept: list[Kept] = []
        for name, group in by_table.items():
            uuids_of_table = [item.uuid for item in group if item.uuid is not None]
            known = self._ports.kept_versions.known(context.repository_id, name, uuids_of_table)
            fresh = [item for item in group if not item.is_among(known, KeptKind.WAITING)]
            self._add_our_versions(ours, fresh)
            kept += [self._kept(item, item.outcome, context, ours) for item in fresh if item.outcome]
        return kept

    def _kept(self, item: Item, outcome: Outcome, context: Context, ours: dict[str, dict[int, str]]) -> Kept:
        name = item.plan.table.name
        return Kept(
            kind=KeptKind.WAITING if outcome.waits else _KEPT_KINDS.get(outcome.action, KeptKind.REFUSED),
            table=name,
            uuid=_storable(item.named_uuid),
            key=item.key,
            repository_id=context.repository_id,
            winner=outcome.winner,
            reason=outcome.reason,
            ours=ours.get(name, {}).get(item.key or 0),
            theirs=encode_record(as_kept(item, outcome, context.by_field), self._ports.schema),
            modified_on=(item.whole or item.record).modified_on,
            fingerprint=item.fingerprint(),
            missing=awaited(item),
            again=outcome.again,
            retry_on=outcome.retry_on,
            row=item.kept_row if outcome.action is Action.REJECTED else None,
        )


def _storable(uuid: str | None) -> str | None:
    return uuid if uuid is None or len(uuid) <= LONGEST_IDENTIFIER else None


def _name_new_records(batch: Batch) -> None:
    """Give a uuid to new records without one, before anything refers to them."""
    for item in batch.items:
        if item.uuid is None and item.is_new and item.outcome is None:
            item.uuid = f"urn:uuid:{uuids.uuid4()}"


def _reason_message(reason: str) -> Message:
    known = DecisionReason.of(reason)
    return Message("", reason) if known is None else known.message


def _account(report: Report, batch: Batch, main: str) -> None:
    """Count the outcomes of a batch, and list what a person and the sender are told."""
    of_main, made, rejected = Role.MAIN, Action.CREATED, Action.REJECTED
    all_actions: list[tuple[str, Action]] = []
    actions: list[Action] = []
    created: list[int] = []
    updated: list[int] = []
    deleted: list[int] = []
    for item in batch.items:
        outcome = item.outcome
        if outcome is None:
            continue
        action = outcome.action
        all_actions.append((outcome.table, action))
        if outcome.warnings or action in _TOLD:
            _tell(report, item, outcome)
        if item.role is of_main and outcome.table == main:
            actions.append(action)
            if outcome.reason and item.is_barred:
                report.barred += [item.label()] if len(report.barred) < MAX_FAILURES else []
                continue
            if outcome.record_id is not None and action is not rejected:
                listed = created if action is made else deleted if item.record.deleted else updated
                listed.append(outcome.record_id)
    for (table, action), count in Counter(all_actions).items():
        report.counts[action] += count
        report.by_table.setdefault(table, Counter())[action] += count
    report.main.update(actions)
    report.list_keys(created, updated, deleted)


def _tell(report: Report, item: Item, outcome: Outcome) -> None:
    """Add what a person is told of a record."""
    if outcome.action is Action.REJECTED and len(report.failures) < MAX_FAILURES:
        report.failures.append((item.record, outcome))
    elif outcome.action is Action.CONFLICT and len(report.conflicts) < MAX_FAILURES:
        report.conflicts.append(
            Sentence.RECORD_CONFLICT.say(record=item.label(), reason=_reason_message(outcome.reason))
        )
    if outcome.warnings and len(report.warnings) < MAX_FAILURES:
        report.warnings.extend(f"{item.label()}: {warning}" for warning in outcome.warnings)
