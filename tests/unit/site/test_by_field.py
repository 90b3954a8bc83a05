"""Sites that exchange merge what was edited at both, field by field."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from s3sync.core.policy import Policy
from tests.support.documents import (
    CONTACT,
    ORG,
    PERSON,
    contact,
    person,
)
from tests.support.exchange import Pair
from tests.support.merging import Sites, chain, edit, settle, values, without_edits, write_past

TYPES = "org_organisation_type"


@pytest.mark.parametrize("policy", list(Policy))
def test_fields_that_one_side_edited_are_taken_from_it_whatever_the_policies(
    sites: Sites, policy: Policy
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    pair = Pair(field, hq, ORG, update_policy=policy, conflict_policy=policy)
    edit(hq, acronym="HQ")
    edit(field, comments="field")
    settle([pair])
    for site in (hq, field):
        assert values(site, "acronym", "comments", "year") == ["HQ", "field", 1900]
        assert site.kept() == []


def test_only_the_field_that_both_edited_is_a_conflict(sites: Sites) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    edit(hq, acronym="HQ", comments="hq")
    field.clock.step(300)
    edit(field, acronym="FIELD", year=2001)
    settle(pairs)
    for site in (hq, field):
        assert values(site, "acronym", "comments", "year") == ["FIELD", "hq", 2001]
    kept = [*hq.kept(), *field.kept()]
    assert [each.kind for each in kept] == ["conflict"] and "HQ" in kept[0].theirs + kept[0].ours


def test_a_record_in_dispute_is_so_among_others_that_only_follow(sites: Sites) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    with hq.store.transaction():
        hq.s3db[ORG].insert(uuid="v", name="Red Crescent", acronym="RC")
    settle(pairs)
    edit(hq, acronym="HQ")
    edit(hq, "v", acronym="V")
    field.clock.step(300)
    edit(field, acronym="FIELD")
    settle(pairs)
    for site in (hq, field):
        assert [site.row(ORG, uuid).acronym for uuid in "uv"] == ["FIELD", "V"]
    assert [(each.kind, each.uuid) for each in (*hq.kept(), *field.kept())] == [("conflict", "u")]


@pytest.mark.parametrize("asks", ["hq", "field"])
def test_what_was_written_past_the_journal_is_kept_when_an_edit_elsewhere_replaces_it(
    sites: Sites, asks: str
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    write_past(field, acronym="SQL")
    hq.clock.step(300)
    edit(hq, acronym="HQ", year=2001)
    settle([Pair(field, hq, ORG) if asks == "field" else Pair(hq, field, ORG)])
    for site in (hq, field):
        assert values(site, "acronym", "year") == ["HQ", 2001]
    kept = [*hq.kept(), *field.kept()]
    assert any("SQL" in (each.ours or "") + (each.theirs or "") for each in kept)


def test_what_was_written_past_the_journal_is_kept_also_if_another_field_was_edited_after_it(
    sites: Sites,
) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    write_past(field, acronym="SQL")
    edit(field, comments="field")
    hq.clock.step(600)
    edit(hq, acronym="HQ")
    settle(pairs)
    for site in (hq, field):
        assert values(site, "acronym", "comments") == ["HQ", "field"]
    kept = [*hq.kept(), *field.kept()]
    assert any("SQL" in (each.ours or "") + (each.theirs or "") for each in kept)


def test_edits_meet_in_the_middle_of_a_chain(sites: Sites) -> None:
    (left, middle, right), pairs = chain(sites, "left", "middle", "right")
    edit(left, acronym="L")
    edit(right, year=2001)
    edit(middle, comments="M")
    settle(pairs)
    for site in (left, middle, right):
        assert values(site, "acronym", "year", "comments") == ["L", 2001, "M"]
        assert site.kept() == []


def test_an_edit_that_has_seen_another_one_is_no_conflict_by_whatever_way_it_comes(sites: Sites) -> None:
    (a, b, c), pairs = chain(sites, "a", "b", "c")
    ring = [*pairs, Pair(a, c, ORG)]
    settle(ring)
    edit(a, acronym="one")
    settle(ring[:1])
    edit(b, acronym="two")
    # The third site hears of the second edit first, and of the first one later, from the other side.
    settle([ring[1], ring[2], ring[0]])
    for site in (a, b, c):
        assert values(site, "acronym") == ["two"] and site.kept() == []


def test_a_clock_that_is_ahead_wins_nothing_that_was_seen_there(sites: Sites) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    field.clock.step(2 * 3600)
    edit(field, acronym="ahead")
    settle(pairs)
    field.clock.step(-2 * 3600)
    edit(hq, acronym="corrected")
    settle(pairs)
    for site in (hq, field):
        assert values(site, "acronym") == ["corrected"] and site.kept() == []


def test_two_that_make_the_same_edit_have_no_conflict_now_or_later(sites: Sites) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    edit(hq, acronym="same")
    edit(field, acronym="same")
    settle(pairs)
    edit(hq, acronym="next")
    settle(pairs)
    for site in (hq, field):
        assert values(site, "acronym") == ["next"] and site.kept() == []


def test_a_record_that_lives_again_keeps_what_was_edited_before_it_was_deleted(sites: Sites) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    edit(hq, acronym="HQ")
    hq.delete(ORG, "u")
    field.clock.step(600)
    edit(field, comments="field")
    settle(pairs)
    for site in (hq, field):
        assert not site.row(ORG, "u").deleted
        assert values(site, "acronym", "comments") == ["HQ", "field"]


def test_what_an_eden_edited_is_merged_with_what_was_edited_here(sites: Sites) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    eden = Pair(field, hq, ORG, eden=True)
    settle([eden])
    edit(hq, acronym="EDEN")
    edit(field, comments="field")
    settle([eden])
    assert values(field, "acronym", "comments") == ["EDEN", "field"] and field.kept() == []


def edited_before_it_takes(eden: Pair, patched: pytest.MonkeyPatch, **values: Any) -> None:
    """Let somebody at an Eden edit the organisation after it was asked, and before it is sent ours."""
    push = eden.peer.push

    def sent(*arguments: Any) -> Any:
        patched.undo()
        for site in (eden.own, eden.other):
            site.clock.step(60)
        edit(eden.other, **values)
        for site in (eden.own, eden.other):
            site.clock.step(120)
        return push(*arguments)

    patched.setattr(eden.peer, "push", sent)


@pytest.mark.parametrize("ahead", [0, 3600])
def test_what_an_eden_refused_without_a_word_is_kept_and_listed(
    sites: Sites, ahead: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    eden = Pair(field, hq, ORG, eden=True)
    hq.clock.step(ahead)
    field.repository(eden.repository.id).note_contact(float(ahead))
    settle([eden])
    edit(field, acronym="field")
    edited_before_it_takes(eden, monkeypatch, acronym="EDEN")
    eden.run()
    assert values(hq, "acronym") == ["EDEN"], "theirs is newer, and the Eden does not say so"
    settle([eden])
    assert values(field, "acronym") == ["EDEN"]
    (kept,) = field.kept()
    assert (kept.kind, kept.winner) == ("conflict", "theirs") and "field" in kept.ours
    edit(hq, acronym="edited later")
    settle([eden])
    assert values(field, "acronym") == ["edited later"] and len(field.kept()) == 1, "that has seen ours"


def test_pages_of_records_that_nobody_edited_say_nothing_of_edits(sites: Sites) -> None:
    (hq, field), pairs = chain(sites, "hq", "field")
    before = hq.export(ORG)[0]
    assert b' edits="1"' in before and before.count(b"edits=") == 1
    edit(hq, acronym="HQ")
    after = hq.export(ORG)[0]
    assert after.count(b"edits=") == 2 and b"=acronym" in after
    settle(pairs)
    assert b"=acronym" in field.export(ORG)[0]


def test_three_sites_that_know_an_edit_in_different_ways_know_the_same(sites: Sites) -> None:
    (a, b, c), pairs = chain(sites, "a", "b", "c")
    for site, name in ((a, "acronym"), (b, "comments"), (c, "name")):
        edit(site, **{name: site.folder.name})
    settle(pairs)
    known = [site.ports.changes.edits(ORG, [site.row(ORG, "u").id]) for site in (a, b, c)]
    assert len({str(sorted(next(iter(each.values())).seen.items())) for each in known}) == 1


def test_a_site_that_tells_its_edits_from_now_on_is_in_no_conflict_with_what_it_edited_before(
    sites: Sites,
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    eden = Pair(field, hq, ORG, eden=True)
    edit(hq, acronym="before")
    settle([eden])
    edit(hq, acronym="after")
    settle([Pair(field, hq, ORG)])
    assert values(field, "acronym") == ["after"] and field.kept() == []


def test_a_later_time_without_an_edit_is_no_edit_anywhere(sites: Sites) -> None:
    # Approval, another owner, or a computed field give a record another time, and change nothing that travels.
    (hq, near, far), pairs = chain(sites, "hq", "near", "far")
    edit(far, acronym="FAR")
    hq.clock.step(600)
    edit(hq, approved_by=1)
    near.clock.moment = far.clock.moment = hq.clock.moment
    pairs[0].run()
    assert near.row(ORG, "u").modified_on == hq.row(ORG, "u").modified_on
    settle(pairs)
    assert [site.row(ORG, "u").acronym for site in (hq, near, far)] == ["FAR"] * 3
    assert [site.kept() for site in (hq, near, far)] == [[], [], []]
    for site in (hq, near, far):
        (told,) = site.changes.edits(ORG, [site.row(ORG, "u").id]).values()
        assert set(told.fields) == {"acronym"}


def test_equal_records_with_other_times_are_not_told_as_edited(sites: Sites) -> None:
    hq, field = sites("hq"), sites("field")
    for site, minute in ((hq, 5), (field, 0)):
        site.push(
            f'<resource name="{ORG}" uuid="u" modified_on="2026-03-01T12:0{minute}:00">'
            '<data field="name">The same</data></resource>',
            ORG,
            repository_id=None,
        )
        site.clock.step(3600)
    settle([Pair(field, hq, ORG)])
    assert hq.row(ORG, "u").modified_on == field.row(ORG, "u").modified_on
    assert [site.changes.edits(ORG, [site.row(ORG, "u").id]) for site in (hq, field)] == [{}, {}]


def test_what_was_edited_before_it_was_deleted_is_kept_where_it_lives_again(sites: Sites) -> None:
    (hq, field), (pair,) = chain(sites, "hq", "field")
    edit(field, comments="field")
    field.delete(ORG, "u")
    hq.clock.moment = field.clock.moment
    edit(hq, comments="hq")
    settle([pair])
    assert [site.row(ORG, "u").comments for site in (hq, field)] == ["hq", "hq"]
    (entry,) = [each for site in (hq, field) for each in site.kept() if each.kind == "conflict"]
    assert '<data field="comments">field</data>' in entry.ours


@pytest.mark.parametrize("last_word", [Policy.THIS, Policy.OTHER])
def test_a_contact_that_moved_lives_on_whoever_has_the_last_word(sites: Sites, last_word: Policy) -> None:
    hq, field = sites("hq"), sites("field")
    hq.push(
        person("p1", "Ann", contact("c", "ann@example.org")) + person("p2", "Bea"), PERSON, repository_id=None
    )
    pair = Pair(field, hq, PERSON, conflict_policy=last_word)
    settle([pair])
    hq.clock.step(60)
    hq.delete(PERSON, "p1")
    edit(field, "c", CONTACT, pe_id=field.row(PERSON, "p2").pe_id)
    settle([pair])
    assert [site.row(CONTACT, "c").deleted for site in (hq, field)] == [False, False]
    assert hq.row(CONTACT, "c").pe_id == hq.row(PERSON, "p2").pe_id


@pytest.mark.parametrize("last_word", [Policy.NEWER, Policy.THIS, Policy.OTHER])
def test_an_edit_by_a_clock_that_was_days_behind_is_listed_where_no_edits_are_told(
    sites: Sites, last_word: Policy
) -> None:
    (hq, field), _ = chain(sites, "hq", "field")
    pair = without_edits(Pair(field, hq, ORG, conflict_policy=last_word))
    settle([pair])
    right = field.clock.now()
    field.clock.step(-3 * 86400)
    edit(field, comments="field")
    settle([pair])
    (kept,) = hq.kept()
    assert (kept.kind, kept.winner) == ("conflict", "ours") and "field" in kept.theirs
    field.clock.moment = hq.clock.moment = right + timedelta(days=4)
    settle([pair, pair])
    assert values(hq, "comments") == values(field, "comments")
    (kept,) = hq.kept()
    assert kept.kind == "conflict" and "field" in kept.theirs, "nobody has decided"


def test_an_edit_is_dated_later_where_the_version_that_replaced_it_had_to_wait_for_its_time(
    sites: Sites,
) -> None:
    hq, field = sites("hq"), sites("field")
    field.push(person("p", "Ann", contact("c", "ann@example.org")), PERSON, repository_id=None)
    pair = without_edits(Pair(field, hq, PERSON))
    settle([pair])
    right = field.clock.now()
    field.clock.step(-3 * 86400)
    edit(field, "c", CONTACT, comments="field")
    settle([pair])
    field.clock.moment = hq.clock.moment = right + timedelta(days=4)
    settle([pair, pair])
    assert [site.row(CONTACT, "c").comments for site in (hq, field)] == ["field", "field"]
