"""Why a repository is in its state: what of the message of a failed run is told."""

from __future__ import annotations

import pytest

from s3sync.engine import Failure, RunReport
from s3sync.errors import PeerUnreachable
from s3sync.screens.reasons import LONGEST, failure_of


def told(*failures: tuple[str, str]) -> str:
    error = PeerUnreachable("No route; none at all.", hint="Check the line.")
    message = RunReport(failures=[Failure(name, mode, error) for name, mode in failures]).summary()
    return failure_of(str, message)


def test_only_the_first_resource_that_failed_is_told_whole() -> None:
    reason = "org_organisation (pull): No route; none at all. Check the line."
    assert told(("org_organisation", "pull")) == reason
    assert told(("org_organisation", "pull"), ("org_office", "pull")) == f"{reason} 1 more resource failed."
    many = [("org_organisation", "pull"), *((f"org_table_{number}", "push") for number in range(40))]
    assert told(*many) == f"{reason} 40 more resources failed."


def test_a_resource_that_failed_both_ways_is_one() -> None:
    assert told(("org_office", "pull"), ("org_office", "push")).count("failed") == 0


@pytest.mark.parametrize("message", [None, "", "  "])
def test_a_run_without_a_message_has_no_reason(message: str) -> None:
    assert failure_of(str, message) == ""


def test_a_long_reason_is_cut() -> None:
    assert failure_of(str, "x" * 1000) == "x" * LONGEST + "…"
