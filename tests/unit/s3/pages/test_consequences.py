"""Before a deletion it is said, by name, what goes with a record and what needs it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from s3.pages.consequences import NAMED, consequences
from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(
        "s3.pages.consequences.URL", lambda prefix, name, args: f"/{prefix}/{name}/{args}", raising=True
    )
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


def reader(*refused: str) -> Any:
    return SimpleNamespace(s3_has_permission=lambda method, table: str(table) not in refused)


def told(groups: list[Any]) -> dict[str, list[str]]:
    return {group.title: [name for name, _address in group.named] for group in groups}


def test_what_needs_a_record_is_named_with_its_address(s3db: Any) -> None:
    organisation = s3db["org_organisation"].insert(name="Relief")
    office = s3db["org_office"].insert(name="Main", organisation_id=organisation)
    found = consequences(s3db, reader(), s3db["org_organisation"], organisation)
    (group,) = found.obstacles
    assert group.named == [("Main", f"/org/office/{office}")] and group.more == 0
    assert s3db["org_organisation"](organisation).deleted is False


def test_what_goes_with_a_record_and_what_only_refers_to_it(s3db: Any) -> None:
    place = s3db["gis_location"].insert(name="Here")
    organisation = s3db["org_organisation"].insert(name="Relief")
    s3db["org_office"].insert(name="Main", organisation_id=organisation, location_id=place)
    found = consequences(s3db, reader(), s3db["gis_location"], place)
    assert (found.deleted, found.obstacles) == ([], [])
    assert list(told(found.emptied).values()) == [["Main"]]

    person = s3db["pr_person"].insert(first_name="Ann", last_name="Lee")
    s3db["hrm_human_resource"].insert(person_id=person, organisation_id=organisation)
    found = consequences(s3db, reader(), s3db["pr_person"], person)
    assert [group.count for group in found.deleted] == [1]


def test_what_has_no_name_is_called_by_what_it_must_refer_to(s3db: Any) -> None:
    organisation = s3db["org_organisation"].insert(name="Relief")
    person = s3db["pr_person"].insert(first_name="Ann", last_name="Lee")
    s3db["hrm_human_resource"].insert(person_id=person, organisation_id=organisation)
    kind = s3db["org_organisation_type"].insert(name="Charity")
    s3db["org_organisation_organisation_type"].insert(organisation_id=organisation, organisation_type_id=kind)
    found = consequences(s3db, reader(), s3db["pr_person"], person)
    assert list(told(found.deleted).values()) == [["Relief, Ann Lee"]]
    found = consequences(s3db, reader("org_organisation"), s3db["pr_person"], person)
    assert list(told(found.deleted).values()) == [["Ann Lee"]], (
        "names that the reader may not see are left out"
    )
    found = consequences(s3db, reader(), s3db["org_organisation_type"], kind)
    assert list(told([*found.deleted, *found.obstacles]).values()) == [["Relief, Charity"]]


def test_a_long_list_is_counted(s3db: Any) -> None:
    organisation = s3db["org_organisation"].insert(name="Relief")
    for number in range(NAMED + 3):
        s3db["org_office"].insert(name=f"Office {number}", organisation_id=organisation)
    (group,) = consequences(s3db, reader(), s3db["org_organisation"], organisation).obstacles
    assert (group.count, len(group.named), group.more) == (NAMED + 3, NAMED, 3)


def test_what_the_reader_may_not_see_is_counted_and_not_named(s3db: Any) -> None:
    organisation = s3db["org_organisation"].insert(name="Relief")
    s3db["org_office"].insert(name="Secret", organisation_id=organisation)
    (group,) = consequences(s3db, reader("org_office"), s3db["org_organisation"], organisation).obstacles
    assert (group.count, group.named) == (1, [])
