"""What lies on a stick is told as it is: from whom, for whom, how much of it is new."""

from __future__ import annotations

import pytest

from s3sync.active.stick_contents import Condition, Left, StickContents
from tests.support.carried import ORG, Carried


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Carried:
    return Carried(tmp_path_factory.mktemp("carried"), "abc")


@pytest.fixture()
def pair(world: Carried) -> Carried:
    world.begin("ab")
    world.meet()
    return world


def seen_by(world: Carried, name: str) -> dict[tuple[str, str], Left]:
    site = world.sites[name]
    contents = StickContents.of_folder(site, str(world.stick.folder))
    found = {(each.sender_name, each.receiver_name): each for each in contents.left()}
    site.db.commit()
    return found


def test_what_was_written_is_new_for_its_receiver_until_it_was_read(pair: Carried) -> None:
    pair.add("a", "one", "two", "three", "four")
    pair.run("a")
    left = seen_by(pair, "b")["a", "b"]
    assert (left.condition, left.count, left.for_us, left.by_us) == (Condition.NEW, 4, True, False)
    assert left.written is not None and left.repository_id == pair.key("b", "a")
    own = seen_by(pair, "a")["a", "b"]
    assert (own.condition, own.count, own.by_us) == (Condition.NEW, 4, True)
    pair.run("b")
    read = seen_by(pair, "b")["a", "b"]
    assert (read.condition, read.count) == (Condition.READ, 4), "they still lie there"
    assert seen_by(pair, "a")["a", "b"].condition is Condition.READ
    assert seen_by(pair, "a")["b", "a"].condition is Condition.READ, "b had nothing to say"


def test_an_old_copy_a_damaged_state_and_a_lost_page_are_told(pair: Carried) -> None:
    pair.add("a", *(f"u{number}" for number in range(4)))
    pair.run("a")
    first = pair.stick.copy(pair.folder / "first")
    pair.run("ba")
    pair.add("a", "later")
    pair.run("ab")
    pair.stick.put_back(first)
    assert seen_by(pair, "b")["a", "b"].condition is Condition.OLD
    for path in pair.stick.folder.rglob("state.json"):
        path.write_bytes(path.read_bytes()[:-3])
    assert seen_by(pair, "b")["a", "b"].condition is Condition.DAMAGED


def test_records_in_between_that_are_missing_are_told(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("ab")
    before = pair.backup("b")
    pair.add("a", "two")
    pair.run("aba")
    pair.add("a", "three")
    pair.run("a")
    pair.restore("b", before)
    assert seen_by(pair, "b")["a", "b"].condition is Condition.GAP


def test_what_this_site_does_not_fetch_is_counted_beside(pair: Carried) -> None:
    pair.add("a", "one", "two")
    pair.run("a")
    site = pair.sites["b"]
    site.db(site.db.sync_task.resource_name == ORG).delete()
    left = seen_by(pair, "b")["a", "b"]
    assert (left.count, left.not_chosen, left.condition) == (0, 2, Condition.READ)


def test_what_other_sites_left_for_each_other_is_told_too(world: Carried) -> None:
    world.begin("abc")
    world.meet()
    world.add("a", "one")
    world.run("a", "b")
    left = seen_by(world, "c")["a", "b"]
    assert (left.for_us, left.by_us, left.condition, left.count) == (False, False, Condition.NEW, 1)


def test_a_site_that_is_not_known_here_is_told_as_such(world: Carried) -> None:
    world.begin("ab")
    world.meet()
    world.add("a", "one")
    world.run("a")
    site = world.sites["b"]
    site.db(site.db.sync_repository).delete()
    left = seen_by(world, "b")["a", "b"]
    assert (left.condition, left.count, left.repository_id) == (Condition.STRANGE, 1, None)
    names = [each.name for each in StickContents.of_folder(site, str(world.stick.folder)).sites()]
    site.db.commit()
    assert names == ["a"]


def test_a_state_in_the_folder_of_other_sites_is_not_believed(pair: Carried) -> None:
    pair.add("a", "one")
    pair.run("a")
    state = next(pair.stick.folder.glob("*/*/state.json"))
    other = state.parent.parent / ("0" * 8 + "-0000-0000-0000-" + "0" * 12)
    other.mkdir()
    (other / "state.json").write_bytes(state.read_bytes())
    strange = [each for each in seen_by(pair, "b").values() if each.receiver_name == ""]
    assert [each.condition for each in strange] == [Condition.DAMAGED]


def test_a_repository_that_waits_for_its_site_is_known_by_its_name(world: Carried) -> None:
    world.begin("ab")
    world.add("b", "one")
    site, name = world.sites["a"], "b"
    world.meet()
    world.run("b")
    key = world.key("a", name)
    site.db(site.db.sync_repository.id == key).update(uuid="not-known-yet", capabilities=[], name="B")
    left = seen_by(world, "a")["b", "a"]
    assert (left.condition, left.count, left.repository_id) == (Condition.NEW, 1, key)
