"""Runs as typed objects: rows of sync_run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..core.task import Activity, RunState

#: The outcomes of received records that a run counts, by their columns.
COUNTED = ("created", "updated", "unchanged", "deleted", "merged", "skipped", "conflicts", "rejected")


@dataclass(frozen=True)
class Run:
    """A run with a repository. The names are those of the columns; all times are UTC.

    Attributes:
        id: its key.
        repository_id: the repository.
        state: its state.
        started_on: when it began.
        finished_on: when it ended, None while it is under way.
        manual: whether a person started it.
        stage: what it is doing (``Stage``).
        resource_name: name of the current table, None before the first.
        direction: the current direction.
        stage_since: since when it works on this table in this direction.
        done: number of records done of them.
        total: number of records in all of them, None if unknown.
        details: table -> outcomes of received records by name, and number of records sent.
        created, updated, unchanged, deleted, merged, skipped, conflicts, rejected: outcomes of received records.
        sent: number of records sent.
        bytes_received, bytes_sent: bytes on the line.
        line: how good the line was, as stored (``exchange.line.Line``).
        cancel_requested: whether a person asked to stop it.
        message: what there is to say about it.
        failures: what failed, as stored (``read_failures``).
        scheduler_run_id: the scheduler's run that made it, None if there is none.
    """

    id: int
    repository_id: int
    state: RunState
    started_on: datetime
    finished_on: datetime | None = None
    manual: bool = False
    stage: str | None = None
    resource_name: str | None = None
    direction: Activity | None = None
    stage_since: datetime | None = None
    done: int = 0
    total: int | None = None
    details: Mapping[str, Mapping[str, Any]] | None = None
    created: int = 0
    updated: int = 0
    unchanged: int = 0
    deleted: int = 0
    merged: int = 0
    skipped: int = 0
    conflicts: int = 0
    rejected: int = 0
    sent: int = 0
    bytes_received: int = 0
    bytes_sent: int = 0
    line: Mapping[str, Any] | None = None
    cancel_requested: bool = False
    message: str = ""
    failures: Sequence[Mapping[str, Any]] | None = None
    scheduler_run_id: int | None = None

    @classmethod
    def read(cls, row: Any) -> Run:
        """Return a run from its row; what was not selected, or is NULL, has its default."""
        found = {name: row.get(name) for name in cls.__dataclass_fields__}
        given = {name: value for name, value in found.items() if value is not None}
        given["state"] = RunState(given["state"])
        if given.get("direction"):
            given["direction"] = Activity(given["direction"])
        return cls(**given)

    @property
    def changed(self) -> int:
        """Number of records changed here."""
        return self.created + self.updated + self.deleted + self.merged

    @property
    def received(self) -> dict[str, int]:
        """Outcome -> number of received records."""
        return {name: getattr(self, name) for name in COUNTED}


def find(db: Any, query: Any, order: Any = None, most: int | None = None) -> list[Run]:
    """Return runs.

    Args:
        db: the DAL.
        query: pydal query for them.
        order: pydal order, None for any.
        most: maximum number, None for all.
    """
    limits = None if most is None else (0, most)
    return [Run.read(row) for row in db(query).select(db.sync_run.ALL, orderby=order, limitby=limits)]


def get(db: Any, run_id: int | None) -> Run | None:
    """Return a run, None if there is none."""
    found = find(db, db.sync_run.id == run_id) if run_id else []
    return found[0] if found else None
