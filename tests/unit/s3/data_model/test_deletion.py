"""Deletion: marked, remembered, following the rules of the data model; and taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from s3.data_model.errors import DeletionRestricted
from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


def test_foreign_keys_are_remembered_and_emptied(s3db: Any) -> None:
    place = s3db["gis_location"].insert(name="Here")
    organisation = s3db["org_organisation"].insert(name="Relief")
    office = s3db["org_office"].insert(name="Main", organisation_id=organisation, location_id=place)
    assert s3db.delete("org_office", [office]) == 1
    record = s3db["org_office"](office)
    assert record.deleted is True
    assert record.location_id is None
    assert record.organisation_id == organisation, "a required reference cannot be emptied"
    assert json.loads(record.deleted_fk) == {"location_id": place, "organisation_id": organisation}


def test_deletion_is_an_edit(s3db: Any) -> None:
    sector = s3db["org_sector"].insert(name="Health")
    before = s3db["org_sector"](sector).modified_on
    s3db.delete("org_sector", [sector])
    assert s3db["org_sector"](sector).modified_on > before


def test_a_record_in_use_is_kept_and_nothing_changes(s3db: Any) -> None:
    organisation = s3db["org_organisation"].insert(name="Relief")
    kind = s3db["org_organisation_type"].insert(name="NGO")
    link = s3db["org_organisation_organisation_type"].insert(
        organisation_id=organisation, organisation_type_id=kind
    )
    s3db["org_office"].insert(name="Main", organisation_id=organisation)
    s3db["org_office"].insert(name="Other", organisation_id=organisation)
    with pytest.raises(DeletionRestricted, match=r"2 by org_office\.organisation_id") as caught:
        s3db.delete("org_organisation", [organisation])
    assert caught.value.referrers == {"org_office.organisation_id": 2}
    assert s3db["org_organisation"](organisation).deleted is False
    assert s3db["org_organisation_organisation_type"](link).deleted is False


def test_a_deleted_referrer_does_not_restrict(s3db: Any) -> None:
    organisation = s3db["org_organisation"].insert(name="Relief")
    office = s3db["org_office"].insert(name="Main", organisation_id=organisation)
    s3db.delete("org_office", [office])
    assert s3db.delete("org_organisation", [organisation]) == 1


def test_restricted_records_can_go_together(s3db: Any) -> None:
    country = s3db["gis_location"].insert(name="Nepal", level="L0")
    district = s3db["gis_location"].insert(name="Kaski", level="L2", parent=country)
    with pytest.raises(DeletionRestricted):
        s3db.delete("gis_location", [country])
    assert s3db.delete("gis_location", [country, district]) == 2


def test_components_go_with_their_master_also_through_super_entities(s3db: Any) -> None:
    person = s3db["pr_person"].insert(first_name="Asha")
    pe_id = s3db["pr_person"](person).pe_id
    contact = s3db["pr_contact"].insert(pe_id=pe_id, value="asha@example.org", contact_method="EMAIL")
    identity = s3db["pr_identity"].insert(person_id=person, value="NP-1")
    assert s3db.delete("pr_person", [person]) == 3
    assert s3db["pr_contact"](contact).deleted and s3db["pr_identity"](identity).deleted
    assert json.loads(s3db["pr_contact"](contact).deleted_fk) == {"pe_id": pe_id}


def test_optional_references_are_emptied_in_others(s3db: Any) -> None:
    kind = s3db["cr_shelter_type"].insert(name="School")
    food, water = (s3db["cr_shelter_service"].insert(name=name) for name in ("Food", "Water"))
    shelter = s3db["cr_shelter"].insert(name="Hill", shelter_type_id=kind, shelter_service_id=[food, water])
    s3db.delete("cr_shelter_type", [kind])
    s3db.delete("cr_shelter_service", [food])
    record = s3db["cr_shelter"](shelter)
    assert record.deleted is False
    assert record.shelter_type_id is None
    assert record.shelter_service_id == [water]


def test_ondelete_is_called_for_each_record(s3db: Any) -> None:
    seen: list[str] = []
    s3db.configure("org_sector", ondelete=lambda row: seen.append(row.name))
    sectors = [s3db["org_sector"].insert(name=name) for name in ("Food", "Water")]
    s3db.delete("org_sector", sectors)
    assert sorted(seen) == ["Food", "Water"]


def test_deleting_twice_changes_nothing(s3db: Any) -> None:
    sector = s3db["org_sector"].insert(name="Health")
    assert s3db.delete("org_sector", [sector]) == 1
    before = s3db["org_sector"](sector).as_dict()
    assert s3db.delete("org_sector", [sector]) == 0
    assert s3db["org_sector"](sector).as_dict() == before


def test_restore_brings_back_live_references_only(s3db: Any) -> None:
    kind = s3db["org_office_type"].insert(name="Field")
    place = s3db["gis_location"].insert(name="Here")
    organisation = s3db["org_organisation"].insert(name="Relief")
    office = s3db["org_office"].insert(
        name="Main", organisation_id=organisation, location_id=place, office_type_id=kind
    )
    s3db.delete("org_office", [office])
    s3db.delete("org_office_type", [kind])
    assert s3db.restore("org_office", [office]) == 1
    record = s3db["org_office"](office)
    assert (record.deleted, record.location_id, record.office_type_id, record.deleted_fk) == (
        False,
        place,
        None,
        None,
    )


def test_a_chain_of_branches_can_be_deleted_in_a_circle(s3db: Any) -> None:
    first, second = (s3db["org_organisation"].insert(name=name) for name in ("A", "B"))
    for parent, branch in ((first, second), (second, first)):
        s3db["org_organisation_branch"].insert(organisation_id=parent, branch_id=branch)
    assert s3db.delete("org_organisation", [first]) == 3
    assert s3db["org_organisation"](second).deleted is False
