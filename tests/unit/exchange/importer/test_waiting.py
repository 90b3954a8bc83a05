"""What a record waits for is forgotten when a later version of it says otherwise."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.documents import (
    LATER,
    LOCATION,
    NOW,
    OFFICE,
    ORG,
    data,
    deleted,
    location,
    office,
    org,
    ref,
    resource,
)
from tests.support.site import SampleSite

DAY = timedelta(days=1)
DOCUMENT = "doc_document"

pytestmark = pytest.mark.usefixtures("a_month_later")


def drift_office(*parts: str, name: str = "Drift office", **more: object) -> str:
    return office("f", "o", *parts, name=name, **more)


def waits_for_location(site: SampleSite) -> None:
    site.push(org("o", "Drift"), ORG)
    site.push(drift_office(ref("location_id", LOCATION, "l")), OFFICE)
    assert site.waiting() == 1


@pytest.mark.parametrize("name", ["Drift office", "Drift office, on the move"])
def test_a_reference_that_was_cleared_before_its_target_came_stays_empty(site: SampleSite, name: str) -> None:
    waits_for_location(site)
    site.push(drift_office(name=name, modified_on=LATER, null="location_id"), OFFICE)
    assert site.waiting() == 0 and site.row(OFFICE, "f").modified_on == LATER
    site.push(location("l", "Old quay"), LOCATION)
    assert site.row(OFFICE, "f").location_id is None


def test_an_older_version_that_clears_it_changes_nothing(site: SampleSite) -> None:
    waits_for_location(site)
    site.push(drift_office(modified_on=NOW - DAY, null="location_id"), OFFICE)
    site.push(location("l", "Old quay"), LOCATION)
    assert site.row(OFFICE, "f").location_id == site.row(LOCATION, "l").id


def test_a_version_that_does_not_name_the_field_leaves_it_waiting(site: SampleSite) -> None:
    waits_for_location(site)
    site.push(drift_office(name="Renamed", modified_on=LATER), OFFICE)
    site.push(location("l", "Old quay"), LOCATION)
    assert site.row(OFFICE, "f").location_id == site.row(LOCATION, "l").id


@pytest.mark.parametrize("known", [True, False])
def test_a_reference_that_names_another_record_since_does_not_go_back(site: SampleSite, known: bool) -> None:
    waits_for_location(site)
    if known:
        site.push(location("m", "New quay"), LOCATION)
    site.push(drift_office(ref("location_id", LOCATION, "m"), modified_on=LATER), OFFICE)
    site.push(location("l", "Old quay"), LOCATION)
    site.push(location("m", "New quay"), LOCATION)
    assert site.row(OFFICE, "f").location_id == site.row(LOCATION, "m").id
    assert site.waiting() == 0


def test_a_deleted_record_waits_for_nothing(site: SampleSite) -> None:
    waits_for_location(site)
    site.push(deleted(OFFICE, "f", LATER), OFFICE)
    assert site.waiting() == 0
    site.push(location("l", "Old quay"), LOCATION)
    assert site.row(OFFICE, "f").location_id is None


def merged_into_what_is_not_here(site: SampleSite) -> None:
    site.push(org("a", "Phoenix"), ORG)
    site.push(deleted(ORG, "a", NOW + DAY, replaced_by="s"), ORG)
    assert site.waiting() == 1 and site.row(ORG, "a").deleted


def test_a_record_that_lives_again_is_not_merged_when_the_survivor_comes(site: SampleSite) -> None:
    merged_into_what_is_not_here(site)
    site.push(org("a", "Phoenix, again", modified_on=NOW + 2 * DAY), ORG)
    assert site.waiting() == 0
    site.push(org("s", "Ash"), ORG)
    assert [(row.uuid, row.name) for row in site.rows(ORG)] == [("a", "Phoenix, again"), ("s", "Ash")]


def test_nor_is_one_that_somebody_restored_here(site: SampleSite) -> None:
    merged_into_what_is_not_here(site)
    site.s3db.restore(site.s3db[ORG], [site.row(ORG, "a").id])
    site.db.commit()
    site.push(org("s", "Ash"), ORG)
    assert [row.uuid for row in site.rows(ORG)] == ["a", "s"]


def test_a_record_that_was_deleted_after_all_is_not_merged(site: SampleSite) -> None:
    merged_into_what_is_not_here(site)
    site.push(deleted(ORG, "a", NOW + 2 * DAY), ORG)
    assert site.waiting() == 0
    site.push(org("s", "Ash"), ORG)
    assert site.row(ORG, "a").deleted and not site.row(ORG, "a").deleted_rb


def test_a_record_that_is_merged_into_another_one_since_does_not_go_back(site: SampleSite) -> None:
    merged_into_what_is_not_here(site)
    site.push(org("t", "Tinder"), ORG)
    site.push(deleted(ORG, "a", NOW + 2 * DAY, replaced_by="t"), ORG)
    assert site.waiting() == 0
    site.push(org("s", "Ash"), ORG)
    assert site.row(ORG, "a").deleted_rb == site.row(ORG, "t").id


def test_a_file_that_is_no_longer_named_is_not_waited_for(site: SampleSite) -> None:
    stored = "doc_document.file.0123456789abcdef.6e6f74652e747874.txt"
    named = f'<data field="file" url="http://other.example.org/eden/default/download/{stored}" filename="note.txt"/>'
    site.push(resource(DOCUMENT, "d", data("name", "Note"), named), DOCUMENT)
    assert site.waiting() == 1
    site.push(resource(DOCUMENT, "d", data("name", "Note"), modified_on=LATER, null="file"), DOCUMENT)
    assert site.waiting() == 0
