"""Whatever happens to them, sites that have synchronised hold the same."""

from __future__ import annotations

import logging
import random
from collections import Counter
from collections.abc import Iterator, Sequence
from uuid import uuid4

import pytest

from tests.simulation.chance import from_seed
from tests.simulation.differences import differences, untrue_words
from tests.simulation.edits import make
from tests.simulation.entered import FIELDS, lost_values
from tests.simulation.features import CONVERGING, FEATURES, never_happened
from tests.simulation.history import History, Operation, described, make_history, shrink
from tests.simulation.words import says_in_step
from tests.simulation.world import World

QUICK, FEATURED, MANY = 60, 30, 600
#: The feature of ``test_sites_converge_when_unique_values_change_hands``, which is not slow.
HANDED = "hand over"


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


def check(world: World, first: int, count: int, features: Sequence[str] = ()) -> None:
    for seed in range(first, first + count):
        history = make_history(seed, features)
        if world.run(history):
            smallest = shrink(history, lambda smaller: bool(world.run(smaller)))
            told = [*world.run(smallest), "The smallest history that fails:", *described(smallest)]
            pytest.fail("\n  ".join([f"seed {seed}:", *told]))


def test_sites_converge(world: World) -> None:
    check(world, 0, QUICK)
    assert never_happened(world.happened, ()) == []


def check_feature(world: World, name: str) -> None:
    before = world.happened.copy()
    # What nothing did would be tested by nothing: what is rare gets more histories, and has to happen in the end.
    for first in range(0, MANY, FEATURED):
        check(world, first, FEATURED, (name,))
        rest = {what for what in FEATURES[name].fires if world.happened[what] == before[what]}
        if not rest:
            return
    pytest.fail(f"never happened: {rest}")


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in CONVERGING if name != HANDED])
def test_sites_converge_with(world: World, name: str) -> None:
    check_feature(world, name)


def test_sites_converge_when_unique_values_change_hands(world: World) -> None:
    check_feature(world, HANDED)


def test_what_is_switched_on_and_never_happens_is_noticed() -> None:
    assert "handed over" in never_happened(Counter({"hand over": 7}), [HANDED])


@pytest.mark.slow
@pytest.mark.parametrize("part", range(4))
def test_sites_converge_in_thousands_of_histories(world: World, part: int) -> None:
    share = MANY // 4
    check(world, 10_000 + part * share, share)


def test_histories_are_made_from_their_seed_alone() -> None:
    assert make_history(7) == make_history(7)
    assert make_history(7) != make_history(8)


def test_a_history_is_the_same_once_more_whatever_was_before_it(world: World) -> None:
    history = make_history(59, ("whole records", "edits in the middle of a run"), together=True)
    found = []
    for _ in range(2):
        before = world.happened.copy()
        world.run(history)
        found.append(world.happened - before)
    assert found[0]["edited in the middle of a run"] > 0 and found[0] == found[1]


def test_what_is_drawn_by_chance_follows_from_the_seed() -> None:
    drawn = []
    for seed in (7, 7, 8):
        with from_seed(seed):
            drawn.append(uuid4())
    assert drawn[0] == drawn[1] != drawn[2] != uuid4()


def test_a_history_has_all_features_where_they_are_asked_for_together() -> None:
    both = ("whole records", "edits in the middle of a run")
    assert {make_history(seed, both, together=True).features for seed in range(9)} == {both}
    assert len({make_history(seed, both).features for seed in range(9)}) > 1


def test_a_failing_history_shrinks_to_what_matters() -> None:
    operations = tuple(Operation("edit", 0, choice) for choice in range(40))
    history = History(1, 2, "chain", (0, 0), operations)

    def fails(candidate: History) -> bool:
        choices = {operation.choice for operation in candidate.operations}
        return {7, 31} <= choices

    assert [operation.choice for operation in shrink(history, fails).operations] == [7, 31]


def test_a_world_in_which_sites_differ_is_noticed(world: World) -> None:
    history = History(1, 2, "chain", (0, 0), (Operation("edit", 0, 1),))
    assert not world.run(history)
    world.places[0].insert("org_organisation", name="Only here", uuid="only")
    world.places[0].db.commit()
    assert any("only" in problem for problem in differences(world))


def test_what_people_enter_is_taken_elsewhere(world: World) -> None:
    world.begin(History(1, 2, "chain", (0, 0), ()))
    here, there = world.places[:2]
    for table, fields in FIELDS.items():
        here.change(
            table, make(here, table, "A1", random.Random(1)), **{name: f"A2{name}" for name in fields}
        )
    here.db.commit()
    world.synchronise(here, there)
    assert [row.reason for row in there.db(there.db.sync_kept).select()] == []
    for table, fields in FIELDS.items():
        rows = there.db(there.s3db[table]).select()
        assert {f"A2{name}" for name in fields} <= {row[name] for row in rows for name in fields}


def test_who_replaces_a_value_has_seen_it_in_what_is_one_record_there(world: World) -> None:
    world.begin(History(1, 2, "chain", (0, 0), ()))
    here, there = world.places[:2]
    table = "org_organisation_type"
    here.insert(table, name="Aid", uuid="here")
    key = there.insert(table, name="Help", uuid="there")
    there.clock.step(1)
    there.change(table, key, name="Aid")
    for place in (here, there):
        place.db.commit()
    world.synchronise(here, there)
    (row,) = here.db(here.s3db[table].uuid == "here").select()
    here.clock.step(5)
    here.change(table, row.id, name="Rescue")
    here.db.commit()
    world.synchronise(here, there)
    assert there.s3db[table][key].name == "Rescue"
    assert lost_values(world) == []


def test_a_site_that_says_in_step_and_is_not_is_noticed(world: World) -> None:
    history = History(1, 2, "chain", (0, 0), (Operation("edit", 0, 1),))
    assert not world.run(history)
    here, there = world.edges[0]
    assert says_in_step(here, there)
    # Past the journal, so that nobody knows yet.
    moment = here.clock.now().isoformat(" ")
    here.db.executesql(
        "INSERT INTO org_organisation (name, uuid, deleted, modified_on) VALUES ('Hidden', 'hidden', 'F', ?)",
        placeholders=(moment,),
    )
    told = untrue_words(world, here, there)
    assert any(each.startswith(f"{here.name} says") and "hidden" in each for each in told)
