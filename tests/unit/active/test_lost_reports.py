"""Reports that arrive, and of which the answer is lost, or that a worker tells which was taken over meanwhile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from s3sync.active.standing import StandingExchange
from s3sync.core.errors import AlreadyRunning, PeerUnreachable
from s3sync.core.repository_state import Reason
from s3sync.wire.protocol.standing import StandingAnswer, StandingReport
from tests.support.exchange import Pair
from tests.support.field_office import add, field_and_headquarters, run_to_its_end
from tests.support.standing import says

ORG = "org_organisation"


class Losing:
    """The other site, of which answers to reports get lost.

    Attributes:
        loses: how many answers get lost from now on.
        told: all reports that arrived.
    """

    def __init__(self, pair: Pair) -> None:
        self.loses = 0
        self.told: list[StandingReport] = []
        self._take = pair.peer.standing
        pair.peer.standing = self.standing  # type: ignore[method-assign]

    def standing(self, report: StandingReport) -> StandingAnswer | None:
        self.told.append(report)
        answer = self._take(report)
        if self.loses:
            self.loses -= 1
            raise PeerUnreachable("The answer was lost.")
        return answer


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    with field_and_headquarters(tmp_path) as pair:
        pair.run()
        yield pair


def has_something_to_tell(pair: Pair) -> None:
    """Let the next run tell something at its beginning."""
    states = pair.own.repository(pair.repository.id).states
    with pair.own.store.transaction():
        states.save_standing(replace(states.standing(), told="something else"))


def test_the_end_of_a_run_counts_where_the_answer_to_its_beginning_was_lost(pair: Pair) -> None:
    other = Losing(pair)
    has_something_to_tell(pair)
    add(pair.other, "b", "From headquarters")
    other.loses = 1
    run_to_its_end(pair)
    assert [each.complete for each in other.told] == [False, True]
    assert says(pair.other, pair.own) is Reason.EQUAL


def test_the_beginning_of_a_run_counts_where_the_answer_to_the_end_of_the_last_one_was_lost(
    pair: Pair,
) -> None:
    other = Losing(pair)
    add(pair.other, "b", "From headquarters")
    other.loses = 1
    with pytest.raises(PeerUnreachable):
        run_to_its_end(pair)
    has_something_to_tell(pair)
    run_to_its_end(pair)
    numbers = [each.number for each in other.told]
    assert [each.complete for each in other.told] == [True, False, True]
    assert numbers == sorted({*numbers})


def test_a_worker_that_was_taken_over_stores_no_answer(pair: Pair) -> None:
    """The other worker has told something since."""
    others: list[str] = []

    def guard() -> None:
        if others:
            raise AlreadyRunning("Another worker has taken over.")

    has_something_to_tell(pair)
    states = pair.own.repository(pair.repository.id).states
    begun: list[object] = []
    standing = StandingExchange(
        pair.own.repository(pair.repository.id), pair.peer, list(pair.tasks), begun.append, guard
    )
    with pair.own.store.transaction():
        states.save_pulled(ORG, replace(states.pulled(ORG), cursor=""))
    standing.begin()
    (tell,) = begun
    assert callable(tell)
    tell()
    before = states.standing()
    others.append("another worker")
    standing.settle()
    assert states.standing() == before
