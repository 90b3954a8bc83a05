"""What super-entities share with their instances follows these, whatever changes them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

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
SHARED = ("uuid", "deleted", "name", "location_id", "organisation_id")

pytestmark = pytest.mark.usefixtures("a_month_later")


def of_office(site: SampleSite) -> dict[str, Any]:
    row = site.row(OFFICE, "f")
    return {name: row[name] for name in SHARED}


def of_site(site: SampleSite) -> dict[str, Any]:
    above = site.s3db["org_site"]
    row = site.db(above.site_id == site.row(OFFICE, "f").site_id).select().first()
    return {name: row[name] for name in SHARED}


@pytest.fixture
def located(site: SampleSite) -> SampleSite:
    """A site with an office of which the location came after it."""
    site.push(org("o", "Org"), ORG)
    site.push(office("f", "o", ref("location_id", LOCATION, "l")), OFFICE)
    site.push(location("l", "Lake"), LOCATION)
    return site


def test_a_reference_that_waited(located: SampleSite) -> None:
    assert of_site(located) == of_office(located)
    assert of_site(located)["location_id"] == located.row(LOCATION, "l").id


def test_a_reference_that_moves_to_the_survivor_of_a_merge(located: SampleSite) -> None:
    located.push(location("m", "Survivor") + deleted(LOCATION, "l", LATER, replaced_by="m"), LOCATION)
    assert of_site(located) == of_office(located)
    assert of_site(located)["location_id"] == located.row(LOCATION, "m").id


def test_a_reference_that_is_emptied_and_filled_again(located: SampleSite) -> None:
    located.push(deleted(LOCATION, "l", LATER), LOCATION)
    assert of_site(located) == of_office(located)
    assert of_site(located)["location_id"] is None
    located.push(location("l", "Lake", modified_on=LATER + DAY), LOCATION)
    assert of_site(located) == of_office(located)
    assert of_site(located)["location_id"] == located.row(LOCATION, "l").id


@pytest.mark.parametrize("by_form", [True, False])
def test_a_record_that_is_deleted_and_lives_again(located: SampleSite, by_form: bool) -> None:
    if by_form:
        located.delete(OFFICE, "f")
    else:
        located.push(deleted(OFFICE, "f", LATER), OFFICE)
    assert of_site(located) == of_office(located)
    assert of_site(located)["deleted"]
    later = max(LATER, located.row(OFFICE, "f").modified_on) + timedelta(minutes=1)
    located.push(resource(OFFICE, "f", data("name", "Again"), modified_on=later), OFFICE)
    assert of_site(located) == of_office(located)
    assert (of_site(located)["name"], of_site(located)["deleted"]) == ("Again", False)
    assert of_site(located)["location_id"] == located.row(LOCATION, "l").id


def test_a_changed_field(located: SampleSite) -> None:
    located.push(resource(OFFICE, "f", data("name", "Renamed"), modified_on=NOW + DAY), OFFICE)
    assert of_site(located)["name"] == "Renamed"
    assert of_site(located) == of_office(located)
