"""What sites say while nobody edits any more is compared with what they hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.chaos.sites import ChaosSite
from tests.chaos.verdict import TABLES, error_of, is_ended_connection, untrue_words

SITES = [ChaosSite(name, Path("nowhere"), port=1) for name in "HAB"]
IN_STEP, BEHIND, INCOMING = ("in_step", "equal"), ("waiting", "behind"), ("waiting", "incoming")


def state(comments: str, **says: tuple[str, str]) -> dict[str, Any]:
    """Return what a site tells that has one record, and of which other sites it says what."""
    contents: dict[str, Any] = {name: {} for name in TABLES}
    contents["org_organisation"] = {"u1": {"deleted": False, "comments": comments}}
    return {"contents": contents, "says": {f"Site {name}": list(said) for name, said in says.items()}}


def test_in_step_is_untrue_where_two_sites_differ() -> None:
    told = [state("x", A=IN_STEP, B=INCOMING), state("y", H=INCOMING), state("z", H=INCOMING)]
    (problem,) = untrue_words(SITES, told, told)
    assert problem.startswith("A and H say") and "comments is 'x' and 'y'" in problem


@pytest.mark.parametrize(
    "told",
    [
        [state("x", A=IN_STEP, B=IN_STEP), state("x", H=IN_STEP), state("x", H=IN_STEP)],
        [state("x", A=INCOMING, B=BEHIND), state("y", H=INCOMING), state("z", H=IN_STEP)],
        [state("x", A=INCOMING, B=INCOMING), state("y"), state("z", H=INCOMING)],
    ],
    ids=["equal", "the other one has news", "nobody says so"],
)
def test_words_may_be_true_or_not_know_better(told: list[dict[str, Any]]) -> None:
    assert untrue_words(SITES, told, told) == []


def test_words_are_not_compared_while_something_arrives() -> None:
    told = [state("x", A=IN_STEP, B=IN_STEP), state("x", H=IN_STEP), state("x", H=IN_STEP)]
    before = [state("w", A=IN_STEP, B=IN_STEP), state("w", H=IN_STEP), state("w", H=IN_STEP)]
    assert untrue_words(SITES, before, told) == []
    later = [state("z", A=IN_STEP, B=IN_STEP), told[1], told[2]]
    assert untrue_words(SITES, told, later) == []
    assert len(untrue_words(SITES, later, later)) == 2


TRACEBACK = 'Traceback (most recent call last):\n  File "x.py", line 1, in <module>\n    query()\n'


@pytest.mark.parametrize(
    "error",
    [
        "psycopg2.OperationalError: server closed the connection unexpectedly\n"
        "\tThis probably means the server terminated abnormally\n\tbefore or while processing the request.\n",
        "psycopg2.errors.AdminShutdown: terminating connection due to administrator command\n"
        "SSL connection has been closed unexpectedly\n",
        "psycopg2.InterfaceError: connection already closed\n",
    ],
)
def test_pages_may_end_with_the_connection_that_was_ended(error: str) -> None:
    assert is_ended_connection(error_of(TRACEBACK + error))


@pytest.mark.parametrize(
    "error",
    [
        "psycopg2.errors.DeadlockDetected: deadlock detected\nDETAIL:  terminating connection\n",
        "KeyError: 'psycopg2.OperationalError'\n",
        "AttributeError\n",
    ],
)
def test_all_other_tickets_count(error: str) -> None:
    assert not is_ended_connection(error_of(TRACEBACK + error))
