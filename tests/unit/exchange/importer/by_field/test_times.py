"""Times of versions that were merged by field: two sites that hold the same hold it of the same time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import NOW, SampleSite


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Headquarters, and a field office that asks, with one organisation that both have."""
    hq, field = SampleSite(tmp_path / "hq"), SampleSite(tmp_path / "field")
    with hq.store.transaction():
        hq.s3db[ORG].insert(uuid="u", name="Red Cross", comments="old")
    made = Pair(field, hq, ORG)
    made.run()
    yield made
    hq.close()
    field.close()


def edit(site: SampleSite, at: float, comments: str) -> None:
    """Edit the record some seconds after both had it."""
    site.clock.moment = NOW + timedelta(minutes=1, seconds=at)
    with site.store.transaction():
        site.db(site.s3db[ORG].uuid == "u").update(comments=comments)


def settle(pair: Pair) -> None:
    for _ in range(3):
        for site in (pair.own, pair.other):
            site.clock.moment = max(site.clock.moment, NOW + timedelta(minutes=2)) + timedelta(minutes=1)
        pair.run()


@pytest.mark.parametrize("twice_at_field", [True, False])
def test_of_two_edits_within_one_second_the_later_one_counts_and_both_have_one_time(
    pair: Pair, twice_at_field: bool
) -> None:
    # Each edit is a second later than what it edits, so that two of one second are ahead of the clock.
    early, late = (pair.own, pair.other) if twice_at_field else (pair.other, pair.own)
    edit(early, 0.1, "first")
    edit(early, 0.2, "second")
    edit(late, 0.5, "last")
    settle(pair)
    ours, theirs = pair.own.row(ORG, "u"), pair.other.row(ORG, "u")
    assert (ours.comments, theirs.comments) == ("last", "last")
    assert ours.modified_on == theirs.modified_on


def whole(site: SampleSite) -> bytes:
    """Return what a site has, as one that tells no edits."""
    return re.sub(rb' edits="[^"]*"', b"", site.export(ORG)[0])


@pytest.mark.parametrize("first", ["a", "z"])
def test_of_two_edits_within_one_second_that_nobody_tells_both_sites_take_the_same(
    pair: Pair, first: str
) -> None:
    """Each knows its own edit in milliseconds and the other one's in seconds, so that its own looked later."""
    known = {site: site.journal.head() for site in (pair.own, pair.other)}
    edit(pair.own, 0.3, first)
    edit(pair.other, 0.6, "k")
    documents = {site: whole(site) for site in known}
    pair.own.take(documents[pair.other], ORG, exchanged=known[pair.own])
    pair.other.take(documents[pair.own], ORG, exchanged=known[pair.other])
    assert pair.own.row(ORG, "u").comments == pair.other.row(ORG, "u").comments == max(first, "k")
