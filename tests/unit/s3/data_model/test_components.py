"""Components: what belongs to a master record."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3.data_model.components import Component, parse_declaration
from s3.data_model.errors import UnknownTable
from tests.support.eden import open_environment


@pytest.fixture(scope="module")
def s3db(tmp_path_factory: pytest.TempPathFactory) -> Any:
    return open_environment(str(tmp_path_factory.mktemp("site")), "sqlite:memory")["s3db"]


def test_a_field_name_is_a_declaration() -> None:
    assert parse_declaration("org_office", "organisation_id") == [
        Component("org_office", "office", "id", "organisation_id")
    ]


def test_one_table_can_be_several_components() -> None:
    declared = ({"name": "branch", "joinby": "organisation_id"}, {"name": "parent", "joinby": "branch_id"})
    branch, parent = parse_declaration("org_organisation_branch", declared)
    assert (branch.alias, branch.fkey) == ("branch", "organisation_id")
    assert (parent.alias, parent.fkey) == ("parent", "branch_id")


def test_a_declaration_without_joining_field_is_refused() -> None:
    with pytest.raises(ValueError, match="joinby"):
        parse_declaration("org_office", {"name": "office"})


def test_components_of_super_entities_belong_to_their_instances(s3db: Any) -> None:
    components = s3db.get_components("org_office")
    assert components["contact"] == Component("pr_contact", "contact", "pe_id", "pe_id")
    assert components["document"] == Component("doc_document", "document", "doc_id", "doc_id")
    assert components["human_resource"].pkey == "site_id"


def test_an_own_component_goes_before_one_of_a_super_entity(s3db: Any) -> None:
    assert s3db.get_components("org_organisation")["document"].fkey == "organisation_id"


def test_single_and_linked_components(s3db: Any) -> None:
    assert s3db.get_components("cr_shelter")["shelter_details"].multiple is False
    sector = s3db.get_components(s3db["org_organisation"])["sector"]
    assert (sector.link, sector.fkey, sector.rkey) == (
        "org_sector_organisation",
        "organisation_id",
        "sector_id",
    )
    assert s3db.get_components("org_organisation")["sector_organisation"].link is None


def test_components_of_missing_modules_do_not_exist(tmp_path: Path) -> None:
    s3db = open_environment(str(tmp_path), "sqlite:memory", families=("org",))["s3db"]
    assert "office" in s3db.get_components("org_organisation")
    assert "human_resource" not in s3db.get_components("org_organisation")
    assert s3db.table("hrm_human_resource") is None
    with pytest.raises(UnknownTable, match="hrm_human_resource"):
        s3db["hrm_human_resource"]


def test_components_declared_later_are_found(tmp_path: Path) -> None:
    s3db = open_environment(str(tmp_path), "sqlite:memory", families=("org",))["s3db"]
    assert "tag" not in s3db.get_components("org_sector")
    s3db.add_components("org_sector", org_sector_organisation={"name": "tag", "joinby": "sector_id"})
    assert s3db.get_components("org_sector")["tag"].fkey == "sector_id"


def test_every_declared_component_joins_on_columns_that_exist(s3db: Any) -> None:
    for master in s3db.declared_tables():
        for component in s3db.get_components(master).values():
            joined = s3db[component.link or component.tablename]
            assert component.pkey in s3db[master].fields
            assert component.fkey in joined.fields
            assert component.rkey is None or component.rkey in joined.fields
