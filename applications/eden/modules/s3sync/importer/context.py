"""What an import is told, and what it tells."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Callable

from ..ports import nowhere
from ..records import Action, Outcome, Record

#: Most failures kept in a report for the reply; every one is in the ledger in any case.
MAX_FAILURES = 1000

#: Most keys of each kind listed in a report: a document of a million records must not fill the memory with them.
MAX_LISTED = 20_000


def unknown(table: str) -> datetime | None:
    """Return None: of no table it is known which versions were seen."""
    return None


@dataclass(frozen=True)
class Context:
    """Where a document comes from.

    Attributes:
        repository_id: the repository that sent it, None for an import by hand (plain REST).
        exchanged: journal position up to which the repository knows our changes; None where conflicts are not
            detected (an import by hand speaks the last word).
        delivered: table -> journal position up to which the repository has got our changes of that table.
        clears: whether the sender can clear every field. An Eden cannot clear numbers, dates and references: where
            its version of the same second has a value that we cleared, that is our own change coming back.
        known: table -> time (UTC) before which every version of the sender was seen. An Eden may send again what did
            not change there since; that makes no conflict of a later change here. None where nothing is known.
        own_domain: domain that is stripped from identifiers, None for none.
        user_id: account on whose behalf the records are written, None for the system.
        max_ahead: how far in the future a time may lie before its record is rejected.
    """

    repository_id: int | None = None
    exchanged: int | None = None
    delivered: Callable[[str], int] = nowhere
    clears: bool = True
    known: Callable[[str], datetime | None] = unknown
    own_domain: str | None = None
    user_id: int | None = None
    max_ahead: timedelta = timedelta(hours=24)


@dataclass
class Report:
    """What became of the records of a document.

    Attributes:
        counts: outcomes of all records, components and referenced records included.
        main: outcomes of the records of the main table.
        by_table: outcomes a table.
        created, updated, deleted: keys of records of the main table, at most MAX_LISTED of each.
        failures: rejected records with their outcomes, at most MAX_FAILURES.
        warnings: what was left out although a record was stored.
        conflicts: a line for each conflict: the record and how it was decided, at most MAX_FAILURES.
    """

    counts: "Counter[Action]" = field(default_factory=Counter)
    main: "Counter[Action]" = field(default_factory=Counter)
    by_table: dict[str, "Counter[Action]"] = field(default_factory=dict)
    created: list[int] = field(default_factory=list)
    updated: list[int] = field(default_factory=list)
    deleted: list[int] = field(default_factory=list)
    failures: list[tuple[Record, Outcome]] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)
    conflicts: list[str] = field(default_factory=list)

    @property
    def total(self) -> int:
        """How many records were looked at."""
        return sum(self.counts.values())

    def add(self, other: "Report") -> None:
        """Take in the report of a further batch or page."""
        self.counts.update(other.counts)
        self.main.update(other.main)
        for table, counts in other.by_table.items():
            self.by_table.setdefault(table, Counter()).update(counts)
        self.created.extend(other.created[: MAX_LISTED - len(self.created)])
        self.updated.extend(other.updated[: MAX_LISTED - len(self.updated)])
        self.deleted.extend(other.deleted[: MAX_LISTED - len(self.deleted)])
        self.failures.extend(other.failures[: MAX_FAILURES - len(self.failures)])
        self.warnings.extend(other.warnings[: MAX_FAILURES - len(self.warnings)])
        self.conflicts.extend(other.conflicts[: MAX_FAILURES - len(self.conflicts)])


class Vars(dict[str, Any]):
    """The values of a form, as attributes or items, None where there is none (as web2py's Storage)."""

    def __getattr__(self, name: str) -> Any:
        return self.get(name)

    def __setattr__(self, name: str, value: Any) -> None:
        self[name] = value


class HookForm:
    """What callbacks of the data model are given: a form with ``vars`` and ``errors``.

    Args:
        tablename: table of the record.
        values: the values to be written, with ``id`` once the record exists.
        record: the values of the record before, None on create.
    """

    def __init__(self, tablename: str, values: dict[str, Any], record: dict[str, Any] | None = None) -> None:
        self.table = tablename
        self.vars = Vars(values)
        self.errors = Vars()
        self.record = None if record is None else Vars(record)
