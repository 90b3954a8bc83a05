"""Validators: choices, references, unique values, web addresses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3.data_model.validators import ReferenceTo, UniqueValue, WebAddress
from s3sync.ui.choice import Choice
from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


def test_a_choice_is_stored_as_its_own_type() -> None:
    rule = Choice({1: "one", 2: "two"})
    assert rule("2") == (2, None)
    assert rule(1) == (1, None)
    assert rule("3")[1] and rule("")[1]


def test_several_choices() -> None:
    rule = Choice({0: "Sunday", 6: "Saturday"}, multiple=True)
    assert rule(["0", "6"]) == ([0, 6], None)
    assert rule("6") == ([6], None)
    assert rule(["0", "7"])[1]


def test_a_reference_is_found_by_number_uuid_and_name(s3db: Any) -> None:
    asha = s3db["pr_person"].insert(first_name="Asha", last_name="Gurung")
    rule = ReferenceTo(s3db, "pr_person")
    assert rule(str(asha)) == (asha, None)
    assert rule(s3db["pr_person"](asha).uuid) == (asha, None)
    assert rule("Asha Gurung") == (asha, None)
    assert rule("") == (None, None)
    assert rule("Bikram Thapa")[1]
    # neither is the key of a record, nor a number that every database can look for
    assert rule("²")[1] and rule("9" * 30)[1]
    s3db["pr_person"].insert(first_name="Asha", last_name="Gurung")
    assert "Several" in str(rule("Asha Gurung")[1])


def test_a_deleted_record_cannot_be_referred_to(s3db: Any) -> None:
    sector = s3db["org_sector"].insert(name="Health")
    rule = ReferenceTo(s3db, "org_sector", required=True)
    assert rule(sector) == (sector, None)
    s3db.delete("org_sector", [sector])
    assert rule(sector)[1] and rule("Health")[1] and rule("")[1]
    assert rule.options() == [("", "")]


def test_a_list_of_references(s3db: Any) -> None:
    ids = [s3db["cr_shelter_service"].insert(name=name) for name in ("Food", "Water")]
    rule = ReferenceTo(s3db, "cr_shelter_service", multiple=True)
    assert rule([str(one) for one in ids]) == (ids, None)
    assert rule("") == ([], None)
    assert rule([ids[0], 999])[1]


def test_a_unique_value_may_be_kept_by_its_own_record(s3db: Any) -> None:
    hospital = s3db["hms_hospital"].insert(name="Central", gov_uuid="H-1")
    rule = UniqueValue(s3db, "hms_hospital", "gov_uuid")
    assert rule("H-2") == ("H-2", None)
    assert rule("") == (None, None)
    assert rule("H-1")[1]
    assert rule.validate("H-1", hospital) == "H-1"


@pytest.mark.parametrize(
    "address", ["https://example.org", "http://a.example.org:8080/x?y=z#w", "example.org", "example.org/a"]
)
def test_web_addresses_stay_as_they_are(address: str) -> None:
    assert WebAddress()(address) == (address, None)


@pytest.mark.parametrize("address", ["javascript:alert(1)", "ftp://example.org", "two words.org", "//x", "@"])
def test_what_is_no_web_address(address: str) -> None:
    assert WebAddress()(address)[1]
