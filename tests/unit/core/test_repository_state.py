"""The state of a repository, as a table: "in step" only where it is known that both sites hold the same."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from s3sync.core.repository_state import (
    LATE_AFTER,
    SILENT_AFTER,
    OpenRecords,
    Reason,
    RepositoryFacts,
    State,
    evaluate,
)
from s3sync.core.task import RunState

NOW = datetime(2026, 3, 1, 12)
AGO = NOW - timedelta(hours=1)
FINE = RepositoryFacts(
    run_state=RunState.COMPLETED, last_success=AGO, last_contact=AGO, next_run=NOW + timedelta(minutes=10)
)
VISITOR = RepositoryFacts(is_active=False, resources=0, last_contact=AGO)


@pytest.mark.parametrize(
    ("facts", "condition", "reason"),
    [
        (FINE, State.IN_STEP, Reason.EQUAL),
        (replace(FINE, next_run=None), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, is_active=False, rests="wrike"), State.UNKNOWN, Reason.RESTING),
        (replace(FINE, is_active=False, rests="ccrm", is_revoked=True), State.UNKNOWN, Reason.REVOKED),
        (replace(FINE, incoming=0), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, run_state=RunState.RUNNING, is_live=True), State.WORKING, Reason.RUNNING),
        (replace(FINE, run_state=RunState.RUNNING, is_live=True, undecided=3), State.WORKING, Reason.RUNNING),
        (
            replace(FINE, run_state=RunState.RUNNING, is_live=True, is_stopping=True),
            State.WORKING,
            Reason.STOPPING,
        ),
        (replace(FINE, run_state=RunState.RUNNING), State.ATTENTION, Reason.BROKEN_OFF),
        (replace(FINE, is_queued=True), State.WAITING, Reason.QUEUED),
        (replace(FINE, run_state=RunState.FAILED, is_queued=True), State.WAITING, Reason.QUEUED),
        (replace(FINE, is_queued=True, workers=0), State.ATTENTION, Reason.NO_WORKER),
        (replace(FINE, workers=0), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, run_state=RunState.FAILED), State.ATTENTION, Reason.FAILED),
        (replace(FINE, run_state=RunState.FAILED, undecided=1), State.ATTENTION, Reason.FAILED),
        (replace(FINE, resources=0), State.NEVER, Reason.NO_RESOURCES),
        (RepositoryFacts(), State.NEVER, Reason.NEVER_RUN),
        (replace(FINE, next_run=NOW - LATE_AFTER), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, next_run=NOW - 2 * LATE_AFTER), State.ATTENTION, Reason.LATE),
        (replace(FINE, next_run=NOW - 2 * LATE_AFTER, workers=0), State.ATTENTION, Reason.NO_WORKER),
        (RepositoryFacts(next_run=NOW - 2 * LATE_AFTER, workers=0), State.ATTENTION, Reason.NO_WORKER),
        (
            replace(FINE, next_run=None, is_schedule_stopped=True),
            State.ATTENTION,
            Reason.SCHEDULE_STOPPED,
        ),
        (replace(FINE, undecided=1), State.ATTENTION, Reason.UNDECIDED),
        (replace(FINE, last_success=NOW - 2 * SILENT_AFTER), State.ATTENTION, Reason.SILENT),
        (replace(FINE, run_state=RunState.CANCELLED), State.WAITING, Reason.STOPPED),
        (replace(FINE, outgoing=1), State.WAITING, Reason.OUTGOING),
        (replace(FINE, outgoing=1, incoming=1), State.WAITING, Reason.OUTGOING),
        (replace(FINE, incoming=1), State.WAITING, Reason.INCOMING),
        # whatever keeps two sites from holding the same has a reason of its own
        (replace(FINE, incoming=1, not_asked=1), State.WAITING, Reason.INCOMING),
        (replace(FINE, not_asked=1), State.WAITING, Reason.NOT_ASKED),
        (replace(FINE, here=OpenRecords(deletions=1)), State.WAITING, Reason.DELETIONS),
        (replace(FINE, here=OpenRecords(references=1)), State.WAITING, Reason.REFERENCES),
        (replace(FINE, here=OpenRecords(files=1)), State.WAITING, Reason.FILES),
        (replace(FINE, here=OpenRecords(refused=1)), State.DIFFERENT, Reason.BY_RULE),
        (replace(FINE, here=OpenRecords(given_up=1)), State.DIFFERENT, Reason.GIVEN_UP),
        (replace(FINE, here=OpenRecords(elsewhere=1)), State.UNKNOWN, Reason.ELSEWHERE),
        (replace(FINE, here=OpenRecords(elsewhere=1), confirms=False), State.UNKNOWN, Reason.ELSEWHERE),
        (replace(VISITOR, here=OpenRecords(elsewhere=1)), State.UNKNOWN, Reason.ELSEWHERE),
        (replace(FINE, files_there=1), State.WAITING, Reason.FILES_THERE),
        (replace(FINE, there=OpenRecords(rejected=1)), State.ATTENTION, Reason.REFUSED_THERE),
        (replace(FINE, there=OpenRecords(rejected=1), undecided=1), State.ATTENTION, Reason.UNDECIDED),
        (replace(FINE, there=OpenRecords(rejected=1), outgoing=1), State.ATTENTION, Reason.REFUSED_THERE),
        (replace(FINE, there=OpenRecords(conflicts=1)), State.WAITING, Reason.OPEN_THERE),
        (replace(FINE, there=OpenRecords(deletions=1)), State.WAITING, Reason.OPEN_THERE),
        (replace(FINE, there=OpenRecords(references=1)), State.WAITING, Reason.OPEN_THERE),
        (replace(FINE, there=OpenRecords(files=1)), State.WAITING, Reason.OPEN_THERE),
        (replace(FINE, there=OpenRecords(refused=1)), State.DIFFERENT, Reason.BY_RULE),
        (replace(FINE, here=OpenRecords(left=1)), State.DIFFERENT, Reason.BY_DECISION),
        (replace(FINE, there=OpenRecords(left=1)), State.DIFFERENT, Reason.BY_DECISION),
        (replace(FINE, here=OpenRecords(left=1, refused=1)), State.DIFFERENT, Reason.BY_RULE),
        (replace(FINE, skew=7200.0), State.ATTENTION, Reason.CLOCK),
        (replace(FINE, skew=-61.0), State.ATTENTION, Reason.CLOCK),
        (replace(FINE, skew=60.0), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, skew=90.0, clock_warning=120.0), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, skew=7200.0, run_state=RunState.FAILED), State.ATTENTION, Reason.FAILED),
        # a clock that is off needs attention whatever is to be done first
        (replace(FINE, skew=7200.0, run_state=None), State.ATTENTION, Reason.NEVER_RUN),
        (replace(FINE, skew=-7200.0, resources=0), State.ATTENTION, Reason.NO_RESOURCES),
        (replace(FINE, skew=7200.0, run_state=RunState.RUNNING, is_live=True), State.WORKING, Reason.RUNNING),
        (replace(FINE, confirms=False), State.UNKNOWN, Reason.UNCONFIRMED),
        (replace(FINE, confirms=False, outgoing=1), State.WAITING, Reason.OUTGOING),
        (replace(FINE, tells=False), State.IN_STEP, Reason.EQUAL),
        (replace(FINE, has_fetched=False), State.IN_STEP, Reason.EQUAL),
        (VISITOR, State.IN_STEP, Reason.EQUAL),
        (replace(VISITOR, workers=0), State.IN_STEP, Reason.EQUAL),
        (replace(VISITOR, last_contact=None), State.NEVER, Reason.NO_CONTACT),
        (replace(VISITOR, undecided=1), State.ATTENTION, Reason.UNDECIDED),
        (replace(VISITOR, has_fetched=False), State.NEVER_FETCHED, Reason.NEVER_FETCHED),
        (replace(VISITOR, has_fetched=False, outgoing=9), State.NEVER_FETCHED, Reason.NEVER_FETCHED),
        (
            replace(VISITOR, has_fetched=False, last_contact=NOW - 2 * SILENT_AFTER),
            State.NEVER_FETCHED,
            Reason.NEVER_FETCHED,
        ),
        (replace(VISITOR, outgoing=9), State.WAITING, Reason.BEHIND),
        (replace(VISITOR, tells=False), State.UNKNOWN, Reason.NOT_TOLD),
        (replace(VISITOR, tells=False, outgoing=9), State.WAITING, Reason.BEHIND),
        (replace(VISITOR, there=OpenRecords(rejected=2)), State.ATTENTION, Reason.REFUSED_THERE),
        (replace(VISITOR, skew=7200.0), State.ATTENTION, Reason.CLOCK),
        (replace(VISITOR, last_contact=NOW - 2 * SILENT_AFTER), State.ATTENTION, Reason.SILENT),
    ],
)
def test_how_a_repository_stands(facts: RepositoryFacts, condition: State, reason: Reason) -> None:
    assert evaluate(facts, NOW) == (condition, reason)
