"""The state of a repository: whether it is in sync, and if not, why.

One pure function decides, from what the database knows of the repository; the screens put the reason into words.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

from .task import RunState

#: A site that was in sync, but made no contact for so long, needs attention.
SILENT_AFTER = timedelta(days=7)
#: A run that is overdue for so long needs attention.
LATE_AFTER = timedelta(minutes=5)


class State(str, enum.Enum):
    """The states that an administrator sees, most urgent first."""

    ATTENTION = "attention"
    WORKING = "working"
    WAITING = "waiting"
    NEVER = "never"
    IN_STEP = "in_step"


class Reason(str, enum.Enum):
    """Why a repository is in its state."""

    RUNNING = "running"
    STOPPING = "stopping"
    NO_WORKER = "no_worker"
    QUEUED = "queued"
    NO_CONTACT = "no_contact"
    NO_RESOURCES = "no_resources"
    NEVER_RUN = "never_run"
    FAILED = "failed"
    BROKEN_OFF = "broken_off"
    LATE = "late"
    SCHEDULE_STOPPED = "schedule_stopped"
    UNDECIDED = "undecided"
    SILENT = "silent"
    STOPPED = "stopped"
    OUTGOING = "outgoing"
    INCOMING = "incoming"
    EQUAL = "equal"


class RepositoryState(NamedTuple):
    """The state of a repository, and the reason."""

    condition: State
    reason: Reason


_CONDITIONS = {
    Reason.RUNNING: State.WORKING,
    Reason.STOPPING: State.WORKING,
    Reason.QUEUED: State.WAITING,
    Reason.NO_CONTACT: State.NEVER,
    Reason.NO_RESOURCES: State.NEVER,
    Reason.NEVER_RUN: State.NEVER,
    Reason.STOPPED: State.WAITING,
    Reason.OUTGOING: State.WAITING,
    Reason.INCOMING: State.WAITING,
    Reason.EQUAL: State.IN_STEP,
}


@dataclass(frozen=True)
class RepositoryFacts:
    """What is known of a repository. All times are UTC.

    Attributes:
        is_active: whether this site begins the exchange; otherwise it waits for the other one.
        resources: number of resources that our own runs exchange.
        run_state: state of the last run; None before the first.
        is_live: whether a worker is working on that run now.
        is_stopping: whether a person has asked it to stop.
        last_success: when the last complete run ended.
        last_contact: when the other site last made contact.
        is_queued: whether a run that a person asked for is waiting for a worker.
        next_run: when the next run is scheduled, None if none is.
        is_schedule_stopped: whether an enabled job exists that the scheduler has given up.
        workers: number of workers alive.
        undecided: number of conflicts and rejected records that need a decision.
        outgoing: number of records waiting to be sent or fetched.
        incoming: number of records waiting at the other site, None if it has not told.
    """

    is_active: bool = True
    resources: int = 1
    run_state: RunState | None = None
    is_live: bool = False
    is_stopping: bool = False
    last_success: datetime | None = None
    last_contact: datetime | None = None
    is_queued: bool = False
    next_run: datetime | None = None
    is_schedule_stopped: bool = False
    workers: int = 1
    undecided: int = 0
    outgoing: int = 0
    incoming: int | None = None


def evaluate(facts: RepositoryFacts, now: datetime) -> RepositoryState:
    """Return the state of a repository.

    Args:
        facts: what is known of it.
        now: the current time (UTC).
    """
    reason = _reason(facts, now)
    return RepositoryState(_CONDITIONS.get(reason, State.ATTENTION), reason)


def _reason(facts: RepositoryFacts, now: datetime) -> Reason:
    """Return the reason that an administrator has to know first."""
    if facts.run_state is RunState.RUNNING and facts.is_live:
        return Reason.STOPPING if facts.is_stopping else Reason.RUNNING
    if facts.is_queued:
        return Reason.QUEUED if facts.workers else Reason.NO_WORKER
    if facts.is_active:
        trouble = _trouble_of_active(facts, now)
        if trouble is not None:
            return trouble
    elif facts.last_contact is None:
        return Reason.NO_CONTACT
    if facts.undecided:
        return Reason.UNDECIDED
    heard = facts.last_success if facts.is_active else facts.last_contact
    if heard is not None and now - heard > SILENT_AFTER:
        return Reason.SILENT
    if facts.run_state is RunState.CANCELLED and facts.is_active:
        return Reason.STOPPED
    if facts.outgoing:
        return Reason.OUTGOING
    return Reason.INCOMING if facts.incoming else Reason.EQUAL


def _trouble_of_active(facts: RepositoryFacts, now: datetime) -> Reason | None:
    """Return what prevents our own runs from succeeding, None if nothing does."""
    if not facts.resources:
        return Reason.NO_RESOURCES
    if facts.run_state is RunState.FAILED:
        return Reason.FAILED
    if facts.run_state is RunState.RUNNING:
        return Reason.BROKEN_OFF
    if facts.next_run is not None and now - facts.next_run > LATE_AFTER:
        return Reason.LATE if facts.workers else Reason.NO_WORKER
    if facts.is_schedule_stopped:
        return Reason.SCHEDULE_STOPPED
    return Reason.NEVER_RUN if facts.run_state is None else None
