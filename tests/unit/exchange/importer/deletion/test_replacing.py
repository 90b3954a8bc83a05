"""Merges meet what other sites did meanwhile: deletions, hierarchies, single components, references that wait."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from s3sync.conflicts.resolve import restore
from s3sync.core.kept import Side
from s3sync.core.policy import Method, Terms
from s3sync.exchange.scope_guard import ScopeGuard
from tests.support.documents import (
    CONTACT,
    DETAILS,
    LATER,
    LOCATION,
    NOW,
    OFFICE,
    ORG,
    PERSON,
    contact,
    data,
    deleted,
    details,
    location,
    office,
    org,
    person,
    ref,
    resource,
    told,
)
from tests.support.site import SampleSite

DAY = timedelta(days=1)
TYPE, TYPE_LINK = "org_organisation_type", "org_organisation_organisation_type"

pytestmark = pytest.mark.usefixtures("a_month_later")


# --- survivors that were deleted here -------------------------------------------------------------------


@pytest.mark.parametrize("deleted_first", [True, False])
def test_what_comes_to_a_deleted_survivor_goes_with_it(site: SampleSite, deleted_first: bool) -> None:
    site.push(person("p1", "Ann") + person("p2", "Anne", contact("c", "anne@example.org")), PERSON)
    steps = [deleted(PERSON, "p1", NOW + DAY), deleted(PERSON, "p2", LATER, replaced_by="p1")]
    for step in steps if deleted_first else reversed(steps):
        site.push(step, PERSON)
    assert site.rows(PERSON) == [] and site.rows("pr_contact") == []
    gone = site.row("pr_contact", "c")
    assert gone.modified_on == NOW + DAY
    assert gone.pe_id == site.row(PERSON, "p1").pe_id


def test_a_deleted_survivor_comes_back_when_what_comes_to_it_needs_it(site: SampleSite) -> None:
    site.push(org("o1", "One") + org("o2", "Two"), ORG)
    site.push(office("f", "o1"), OFFICE)
    site.push(deleted(ORG, "o2", NOW + DAY), ORG)
    head = site.journal.head()
    report = site.push(deleted(ORG, "o1", LATER, replaced_by="o2"), ORG)
    assert told(report) == {"merged": 1}
    assert "was deleted here; it is back" in report.warnings[0]
    back = site.row(ORG, "o2")
    assert [row.uuid for row in site.rows(ORG)] == ["o2"] and back.modified_on > NOW + DAY
    assert site.row(OFFICE, "f").organisation_id == back.id
    assert '<data field="name">Two</data>' in site.export(ORG, after=head, skip_origin=1)[0].decode()


def test_of_many_deleted_survivors_those_come_back_that_are_needed(site: SampleSite) -> None:
    numbers = range(4)
    site.push("".join(org(f"a{n}", f"A{n}") + org(f"b{n}", f"B{n}") for n in numbers), ORG)
    site.push(office("f", "a2"), OFFICE)
    site.push("".join(deleted(ORG, f"b{n}", NOW + DAY) for n in numbers), ORG)
    site.push("".join(deleted(ORG, f"a{n}", LATER, replaced_by=f"b{n}") for n in numbers), ORG)
    assert [row.uuid for row in site.rows(ORG)] == ["b2"]


# --- hierarchies ----------------------------------------------------------------------------------------


def parents(site: SampleSite) -> dict[str, str | None]:
    uuids = {row.id: row.uuid for row in site.rows(LOCATION)}
    return {row.uuid: uuids.get(row.parent) for row in site.rows(LOCATION)}


def test_a_parent_that_is_merged_into_its_child_leaves_it_its_own_place(site: SampleSite) -> None:
    site.push(location("g", "Top") + location("p", "Parent", "g") + location("c", "Child", "p"), LOCATION)
    site.push(location("s", "Sister", "p"), LOCATION)
    site.push(deleted(LOCATION, "p", LATER, replaced_by="c"), LOCATION)
    assert parents(site) == {"g": None, "c": "g", "s": "c"}
    assert told(site.push(location("c", "Renamed", "g", modified_on=LATER), LOCATION))["updated"] == 1


def test_what_is_below_a_merged_place_knows_its_new_path(site: SampleSite) -> None:
    site.push(location("a", "A") + location("b", "B") + location("c", "C", "a"), LOCATION)
    site.push(deleted(LOCATION, "a", LATER, replaced_by="b"), LOCATION)
    assert site.row(LOCATION, "c").path == f"{site.row(LOCATION, 'b').id}/{site.row(LOCATION, 'c').id}"


@pytest.mark.parametrize("top", [None, "g"])
def test_one_that_is_merged_into_what_is_far_below_it_makes_no_circle(
    site: SampleSite, top: str | None
) -> None:
    names = location("p", "P", top) + location("m", "M", "p") + location("c", "C", "m")
    site.push((location("g", "G") if top else "") + names, LOCATION)
    site.push(deleted(LOCATION, "p", LATER, replaced_by="c"), LOCATION)
    expected: dict[str, str | None] = {"m": top, "c": "m"}
    assert parents(site) == ({"g": None, **expected} if top else expected)


def test_merges_along_a_hierarchy_in_one_document_make_no_circle(site: SampleSite) -> None:
    chain = "".join(location(uuid, uuid, above) for uuid, above in zip("abcde", (None, *"abcd")))
    site.push(chain, LOCATION)
    merges = [("a", "c"), ("b", "e")]
    texts = "".join(deleted(LOCATION, gone, LATER, replaced_by=kept) for gone, kept in merges)
    site.push(texts, LOCATION)
    found = parents(site)
    assert found.keys() == {"c", "d", "e"}
    for start in found:
        seen, here = set(), start
        while found[here] is not None:
            assert here not in seen
            seen.add(here)
            here = str(found[here])


# --- single components ----------------------------------------------------------------------------------


def two_persons(site: SampleSite) -> None:
    site.push(
        person("p1", "Ono", details("d1", "Nurse")) + person("p2", "Onno", details("d2", "Driver")), PERSON
    )


def test_of_two_single_components_the_survivors_stays_and_the_other_one_is_kept(site: SampleSite) -> None:
    two_persons(site)
    report = site.push(deleted(PERSON, "p2", LATER, replaced_by="p1"), PERSON)
    assert [(row.uuid, row.occupation) for row in site.rows(DETAILS)] == [("d1", "Nurse")]
    gone = site.row(DETAILS, "d2")
    assert gone.deleted_rb == site.row(DETAILS, "d1").id and gone.modified_on == LATER
    (kept,) = site.kept()
    assert (kept.kind, kept.tablename, kept.uuid, kept.winner) == ("conflict", DETAILS, "d1", "ours")
    assert "Nurse" in kept.ours and "Driver" in kept.theirs
    assert any("there can be one of them" in str(line).lower() for line in report.conflicts)
    assert 'replaced_by="d1"' in site.export(PERSON)[0].decode()


def test_the_only_one_of_two_moves_to_the_survivor(site: SampleSite) -> None:
    site.push(person("p1", "Ono") + person("p2", "Onno", details("d2", "Driver")), PERSON)
    site.push(deleted(PERSON, "p2", LATER, replaced_by="p1"), PERSON)
    (row,) = site.rows(DETAILS)
    assert row.person_id == site.row(PERSON, "p1").id and site.kept() == []


@pytest.mark.parametrize("order", [("p2", "p3"), ("p3", "p2")])
def test_of_several_that_come_to_a_survivor_without_one_the_latest_stays(
    site: SampleSite, order: tuple[str, str]
) -> None:
    site.push(person("p1", "A") + person("p2", "B", details("d2", "Driver")), PERSON)
    site.push(person("p3", "C", details("d3", "Cook", modified_on=NOW + timedelta(minutes=1))), PERSON)
    site.push("".join(deleted(PERSON, uuid, LATER, replaced_by="p1") for uuid in order), PERSON)
    assert [row.uuid for row in site.rows(DETAILS)] == ["d3"]


def test_a_person_can_take_the_values_that_were_kept(site: SampleSite) -> None:
    two_persons(site)
    site.push(deleted(PERSON, "p2", LATER, replaced_by="p1"), PERSON)
    restore(site, site.kept()[0].id, Side.THEIRS)
    assert [(row.uuid, row.occupation) for row in site.rows(DETAILS)] == [("d1", "Driver")]


def test_components_of_a_super_entity_are_single_too(site: SampleSite) -> None:
    table = "cr_shelter"
    status = "cr_shelter_details"
    for number in (1, 2):
        inner = resource(status, f"d{number}", data("population", str(number)))
        site.push(resource(table, f"s{number}", data("name", f"Shelter {number}"), inner), table)
    site.push(deleted(table, "s2", LATER, replaced_by="s1"), table)
    assert [(row.uuid, row.population) for row in site.rows(status)] == [("d1", 1)]


# --- references that wait for a merged record -----------------------------------------------------------


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("steps", [("lm",), ("lk", "km")])
@pytest.mark.parametrize("together", [True, False])
def test_a_reference_that_waits_for_a_merged_record_follows_it(
    site: SampleSite, known: bool, steps: tuple[str, ...], together: bool
) -> None:
    site.push(org("o", "Org"), ORG)
    site.push(office("f", "o", ref("location_id", LOCATION, "l")), OFFICE)
    if known:
        site.push(location("m", "Survivor"), LOCATION)
    texts = [deleted(LOCATION, gone, LATER, replaced_by=kept) for gone, kept in steps]
    for text in ["".join(texts)] if together else texts:
        site.push(text, LOCATION)
    site.push(location("m", "Survivor"), LOCATION)
    assert site.row(OFFICE, "f").location_id == site.row(LOCATION, "m").id
    assert site.waiting() == 0


def test_a_merge_that_waits_for_a_merged_survivor_follows_it(site: SampleSite) -> None:
    site.push(org("a", "A") + org("t", "T"), ORG)
    site.push(office("f", "a"), OFFICE)
    site.push(deleted(ORG, "a", LATER, replaced_by="s"), ORG)
    site.push(deleted(ORG, "s", LATER + DAY, replaced_by="t"), ORG)
    assert site.row(OFFICE, "f").organisation_id == site.row(ORG, "t").id
    assert site.waiting() == 0


def test_what_comes_late_for_a_merged_record_that_was_never_here_goes_to_the_survivor(
    site: SampleSite,
) -> None:
    site.push(org("s", "Survivor"), ORG)
    site.push(deleted(ORG, "a", LATER, replaced_by="s"), ORG)
    site.push(office("f", "a"), OFFICE)
    assert site.row(OFFICE, "f").organisation_id == site.row(ORG, "s").id


def test_what_was_rejected_for_a_merged_record_is_tried_again_with_its_survivor(site: SampleSite) -> None:
    site.push(office("f", "a"), OFFICE)
    assert site.kept_versions.retriable(1, OFFICE, 10) == []
    site.push(org("s", "Survivor") + deleted(ORG, "a", LATER, replaced_by="s"), ORG)
    (ready,) = site.kept_versions.retriable(1, OFFICE, 10)
    assert ready.uuid == "f"


@pytest.mark.parametrize("steps", [("as",), ("ab", "bs"), ("bs", "ab")])
@pytest.mark.parametrize("first", ["merge", "survivor", "referrer"])
def test_nor_its_survivor_was_here_when_it_was_merged(
    site: SampleSite, steps: tuple[str, ...], first: str
) -> None:
    merge = [
        lambda gone=gone, kept=kept: site.push(deleted(ORG, gone, LATER, replaced_by=kept), ORG)
        for gone, kept in steps
    ]
    survivor, referrer = (
        (lambda: site.push(org("s", "S"), ORG)),
        (lambda: site.push(office("f", "a"), OFFICE)),
    )
    order = {
        "merge": [*merge, survivor, referrer],
        "survivor": [merge[0], survivor, *merge[1:], referrer],
        "referrer": [*merge, referrer, survivor],
    }
    for step in order[first]:
        step()
    if first == "referrer":
        (again,) = site.kept_versions.retriable(1, OFFICE, 10)
        assert again.uuid == "f", "the survivor is here"
        site.push(office("f", "a"), OFFICE)
    assert site.row(OFFICE, "f").organisation_id == site.row(ORG, "s").id


def test_what_waits_for_a_merged_record_that_was_never_here_waits_for_its_survivor(site: SampleSite) -> None:
    site.push(org("o", "Org") + deleted(LOCATION, "l", LATER, replaced_by="m"), ORG)
    site.push(deleted(LOCATION, "l", LATER, replaced_by="m"), LOCATION)
    site.push(office("f", "o", ref("location_id", LOCATION, "l")), OFFICE)
    assert site.waiting() == 1
    site.push(location("m", "Survivor"), LOCATION)
    assert site.row(OFFICE, "f").location_id == site.row(LOCATION, "m").id
    assert site.waiting() == 0


def test_a_survivor_that_comes_with_what_names_the_merged_record(site: SampleSite) -> None:
    site.push(deleted(LOCATION, "l", LATER, replaced_by="m"), LOCATION)
    site.push(location("n", "Below", parent="l") + location("m", "Survivor"), LOCATION)
    assert site.row(LOCATION, "n").parent == site.row(LOCATION, "m").id


def test_a_record_with_a_unique_name_that_was_merged_elsewhere_and_never_here(site: SampleSite) -> None:
    site.push(resource(TYPE, "s", data("name", "Survivor")), TYPE)
    site.push(org("o", "Org"), ORG)
    site.push(deleted(TYPE, "a", LATER, replaced_by="s"), TYPE)
    link = ref("organisation_id", ORG, "o") + ref("organisation_type_id", TYPE, "a")
    site.push(resource(TYPE_LINK, "l", link), TYPE_LINK)
    assert site.row(TYPE_LINK, "l").organisation_type_id == site.row(TYPE, "s").id
    site.push(resource(TYPE, "a", data("name", "Another"), modified_on=LATER + DAY), TYPE)
    assert site.row(TYPE, "a").name == "Another", "it lives again, as a record of its own"


def test_a_merge_of_a_time_that_cannot_be_is_not_followed(site: SampleSite) -> None:
    site.push(org("s", "Survivor"), ORG)
    merge = deleted(ORG, "a", NOW + 400 * DAY, replaced_by="s")
    site.push(merge, ORG, is_possible=site.is_possible)
    site.push(office("f", "a"), OFFICE)
    assert site.db(site.s3db[OFFICE].uuid == "f").isempty()


# --- records that come back to one that was merged meanwhile --------------------------------------------


@pytest.mark.parametrize("known", ["b", "s"])
def test_a_record_that_lives_again_refers_to_the_survivor(site: SampleSite, known: str) -> None:
    site.push(org("b", "B") + org("s", "S"), ORG)
    site.push(office("f", "b"), OFFICE)
    site.push(deleted(OFFICE, "f", NOW + DAY), OFFICE)
    site.push(deleted(ORG, "b", NOW + 2 * DAY, replaced_by="s"), ORG)
    site.push(
        resource(
            OFFICE,
            "f",
            data("name", "Office again"),
            ref("organisation_id", ORG, known),
            modified_on=NOW + 3 * DAY,
        ),
        OFFICE,
    )
    assert site.row(OFFICE, "f").organisation_id == site.row(ORG, "s").id
    assert not site.row(OFFICE, "f").deleted


@pytest.mark.parametrize("together", [True, False])
def test_what_was_merged_into_one_that_is_deleted_before_it_came_goes_with_it(
    site: SampleSite, together: bool
) -> None:
    """The survivor is known to others alone, so that its deletion is all that ever comes of it."""
    site.push(person("p", "Ann", contact("c", "a@b.org")), PERSON)
    merged, gone = deleted(PERSON, "p", LATER, replaced_by="other"), deleted(PERSON, "other", LATER)
    for part in [merged + gone] if together else [merged, gone]:
        site.push(part, PERSON)
    assert site.row(CONTACT, "c").deleted
    assert site.waiting() == 0


@pytest.mark.parametrize(
    "limits",
    [{"guard": ScopeGuard({ORG: ()})}, {"terms": Terms(strategy=frozenset(Method) - {Method.DELETE})}],
)
def test_who_may_delete_nothing_does_not_end_a_merge_into_a_record_that_is_not_here(
    site: SampleSite, limits: dict[str, Any]
) -> None:
    site.push(person("p", "Ann", contact("c", "a@b.org")), PERSON)
    site.push(deleted(PERSON, "p", LATER, replaced_by="other"), PERSON)
    site.push(deleted(PERSON, "other", LATER), PERSON, **limits)
    assert not site.row(CONTACT, "c").deleted
    site.push(deleted(PERSON, "other", LATER), PERSON)
    assert site.row(CONTACT, "c").deleted, "who may"


def test_a_merge_outside_of_the_scope_leads_nothing_elsewhere(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c", "a@b.org")) + person("q", "Bob"), PERSON)
    site.push(deleted(PERSON, "p", LATER, replaced_by="unknown"), PERSON)
    onwards, bob = deleted(PERSON, "unknown", LATER, replaced_by="q"), site.row(PERSON, "q").pe_id
    site.push(onwards, PERSON, guard=ScopeGuard({ORG: ()}))
    assert site.row(CONTACT, "c").pe_id != bob
    site.push(onwards, PERSON)
    assert site.row(CONTACT, "c").pe_id == bob
