"""Dry runs: an import is planned, but nothing is written.

What only writing can show stays unknown: that the database refuses a row, or that a record cannot be deleted because
others need it.
"""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

from ...core.policy import Terms
from ...core.records import Action, Record
from ...wire.protocol.dry_run import DryRunRecord, DryRunResult
from ...wire.s3xml import encode_record
from ...wire.s3xml.document import Document
from ..ports import Ports
from .context import Context
from .gather import Gatherer
from .items import Item, Role
from .losses import Snapshot
from .plan import Planner

#: Number of records per kind of outcome that are shown with their differences.
EXAMPLES = 5

#: The order in which a person wants to see the outcomes.
_ORDER = (
    Action.CONFLICT,
    Action.REJECTED,
    Action.DELETED,
    Action.MERGED,
    Action.UPDATED,
    Action.CREATED,
    Action.SKIPPED,
)


class Fate(NamedTuple):
    """What would become of one main record.

    Attributes:
        record: the record.
        action: the expected outcome.
        reason: why, for a person, "" for the plain cases.
    """

    record: Record
    action: Action
    reason: str


class DryRun:
    """Plans imports without writing them.

    Args:
        ports: the ports of the site.
        snapshot: writes records of this site as S3XML.
    """

    def __init__(
        self,
        ports: Ports,
        snapshot: Snapshot,
    ) -> None:
        self._ports = ports
        self._snapshot = snapshot

    def of_document(self, document: Document, terms: Terms, context: Context, most: int) -> DryRunResult:
        """Return the expected outcomes of the first main records of a document.

        Args:
            document: the document; its main table decides what would be imported.
            terms: strategy and policies.
            context: where it comes from.
            most: maximum number of main records to examine.

        Raises:
            DocumentError: it cannot be read.
        """
        gatherer = Gatherer(self._ports.schema, document, context.own_domain, terms.components)
        planner = Planner(self._ports, gatherer, terms, context, looks=True)
        records = next(document.batches(most), [])
        batch = gatherer.batch(records)
        planner.plan(batch)
        main = [item for item in batch.items if item.role is Role.MAIN]
        others = [item for item in batch.items if item.role is not Role.MAIN]
        counts: "Counter[str]" = Counter(_fate(item).value for item in main)
        return DryRunResult(
            looked=len(records),
            outcomes=dict(counts),
            others=sum(_changes(item) for item in others),
            examples=tuple(self._examples(main)),
        )

    def each_of(self, document: Document, terms: Terms, context: Context, most: int) -> list[Fate]:
        """Return what would become of each of the first main records of a document, in their order.

        One that an import takes after another, because both may be for the same record, is looked at as if that was not
        written: what comes twice may be told as created twice.

        Args:
            document, terms, context, most: as for ``of_document``.

        Raises:
            DocumentError: it cannot be read.
        """
        gatherer = Gatherer(self._ports.schema, document, context.own_domain, terms.components)
        planner = Planner(self._ports, gatherer, terms, context, looks=True)
        records = next(document.batches(most), [])
        places = {id(record): place for place, record in enumerate(records)}
        fates: dict[int, Fate] = {}
        batch = gatherer.batch(records)
        while batch.items:
            planner.plan(batch)
            for item in batch.items:
                if item.role is Role.MAIN:
                    fates[places[id(item.whole or item.record)]] = Fate(item.record, _fate(item), _why(item))
            batch = gatherer.again(batch)
        return [fates[place] for place in sorted(fates)]

    def _examples(self, items: list[Item]) -> list[DryRunRecord]:
        chosen: list[Item] = []
        for action in _ORDER:
            chosen += [item for item in items if _fate(item) is action][:EXAMPLES]
        if not chosen:
            return []
        table = chosen[0].plan.table
        keys = [item.key for item in chosen if item.key is not None and not item.is_barred]
        present: dict[int, str] = self._snapshot(table, keys) if keys else {}
        return [self._foreseen(item, present) for item in chosen]

    def _foreseen(self, item: Item, present: dict[int, str]) -> DryRunRecord:
        outcome, decision = item.outcome, item.decision
        return DryRunRecord(
            action=_fate(item).value,
            uuid=item.record.uuid,
            reason=_why(item),
            winner=decision.winner if outcome is None and decision else None,
            present=present.get(item.key) if item.key is not None else None,
            incoming=encode_record(item.whole or item.record, self._ports.schema),
        )


def _why(item: Item) -> str:
    outcome, decision = item.outcome, item.decision
    reasons = [outcome.reason if outcome is not None else decision.reason_text if decision else ""]
    if outcome is not None:
        reasons += [f"{name}: {error.message}" for name, error in outcome.errors.items()]
    return "; ".join(dict.fromkeys(each for each in reasons if each))


def _fate(item: Item) -> Action:
    if item.outcome is not None:
        return item.outcome.action
    assert item.decision is not None
    return item.decision.action


def _changes(item: Item) -> bool:
    """Return whether a record that comes with a main record would change."""
    return item.outcome is None and item.decision is not None and item.decision.take
