"""Requests that arrive late, or again: whatever the policies say, they change nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.errors import LateRequest
from s3sync.core.policy import Policy
from s3sync.exchange.run.failures import RunFailed
from s3sync.passive import pull as passive_pull
from s3sync.wire.protocol.pull import PullRequest
from tests.support.exchange import DirectPeer, Pair
from tests.support.site import SampleSite
from tests.support.two_sites import TwoSites, by_policies

ORG = "org_organisation"


class World(TwoSites[SampleSite]):
    """Two sites with one organisation, of which the second one has a version from the first."""

    def __init__(self, folder: Path, policy: Policy = Policy.NEWER, conflicts: Policy = Policy.NEWER) -> None:
        super().__init__(folder, SampleSite)
        self.a.s3db[ORG].insert(uuid="x", name="X", comments="v0")
        self.a.db.commit()
        self.pair = Pair(self.a, self.b, ORG, update_policy=policy, conflict_policy=conflicts)
        self.pair.run()

    @property
    def peer(self) -> DirectPeer:
        return self.pair.peer

    def edit(self, site: SampleSite, comments: str) -> None:
        self.clock.step()
        site.db(site.s3db[ORG].uuid == "x").update(comments=comments)
        site.db.commit()
        self.clock.step()

    def held(self, comments: str) -> None:
        """Edit at the first site, and let the push of it lie on the way."""
        self.edit(self.a, comments)
        self.peer.hold_pushes = 3
        with pytest.raises(RunFailed):
            self.pair.run()

    @property
    def comments(self) -> tuple[str, str]:
        return self.a.row(ORG, "x").comments, self.b.row(ORG, "x").comments


#: Update policy and conflict policy, under which the first site's changes are taken.
POLICIES = [
    (Policy.NEWER, Policy.NEWER),
    (Policy.NEWER, Policy.THIS),
    (Policy.NEWER, Policy.OTHER),
    (Policy.NEWER, Policy.MASTER),
    (Policy.THIS, Policy.THIS),
    (Policy.MASTER, Policy.MASTER),
]


world = by_policies(World, POLICIES)


def test_a_push_that_was_held_on_the_way_is_refused_once_a_later_one_was_taken(world: World) -> None:
    world.held("v1")
    world.edit(world.a, "v2")
    world.pair.run()
    assert world.comments == ("v2", "v2")
    for _ in range(3):
        with pytest.raises(LateRequest):
            world.peer.let_arrive()
    assert world.comments == ("v2", "v2") and not world.b.kept()
    world.pair.run()
    assert world.comments == ("v2", "v2") and not world.a.kept() and not world.b.kept()


def test_a_push_that_arrives_between_two_runs_does_not_hold_up_the_next_one(world: World) -> None:
    world.held("v1")
    world.peer.let_arrive()
    assert world.comments == ("v1", "v1")
    world.edit(world.a, "v2")
    world.pair.run()
    assert world.comments == ("v2", "v2") and not world.b.kept()


def test_a_push_that_arrives_twice_changes_nothing_the_second_time(world: World) -> None:
    world.held("v1")
    first = world.peer.let_arrive()
    world.edit(world.b, "v2")
    again = world.peer.let_arrive()  # the second attempt of the same request
    assert (again.outcomes, again.checkpoint) == (first.outcomes, first.checkpoint)
    assert world.comments == ("v1", "v2") and not world.b.kept()


def test_a_lost_answer_is_answered_again_with_what_was_rejected(tmp_path: Path) -> None:
    world = World(tmp_path)
    site = world.a
    site.s3db[ORG].insert(uuid="y", name="")
    site.db.commit()
    world.peer.lose_answers = 2  # that of the pull, and that of the push
    report = world.pair.run()
    assert report.failures == [] and world.b.row(ORG, "y") is None
    ((_, _, result, told),) = [each for each in world.pair.told.entries if each[1] == "push"]
    assert (result, "1 rejected" in told) == ("warning", True)


def test_a_site_that_was_restored_completely_goes_on(world: World) -> None:
    """Its numbers begin again where the backup was made; the other site remembers higher ones."""
    before = world.a.checkpoints.states()
    for number in range(5):
        world.edit(world.a, f"v{number}")
        world.pair.run()
    for (repository, table), found in before.items():
        for direction, text in found.items():
            world.a.checkpoints.write(repository, table, direction, text or "")
    world.a.db.commit()
    world.edit(world.a, "restored")
    world.pair.run()
    assert world.comments[0] == world.comments[1]


def test_a_pull_that_arrives_late_does_not_set_the_exchange_back(tmp_path: Path) -> None:
    world = World(tmp_path)
    asked: list[PullRequest] = []
    pull = passive_pull.pull

    def listening(site: SampleSite, request: PullRequest, out: object) -> object:
        asked.append(request)
        return pull(site, request, out)  # type: ignore[arg-type]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passive_pull, "pull", listening)
        for number in range(4):
            world.edit(world.b, f"v{number}")
            world.pair.run()
    before = world.b.checkpoints.states()
    with (tmp_path / "late.xml").open("w+b") as out, pytest.raises(LateRequest):
        pull(world.b, asked[0], out)
    assert world.b.checkpoints.states() == before
    assert not world.pair.run().received


def test_who_sends_no_numbers_is_answered_as_ever(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.peer.never_numbers = True
    world.edit(world.a, "v1")
    world.pair.run()
    world.edit(world.b, "v2")
    world.pair.run()
    assert world.comments == ("v2", "v2")


def test_a_pull_whose_answer_was_lost_is_made_again_as_if_nothing_had_happened(tmp_path: Path) -> None:
    world = World(tmp_path)
    world.edit(world.b, "v1")
    refused: list[LateRequest] = []
    pull = passive_pull.pull

    def listening(site: SampleSite, request: PullRequest, out: object) -> object:
        try:
            return pull(site, request, out)  # type: ignore[arg-type]
        except LateRequest as error:
            refused.append(error)
            raise

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(passive_pull, "pull", listening)
        world.peer.lose_answers = 100
        with pytest.raises(RunFailed):
            world.pair.run()
        world.peer.lose_answers = 0
        world.pair.run()
    assert refused == [] and world.comments == ("v1", "v1")
