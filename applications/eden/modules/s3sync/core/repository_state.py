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
    NEVER_FETCHED = "never_fetched"
    DIFFERENT = "different"
    UNKNOWN = "unknown"
    IN_STEP = "in_step"


class Reason(str, enum.Enum):
    """Why a repository is in its state."""

    RUNNING = "running"
    STOPPING = "stopping"
    NO_WORKER = "no_worker"
    QUEUED = "queued"
    REVOKED = "revoked"
    RESTING = "resting"
    NOT_APPROVED = "not_approved"
    NO_CONTACT = "no_contact"
    NO_RESOURCES = "no_resources"
    NOT_ALLOWED = "not_allowed"
    NEVER_RUN = "never_run"
    FAILED = "failed"
    BROKEN_OFF = "broken_off"
    LATE = "late"
    SCHEDULE_STOPPED = "schedule_stopped"
    UNDECIDED = "undecided"
    REFUSED_THERE = "refused_there"
    PRESCRIBED = "prescribed"
    CLOCK = "clock"
    NEVER_FETCHED = "never_fetched"
    SILENT = "silent"
    STOPPED = "stopped"
    OUTGOING = "outgoing"
    BEHIND = "behind"
    INCOMING = "incoming"
    NOT_ASKED = "not_asked"
    DELETIONS = "deletions"
    REFERENCES = "references"
    FILES = "files"
    GIVEN_UP = "given_up"
    ELSEWHERE = "elsewhere"
    FILES_THERE = "files_there"
    OPEN_THERE = "open_there"
    BY_RULE = "by_rule"
    BY_DECISION = "by_decision"
    UNCONFIRMED = "unconfirmed"
    NOT_TOLD = "not_told"
    EQUAL = "equal"


class RepositoryState(NamedTuple):
    """The state of a repository, and the reason."""

    condition: State
    reason: Reason


_CONDITIONS = {
    Reason.RUNNING: State.WORKING,
    Reason.STOPPING: State.WORKING,
    Reason.QUEUED: State.WAITING,
    Reason.REVOKED: State.UNKNOWN,
    Reason.RESTING: State.UNKNOWN,
    Reason.NO_CONTACT: State.NEVER,
    Reason.NO_RESOURCES: State.NEVER,
    Reason.NEVER_RUN: State.NEVER,
    Reason.STOPPED: State.WAITING,
    Reason.NEVER_FETCHED: State.NEVER_FETCHED,
    Reason.OUTGOING: State.WAITING,
    Reason.BEHIND: State.WAITING,
    Reason.INCOMING: State.WAITING,
    Reason.NOT_ASKED: State.WAITING,
    Reason.DELETIONS: State.WAITING,
    Reason.REFERENCES: State.WAITING,
    Reason.FILES: State.WAITING,
    Reason.FILES_THERE: State.WAITING,
    Reason.OPEN_THERE: State.WAITING,
    Reason.BY_RULE: State.DIFFERENT,
    Reason.BY_DECISION: State.DIFFERENT,
    Reason.GIVEN_UP: State.DIFFERENT,
    Reason.ELSEWHERE: State.UNKNOWN,
    Reason.UNCONFIRMED: State.UNKNOWN,
    Reason.NOT_TOLD: State.UNKNOWN,
    Reason.EQUAL: State.IN_STEP,
}


class OpenRecords(NamedTuple):
    """The records of one site that the other one has not (or not completely) taken.

    Attributes:
        rejected: number of records that could not be stored.
        conflicts: number of conflicts that nobody has decided.
        refused: number of versions that the rules of a resource refused.
        deletions: number of deletions that wait until others refer to the records no more.
        references: number of references to records that have not arrived.
        files: number of files that have not arrived.
        given_up: number of files that have not arrived, and that a person asks for no more.
        elsewhere: number of references and files of records that both exchange, and that another site has not brought.
        left: number of records that a person left as they are, though the version that came was not taken.
    """

    rejected: int = 0
    conflicts: int = 0
    refused: int = 0
    deletions: int = 0
    references: int = 0
    files: int = 0
    given_up: int = 0
    elsewhere: int = 0
    left: int = 0


_NOTHING_OPEN = OpenRecords()


@dataclass(frozen=True)
class RepositoryFacts:
    """What is known of a repository. All times are UTC.

    Attributes:
        is_active: whether this site begins the exchange; otherwise it waits for the other one.
        resources: number of resources that our own runs exchange.
        not_allowed: number of these that the other site does not let this one exchange in any direction.
        run_state: state of the last run; None before the first.
        is_live: whether a worker is working on that run now.
        is_prescription_open: whether the other site prescribes what is not carried out here.
        rests: the type of the repository, where this site has none of that name; "" else.
        is_revoked: whether an administrator has taken away what the other site may do here.
        is_waiting: whether the other site registered, and waits for the approval of an administrator here.
        is_stopping: whether a person has asked it to stop.
        last_success: when the last complete run ended.
        last_contact: when the other site last made contact.
        is_queued: whether a run that a person asked for is waiting for a worker.
        next_run: when the next run is scheduled, None if none is.
        next_try: when a run that failed is tried again before that, None if it is not.
        is_schedule_stopped: whether an enabled job exists that the scheduler has given up.
        workers: number of workers alive.
        undecided: number of conflicts and rejected records that need a decision.
        outgoing: number of records waiting to be sent or fetched.
        incoming: number of records waiting at the other site, as far as it has told.
        not_asked: number of resources of which it is not known how many records wait at the other site.
        here: what of the other site is open here besides what is undecided.
        there: what of ours is open at the other site.
        files_there: number of files that the other site still needs from here.
        skew: seconds by which the clock of the other site is ahead, None if unknown.
        clock_warning: seconds from which on that is too much.
        has_fetched: whether the other site, where it begins, has confirmed or brought anything.
        tells: whether the other site, where it begins, has told that its run is complete and what it did not take.
        confirms: whether the other site confirms what was sent to it.
    """

    is_active: bool = True
    resources: int = 1
    not_allowed: int = 0
    run_state: RunState | None = None
    is_live: bool = False
    is_prescription_open: bool = False
    rests: str = ""
    is_revoked: bool = False
    is_waiting: bool = False
    is_stopping: bool = False
    last_success: datetime | None = None
    last_contact: datetime | None = None
    is_queued: bool = False
    next_run: datetime | None = None
    next_try: datetime | None = None
    is_schedule_stopped: bool = False
    workers: int = 1
    undecided: int = 0
    outgoing: int = 0
    incoming: int = 0
    not_asked: int = 0
    here: OpenRecords = _NOTHING_OPEN
    there: OpenRecords = _NOTHING_OPEN
    files_there: int = 0
    skew: float | None = None
    clock_warning: float = 60.0
    has_fetched: bool = True
    tells: bool = True
    confirms: bool = True

    @property
    def is_clock_off(self) -> bool:
        """Whether the clocks of both sites differ by more than the settings allow."""
        return self.skew is not None and abs(self.skew) > self.clock_warning


def evaluate(facts: RepositoryFacts, now: datetime) -> RepositoryState:
    """Return the state of a repository.

    Args:
        facts: what is known of it.
        now: the current time (UTC).
    """
    reason = _reason(facts, now)
    condition = _CONDITIONS.get(reason, State.ATTENTION)
    if facts.is_clock_off and condition is not State.WORKING:
        # Whatever else there is to do first: a wrong clock decides what is newer in every run until it is set.
        condition = State.ATTENTION
    return RepositoryState(condition, reason)


def _reason(facts: RepositoryFacts, now: datetime) -> Reason:
    """Return the reason that an administrator has to know first."""
    if facts.is_revoked:
        return Reason.REVOKED
    if facts.rests:
        return Reason.RESTING
    if facts.is_waiting and not facts.is_active:
        return Reason.NOT_APPROVED
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
    return _needs_a_person(facts) or _out_of_touch(facts, now) or _waits(facts) or _not_known(facts)


def _needs_a_person(facts: RepositoryFacts) -> Reason | None:
    """Return what a person has to do something about, None if nothing."""
    if facts.undecided:
        return Reason.UNDECIDED
    if facts.there.rejected:
        return Reason.REFUSED_THERE
    if facts.is_prescription_open:
        return Reason.PRESCRIBED
    return Reason.CLOCK if facts.is_clock_off else None


def _out_of_touch(facts: RepositoryFacts, now: datetime) -> Reason | None:
    """Return why what is known may be out of date, None if it is not."""
    if not facts.is_active and not facts.has_fetched:
        return Reason.NEVER_FETCHED
    heard = facts.last_success if facts.is_active else facts.last_contact
    if heard is not None and now - heard > SILENT_AFTER:
        return Reason.SILENT
    return Reason.STOPPED if facts.run_state is RunState.CANCELLED and facts.is_active else None


def _waits(facts: RepositoryFacts) -> Reason | None:
    """Return what waits, here or there, or differs as the rules want it; None if nothing does."""
    here, there = facts.here, facts.there
    causes = (
        (facts.outgoing, Reason.OUTGOING if facts.is_active else Reason.BEHIND),
        (facts.incoming, Reason.INCOMING),
        (facts.not_asked, Reason.NOT_ASKED),
        (here.deletions, Reason.DELETIONS),
        (here.references, Reason.REFERENCES),
        (here.files, Reason.FILES),
        (facts.files_there, Reason.FILES_THERE),
        (there.conflicts + there.deletions + there.references + there.files, Reason.OPEN_THERE),
        (here.refused + there.refused, Reason.BY_RULE),
        (here.left + there.left, Reason.BY_DECISION),
        (here.given_up, Reason.GIVEN_UP),
    )
    return next((reason for count, reason in causes if count), None)


def _not_known(facts: RepositoryFacts) -> Reason:
    """Return why it is not known whether both sites hold the same, EQUAL if it is known that they do."""
    if facts.here.elsewhere:
        return Reason.ELSEWHERE
    if not facts.confirms:
        return Reason.UNCONFIRMED
    return Reason.EQUAL if facts.is_active or facts.tells else Reason.NOT_TOLD


def _trouble_of_active(facts: RepositoryFacts, now: datetime) -> Reason | None:
    """Return what prevents our own runs from succeeding, None if nothing does."""
    if not facts.resources:
        return Reason.NO_RESOURCES
    if facts.run_state is RunState.FAILED:
        return Reason.FAILED
    if facts.not_allowed >= facts.resources:
        return Reason.NOT_ALLOWED
    if facts.run_state is RunState.RUNNING:
        return Reason.BROKEN_OFF
    if facts.next_run is not None and now - facts.next_run > LATE_AFTER:
        return Reason.LATE if facts.workers else Reason.NO_WORKER
    if facts.is_schedule_stopped:
        return Reason.SCHEDULE_STOPPED
    return Reason.NEVER_RUN if facts.run_state is None else None
