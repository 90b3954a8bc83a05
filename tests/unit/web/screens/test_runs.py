"""Runs on the screens: what became of their records."""

from __future__ import annotations

from datetime import datetime

from s3sync.core.task import RunState
from s3sync.database.runs import Run
from s3sync.web.screens.runs import totals


def test_all_outcomes_are_told_in_their_order_without_those_that_did_not_occur() -> None:
    run = Run(1, 2, RunState.COMPLETED, datetime(2026, 7, 1), rejected=2, conflicts=3, created=12_000, sent=7)
    assert totals(str, run) == "12\u202f000 created, 3 in conflict, 2 rejected"


def test_a_run_that_received_nothing_says_so() -> None:
    assert totals(str, Run(1, 2, RunState.COMPLETED, datetime(2026, 7, 1), sent=7)) == "nothing"
