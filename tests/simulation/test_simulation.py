"""Whatever happens to them, sites that have synchronised hold the same."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from tests.simulation.history import History, Operation, make_history, shrink
from tests.simulation.world import World

QUICK, HANDED_OVER, MANY = 150, 100, 2000


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    logger = logging.getLogger("eden.sync")
    level = logger.level
    logger.setLevel(logging.CRITICAL)
    found = World()
    yield found
    found.close()
    # other tests read what this logger says
    logger.setLevel(level)


def check(world: World, first: int, count: int, *, hand_over: bool = False) -> None:
    for seed in range(first, first + count):
        history = make_history(seed, hand_over=hand_over)
        problems = world.run(history)
        if problems:
            smallest = shrink(history, lambda smaller: bool(world.run(smaller)))
            told = "\n  ".join(
                [*problems, "The smallest history that fails:", *map(str, smallest.operations)]
            )
            pytest.fail(f"seed {seed}, {smallest.sites} sites, {smallest.topology}:\n  {told}")


def test_sites_converge(world: World) -> None:
    check(world, 0, QUICK)
    happened = world.happened
    for what in ("lost pull", "lost push", "cut", "broken off", "backup", "restore"):
        assert happened[what], f"no history had this: {what}"


def test_sites_converge_when_unique_values_change_hands(world: World) -> None:
    before = world.happened["hand over"]
    check(world, 0, HANDED_OVER, hand_over=True)
    assert world.happened["hand over"] > before + HANDED_OVER


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_sites_converge_in_thousands_of_histories(world: World, part: int) -> None:
    share = MANY // 4
    check(world, 10_000 + part * share, share)


def test_histories_are_made_from_their_seed_alone() -> None:
    assert make_history(7) == make_history(7)
    assert make_history(7) != make_history(8)


def test_a_failing_history_shrinks_to_what_matters() -> None:
    operations = tuple(Operation("edit", 0, choice) for choice in range(40))
    history = History(1, 2, "chain", (0, 0), False, operations)

    def fails(candidate: History) -> bool:
        choices = {operation.choice for operation in candidate.operations}
        return {7, 31} <= choices

    assert [operation.choice for operation in shrink(history, fails).operations] == [7, 31]


def test_a_world_in_which_sites_differ_is_noticed(world: World) -> None:
    history = History(1, 2, "chain", (0, 0), False, (Operation("edit", 0, 1),))
    assert not world.run(history)
    world.places[0].s3db["org_organisation"].insert(name="Only here", uuid="only")
    world.places[0].db.commit()
    assert any("only" in problem for problem in world._differences(history))
