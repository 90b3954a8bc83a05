"""Policies that contradict each other in a ring of sites: what goes round comes to an end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from s3sync.core.policy import Policy, Terms
from s3sync.exchange.importer import Report
from tests.support.documents import LATER, ORG, deleted, org
from tests.support.site import SampleSite

THEIRS = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)
LIVE = org("u", "A")
DELETED = deleted(ORG, "u", LATER)


class Neighbours:
    """Two sites, of which each has the last word here.

    Args:
        site: the site between them.
        changed_here: whether what they send meets a change that they do not know.
    """

    def __init__(self, site: SampleSite, changed_here: bool) -> None:
        self.site = site
        self._changed_here = changed_here

    def send(self, text: str, sender: int = 1) -> Report:
        exchanged = 0 if self._changed_here else self.site.journal.head()
        return self.site.push(text, ORG, THEIRS, repository_id=sender, exchanged=exchanged)

    @property
    def lives(self) -> bool:
        return not self.site.row(ORG, "u").deleted


@pytest.fixture(params=(False, True), ids=("changed there", "changed on both sides"))
def neighbours(site: SampleSite, request: pytest.FixtureRequest) -> Neighbours:
    found = Neighbours(site, request.param)
    found.send(LIVE)
    found.send(DELETED, sender=2)
    assert not found.lives
    found.send(LIVE)
    assert found.lives, "the policy says so"
    found.send(DELETED, sender=2)
    assert not found.lives
    return found


def test_where_the_same_two_versions_meet_again_the_later_one_stays(
    site: SampleSite, neighbours: Neighbours
) -> None:
    neighbours.send(LIVE)
    assert not neighbours.lives
    assert site.export(ORG, after=site.journal.head() - 1, skip_origin=1)[1].count == 1, "ours is sent back"


def test_another_version_is_decided_by_the_policy(neighbours: Neighbours) -> None:
    neighbours.send(org("u", "B", modified_on=LATER - timedelta(seconds=5)))
    assert neighbours.lives
    neighbours.send(deleted(ORG, "u", LATER + timedelta(minutes=1)), sender=2)
    assert not neighbours.lives
    neighbours.send(LIVE)
    assert neighbours.lives


def test_nobody_is_asked_what_the_policy_has_decided(site: SampleSite) -> None:
    neighbours = Neighbours(site, changed_here=False)
    for text in (LIVE, DELETED, LIVE):
        neighbours.send(text)
    assert neighbours.lives and site.kept() == []


def test_what_a_person_imports_again_wins_again(site: SampleSite) -> None:
    for text in (LIVE, DELETED, LIVE, DELETED, LIVE):
        site.push(text, ORG, THEIRS, repository_id=None)
    assert not site.row(ORG, "u").deleted
