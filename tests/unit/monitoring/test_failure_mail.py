"""When administrators are written to."""

from __future__ import annotations

import pytest

from s3sync.core.errors import NotAuthenticated, PeerUnreachable
from s3sync.core.task import Activity, RunState
from s3sync.exchange.run.failures import Failure
from s3sync.monitoring.failure_mail import failures_in_a_row, what_failed


@pytest.mark.parametrize(
    ("states", "count"),
    [
        ([], 0),
        (["completed", "failed"], 0),
        (["failed", "failed", "completed", "failed"], 2),
        (["failed", "cancelled", "failed"], 2),
        (["cancelled"], 0),
    ],
)
def test_failures_are_counted_back_to_the_last_success(states: list[str], count: int) -> None:
    assert failures_in_a_row([RunState(each) for each in states]) == count


def test_each_resource_that_failed_has_a_line_with_what_to_do() -> None:
    failed = [
        Failure("org_office", Activity.PULL, PeerUnreachable("No route.", hint="Check the line.")),
        Failure(None, Activity.PULL, NotAuthenticated("Wrong.", hint="Correct it.")),
    ]
    stored = [each.record()._asdict() for each in failed]
    assert what_failed(stored, "Of no use here", str.upper) == (
        "ORG_OFFICE: No route. Check the line.\nWrong. Correct it."
    )


def test_a_run_of_a_former_version_is_told_by_its_message() -> None:
    assert what_failed(None, "Failed: a (pull): No.", str.upper) == "Failed: a (pull): No."
    assert what_failed(None, None, str.upper) == ""
