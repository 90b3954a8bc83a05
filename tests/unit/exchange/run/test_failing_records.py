"""A record on which an Eden fails holds up no other one: it is found, passed over, and told."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.errors import PeerFailed
from s3sync.exchange.peer import Exchange
from s3sync.exchange.run.failures import RunFailed
from s3sync.exchange.run.ports import Task
from tests.support.scripted import World

TASK = Task(1, Exchange("a"), pulls=False)


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.site.known = frozenset()
    return made


def sent(world: World) -> set[int]:
    """Return the positions of the records that the peer took."""
    found: set[int] = set()
    for _, text, _ in world.peer.pushed:
        after, count = map(int, text.split("+"))
        found |= {*range(after + 1, after + count + 1)}
    return found


@pytest.mark.parametrize("failing", [{1}, {4}, {10}, {2, 3}, {5, 17}, {24, 25}, {7, 8, 9}])
def test_all_others_arrive_and_the_record_is_told(world: World, failing: set[int]) -> None:
    world.site.changes["a"] = 25
    world.peer.fails_on = failing
    # One of ours would be known by its answers.
    world.peer.says_ours = False
    report = world.engine(TASK).run()
    assert sent(world) == {*range(1, 26)} - failing
    assert report.sent == 25 - len(failing)
    assert world.site.positions["a"].pushed == 25
    (entry,) = world.told.entries
    assert entry[2] == "warning" and all(f"r{each}" in entry[3] for each in failing)
    assert f"{len(failing)} rejected" in entry[3]
    assert [each.uuid for each in world.site.refusals] == [f"r{each}" for each in sorted(failing)]


def test_nothing_is_passed_over_where_the_peer_fails_with_all(world: World) -> None:
    world.site.changes["a"] = 25
    world.peer.is_broken = True
    with pytest.raises(RunFailed) as told:
        world.engine(TASK).run()
    assert isinstance(told.value.failures[0].error, PeerFailed)
    assert "a" not in world.site.positions or world.site.positions["a"].pushed == 0
    assert len(world.peer.calls) < 10


def test_a_record_that_is_alone_waits_for_another_one_that_shows_that_the_peer_works(world: World) -> None:
    world.site.changes["a"] = 1
    world.peer.fails_on = {1}
    world.peer.says_ours = False
    with pytest.raises(RunFailed):
        world.engine(TASK).run()
    world.site.changes["a"] = 2
    world.engine(TASK).run()
    assert sent(world) == {2} and [each.uuid for each in world.site.refusals] == ["r1"]


def test_one_of_ours_that_fails_is_no_matter_of_a_record(world: World) -> None:
    world.site.known = frozenset(("cursor",))
    world.site.changes["a"] = 25
    world.peer.fails_on = {4}
    with pytest.raises(RunFailed):
        world.engine(TASK).run()
    assert world.peer.calls == [("push", "a")]
