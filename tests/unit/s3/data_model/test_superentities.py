"""Super-entities: one row for each instance, kept true by every write."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.host.on_define import on_define
from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


@pytest.fixture
def office(s3db: Any) -> Any:
    organisation = s3db["org_organisation"].insert(name="Relief")
    return s3db["org_office"].insert(name="Main", code="M1", organisation_id=organisation)


def test_which_keys_are_own_and_which_refer_to_others(s3db: Any) -> None:
    assert s3db.get_super_entities("org_office") == ["doc_entity", "pr_pentity", "org_site"]
    assert s3db.get_super_keys("org_office") == ["doc_id", "pe_id", "site_id"]
    assert s3db.get_super_keys("hrm_human_resource") == ["doc_id"]
    assert s3db.get_super_keys("pr_contact") == []
    assert s3db.get_super_key("org_site") == "site_id"
    assert s3db.get_super_key("org_office") is None


def test_an_insert_makes_the_super_rows(s3db: Any, office: int) -> None:
    record = s3db["org_office"](office)
    site = s3db["org_site"](record.site_id)
    assert (site.instance_type, site.uuid, site.name, site.code) == (
        "org_office",
        record.uuid,
        "Main",
        "M1",
    )
    assert site.organisation_id == record.organisation_id
    assert s3db["pr_pentity"](record.pe_id).instance_type == "org_office"
    assert s3db["doc_entity"](record.doc_id).uuid == record.uuid


def test_making_the_super_rows_is_no_edit(s3db: Any, office: int) -> None:
    record = s3db["org_office"](office)
    assert record.modified_on == record.created_on


def test_an_update_reaches_the_super_rows(s3db: Any, office: int) -> None:
    s3db.db(s3db["org_office"].name == "Main").update(name="Central")
    assert s3db["org_site"](s3db["org_office"](office).site_id).name == "Central"


def test_update_super_makes_missing_rows(s3db: Any) -> None:
    table = s3db["pr_person"]
    s3db.db.executesql(
        "INSERT INTO pr_person (first_name, uuid, deleted) VALUES ('Raw', 'urn:uuid:raw', 'F')"
    )
    record = {"id": s3db.db(table).select(table.id).first().id}
    assert s3db.update_super(table, record) is True
    assert s3db.super_instance("pr_pentity", record["pe_id"]) == ("pr_person", "urn:uuid:raw")
    assert s3db.update_super("pr_contact", {"id": 1}) is False


def test_update_super_finds_a_row_left_behind(s3db: Any, office: int) -> None:
    record = s3db["org_office"](office)
    s3db.db.executesql("UPDATE org_office SET site_id = NULL")
    again = {"id": office}
    s3db.update_super("org_office", again)
    assert again["site_id"] == record.site_id


def test_deletion_is_marked_in_the_super_rows(s3db: Any, office: int) -> None:
    site_id = s3db["org_office"](office).site_id
    s3db.delete("org_office", [office])
    assert s3db["org_site"](site_id).deleted is True
    s3db.restore("org_office", [office])
    assert s3db["org_site"](site_id).deleted is False


def test_delete_super_marks_the_rows(s3db: Any, office: int) -> None:
    record = s3db["org_office"](office)
    assert s3db.delete_super("org_office", record) is True
    assert s3db["org_site"](record.site_id).deleted is True


def test_the_callback_for_defined_tables_comes_for_lazy_and_for_early_ones(tmp_path: Path) -> None:
    open_environment(str(tmp_path))
    site = open_environment(str(tmp_path), migrate=False)
    seen: list[str] = []
    s3db = site["s3db"]
    assert s3db["org_sector"] is not None
    on_define(site["db"], lambda table: seen.append(table._tablename))
    assert "org_sector" in seen and "cr_shelter" not in seen
    assert s3db["cr_shelter"] is not None
    assert "cr_shelter" in seen
