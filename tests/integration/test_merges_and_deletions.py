"""Merges and deletions at one site meet what others did meanwhile: the sites end equal, and nothing newer is lost."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from s3sync.exchange.importer.deletion import Deleter
from tests.support.documents import (
    CONTACT,
    DETAILS,
    LOCATION,
    OFFICE,
    ORG,
    PERSON,
    STAFF,
    contact,
    deleted,
    details,
    location,
    office,
    org,
    person,
    staff,
)
from tests.support.exchange import Pair
from tests.support.site import Clock, SampleSite

TABLES = (ORG, OFFICE, LOCATION, PERSON, STAFF)
SEEN = (*TABLES, CONTACT, DETAILS)


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[list[SampleSite]]:
    clock = Clock()
    found = [SampleSite(tmp_path / name, clock=clock) for name in ("hub", "first", "second")]
    yield found
    for site in found:
        site.close()


def exchange(hub: SampleSite, *others: SampleSite, times: int = 3) -> None:
    for _ in range(times):
        for other in others:
            hub.clock.step()
            Pair(other, hub, *TABLES).run()


def put(site: SampleSite, text: str, table: str) -> None:
    site.push(text, table, repository_id=None)
    site.db.commit()


def merge(site: SampleSite, table: str, gone: str, kept: str) -> None:
    moment = site.clock.step()
    pair = {site.row(table, gone).id: site.row(table, kept).id}
    with site.store.transaction():
        Deleter(site.ports, None).replace(site.schema.table(table), pair, dict.fromkeys(pair, moment))


def live(site: SampleSite) -> dict[str, dict[str, Any]]:
    """Return what a site has, references by uuid."""
    found: dict[str, dict[str, Any]] = {}
    for name in SEEN:
        table = site.schema.table(name)
        for row in site.rows(name):
            values: dict[str, Any] = {}
            for field in table.data_fields():
                if field.name in table.computed or field.kind == "list:reference":
                    continue
                value = row[field.name]
                if field.target and value:
                    target = site.s3db[field.target]
                    value = site.db(target._id == value).select(target.uuid).first().uuid
                values[field.name] = value
            found[f"{name} {row.uuid}"] = values
    return found


@pytest.mark.parametrize("merged_at", [0, 1])
def test_a_person_merged_into_one_that_is_deleted_elsewhere(sites: list[SampleSite], merged_at: int) -> None:
    hub, other, _ = sites
    put(hub, person("p1", "Ann") + person("p2", "Anne", contact("c", "anne@example.org")), PERSON)
    exchange(hub, other)
    merge(sites[merged_at], PERSON, "p2", "p1")
    sites[1 - merged_at].delete(PERSON, "p1")
    exchange(hub, other)
    assert live(hub) == live(other) == {}


@pytest.mark.parametrize(
    ("merged_at", "deleted_at", "office_at"),
    [
        (merged, gone, office)
        for merged, gone in permutations(range(3), 2)
        for office in range(3)
        if office != merged
    ],
)
def test_an_organisation_merged_into_one_that_is_deleted_elsewhere_while_it_gets_an_office(
    sites: list[SampleSite], merged_at: int, deleted_at: int, office_at: int
) -> None:
    hub, first, second = sites
    put(hub, org("o1", "One") + org("o2", "Two"), ORG)
    exchange(hub, first, second, times=1)
    put(sites[office_at], office("f", "o1"), OFFICE)
    merge(sites[merged_at], ORG, "o1", "o2")
    sites[deleted_at].delete(ORG, "o2")
    exchange(hub, first, second, times=4)
    assert live(hub) == live(first) == live(second)
    assert live(hub)[f"{OFFICE} f"]["organisation_id"] == "o2"


def test_a_site_that_never_knew_the_survivor_gets_it_and_what_followed(sites: list[SampleSite]) -> None:
    hub, first, late = sites
    put(hub, org("o1", "One") + org("o2", "Two"), ORG)
    exchange(hub, first)
    merge(hub, ORG, "o1", "o2")
    first.delete(ORG, "o2")
    put(first, office("f", "o1"), OFFICE)
    exchange(hub, first, late, times=4)
    assert live(hub) == live(first) == live(late)
    assert live(late)[f"{OFFICE} f"]["organisation_id"] == "o2"
    assert not [row for row in late.kept() if row.kind == "rejected"]


def test_a_location_merged_into_its_child_can_be_edited_and_reaches_all(sites: list[SampleSite]) -> None:
    hub, first, second = sites
    put(hub, location("t", "Top") + location("p", "Parent", "t") + location("c", "Child", "p"), LOCATION)
    exchange(hub, first)
    merge(first, LOCATION, "p", "c")
    exchange(hub, first)
    first.clock.step()
    first.db(first.s3db[LOCATION].uuid == "c").update(comments="edited later")
    first.db.commit()
    exchange(hub, first, second)
    assert live(hub) == live(first) == live(second)
    assert live(second)[f"{LOCATION} c"]["parent"] == "t"
    assert live(second)[f"{LOCATION} c"]["comments"] == "edited later"
    assert not any(site.kept() for site in sites)


@pytest.mark.parametrize("merged_at", [0, 1])
def test_the_details_of_merged_persons_are_the_same_everywhere(
    sites: list[SampleSite], merged_at: int
) -> None:
    hub, other, third = sites
    one, two = (person(f"p{n}", name, details(f"d{n}", name)) for n, name in ((1, "Nurse"), (2, "Driver")))
    put(hub, one + two, PERSON)
    exchange(hub, other)
    at = sites[merged_at]
    at.push(deleted(PERSON, "p2", at.clock.step(), replaced_by="p1"), PERSON, repository_id=9)
    at.db.commit()
    exchange(hub, other, third)
    assert live(hub) == live(other) == live(third)
    assert [row.uuid for row in hub.rows("pr_person_details")] == ["d1"]
    assert [row.uuid for row in at.kept()] == ["d1"]


@pytest.mark.parametrize("deleted_at", [0, 1])
def test_work_that_is_newer_than_the_deletion_which_takes_it_along_can_be_put_back(
    sites: list[SampleSite], deleted_at: int
) -> None:
    hub, other, _ = sites
    put(hub, org("o", "Ferry"), ORG)
    put(hub, person("p", "Uma"), PERSON)
    put(hub, staff("h", "before"), STAFF)
    exchange(hub, other)
    sites[deleted_at].delete(PERSON, "p")
    at = sites[1 - deleted_at]
    moment = at.clock.step()
    put(at, staff("h", "EDITED LATER", modified_on=moment) + staff("i", "new", modified_on=moment), STAFF)
    exchange(hub, other)
    assert live(hub) == live(other) and live(hub).keys() == {f"{ORG} o"}
    kept = {(row.tablename, row.uuid): row.ours for row in at.kept()}
    assert "EDITED LATER" in kept[(STAFF, "h")] and kept[(STAFF, "i")] and "Uma" in kept[(PERSON, "p")]
    told = [str(row.as_dict()) for row in at.db(at.db.sync_log).select()]
    assert deleted_at == 0 or any("deleted with it" in each for each in told)


@pytest.mark.parametrize("merged_at", [0, 1])
def test_what_is_added_to_a_person_that_is_merged_elsewhere_goes_to_the_survivor(
    sites: list[SampleSite], merged_at: int
) -> None:
    hub, other, third = sites
    put(hub, person("p1", "Ann") + person("p2", "Anne", contact("c", "anne@example.org")), PERSON)
    exchange(hub, other, third, times=1)
    merge(sites[merged_at], PERSON, "p2", "p1")
    at = sites[1 - merged_at]
    moment = at.clock.step()
    more = contact("c", "new@example.org", modified_on=moment), contact("d", "more@example.org")
    put(at, person("p2", "Anne", *more), PERSON)
    exchange(hub, other, third)
    assert live(hub) == live(other) == live(third)
    found = {uuid: (row["pe_id"], row["value"]) for uuid, row in live(hub).items() if "contact" in uuid}
    assert found == {"pr_contact c": ("p1", "new@example.org"), "pr_contact d": ("p1", "more@example.org")}


@pytest.mark.parametrize("moved_first", [True, False])
@pytest.mark.parametrize("moved_at", [0, 1])
def test_a_contact_that_moved_lives_on_although_its_former_person_is_deleted_elsewhere(
    sites: list[SampleSite], moved_at: int, moved_first: bool
) -> None:
    hub, other, third = sites
    put(hub, person("p1", "Ann", contact("c", "ann@example.org")) + person("p2", "Bea"), PERSON)
    exchange(hub, other, third, times=1)
    at, there = sites[moved_at], sites[1 - moved_at]
    if not moved_first:
        there.delete(PERSON, "p1")
    at.clock.step()
    moved = at.row(PERSON, "p2").pe_id
    at.db(at.s3db[CONTACT].uuid == "c").update(pe_id=moved)
    at.db.commit()
    if moved_first:
        there.delete(PERSON, "p1")
    exchange(hub, other, third)
    assert live(hub) == live(other) == live(third)
    assert live(hub)["pr_contact c"]["pe_id"] == "p2"


@pytest.mark.parametrize("deleted_at", [0, 1])
def test_a_contact_that_was_deleted_itself_stays_deleted(sites: list[SampleSite], deleted_at: int) -> None:
    hub, other, third = sites
    put(hub, person("p1", "Ann", contact("c", "ann@example.org")) + person("p2", "Bea"), PERSON)
    exchange(hub, other, third, times=1)
    at = sites[1 - deleted_at]
    at.clock.step()
    at.db(at.s3db[CONTACT].uuid == "c").update(pe_id=at.row(PERSON, "p2").pe_id)
    at.db.commit()
    sites[deleted_at].delete(CONTACT, "c")
    exchange(hub, other, third)
    assert live(hub) == live(other) == live(third)
    assert "pr_contact c" not in live(hub)
