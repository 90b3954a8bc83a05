"""What was deleted is restored: exactly what the deletion took along, at the site that deleted and at the others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.bin.restore import restore
from s3sync.core.kept import Place
from s3sync.exchange.importer.deletion import ObstacleKind, Restored
from tests.support.documents import (
    CONTACT,
    DETAILS,
    LATER,
    OFFICE,
    ORG,
    PERSON,
    STAFF,
    contact,
    deleted,
    details,
    office,
    org,
    person,
    staff,
)
from tests.support.exchange import Pair
from tests.support.site import SampleSite
from tests.support.two_sites import TwoSites

TYPES = "org_organisation_type"


def place(site: SampleSite, table: str, uuid: str) -> Place:
    return table, int(site.row(table, uuid).id)


def bring_back(site: SampleSite, table: str, *uuids: str, user_id: int | None = None) -> Restored:
    """Restore records like a person, a minute later."""
    site.clock.step()
    return restore(site, [place(site, table, uuid) for uuid in uuids], user_id)


def living(site: SampleSite, *tables: str) -> set[str]:
    return {row.uuid for table in tables for row in site.rows(table)}


def noted(site: SampleSite) -> list[Any]:
    return list(site.db(site.db.sync_deletion).select(orderby=site.db.sync_deletion.id))


def uma(site: SampleSite) -> None:
    """Let a site have a person with two contacts, details, and a staff record, entered there."""
    site.push(org("o", "Ferry"), ORG, repository_id=None)
    parts = contact("c1", "uma@example.org"), contact("c2", "u@example.org"), details("d", "Pilot")
    site.push(person("p", "Uma", *parts), PERSON, repository_id=None)
    site.push(staff("h", "H1"), STAFF, repository_id=None)


ALL_OF_UMA = {"p", "c1", "c2", "d", "h"}
HERS = PERSON, CONTACT, DETAILS, STAFF


def test_a_record_comes_back_with_what_went_along(site: SampleSite) -> None:
    uma(site)
    site.delete(PERSON, "p")
    assert living(site, *HERS) == set()
    found = bring_back(site, PERSON, "p", user_id=7)
    assert living(site, *HERS) == ALL_OF_UMA and not found.obstacles
    assert len(found.records) == 5
    back = site.row(PERSON, "p")
    assert (back.modified_on, back.modified_by) == (site.clock.now(), 7)
    assert site.row(STAFF, "h").person_id == back.id and site.row(CONTACT, "c1").pe_id == back.pe_id
    assert not site.db(site.s3db["pr_pentity"].uuid == "p").select().first().deleted
    assert noted(site) == []


def test_what_was_deleted_before_on_purpose_stays_deleted(site: SampleSite) -> None:
    uma(site)
    key = site.row(CONTACT, "c2").id
    site.s3db.delete(CONTACT, [key])
    site.s3db.delete(PERSON, [site.row(PERSON, "p").id])  # in the same second
    site.db.commit()
    bring_back(site, PERSON, "p")
    assert living(site, *HERS) == ALL_OF_UMA - {"c2"}
    bring_back(site, CONTACT, "c2")
    assert living(site, *HERS) == ALL_OF_UMA


def test_references_that_the_deletion_emptied_are_filled_again(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG)
    site.push(office("f", "o") + office("g", "o", name="Other"), OFFICE)
    site.push(person("p", "Uma"), PERSON)
    site.push(staff("h", "H1") + staff("i", "H2") + staff("j", "H3"), STAFF)
    staff_table = site.s3db[STAFF]
    f, g = (site.row(OFFICE, uuid).site_id for uuid in "fg")
    site.db(staff_table.uuid.belongs(list("hij"))).update(site_id=f)
    site.delete(OFFICE, "f")
    assert [row.site_id for row in site.rows(STAFF)] == [None] * 3
    site.db(staff_table.uuid == "i").update(site_id=g)
    site.delete(STAFF, "j")
    bring_back(site, OFFICE, "f")
    assert [row.site_id for row in site.rows(STAFF)] == [f, g], "who has another office now keeps it"
    bring_back(site, STAFF, "j")
    assert site.row(STAFF, "j").site_id is None, "the office was deleted before"


def test_what_is_restored_without_a_deleted_record_gets_it_back_with_that(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG)
    site.push(office("f", "o"), OFFICE)
    site.push(person("p", "Uma"), PERSON)
    site.push(staff("h", "H1"), STAFF)
    f = site.row(OFFICE, "f").site_id
    site.db(site.s3db[STAFF].uuid == "h").update(site_id=f)
    site.delete(STAFF, "h")
    site.delete(OFFICE, "f")
    assert not bring_back(site, STAFF, "h").obstacles
    assert site.row(STAFF, "h").site_id is None
    bring_back(site, OFFICE, "f")
    assert site.row(STAFF, "h").site_id == f


def test_what_it_cannot_be_without_stands_in_the_way(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG)
    site.push(office("f", "o"), OFFICE)
    site.delete(OFFICE, "f")
    site.delete(ORG, "o")
    found = bring_back(site, OFFICE, "f")
    assert [(each.kind, each.other, each.field) for each in found.obstacles] == [
        (ObstacleKind.NEEDED, place(site, ORG, "o"), "organisation_id")
    ]
    assert living(site, OFFICE) == set() and found.records == []
    both = restore(site, [place(site, OFFICE, "f"), place(site, ORG, "o")])
    assert living(site, OFFICE, ORG) == {"o", "f"} and not both.obstacles


def test_what_can_be_restored_is_although_something_stands_in_the_way_of_others(site: SampleSite) -> None:
    site.push(org("o", "Ferry") + org("q", "Quay"), ORG)
    site.push(office("f", "o") + office("g", "q"), OFFICE)
    for uuid in "fg":
        site.delete(OFFICE, uuid)
    site.delete(ORG, "o")
    found = bring_back(site, OFFICE, "f", "g")
    assert living(site, OFFICE) == {"g"}
    assert {each.place for each in found.obstacles} == {place(site, OFFICE, "f")}


def test_a_unique_value_that_another_record_has_stands_in_the_way(site: SampleSite) -> None:
    site.push(
        f'<resource name="{TYPES}" uuid="t" modified_on="2026-03-01T11:00:00"><data field="name">NGO</data></resource>',
        TYPES,
    )
    site.delete(TYPES, "t")
    later = (site.clock.step() - timedelta(seconds=30)).isoformat()
    taken = (
        f'<resource name="{TYPES}" uuid="u" modified_on="{later}"><data field="name">NGO</data></resource>'
    )
    site.push(taken, TYPES, met=lambda table: True)
    assert living(site, TYPES) == {"u"}
    found = bring_back(site, TYPES, "t")
    assert [(each.kind, each.other, each.value) for each in found.obstacles] == [
        (ObstacleKind.TAKEN, place(site, TYPES, "u"), "NGO")
    ]
    site.delete(TYPES, "u")
    assert not bring_back(site, TYPES, "t").obstacles
    assert site.row(TYPES, "t").name == "NGO"
    assert bring_back(site, TYPES, "u").obstacles[0].kind is ObstacleKind.TAKEN


def test_a_record_that_was_merged_names_its_survivor(site: SampleSite) -> None:
    site.push(org("o", "Ferry") + org("q", "Quay"), ORG)
    site.push(deleted(ORG, "o", LATER, replaced_by="q"), ORG)
    found = bring_back(site, ORG, "o")
    assert [(each.kind, each.other) for each in found.obstacles] == [
        (ObstacleKind.MERGED, place(site, ORG, "q"))
    ]
    assert site.row(ORG, "o").deleted


def test_there_can_be_only_one(site: SampleSite) -> None:
    uma(site)
    site.delete(DETAILS, "d")
    site.s3db[DETAILS].insert(person_id=site.row(PERSON, "p").id, uuid="e", occupation="Captain")
    found = bring_back(site, DETAILS, "d")
    assert [(each.kind, each.other) for each in found.obstacles] == [
        (ObstacleKind.ONLY_ONE, place(site, DETAILS, "e"))
    ]


def test_what_lives_or_never_was_here_is_left_alone(site: SampleSite) -> None:
    uma(site)
    before = site.row(PERSON, "p").modified_on
    assert restore(site, [place(site, PERSON, "p"), (PERSON, 999), ("no_table", 1)]) == Restored([], [])
    assert site.row(PERSON, "p").modified_on == before


@pytest.mark.parametrize("first", [PERSON, STAFF])
def test_a_deletion_of_an_eden_is_understood_by_its_times(site: SampleSite, first: str) -> None:
    uma(site)
    site.push(person("p", "Uma", deleted(CONTACT, "c2", LATER)), PERSON)
    site.clock.step(3600)
    gone = {
        PERSON: deleted(PERSON, "p", LATER + timedelta(minutes=1)),
        STAFF: deleted(STAFF, "h", LATER + timedelta(minutes=1)),
    }
    for table in sorted(gone, key=lambda table: table != first):
        site.push(gone[table], table)
    assert living(site, *HERS) == set()
    bring_back(site, PERSON, "p")
    assert living(site, *HERS) == ALL_OF_UMA - {"c2"}


def test_what_was_deleted_before_deletions_were_written_down_comes_back(site: SampleSite) -> None:
    uma(site)
    site.delete(CONTACT, "c2")
    site.delete(PERSON, "p")
    site.db(site.db.sync_deletion).delete()
    bring_back(site, PERSON, "p")
    assert living(site, *HERS) == ALL_OF_UMA - {"c2"}


def test_who_deleted_is_known_of_a_deletion_past_us(site: SampleSite) -> None:
    uma(site)
    site.clock.step()
    site.db(site.s3db[PERSON].uuid == "p").update(deleted=True, modified_by=7)
    site.db.commit()
    restore(site, [])
    (note,) = noted(site)
    assert (note.by_email, note.site, note.repository_id, note.name) == (
        "ann@example.org",
        site.changes.site,
        None,
        "Uma",
    )


# --- two sites -----------------------------------------------------------------------------------------------


@pytest.fixture
def pair(world: TwoSites[SampleSite]) -> Pair:
    """Let two sites have Uma, with staff exchanged before persons."""
    uma(world.b)
    found = Pair(world.a, world.b, ORG, STAFF, PERSON)
    run(found)
    assert living(world.a, *HERS) == ALL_OF_UMA
    return found


def run(pair: Pair) -> None:
    pair.own.clock.step()  # type: ignore[attr-defined]
    for _ in range(3):
        pair.run()


@pytest.mark.parametrize("deleter, restorer", ["ab", "ba", "aa"])
def test_it_is_restored_at_any_site(
    world: TwoSites[SampleSite], pair: Pair, deleter: str, restorer: str
) -> None:
    first, second = getattr(world, deleter), getattr(world, restorer)
    first.delete(CONTACT, "c2")
    first.delete(PERSON, "p")
    run(pair)
    assert living(world.a, *HERS) == living(world.b, *HERS) == set()
    bring_back(second, PERSON, "p")
    run(pair)
    for site in (world.a, world.b):
        assert living(site, PERSON, CONTACT, DETAILS, STAFF) >= ALL_OF_UMA - {"c2"}
        assert site.row(STAFF, "h").person_id == site.row(PERSON, "p").id
    assert living(world.a, *HERS) == living(world.b, *HERS)


def test_deleted_restored_and_deleted_again(world: TwoSites[SampleSite], pair: Pair) -> None:
    for deleter, restorer in ((world.a, world.b), (world.b, world.a), (world.a, world.a)):
        deleter.delete(PERSON, "p")
        run(pair)
        assert living(world.a, *HERS) == living(world.b, *HERS) == set()
        bring_back(restorer, PERSON, "p")
        run(pair)
        assert living(world.a, *HERS) == living(world.b, *HERS) == ALL_OF_UMA
    world.b.delete(PERSON, "p")
    run(pair)
    assert living(world.a, *HERS) == living(world.b, *HERS) == set()


def test_what_the_restoring_site_never_knew_comes_back_too(world: TwoSites[SampleSite], pair: Pair) -> None:
    world.a.s3db[CONTACT].insert(
        pe_id=world.a.row(PERSON, "p").pe_id, contact_method="EMAIL", value="new@example.org", uuid="n"
    )
    world.a.delete(PERSON, "p")
    run(pair)
    bring_back(world.b, PERSON, "p")
    run(pair)
    assert living(world.a, *HERS) == living(world.b, *HERS) == ALL_OF_UMA | {"n"}


def test_what_the_other_site_deleted_meanwhile_on_purpose_stays_deleted(
    world: TwoSites[SampleSite], pair: Pair
) -> None:
    world.a.delete(PERSON, "p")
    run(pair)
    bring_back(world.b, PERSON, "p")
    world.b.delete(STAFF, "h")
    run(pair)
    assert living(world.a, *HERS) == living(world.b, *HERS) == ALL_OF_UMA - {"h"}


def test_both_delete_and_one_restores(world: TwoSites[SampleSite], pair: Pair) -> None:
    world.a.delete(PERSON, "p")
    world.b.delete(STAFF, "h")
    world.b.delete(PERSON, "p")
    run(pair)
    bring_back(world.a, PERSON, "p")
    run(pair)
    assert living(world.a, *HERS) == living(world.b, *HERS)
    assert living(world.a, *HERS) == ALL_OF_UMA - {"h"}, "it was deleted on purpose at b"


def test_a_site_learns_who_deleted_and_what_went_along(world: TwoSites[SampleSite], pair: Pair) -> None:
    world.a.db.auth_user.insert(id=7, email="ann@example.org")
    world.a.auth.user = Storage(id=7)
    world.a.delete(PERSON, "p")
    run(pair)
    notes = {row.tablename: row for row in noted(world.b)}
    assert set(notes) == set(HERS)
    for note in notes.values():
        assert (note.by_email, note.site) == ("ann@example.org", world.a.changes.site)
    assert notes[PERSON].along_id is None
    assert notes[STAFF].along_id == notes[CONTACT].along_id == world.b.row(PERSON, "p").id


def test_a_record_edited_elsewhere_lives_again_with_what_went_along(
    world: TwoSites[SampleSite], pair: Pair
) -> None:
    world.a.delete(PERSON, "p")
    world.b.clock.step()
    with world.b.store.transaction():
        world.b.db(world.b.s3db[PERSON].uuid == "p").update(last_name="Lee")
    run(pair)
    assert living(world.a, *HERS) == living(world.b, *HERS) == ALL_OF_UMA
