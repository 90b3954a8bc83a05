"""Computed columns: locations in their hierarchy, roots of organisations, beds of hospitals."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


@pytest.fixture
def places(s3db: Any) -> Any:
    table = s3db["gis_location"]
    country = table.insert(name="Nepal", level="L0")
    zone = table.insert(name="Gandaki", level="L1", parent=country)
    district = table.insert(name="Kaski", level="L2", parent=zone, lat=28.3, lon=84.0)
    point = table.insert(addr_street="3 Lake Lane", parent=district, lat=28.2, lon=83.9)
    return Storage(country=country, zone=zone, district=district, point=point)


def form(**values: Any) -> Storage:
    return Storage(vars=Storage(values), errors=Storage())


def test_a_location_knows_its_path_and_the_names_above(s3db: Any, places: Any) -> None:
    s3db.get_config("gis_location", "onaccept_set")([places.country])
    row = s3db["gis_location"](places.point)
    assert row.path == f"{places.country}/{places.zone}/{places.district}/{places.point}"
    assert (row.L0, row.L1, row.L2, row.L3) == ("Nepal", "Gandaki", "Kaski", None)
    assert (row.lat_min, row.lon_max) == (28.2, 83.9)


def test_a_new_name_above_reaches_all_below_and_is_no_edit_of_them(s3db: Any, places: Any) -> None:
    table, accept = s3db["gis_location"], s3db.get_config("gis_location", "onaccept")
    accept(form(id=places.country))
    before = table(places.point).modified_on
    table(places.zone).update_record(name="Gandaki Province")
    accept(form(id=places.zone))
    assert table(places.point).L1 == "Gandaki Province"
    assert table(places.point).modified_on == before


def test_a_circle_of_locations_does_not_hang(s3db: Any, places: Any) -> None:
    s3db["gis_location"](places.country).update_record(parent=places.point)
    s3db.get_config("gis_location", "onaccept_set")([places.country])
    assert s3db["gis_location"](places.point).L2 == "Kaski"


def test_a_form_refuses_a_circle_and_a_wrong_order_of_levels(s3db: Any, places: Any) -> None:
    validate = s3db.get_config("gis_location", "onvalidation")
    circle = form(id=places.country, parent=places.district)
    validate(circle)
    assert "parent" in circle.errors
    upside_down = form(level="L1", parent=places.district)
    validate(upside_down)
    assert "parent" in upside_down.errors
    fine = form(level="L3", parent=places.district)
    validate(fine)
    assert not fine.errors


def test_branches_have_the_root_of_their_parents(s3db: Any) -> None:
    table, link = s3db["org_organisation"], s3db["org_organisation_branch"]
    top, middle, low = (table.insert(name=name) for name in ("Top", "Middle", "Low"))
    s3db.get_config(table, "onaccept_set")([top, middle, low])
    assert [table(one).root_organisation for one in (top, middle, low)] == [top, middle, low]
    lower = link.insert(organisation_id=middle, branch_id=low)
    s3db.get_config(link, "onaccept_set")([lower])
    upper = link.insert(organisation_id=top, branch_id=middle)
    s3db.get_config(link, "onaccept_set")([upper])
    assert [table(one).root_organisation for one in (top, middle, low)] == [top, top, top]
    s3db.delete(link, [upper])
    assert [table(one).root_organisation for one in (top, middle, low)] == [top, middle, middle]


def test_an_organisation_is_no_branch_of_its_own_branch(s3db: Any) -> None:
    table, link = s3db["org_organisation"], s3db["org_organisation_branch"]
    top, low = (table.insert(name=name) for name in ("Top", "Low"))
    link.insert(organisation_id=top, branch_id=low)
    wrong = form(organisation_id=low, branch_id=top)
    s3db.get_config(link, "onvalidation")(wrong)
    assert "branch_id" in wrong.errors


def test_a_hospital_counts_the_beds_of_its_units(s3db: Any) -> None:
    hospital = s3db["hms_hospital"].insert(name="Central")
    beds = s3db["hms_bed_capacity"]
    units = [
        beds.insert(hospital_id=hospital, unit_id=unit, beds_baseline=total, beds_available=free)
        for unit, total, free in (("ICU", 10, 2), ("GEN", 90, 30))
    ]
    s3db.get_config(beds, "onaccept_set")(units)
    row = s3db["hms_hospital"](hospital)
    assert (row.total_beds, row.available_beds) == (100, 32)
    s3db.delete(beds, units)
    assert s3db["hms_hospital"](hospital).total_beds is None
