"""Deletions of records of several tables arrive, whatever order the resources are exchanged in."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest

from s3sync.passive.push import WAIT_AT_MOST
from tests.support.documents import (
    LOCATION,
    OFFICE,
    ORG,
    PERSON,
    STAFF,
    data,
    location,
    office,
    org,
    ref,
    resource,
)
from tests.support.exchange import Pair
from tests.support.site import Clock, SampleSite


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[tuple[SampleSite, SampleSite]]:
    clock = Clock()
    own, other = (SampleSite(tmp_path / name, clock=clock) for name in ("own", "other"))
    yield own, other
    own.close()
    other.close()


def office_of(site: SampleSite, organisation: str = "g", uuid: str = "o") -> None:
    site.push(
        office(uuid, organisation) + org(organisation, "Org"),
        OFFICE,
        repository_id=None,
    )
    site.db.commit()


def live(site: SampleSite) -> list[str]:
    return [row.uuid for table in (ORG, OFFICE) for row in site.rows(table)]


@pytest.mark.parametrize("order", [(ORG, OFFICE), (OFFICE, ORG)])
@pytest.mark.parametrize("deleted_at", ["own", "other"])
def test_an_office_and_its_organisation_deleted_at_one_site_are_gone_at_both_after_one_run(
    sites: tuple[SampleSite, SampleSite], order: tuple[str, str], deleted_at: str
) -> None:
    own, other = sites
    office_of(other)
    pair = Pair(own, other, *order)
    pair.run()
    assert live(own) == ["g", "o"]
    at = own if deleted_at == "own" else other
    at.delete(OFFICE, "o")
    at.delete(ORG, "g")
    pair.run()
    assert live(own) == live(other) == []
    own.clock.step()
    pair.run()
    pair.run()
    assert live(own) == live(other) == []
    assert not own.kept() and not other.kept()


TYPE, LINK, BRANCH = "org_organisation_type", "org_organisation_organisation_type", "org_organisation_branch"
SHELTER = "cr_shelter"
FAMILY = (LOCATION, TYPE, ORG, OFFICE, SHELTER)


def family(site: SampleSite) -> None:
    """Make records that refer to each other: by components, links, and references that a deletion empties."""
    put = partial(site.push, repository_id=None)
    put(location("land", "Land") + location("town", "Town", "land"), LOCATION)
    put(resource(TYPE, "type", data("name", "NGO")), TYPE)
    put(org("org", "Org") + org("branch", "Branch"), ORG)
    put(
        resource(LINK, "link", ref("organisation_id", ORG, "org"), ref("organisation_type_id", TYPE, "type")),
        LINK,
    )
    put(
        resource(BRANCH, "below", ref("organisation_id", ORG, "org"), ref("branch_id", ORG, "branch")), BRANCH
    )
    put(office("office", "org", ref("location_id", LOCATION, "town")), OFFICE)
    at = ref("location_id", LOCATION, "town")
    put(
        resource(SHELTER, "shelter", data("name", "School"), ref("organisation_id", ORG, "branch"), at),
        SHELTER,
    )
    site.db.commit()


DELETED = (
    (SHELTER, "shelter"),
    (OFFICE, "office"),
    (BRANCH, "below"),
    (LINK, "link"),
    (ORG, "branch"),
    (ORG, "org"),
    (TYPE, "type"),
    (LOCATION, "town"),
    (LOCATION, "land"),
)


@pytest.mark.parametrize("order", [FAMILY, FAMILY[::-1]])
@pytest.mark.parametrize("deleted_at", ["own", "other"])
def test_nobody_is_asked_about_records_that_were_deleted_together(
    sites: tuple[SampleSite, SampleSite], order: tuple[str, ...], deleted_at: str
) -> None:
    own, other = sites
    family(other)
    pair = Pair(own, other, *order)
    pair.run()
    at = own if deleted_at == "own" else other
    for table, uuid in DELETED:
        own.clock.step(1)
        at.delete(table, uuid)
    for _ in range(2):
        own.clock.step()
        pair.run()
    assert [site.rows(table) for site in sites for table in (*FAMILY, LINK, BRANCH)] == [[]] * 14
    assert not own.kept() and not other.kept()


@pytest.mark.parametrize("edited", [("org_office", "office"), ("org_organisation_branch", "below")])
def test_who_edited_one_of_them_meanwhile_is_told(
    sites: tuple[SampleSite, SampleSite], edited: tuple[str, str]
) -> None:
    own, other = sites
    family(other)
    pair = Pair(own, other, *FAMILY)
    pair.run()
    own.clock.step()
    table, uuid = edited
    own.db(own.s3db[table].uuid == uuid).update(comments="edited here")
    own.db.commit()
    for each in DELETED:
        own.clock.step(1)
        other.delete(*each)
    for _ in range(3):
        own.clock.step()
        pair.run()
    assert [site.rows(table) for site in sites] == [[], []]
    assert uuid in {each.uuid for site in sites for each in site.kept()}


@pytest.mark.parametrize("deleted_at", ["own", "other"])
def test_what_stands_in_the_way_and_stays_gives_the_record_back_to_both(
    sites: tuple[SampleSite, SampleSite], deleted_at: str
) -> None:
    own, other = sites
    at, elsewhere = (own, other) if deleted_at == "own" else (other, own)
    other.push(org("g", "Org"), ORG, repository_id=None)
    other.db.commit()
    pair = Pair(own, other, ORG, OFFICE)
    pair.run()
    at.delete(ORG, "g")
    office_of(elsewhere)
    for _ in range(3):
        own.clock.step()
        pair.run()
    assert live(own) == live(other) == ["g", "o"]
    told = [row for row in elsewhere.kept() if row.tablename == ORG]
    assert [row.kind for row in told] == ["conflict"]
    assert "still needed here" in told[0].reason


def test_a_deletion_waits_while_a_run_is_broken_off_before_its_end(
    sites: tuple[SampleSite, SampleSite],
) -> None:
    own, other = sites
    office_of(other)
    Pair(own, other, ORG, OFFICE).run()
    own.delete(OFFICE, "o")
    own.delete(ORG, "g")
    pair = Pair(own, other, ORG, OFFICE)
    whole, pair.peer.push = pair.peer.push, _fails_at(OFFICE, pair.peer.push)  # type: ignore[method-assign]
    pair.peer.push_together = lambda pushes: [None] * len(pushes)  # type: ignore[method-assign]
    with pytest.raises(Exception, match="is broken"):
        pair.run()
    assert live(other) == ["g", "o"]
    assert [row.kind for row in other.kept()] == ["waiting"]
    pair.peer.push = whole  # type: ignore[method-assign]
    pair.run()
    assert live(own) == live(other) == []


def test_a_sender_that_never_asks_gets_the_record_back_after_a_time(
    sites: tuple[SampleSite, SampleSite],
) -> None:
    own, other = sites
    office_of(other)
    pair = Pair(own, other, ORG)
    pair.run()
    own.delete(ORG, "g")
    own.db(own.db.sync_repository).update(capabilities=["cursor"])
    pair.tasks = pair.tasks[:1]
    settles, pair.peer.never_final = pair.peer.never_final, True
    assert not settles
    pair.run()
    assert live(other) == ["g", "o"] and [row.kind for row in other.kept()] == ["waiting"]
    own.clock.step((WAIT_AT_MOST + timedelta(minutes=1)).total_seconds())
    for _ in range(2):
        own.clock.step()
        pair.run()
    assert "g" in live(own) and "g" in live(other)


def test_a_deletion_that_waits_is_carried_out_when_a_person_frees_the_record(
    sites: tuple[SampleSite, SampleSite],
) -> None:
    own, other = sites
    office_of(other)
    pair = Pair(own, other, ORG)
    pair.run()
    own.delete(ORG, "g")
    pair.peer.never_final = True
    pair.run()
    assert live(other) == ["g", "o"]
    other.delete(OFFICE, "o")
    pair.run()
    assert live(own) == live(other) == []


def _fails_at(resource_name: str, push: object) -> object:
    def fails(exchange: object, *args: object, **more: object) -> object:
        if exchange.resource == resource_name:  # type: ignore[attr-defined]
            raise RuntimeError("The line is broken")
        return push(exchange, *args, **more)  # type: ignore[operator]

    return fails


@pytest.mark.parametrize("with_its_town", [False, True])
@pytest.mark.parametrize("eden", [False, True])
def test_an_edit_of_which_nothing_is_noted_is_told_when_its_record_was_deleted_elsewhere(
    sites: tuple[SampleSite, SampleSite], eden: bool, with_its_town: bool
) -> None:
    """It was made before an upgrade, or noted for the first time with its table: only its position is known."""
    own, other = sites
    family(other)
    pair = Pair(own, other, *FAMILY, eden=eden)
    for _ in range(2):
        pair.run()
        own.clock.step()
    with own.store.transaction():
        own.db(own.s3db[OFFICE].uuid == "office").update(comments="edited here")
    with own.store.transaction():
        own.db(own.db.sync_change.id > 0).delete()
    own.clock.step()
    if with_its_town:
        other.delete(SHELTER, "shelter")
        other.delete(LOCATION, "town")
    other.delete(OFFICE, "office")
    for _ in range(3):
        pair.run()
        own.clock.step()
    assert own.rows(OFFICE) or "office" in {each.uuid for site in sites for each in site.kept()}


def staffed(site: SampleSite) -> None:
    """Make somebody who works in an office."""
    family(site)
    put = partial(site.push, repository_id=None)
    put(resource(PERSON, "person", data("first_name", "Ann")), PERSON)
    at = ref("site_id", OFFICE, "office")
    put(
        resource(STAFF, "staff", ref("person_id", PERSON, "person"), ref("organisation_id", ORG, "org"), at),
        STAFF,
    )
    site.db.commit()


@pytest.mark.parametrize("empties_first", [False, True])
@pytest.mark.parametrize("deleted_at", ["own", "other"])
@pytest.mark.parametrize("part", [(STAFF, "staff"), (PERSON, "person")])
def test_what_is_deleted_here_stays_deleted_where_a_deletion_there_emptied_its_reference(
    sites: tuple[SampleSite, SampleSite], part: tuple[str, str], deleted_at: str, empties_first: bool
) -> None:
    own, other = sites
    staffed(other)
    pair = Pair(own, other, PERSON, STAFF, *FAMILY)
    pair.run()
    at, elsewhere = (own, other) if deleted_at == "own" else (other, own)
    steps = [(at, part), (elsewhere, (OFFICE, "office"))]
    for site, deleted in reversed(steps) if empties_first else steps:
        site.delete(*deleted)
    for _ in range(3):
        own.clock.step()
        pair.run()
    assert [site.rows(table) for site in sites for table in (STAFF, OFFICE)] == [[]] * 4
    assert not own.kept() and not other.kept()


def test_three_sites_that_each_delete_a_part_are_asked_nothing(tmp_path: Path) -> None:
    clock = Clock()
    hub, left, right = three = [SampleSite(tmp_path / name, clock=clock) for name in ("hub", "left", "right")]
    staffed(hub)
    pairs = [Pair(each, hub, LOCATION, STAFF, OFFICE, SHELTER, PERSON, ORG) for each in (left, right)]
    for pair in pairs:
        pair.run()
    left.delete(STAFF, "staff")
    right.delete(OFFICE, "office")
    hub.delete(SHELTER, "shelter")
    hub.delete(LOCATION, "town")
    for _ in range(3):
        for pair in pairs:
            clock.step()
            pair.run()
    gone = (STAFF, OFFICE, SHELTER)
    assert [site.rows(table) for site in three for table in gone] == [[]] * 9
    assert [len(site.rows(LOCATION)) for site in three] == [1, 1, 1]
    assert [site.kept() for site in three] == [[], [], []]
    for site in three:
        site.close()


@pytest.mark.parametrize("hub_asks", [False, True])
def test_who_hands_on_that_a_deletion_emptied_a_reference_has_not_edited_the_record(
    tmp_path: Path, hub_asks: bool
) -> None:
    clock = Clock()
    hub, left, right = three = [SampleSite(tmp_path / name, clock=clock) for name in ("hub", "left", "right")]
    staffed(hub)
    tables = (OFFICE, LOCATION, SHELTER, PERSON, STAFF, ORG)
    pairs = [Pair(hub, each, *tables) if hub_asks else Pair(each, hub, *tables) for each in (left, right)]
    for pair in (*pairs, *pairs):
        clock.step()
        pair.run()
    right.delete(OFFICE, "office")
    left.delete(LOCATION, "town")
    for _ in range(3):
        for pair in pairs:
            clock.step()
            pair.run()
    assert [site.rows(OFFICE) for site in three] == [[]] * 3
    assert [site.kept() for site in three] == [[], [], []]
    for site in three:
        site.close()


@pytest.mark.parametrize("edits_first", [False, True])
@pytest.mark.parametrize("hub_asks", [False, True])
def test_who_edits_a_record_that_loses_a_reference_elsewhere_is_asked_nothing(
    tmp_path: Path, hub_asks: bool, edits_first: bool
) -> None:
    clock = Clock()
    hub, left, right = three = [SampleSite(tmp_path / name, clock=clock) for name in ("hub", "left", "right")]
    staffed(hub)
    tables = (OFFICE, LOCATION, SHELTER, PERSON, STAFF, ORG)
    pairs = [Pair(hub, each, *tables) if hub_asks else Pair(each, hub, *tables) for each in (left, right)]
    for pair in (*pairs, *pairs):
        clock.step()
        pair.run()
    for edits in (edits_first, not edits_first):
        clock.step()
        if edits:
            right.db(right.s3db[OFFICE].uuid == "office").update(comments="edited")
            right.db.commit()
        else:
            left.delete(LOCATION, "town")
    for _ in range(4):
        for pair in pairs:
            clock.step()
            pair.run()
    found = [site.row(OFFICE, "office") for site in three]
    assert [(row.comments, row.location_id) for row in found] == [("edited", None)] * 3
    assert [site.kept() for site in three] == [[], [], []]
    for site in three:
        site.close()


def test_an_old_version_that_comes_along_is_in_no_conflict_with_a_lost_reference(
    sites: tuple[SampleSite, SampleSite],
) -> None:
    own, other = sites
    staffed(other)
    pair = Pair(own, other, STAFF, OFFICE, LOCATION, SHELTER, PERSON, ORG)
    pair.run()
    other.delete(LOCATION, "town")
    own.clock.step()
    own.db(own.s3db[STAFF].uuid == "staff").update(comments="edited")
    own.db.commit()
    pair.tasks = pair.tasks[:1]
    pair._is_plain = False
    pair.run()
    assert other.row(OFFICE, "office").location_id is None
    assert not own.kept() and not other.kept()
