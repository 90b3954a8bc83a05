"""Sites that were restored from a backup: old versions do not win, and comparing again is no conflict."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest

from s3sync.core.policy import Policy
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.two_sites import TwoSites, by_policies

ORG = "org_organisation"
COUNT = 3


class Place(SampleSite):
    """A site that can be set back."""

    def back_up(self) -> None:
        self.db.commit()
        self.journal.identity()
        self.copy = sqlite3.connect(":memory:")
        self.db._adapter.connection.backup(self.copy)
        self.text = self.remembered.read_text("utf-8")

    @property
    def remembered(self) -> Path:
        return self.folder / "private" / "journal.json"

    def restore(self, what: str) -> None:
        """Put back the backup, or only do what makes the journal look restored."""
        self.db.commit()
        if what == "journal renamed":
            self.remembered.unlink()
            return
        self.copy.backup(self.db._adapter.connection)
        if what == "all":
            self.remembered.write_text(self.text, "utf-8")

    def edit(self, comments: str, *numbers: int) -> None:
        for number in numbers or range(COUNT):
            self.db(self.s3db[ORG].uuid == f"x{number}").update(comments=comments)
        self.db.commit()

    def comments(self) -> list[str]:
        return [row.comments for row in self.db(self.s3db[ORG]).select(orderby=self.s3db[ORG].uuid)]


class World(TwoSites[Place]):
    """Two sites that hold the same; the records were made at the active one, or at the passive one."""

    def __init__(self, folder: Path, update: Policy, conflicts: Policy, origin: str = "a") -> None:
        super().__init__(folder, Place)
        made_at = self.a if origin == "a" else self.b
        for number in range(COUNT):
            made_at.s3db[ORG].insert(uuid=f"x{number}", name=f"X{number}", comments="old")
        made_at.db.commit()
        self.pair = Pair(self.a, self.b, ORG, page_size=2, update_policy=update, conflict_policy=conflicts)
        self.run(2)

    def run(self, times: int = 1) -> None:
        for _ in range(times):
            self.clock.step()
            self.pair.run()

    def edit(self, site: Place, comments: str, *numbers: int) -> None:
        self.clock.step()
        site.edit(comments, *numbers)


POLICIES = [
    (Policy.NEWER, Policy.NEWER),
    (Policy.NEWER, Policy.THIS),
    (Policy.NEWER, Policy.OTHER),
    (Policy.NEWER, Policy.MASTER),
    (Policy.OTHER, Policy.THIS),
    (Policy.THIS, Policy.THIS),
]


world = by_policies(World, POLICIES)
WHAT = ("database", "all", "journal renamed")


def ended(world: World) -> tuple[list[str], list[str], int]:
    return world.a.comments(), world.b.comments(), len(world.a.kept()) + len(world.b.kept())


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("restored", ["a", "b"])
def test_what_the_other_site_changed_since_the_backup_comes_back(
    world: World, restored: str, what: str
) -> None:
    place, other = (world.a, world.b) if restored == "a" else (world.b, world.a)
    refuses = Policy.OTHER if other is world.a else Policy.THIS
    if world.pair.tasks[0].exchange.update_policy is refuses:
        pytest.skip("by this policy what the other site changes is not taken")
    place.back_up()
    world.edit(other, "new")
    world.run(2)
    place.restore(what)
    world.run(3)
    assert ended(world) == (["new"] * COUNT, ["new"] * COUNT, 0)


@pytest.mark.parametrize("what", WHAT)
def test_what_was_changed_here_and_had_left_comes_back(world: World, what: str) -> None:
    if world.pair.tasks[0].exchange.update_policy is Policy.OTHER:
        pytest.skip("by this policy what the active site changes is not taken")
    world.a.back_up()
    world.edit(world.a, "new")
    world.run(2)
    world.a.restore(what)
    world.run(3)
    assert ended(world) == (["new"] * COUNT, ["new"] * COUNT, 0)


@pytest.mark.parametrize("what", WHAT)
@pytest.mark.parametrize("origin", ["a", "b"])
def test_what_is_changed_after_the_restore_is_a_change_like_any_other(
    tmp_path: Path, what: str, origin: str
) -> None:
    world = World(tmp_path, Policy.NEWER, Policy.THIS, origin)
    world.a.back_up()
    world.edit(world.b, "new")
    world.run(2)
    world.a.restore(what)
    world.edit(world.a, "newest at a", 0)
    world.edit(world.b, "newest at b", 1)
    world.run(3)
    expected = ["newest at a", "newest at b", *["new"] * (COUNT - 2)]
    assert ended(world)[:2] == (expected, expected)
    world.close()


@pytest.mark.parametrize("restored", ["a", "b"])
def test_ten_restores_leave_no_conflicts(world: World, restored: str) -> None:
    place, other = (world.a, world.b) if restored == "a" else (world.b, world.a)
    for number in range(10):
        place.back_up()
        world.edit(other, f"new {number}")
        world.run()
        place.restore(WHAT[number % 3])
        world.run(2)
    assert world.a.comments() == world.b.comments()
    if world.pair.tasks[0].exchange.update_policy is Policy.NEWER:
        assert ended(world)[2] == 0


def test_a_person_who_lets_everything_be_compared_again_makes_no_conflicts(world: World) -> None:
    if world.pair.tasks[0].exchange.update_policy is Policy.THIS:
        pytest.skip("by this policy what the passive site changes is not taken")
    world.edit(world.b, "new")
    world.run(2)
    world.a.repository(world.pair.repository.id).start_over(ORG)
    world.a.db.commit()
    world.run(2)
    assert ended(world) == (["new"] * COUNT, ["new"] * COUNT, 0)


def test_a_real_conflict_that_a_restore_met_is_still_one(tmp_path: Path) -> None:
    world = World(tmp_path, Policy.NEWER, Policy.THIS)
    world.edit(world.a, "here", 0)
    world.a.back_up()
    world.edit(world.b, "there", 0)
    world.edit(world.a, "lost", 1)
    world.a.journal.identity()
    world.a.restore("database")
    world.run(3)
    assert world.a.comments()[0] == world.b.comments()[0] == "there"
    assert [(row.kind, "here" in row.ours) for row in world.a.kept()] == [("conflict", True)]
    world.close()


@pytest.mark.parametrize("how_first", WHAT)
@pytest.mark.parametrize("how_second", WHAT)
@pytest.mark.parametrize("first", ["a", "b"])
def test_what_one_of_two_restored_sites_still_has_comes_back_to_the_one_that_made_it(
    tmp_path: Path, first: str, how_first: str, how_second: str
) -> None:
    world = World(tmp_path, Policy.NEWER, Policy.NEWER)
    maker, other = (world.a, world.b) if first == "a" else (world.b, world.a)
    maker.back_up()
    maker.s3db[ORG].insert(uuid="x9", name="X9", comments="old")
    maker.db.commit()
    world.run()
    other.back_up()
    world.edit(other, "new", 9)
    world.run()
    maker.restore(how_first)
    other.restore(how_second)
    world.run(3)
    assert len(world.a.comments()) == COUNT + 1
    assert world.a.comments() == world.b.comments()
    world.close()
