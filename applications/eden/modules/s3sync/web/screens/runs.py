"""Runs for the screens: state, duration, outcomes of the records."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, NamedTuple

from gluon import URL

from ...core.task import RunState
from ...database.runs import Run
from ...site import Site
from ...site.labels import Translate, resource_title
from .context import ScreenContext
from .words import states_and_units as states_and_units
from .words.run_failures import failure_of


class RunLine(NamedTuple):
    """A run in a list.

    Attributes:
        row: the run.
        state: its state as a badge.
        duration: its duration in words.
        received: number of records changed here.
        reason: the error, "" if there was none.
        log: address of its entries in the log.
    """

    row: Run
    state: Any
    duration: Any
    received: int
    reason: str
    log: str


class ResourceLine(NamedTuple):
    """The result of a run for one resource: its title, outcomes here in words, number of records sent."""

    title: str
    received: Any
    sent: int


def run_lines(screen: ScreenContext, rows: Iterable[Run], live: int | None) -> list[RunLine]:
    """Return runs for a list.

    Args:
        screen: the context.
        rows: the runs.
        live: the run with a live worker.
    """
    return [_run_line(screen, row, live) for row in rows]


def _run_line(screen: ScreenContext, row: Run, live: int | None) -> RunLine:
    T = screen.T
    is_live = row.state is RunState.RUNNING and row.id == live
    end = screen.now if is_live else row.finished_on
    seconds = (end - row.started_on).total_seconds() if end else None
    return RunLine(
        row,
        states_and_units.run_state(T, row, is_live),
        "" if seconds is None else states_and_units.span(T, max(0.0, seconds)),
        row.changed,
        failure_of(T, row) if row.state in (RunState.FAILED, RunState.CANCELLED) else "",
        URL("sync", "repository", args=[row.repository_id, "log"], vars={"run": row.id}),
    )


def resource_lines(site: Site, T: Translate, run: Run) -> list[ResourceLine]:
    """Return the results of a run for each resource with exchanged records."""
    return [
        ResourceLine(
            resource_title(site, name), told(T, entry.get("received") or {}), int(entry.get("sent") or 0)
        )
        for name, entry in sorted((run.details or {}).items())
    ]


def totals(T: Translate, run: Run) -> Any:
    """Return in words the outcomes of the records that a run received."""
    return told(T, {**run.received, "conflict": run.conflicts})


def told(T: Translate, counts: Any) -> Any:
    """Return outcomes of records in words."""
    parts = [
        T("%(count)s %(outcome)s") % {"count": states_and_units.number(counts[name]), "outcome": words}
        for name, words in states_and_units.outcomes(T).items()
        if counts.get(name)
    ]
    return ", ".join(str(part) for part in parts) if parts else T("nothing")
