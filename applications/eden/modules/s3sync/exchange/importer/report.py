"""What became of the records of a document, and the problems to report."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from ...core.kept import DecidedElsewhere
from ...core.limits import MOST_PROBLEMS
from ...core.messages import Message, Sentence, Text
from ...core.records import Action, Outcome, Record

T = TypeVar("T")

#: Maximum number of failures in a report, for the reply; every rejected record is kept in any case.
MAX_FAILURES = 1000

#: Maximum number of keys of each kind in a report: those of a million records would fill the memory.
MAX_LISTED = 20_000


@dataclass
class Report:
    """What became of the records of a document.

    Attributes:
        counts: action -> number of all records, components and referenced records included.
        main: action -> number of records of the main table.
        by_table: table -> action -> number of records.
        created, updated, deleted: keys of records of the main table, at most MAX_LISTED each.
        failures: rejected records with their outcomes, at most MAX_FAILURES.
        warnings: what was left out of stored records.
        conflicts: a line for each conflict: the record and how it was resolved, at most MAX_FAILURES.
        barred: names of main records that their sender must not write, at most MAX_FAILURES; all count as skipped.
        decided: decisions of other sites on conflicts that were open here.
    """

    counts: "Counter[Action]" = field(default_factory=Counter)
    main: "Counter[Action]" = field(default_factory=Counter)
    by_table: dict[str, "Counter[Action]"] = field(default_factory=dict)
    created: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    failures: list[tuple[Record, Outcome]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    conflicts: list[Message] = field(default_factory=list)
    barred: list[str] = field(default_factory=list)
    decided: list[DecidedElsewhere] = field(default_factory=list)

    @property
    def total(self) -> int:
        """The number of records examined."""
        return sum(self.counts.values())

    @property
    def outcomes(self) -> dict[str, int]:
        """Outcome by name -> number of records of the main table, without those that did not occur."""
        return {action.value: count for action, count in self.main.items() if count}

    @property
    def has_taken(self) -> bool:
        """Whether any main record was not rejected."""
        return any(count for action, count in self.main.items() if action is not Action.REJECTED)

    def without_rejected(self) -> "Report":
        """Return the report without rejected records, which are tried once more."""
        return replace(
            self,
            counts=_taken(self.counts),
            main=_taken(self.main),
            by_table={table: _taken(counts) for table, counts in self.by_table.items()},
            failures=[],
        )

    def add(self, other: "Report") -> None:
        """Add the report of another batch or page."""
        self.counts.update(other.counts)
        self.main.update(other.main)
        for table, counts in other.by_table.items():
            self.by_table.setdefault(table, Counter()).update(counts)
        self.list_keys(other.created, other.updated, other.deleted)
        _fill(self.failures, other.failures, MAX_FAILURES)
        _fill(self.warnings, other.warnings, MAX_FAILURES)
        _fill(self.conflicts, other.conflicts, MAX_FAILURES)
        _fill(self.barred, other.barred, MAX_FAILURES)
        self.decided += other.decided

    def list_keys(self, created: Sequence[int], updated: Sequence[int], deleted: Sequence[int]) -> None:
        """Add keys of records of the main table, as far as there is room for them."""
        _fill(self.created, created, MAX_LISTED)
        _fill(self.updated, updated, MAX_LISTED)
        _fill(self.deleted, deleted, MAX_LISTED)

    def add_others(self, other: "Report") -> None:
        """Add the report of records of other tables: their keys are not listed."""
        self.add(replace(other, created=[], updated=[], deleted=[]))


def _taken(counts: "Counter[Action]") -> "Counter[Action]":
    return Counter({action: count for action, count in counts.items() if action is not Action.REJECTED})


def _fill(listed: list[T], more: Sequence[T], most: int) -> None:
    # One record may have brought more warnings than there was room for.
    listed.extend(more[: max(0, most - len(listed))])


def problems_of(report: Report) -> list[Text]:
    """Return a line for each rejected record, conflict and warning of an import, bounded."""
    lines: list[Text] = []
    for record, outcome in report.failures:
        reasons = [f"{name}: {error.message}" for name, error in outcome.errors.items()]
        reason = "; ".join(reasons) or outcome.reason or "rejected"
        name = f"{outcome.table} {outcome.uuid or record.uuid or '(no uuid)'}"
        lines.append(Sentence.RECORD_REJECTED.say(record=name, reason=reason))
    lines += report.conflicts
    lines += [Sentence.RECORD_NOT_ALLOWED.say(record=name) for name in report.barred]
    lines += report.warnings
    return lines[:MOST_PROBLEMS]
