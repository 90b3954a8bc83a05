"""What is written down of edits at a whole site. The contract suites have the rest, on every database."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.core.fields import Stamp
from tests.support.documents import data, deleted, org, resource
from tests.support.site import SampleSite

ORGANISATION = "org_organisation"


@pytest.fixture
def site(tmp_path: Path) -> SampleSite:
    return SampleSite(tmp_path / "own", users={"ann@example.org": 7})


def test_the_author_is_named_by_an_address(site: SampleSite) -> None:
    table = site.s3db[ORGANISATION]
    key = int(table.insert(name="A"))
    for year, author in enumerate((7, None), start=2000):
        site.db(table.id == key).update(year=year, modified_by=author)
    site.db(table.id == key).update(year=2010)
    assert [each.by for each in site.changes.of(ORGANISATION, [key])[key]] == ["ann@example.org", "", ""]


def test_edits_of_one_second_follow_each_other(site: SampleSite) -> None:
    table = site.s3db[ORGANISATION]
    key = int(table.insert(name="A"))
    for name in "BCD":
        site.db(table.id == key).update(name=name)
    second = 1_772_366_400_000  # 2026-03-01 12:00 UTC
    assert [each.stamp for each in site.changes.of(ORGANISATION, [key])[key]] == [
        Stamp(second + number, site.changes.site) for number in range(3)
    ]


def test_the_position_of_a_place_is_edited_as_one(site: SampleSite) -> None:
    table = site.s3db["gis_location"]
    key = int(table.insert(name="Depot", lat=1.5, lon=2.5))
    site.db(table.id == key).update(lat=3.5)
    (found,) = site.changes.of("gis_location", [key])[key]
    assert found.fields == {"lat": [1.5], "lon": [2.5], "inherited": [False]}


def test_new_records_leave_nothing_behind(site: SampleSite) -> None:
    site.s3db[ORGANISATION].insert(name="A")
    site.push(resource(ORGANISATION, "urn:uuid:b", data("name", "B")), ORGANISATION)
    site.db.commit()
    site.journal.catch_up(site.schema.table(ORGANISATION))
    assert site.db(site.db.sync_change).isempty()


def test_a_record_that_was_merged_into_another_one_keeps_its_changes(site: SampleSite) -> None:
    site.push(org("a", "A") + org("b", "B"), ORGANISATION)
    key = site.row(ORGANISATION, "b").id
    with site.store.transaction():
        site.db(site.s3db[ORGANISATION].id == key).update(name="C")
    site.clock.step()
    site.push(deleted(ORGANISATION, "b", site.clock.now(), replaced_by="a"), ORGANISATION)
    assert site.row(ORGANISATION, "b").deleted_rb == site.row(ORGANISATION, "a").id
    assert site.changes.of(ORGANISATION, [key])[key][0].fields == {"name": ["B"]}


def test_a_copied_site_is_another_one(site: SampleSite) -> None:
    before = site.changes.site
    with site.store.transaction():
        site.store.run("UPDATE sync_journal_state SET identity = 'urn:uuid:0a1b2c3d-0000'")
    assert before != site.changes.site == "0a1b2c3d"
