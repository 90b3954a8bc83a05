"""What the data model does after a deletion is done after one that arrives, too, as after one by form."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.support.documents import LATER, ORG, data, deleted, org, ref, resource
from tests.support.site import SampleSite

HOSPITAL, BEDS, BRANCH = "hms_hospital", "hms_bed_capacity", "org_organisation_branch"


def unit(uuid: str, number: int) -> str:
    return resource(BEDS, uuid, data("unit_id", uuid), data("beds_baseline", number))


def hospital(*units: str) -> str:
    return resource(HOSPITAL, "h", data("name", "Hospital"), *units)


def beds(site: SampleSite) -> Any:
    return site.row(HOSPITAL, "h").total_beds


def test_beds_of_a_deleted_unit_are_not_counted(site: SampleSite) -> None:
    site.push(hospital(unit("a", 5), unit("b", 7)), HOSPITAL)
    assert beds(site) == 12
    site.push(deleted(BEDS, "a", LATER), BEDS)
    assert beds(site) == 7
    site.push(deleted(BEDS, "b", LATER), BEDS)
    assert beds(site) is None


def test_a_deleted_component_that_comes_with_its_record(site: SampleSite) -> None:
    site.push(hospital(unit("a", 5), unit("b", 7)), HOSPITAL)
    site.push(hospital(deleted(BEDS, "b", LATER)), HOSPITAL)
    assert beds(site) == 5


def test_beds_of_a_unit_that_was_merged_into_another_one_are_counted_once(site: SampleSite) -> None:
    site.push(hospital(unit("a", 5), unit("b", 7)), HOSPITAL)
    site.push(deleted(BEDS, "a", LATER, replaced_by="b"), BEDS)
    assert beds(site) == 7


def test_what_was_below_a_deleted_organisation_is_its_own_root(site: SampleSite) -> None:
    site.push(org("top", "Top") + org("low", "Low") + org("lowest", "Lowest"), ORG)
    links = [
        resource(BRANCH, f"{below}-link", ref("organisation_id", ORG, above), ref("branch_id", ORG, below))
        for above, below in (("top", "low"), ("low", "lowest"))
    ]
    site.push("".join(links), BRANCH)
    roots = [site.row(ORG, each).root_organisation for each in ("low", "lowest")]
    assert roots == [site.row(ORG, "top").id] * 2
    site.push(deleted(ORG, "top", LATER), ORG)
    assert site.row(BRANCH, "low-link").deleted, "which nobody sent"
    roots = [site.row(ORG, each).root_organisation for each in ("low", "lowest")]
    assert roots == [site.row(ORG, "low").id] * 2


def test_each_record_is_handed_over_as_it_was_when_all_are_deleted(tmp_path: Path) -> None:
    seen: list[tuple[Any, ...]] = []

    def ondelete(row: Any) -> None:
        seen.append((row.unit_id, row["hospital_id"], site.row(BEDS, "b").deleted))

    site = SampleSite(tmp_path, configure=lambda s3db: s3db.configure(BEDS, ondelete=ondelete))
    site.push(hospital(unit("a", 5), unit("b", 7)), HOSPITAL)
    key = site.row(HOSPITAL, "h").id
    site.push(deleted(HOSPITAL, "h", LATER), HOSPITAL)
    assert sorted(seen) == [("a", key, True), ("b", key, True)]
