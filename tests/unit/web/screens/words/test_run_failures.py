"""Why a repository is in its state: what of a failed run is told."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest

from s3sync.core.errors import NotPermitted, PeerUnreachable, SyncError
from s3sync.core.messages import Sentence
from s3sync.core.task import Activity
from s3sync.database.runs import Run
from s3sync.exchange.run.failures import Failure, RunBrokenOff
from s3sync.web.screens.words.run_failures import LONGEST, failure_of


def failed(message: str | None, failures: Any = None) -> Run:
    row = {"id": 1, "repository_id": 1, "state": "failed", "started_on": datetime(2026, 3, 1)}
    return Run.read({**row, "message": message, "failures": failures})


def title(name: str) -> str:
    return name.partition("_")[2].title()


def kept(*failures: Failure) -> Run:
    return failed("never looked at", [each.record()._asdict() for each in failures])


def told(*failures: tuple[str, str], odd: bool = False) -> str:
    error = PeerUnreachable("No route; org_site (pull): none at all", hint="Check the line.")
    found = [Failure(name, Activity(mode), error) for name, mode in failures]
    if odd:
        found[-1] = replace(found[-1], error=NotPermitted("You may not."))
    return failure_of(str, kept(*found), title)


def test_what_failed_is_told_by_its_title_and_the_kind_of_the_error() -> None:
    assert told(("org_office", "pull")) == "Office: The other site cannot be reached."
    assert told(("org_office", "pull"), ("org_site", "pull"), odd=True) == (
        "Office: The other site cannot be reached. 1 more resource failed."
    )
    many = [("org_organisation", "pull"), *((f"org_table_{number}", "push") for number in range(40))]
    assert (
        told(*many, odd=True) == "Organisation: The other site cannot be reached. 40 more resources failed."
    )


def test_what_all_failed_of_is_told_once() -> None:
    assert told(("org_office", "pull"), ("org_site", "push")) == (
        "The other site cannot be reached. 2 resources failed."
    )


def test_a_resource_that_failed_both_ways_is_one() -> None:
    assert told(("org_office", "pull"), ("org_office", "push")).count("failed") == 0


@pytest.mark.parametrize(
    "text",
    [
        "Received: nothing. Sent: 0. Failed: org_office (pull): No route. Check it.; org_site (push): No.",
        "Received: nothing. Sent: 0. Failed: org_office (pull, peer_unreachable): No route. Check it.",
        "RuntimeError: nobody had foreseen this",
    ],
)
def test_the_message_of_an_older_version_is_told_as_it_is(text: str) -> None:
    assert failure_of(str, failed(text), title) == text


def test_what_its_kind_does_not_say_is_told_by_its_message() -> None:
    lost = Failure(None, Activity.PULL, RunBrokenOff(Sentence.WORKER_LOST.say()))
    assert failure_of(lambda text: f"<{text}>", kept(lost)) == (
        "<The worker ended without a word. Another run goes on from there.>."
    )
    odd = Failure("org_office", Activity.PULL, SyncError("Nobody had foreseen this."))
    assert failure_of(str, kept(odd), title) == "Office: Nobody had foreseen this."


def test_what_a_later_version_calls_it_is_told_by_its_message() -> None:
    run = failed(
        "", [{"resource": "org_office", "mode": "pull", "code": "new", "message": "The moon is full."}]
    )
    assert failure_of(str, run, title) == "Office: The moon is full."


def test_message_and_remedy_are_two_sentences() -> None:
    assert PeerUnreachable("No route", hint="Check.").explain() == "No route. Check."
    assert PeerUnreachable("No route?", hint="Check.").explain() == "No route? Check."
    assert PeerUnreachable("No route", hint="").explain() == "No route"


@pytest.mark.parametrize("message", [None, "", "  "])
def test_a_run_without_a_message_has_no_reason(message: str | None) -> None:
    assert failure_of(str, failed(message)) == ""


def test_a_long_reason_is_cut() -> None:
    assert failure_of(str, failed("x" * 1000)) == "x" * LONGEST + "…"
