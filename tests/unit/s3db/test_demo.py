"""The demo's data, and the digest by which two sites are compared."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3.database.site_digest import describe, resource_tables, site_digest
from s3db.demo import FIELD, HEADQUARTERS, populate
from tests.support.eden import open_environment


def site(folder: Path, side: str) -> dict[str, Any]:
    folder.mkdir()
    environment = open_environment(str(folder), "sqlite:memory")
    populate(environment, side)
    return environment


def test_a_side_is_the_same_every_time_and_written_once(tmp_path: Path) -> None:
    one, other = (site(tmp_path / name, HEADQUARTERS)["s3db"] for name in "ab")
    assert populate({"s3db": one}, HEADQUARTERS) == {}
    assert site_digest(one) == site_digest(other)


def test_the_sides_differ_and_overlap(tmp_path: Path) -> None:
    base, field = (site(tmp_path / side, side)["s3db"] for side in (HEADQUARTERS, FIELD))
    for tablename in (
        "org_organisation",
        "org_office",
        "pr_person",
        "cr_shelter",
        "hms_hospital",
        "event_incident",
    ):
        ours, theirs = describe(base, tablename), describe(field, tablename)
        assert set(ours) & set(theirs), tablename
        assert set(ours) - set(theirs) and set(theirs) - set(ours), tablename
    ours, theirs = describe(base, "org_organisation"), describe(field, "org_organisation")
    different = {one for one in set(ours) & set(theirs) if ours[one] != theirs[one]}
    assert {ours[one]["name"] for one in different} == {"Clear Water Fund", "Office of Public Health"}


def test_the_hierarchy_starts_at_the_country(tmp_path: Path) -> None:
    s3db = site(tmp_path / "a", FIELD)["s3db"]
    table = s3db["gis_location"]
    country = s3db.db(table.level == "L0").select().first()
    assert country.uuid == "urn:iso:std:iso:3166:-1:code:NP"
    assert {row.L0 for row in s3db.db(table).select(table.L0)} == {"Nepal"}


def test_the_document_has_a_file(tmp_path: Path) -> None:
    s3db = site(tmp_path / "a", FIELD)["s3db"]
    document = s3db.db(s3db["doc_document"]).select().first()
    stored = tmp_path / "a" / "uploads" / document.file
    assert b"Wells usable" in stored.read_bytes()


def test_the_digest_sees_content_not_local_numbers(tmp_path: Path) -> None:
    one, other = (site(tmp_path / name, FIELD) for name in "ab")
    before = site_digest(one["s3db"], upload_folder=str(tmp_path / "a" / "uploads"))
    other["db"].executesql("UPDATE gis_location SET mci = 3, created_by = NULL, path = 'x'")
    assert site_digest(other["s3db"], upload_folder=str(tmp_path / "b" / "uploads")) == before
    table = other["s3db"]["org_office"]
    other["db"](table.id == 1).update_naive(phone1="0", modified_on=table.modified_on)
    after = site_digest(other["s3db"], upload_folder=str(tmp_path / "b" / "uploads"))
    assert [name for name in before if before[name] != after[name]] == ["org_office"]


def test_the_digest_reads_the_files(tmp_path: Path) -> None:
    s3db = site(tmp_path / "a", FIELD)["s3db"]
    uploads = tmp_path / "a" / "uploads"
    before = site_digest(s3db, ["doc_document"], upload_folder=str(uploads))
    next(uploads.iterdir()).write_bytes(b"something else")
    assert site_digest(s3db, ["doc_document"], upload_folder=str(uploads)) != before


def test_users_are_no_resource(tmp_path: Path) -> None:
    s3db = open_environment(str(tmp_path), "sqlite:memory")["s3db"]
    names = resource_tables(s3db)
    assert "org_office" in names
    assert not {"auth_user", "org_site", "pr_pentity"} & set(names)


def test_an_unknown_side_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="headquarters and field"):
        populate(open_environment(str(tmp_path), "sqlite:memory"), "moon")
