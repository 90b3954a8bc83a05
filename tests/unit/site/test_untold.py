"""Sites that tell no edits among others: what came from them may hold an edit of which nobody told."""

from __future__ import annotations

import pytest

from s3sync.core.policy import Policy
from tests.support.documents import LOCATION, OFFICE, ORG, location, office, org, ref
from tests.support.exchange import Pair
from tests.support.merging import Sites, chain, edit, settle, values, without_edits


@pytest.mark.parametrize("policy", [Policy.NEWER, Policy.OTHER])
def test_an_edit_is_not_replaced_without_a_word_by_an_earlier_one_where_its_sender_told_no_edits(
    sites: Sites, policy: Policy
) -> None:
    (hq, field), (telling,) = chain(sites, "hq", "field")
    third = sites("third")
    edit(hq, comments="hq")
    settle([telling])
    edit(field, comments="field")
    third.clock.moment = field.clock.moment
    settle([Pair(third, field, ORG, eden=True)])
    assert values(third, "comments") == ["field"]
    settle([Pair(third, hq, ORG, conflict_policy=policy)])
    found = {*values(third, "comments"), *(each.ours or "" for each in third.kept())}
    assert any("field" in each for each in found)
    (kept,) = third.kept()
    assert kept.kind == "conflict" and values(hq, "comments") == values(third, "comments")
    assert values(third, "comments") == ["field" if policy is Policy.NEWER else "hq"]


@pytest.mark.parametrize(
    ("policy", "end"), [(Policy.NEWER, "hq"), (Policy.OTHER, "hq"), (Policy.THIS, "field")]
)
def test_an_edit_is_not_replaced_without_a_word_by_a_later_one_where_its_sender_told_no_edits(
    sites: Sites, policy: Policy, end: str
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    third = sites("third")
    edit(field, comments="field")
    third.clock.moment = hq.clock.moment = field.clock.moment
    settle([Pair(third, field, ORG, eden=True)])
    edit(hq, comments="hq")
    settle([Pair(third, hq, ORG, conflict_policy=policy)])
    assert values(hq, "comments") == values(third, "comments") == [end]
    (kept,) = third.kept()
    assert kept.kind == "conflict" and "field" in kept.ours


@pytest.mark.parametrize(
    ("policy", "end"), [(Policy.NEWER, "silent"), (Policy.OTHER, "silent"), (Policy.THIS, "field")]
)
def test_an_edit_that_nobody_told_is_not_replaced_without_a_word_by_an_earlier_one_of_a_site_that_was_sent_it(
    sites: Sites, policy: Policy, end: str
) -> None:
    """What was sent to it has an earlier time than the version in which it came: it has not taken that."""
    (field, silent), _ = chain(sites, "field", "silent")
    hub = sites("hub")
    settle([without_edits(Pair(silent, field, ORG))])
    edit(field, comments="field")
    silent.clock.moment = hub.clock.moment = field.clock.moment
    edit(silent, comments="silent")
    beyond = without_edits(Pair(hub, silent, ORG))
    settle([beyond])
    asks = Pair(field, hub, ORG, conflict_policy=policy)
    for _ in range(2):
        asks.listen()
    settle([asks, beyond])
    assert [values(site, "comments") for site in (field, hub, silent)] == [[end]] * 3
    (kept,) = hub.kept()
    assert kept.kind == "conflict" and "silent" in kept.ours and "field" in kept.theirs


def test_a_later_edit_of_what_was_entered_with_a_record_is_no_conflict(sites: Sites) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    third = sites("third")
    third.clock.moment = hq.clock.moment
    settle([Pair(third, field, ORG, eden=True)])
    edit(hq, comments="hq")
    settle([Pair(third, hq, ORG)])
    assert values(third, "comments") == ["hq"] and third.kept() == []


def test_an_edit_of_what_somebody_made_who_tells_no_edits_is_no_conflict(sites: Sites) -> None:
    eden, hub, field = sites("eden"), sites("hub"), sites("field")
    with eden.store.transaction():
        eden.s3db[ORG].insert(uuid="u", name="Red Cross", comments="old")
    pairs = [Pair(hub, eden, ORG, eden=True), Pair(field, hub, ORG)]
    settle(pairs)
    edit(eden, approved_by=1)
    settle(pairs)
    hub.clock.moment = field.clock.moment = eden.clock.step(60)
    edit(field, comments="field")
    hub.clock.moment = eden.clock.moment = field.clock.step(60)
    settle(pairs)
    assert [values(site, "comments") for site in (eden, hub, field)] == [["field"]] * 3
    assert [site.kept() for site in (eden, hub, field)] == [[], [], []]


def test_what_one_silent_site_set_back_and_another_one_edited_is_the_same_at_all_in_the_end(
    sites: Sites,
) -> None:
    """In between nobody knows of the first one: its version is later than the edit, and has nothing new."""
    (hub, first), _ = chain(sites, "hub", "first")
    second = sites("second")
    pairs = [without_edits(Pair(site, hub, ORG)) for site in (first, second)]
    settle(pairs)
    edit(second, comments="second")
    first.clock.moment = second.clock.moment
    edit(first, comments="first")
    edit(first, comments="old")
    settle(pairs)
    assert [values(site, "comments") for site in (hub, first, second)] == [["second"]] * 3
    (kept,) = first.kept()
    assert kept.kind == "conflict" and "second" in kept.theirs


@pytest.mark.parametrize("last_word", [Policy.THIS, Policy.NEWER, Policy.OTHER])
def test_a_deletion_that_empties_a_reference_disputes_no_edit_that_nobody_told(
    sites: Sites, last_word: Policy
) -> None:
    hq, field = sites("hq"), sites("field")
    made = office("f", "o", ref("location_id", LOCATION, "l")) + org("o", "Org") + location("l", "Place")
    hq.push(made, OFFICE, repository_id=None)
    pair = without_edits(Pair(field, hq, LOCATION, OFFICE, conflict_policy=last_word))
    settle([pair])
    edit(hq, "f", OFFICE, comments="hq")
    hq.delete(LOCATION, "l")
    field.clock.moment = hq.clock.moment
    settle([pair])
    assert [site.row(OFFICE, "f").comments for site in (hq, field)] == ["hq", "hq"]
    assert [site.row(OFFICE, "f").location_id for site in (hq, field)] == [None, None]
    assert hq.kept() == field.kept() == []
