"""What the counterparts of an Eden's callbacks leave in its tables."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from s3sync.host.counterparts import COUNTERPARTS, Eden
from tests.support.eden_callbacks import NOW, place_one, tables

SQUARE = "POLYGON ((10 10, 20 10, 20 20, 10 20, 10 10))"


@pytest.fixture
def eden(tmp_path: Path) -> Iterator[Eden]:
    with tables(tmp_path) as made:
        yield made


def handle(eden: Eden, table: str, *keys: int) -> set[int]:
    counterpart = COUNTERPARTS[table](eden, lambda form: None)
    assert counterpart.fits()
    return set(counterpart.handle(keys))


def rows(eden: Eden, table: str) -> list[dict[str, Any]]:
    return [each.as_dict() for each in eden.db(eden.db[table]).select(orderby=eden.db[table]._id)]


def a_tree(eden: Eden, seed: int) -> list[int]:
    """Make places of all levels below each other, of which some have a point, an area or nothing."""
    chance, table, keys = random.Random(seed), eden.db.gis_location, []
    for _ in range(3):
        parent = None
        for level in ("L0", "L1", "L2", "L3", "L4", "L5", None):
            where: dict[str, Any] = chance.choice(
                ({}, {"lat": 1.25, "lon": 2.5}, {"lat": 3.0, "lon": 4.0, "inherited": True}, {"wkt": SQUARE})
            )
            if level == "L0":
                where = {"lat": 1.5, "lon": 2.5}
            parent = table.insert(name=f"{level} {chance.random()}", level=level, parent=parent, **where)
            keys.append(parent)
            keys.append(table.insert(name="specific", parent=parent, **where) if level else parent)
    return sorted(set(keys))


@pytest.mark.parametrize("seed", range(20))
def test_places_at_once_are_as_places_one_at_a_time(tmp_path: Path, seed: int) -> None:
    found = []
    for together in (True, False):
        (tmp_path / str(together)).mkdir()
        with tables(tmp_path / str(together)) as eden:
            keys = a_tree(eden, seed)
            if together:
                assert handle(eden, "gis_location", *reversed(keys)) == set()
            else:
                for key in keys:
                    place_one(eden.db, key)
            found.append(rows(eden, "gis_location"))
    assert found[0] == found[1]


def test_a_place_above_others_that_inherit_from_it_is_left(eden: Eden) -> None:
    table = eden.db.gis_location
    country = table.insert(name="Country", level="L0", lat=1.0, lon=2.0)
    below = table.insert(name="Below", parent=country, inherited=True, path=f"{country}/2")
    other = table.insert(name="Other", parent=country)
    assert handle(eden, "gis_location", country, other) == {country, other}
    assert table(below).lat is None and table(other).path is None


@pytest.mark.parametrize(
    ("level", "above"), [("L1", "L1"), ("L3", "L4"), (None, None), ("L0", "L1"), ("GR", "L0")]
)
def test_a_place_astray_is_left(eden: Eden, level: str | None, above: str | None) -> None:
    table = eden.db.gis_location
    parent = table.insert(name="Above", level=above, path="1", L0="Country", L1="A", L2="B", L3="C", L4="D")
    astray = table.insert(name="Astray", level=level, parent=parent, lat=1.0, lon=2.0)
    assert handle(eden, "gis_location", astray) == {astray}


def test_one_below_a_place_with_a_gap_above_is_left(eden: Eden) -> None:
    table = eden.db.gis_location
    gap = table.insert(name="No country", level="L2", path="1", L2="No country")
    below = table.insert(name="Below", parent=gap)
    missing = table.insert(name="Missing", parent=99)
    assert handle(eden, "gis_location", below, missing) == {below, missing}


def test_a_place_that_is_as_it_was_is_not_written(eden: Eden) -> None:
    table = eden.db.gis_location
    key = table.insert(name="Same", lat=1.0, lon=2.0, wkt="POINT(2 1)", path="1")
    assert handle(eden, "gis_location", key) == set()
    assert (table(key).wkt, table(key).lat_min) == ("POINT(2 1)", None)


def test_a_county_has_the_name_that_its_country_has_now(eden: Eden) -> None:
    table = eden.db.gis_location
    country = table.insert(name="New", level="L0", path="1", L0="New", lat=1.0, lon=1.0, wkt="POINT (1 1)")
    state = table.insert(name="State", level="L1", parent=country, path="1/2", L0="Old", L1="State")
    county = table.insert(name="County", level="L2", parent=state, lat=1.0, lon=2.0)
    assert handle(eden, "gis_location", county) == set()
    assert (table(county).L0, table(county).L1, table(county).path) == ("New", "State", "1/2/3")


def test_places_are_left_while_an_eden_defers_them(eden: Eden) -> None:
    counterpart = COUNTERPARTS["gis_location"](eden, lambda form: None)
    eden.auth.override = True
    assert not counterpart.fits()
    eden.auth.override = False
    eden.settings.answers["get_gis_spatialdb"] = True
    assert not counterpart.fits()


# --- sites -------------------------------------------------------------------------------------------------


def organisation(eden: Eden) -> tuple[int, int]:
    """Make an organisation; return its key and its entity."""
    entity = eden.db.pr_pentity.insert(instance_type="org_organisation")
    return eden.db.org_organisation.insert(pe_id=entity, name="Org"), entity


def office(eden: Eden, owner: int | None, name: str = "An office") -> tuple[int, int, int]:
    """Make an office; return its key, its entity and its site."""
    entity = eden.db.pr_pentity.insert(instance_type="org_office")
    site = eden.db.org_site.insert(instance_type="org_office", name=name, location_id=7)
    key = eden.db.org_office.insert(pe_id=entity, site_id=site, organisation_id=owner, name=name)
    return key, entity, site


def affiliated(eden: Eden) -> list[tuple[int, str, int]]:
    """Return who gives which role to whom."""
    role, link = eden.db.pr_role, eden.db.pr_affiliation
    found = eden.db(link.role_id == role.id).select(role.pe_id, role.role, link.pe_id)
    return [(row.pr_role.pe_id, row.pr_role.role, row.pr_affiliation.pe_id) for row in found]


@pytest.mark.parametrize("table", ["org_office", "pr_pentity"])
def test_sites_belong_to_their_organisations_once(eden: Eden, table: str) -> None:
    (first, entity), (second, other) = organisation(eden), organisation(eden)
    made = [office(eden, each) for each in (first, first, second, None)]
    keys = [each[0] if table == "org_office" else each[1] for each in made]
    for _ in range(2):
        assert handle(eden, table, *keys) == set()
    wanted = [(entity, "Sites", made[0][1]), (entity, "Sites", made[1][1]), (other, "Sites", made[2][1])]
    assert affiliated(eden) == wanted and len(rows(eden, "pr_role")) == 2


def test_a_site_that_moves_to_another_organisation_is_left(eden: Eden) -> None:
    (first, entity), (second, _) = organisation(eden), organisation(eden)
    key, site, _ = office(eden, first)
    handle(eden, "org_office", key)
    eden.db(eden.db.org_office.id == key).update(organisation_id=second)
    assert handle(eden, "org_office", key) == {key} and affiliated(eden) == [(entity, "Sites", site)]


def test_who_gives_roles_itself_has_their_paths_worked_out(eden: Eden) -> None:
    owner, _ = organisation(eden)
    key, entity, _ = office(eden, owner)
    eden.db.pr_role.insert(pe_id=entity, role="Staff", role_type=1)
    handle(eden, "org_office", key)
    assert eden.s3db.rebuilt == [entity]


def test_new_sites_have_codes_of_their_own(eden: Eden) -> None:
    sites = [office(eden, None, name)[2] for name in ("Aeon harbour", "Aeon harbour", "42")]
    eden.db(eden.db.org_site.site_id == sites[1]).update(code="KEPT")
    assert handle(eden, "org_site", *sites) == set()
    codes = [row["code"] for row in rows(eden, "org_site")]
    assert (
        codes[0].startswith("AENHRB") and len(codes[0]) == 10 and codes[1] == "KEPT" and len(codes[2]) == 10
    )


def test_organisations_without_a_root_are_their_own(eden: Eden) -> None:
    keys = [organisation(eden)[0] for _ in range(3)]
    eden.db(eden.db.org_organisation.id == keys[2]).update(root_organisation=keys[0])
    assert handle(eden, "org_organisation", *keys) == set()
    assert [row["root_organisation"] for row in rows(eden, "org_organisation")] == [keys[0], keys[1], keys[0]]


def test_shelters_count_their_people_and_tell_of_today(eden: Eden) -> None:
    table, registered = eden.db.cr_shelter, eden.db.cr_shelter_registration
    keys = [table.insert(name="Full", status=2, capacity=1), table.insert(name="Unknown", status=1)]
    for person, state in ((1, 1), (1, 2), (2, 1), (3, 3)):
        registered.insert(shelter_id=keys[0], person_id=person, registration_status=state)
    for _ in range(2):
        assert handle(eden, "cr_shelter", *keys) == set()
    found = [
        (each["capacity"], each["population"], each["available_capacity"])
        for each in rows(eden, "cr_shelter")
    ]
    assert found == [(1, 2, 0), (0, 0, 0)]
    told = [
        (each["shelter_id"], each["date"], each["population"], each["owned_by_user"])
        for each in rows(eden, "cr_shelter_status")
    ]
    assert told == [(keys[0], date(2026, 2, 1), 2, 9), (keys[1], date(2026, 2, 1), 0, 9)]


def test_shelters_are_left_where_units_are_counted(eden: Eden) -> None:
    eden.settings.answers["get_cr_shelter_units"] = True
    assert not COUNTERPARTS["cr_shelter"](eden, lambda form: None).fits()


# --- people ------------------------------------------------------------------------------------------------


def person(eden: Eden, **more: Any) -> tuple[int, int, int]:
    """Make a person; return key, entity and what is asked for whereabouts."""
    entity = eden.db.pr_pentity.insert(instance_type="pr_person", realm_entity=5)
    track = eden.db.sit_trackable.insert()
    return eden.db.pr_person.insert(pe_id=entity, track_id=track, realm_entity=5, **more), entity, track


def test_nothing_is_done_with_a_person_but_with_who_died_or_has_an_account(eden: Eden) -> None:
    (plain, *_), (dead, *_), (user, entity, _) = person(eden), person(eden, date_of_death=NOW), person(eden)
    eden.db.pr_person_user.insert(pe_id=entity, user_id=1)
    assert handle(eden, "pr_person", plain, dead, user) == {dead, user}


def test_a_post_brings_its_holder_to_site_and_organisation(eden: Eden) -> None:
    owner, entity = organisation(eden)
    _, office_entity, site = office(eden, owner)
    holder, who, track = person(eden)
    table = eden.db.hrm_human_resource
    key = table.insert(type=1, status=1, person_id=holder, organisation_id=owner, site_id=site)
    assert handle(eden, "hrm_human_resource", key) == set()
    assert affiliated(eden) == [(office_entity, "Staff", who), (entity, "Staff", who)]
    assert table(key).location_id == 7 and eden.db.pr_person(holder).realm_entity is None
    assert eden.db.pr_pentity(who).realm_entity is None
    (link,) = rows(eden, "hrm_human_resource_site")
    assert (link["human_resource_id"], link["site_id"]) == (key, site)
    (presence,) = rows(eden, "sit_presence")
    assert (presence["track_id"], presence["interlock"]) == (track, f"hrm_human_resource,{key}")
    assert eden.db.sit_trackable(track).track_timestmp == NOW


def test_a_post_of_the_past_has_no_affiliation_and_is_told_once(eden: Eden) -> None:
    owner, _ = organisation(eden)
    holder, *_ = person(eden)
    key = eden.db.hrm_human_resource.insert(type=1, status=2, person_id=holder, organisation_id=owner)
    for _ in range(2):
        assert handle(eden, "hrm_human_resource", key) == set()
    assert affiliated(eden) == [] and len(rows(eden, "sit_presence")) == 1


def test_what_else_an_eden_does_with_posts_is_left_to_it(eden: Eden) -> None:
    (first, _), (second, _) = organisation(eden), organisation(eden)
    _, _, site = office(eden, first)
    table = eden.db.hrm_human_resource
    common = {"type": 1, "status": 1, "organisation_id": first}
    people = [person(eden) for _ in range(6)]
    keys = [
        table.insert(**{**common, "type": 2}, person_id=people[0][0]),
        table.insert(**common, person_id=people[1][0]),
        table.insert(**common, person_id=people[1][0]),
        table.insert(**common, person_id=people[2][0], site_id=site, site_contact=True),
        table.insert(**common, person_id=people[3][0]),
        table.insert(**common, person_id=people[4][0]),
        table.insert(**common, person_id=people[5][0]),
    ]
    eden.db.hrm_human_resource_site.insert(human_resource_id=keys[4], site_id=site)
    eden.db.pr_person_user.insert(pe_id=people[4][1], user_id=1)
    handle(eden, "hrm_human_resource", keys[6])
    eden.db(table.id == keys[6]).update(organisation_id=second)
    assert handle(eden, "hrm_human_resource", *keys) == set(keys)


@pytest.mark.parametrize(
    ("setting", "answer"),
    [
        ("get_hrm_location_staff", "person_id"),
        ("get_hrm_multiple_job_titles", True),
        ("get_auth_person_realm_human_resource_site_then_org", True),
        ("get_auth_realm_entity", len),
    ],
)
def test_posts_are_left_under_other_settings(eden: Eden, setting: str, answer: Any) -> None:
    eden.settings.answers[setting] = answer
    assert not COUNTERPARTS["hrm_human_resource"](eden, lambda form: None).fits()
