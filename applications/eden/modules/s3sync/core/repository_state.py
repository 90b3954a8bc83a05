"""How a repository stands: is it in step, and if not, why.

One pure function decides, from what the database knows of the repository; the screens put the reason into words.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple

#: A site that was in step, and of which nothing was heard for so long, deserves a look.
SILENT_AFTER = timedelta(days=7)
#: A run that is due, and has not begun for so long, deserves a look.
LATE_AFTER = timedelta(minutes=5)


class State(str, enum.Enum):
    """The states that an administrator sees, the most urgent first."""

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
    """How a repository stands, and why."""

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
        is_active: whether this site begins the exchange; else it waits for the other one.
        resources: how many resources are exchanged by our own runs.
        run_state: of the last run: running, completed, failed or cancelled; None before the first.
        is_live: whether somebody works on that run now.
        is_stopping: whether a person has asked it to stop.
        last_success: when the last complete run ended.
        last_contact: when the other site was last heard of.
        is_queued: whether a run that a person asked for waits for a worker.
        next_run: when the schedule has the next one; None where it is not on the schedule.
        is_schedule_stopped: whether it has a job that is to run and that the scheduler has given up.
        workers: how many workers are alive.
        undecided: conflicts and rejected records that wait for a decision.
        outgoing: records that wait to be sent or fetched.
        incoming: records that wait at the other site, as far as it has told; None where it has not.
    """

    is_active: bool = True
    resources: int = 1
    run_state: str | None = None
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
    """Return how a repository stands.

    Args:
        facts: what is known of it.
        now: the present time (UTC).
    """
    reason = _reason(facts, now)
    return RepositoryState(_CONDITIONS.get(reason, State.ATTENTION), reason)


def _reason(facts: RepositoryFacts, now: datetime) -> Reason:
    """Return what an administrator has to hear first."""
    if facts.run_state == "running" and facts.is_live:
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
    if facts.run_state == "cancelled" and facts.is_active:
        return Reason.STOPPED
    if facts.outgoing:
        return Reason.OUTGOING
    return Reason.INCOMING if facts.incoming else Reason.EQUAL


def _trouble_of_active(facts: RepositoryFacts, now: datetime) -> Reason | None:
    """Return what keeps our own runs from doing their work, None where nothing does."""
    if not facts.resources:
        return Reason.NO_RESOURCES
    if facts.run_state == "failed":
        return Reason.FAILED
    if facts.run_state == "running":
        return Reason.BROKEN_OFF
    if facts.next_run is not None and now - facts.next_run > LATE_AFTER:
        return Reason.LATE if facts.workers else Reason.NO_WORKER
    if facts.is_schedule_stopped:
        return Reason.SCHEDULE_STOPPED
    return Reason.NEVER_RUN if facts.run_state is None else None
