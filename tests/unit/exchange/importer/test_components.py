"""Components, owners and the data model's own rules when records arrive."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.core.policy import Terms
from tests.support.documents import (
    CONTACT,
    LATER,
    ORG,
    PERSON,
    contact,
    data,
    deleted,
    org,
    person,
    reasons,
    ref,
    resource,
    told,
)
from tests.support.site import SampleSite

# --- components -----------------------------------------------------------------------------------------


def test_components_are_imported_below_their_master(site: SampleSite) -> None:
    report = site.push(person("p", "Ann", contact("c1", "a@b.org"), contact("c2", "b@b.org")), PERSON)
    assert told(report) == {"created": 3}
    assert {row.pe_id for row in site.rows(CONTACT)} == {site.row(PERSON, "p").pe_id}


def test_components_stay_behind_where_the_task_says_so(site: SampleSite) -> None:
    report = site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON, Terms(components=False))
    assert told(report) == {"created": 1}
    assert not site.rows(CONTACT)


def test_a_component_that_fails_does_not_lose_its_master(site: SampleSite) -> None:
    report = site.push(person("p", "Ann", contact("c1", "no address"), contact("c2", "b@b.org")), PERSON)
    assert told(report) == {"created": 2, "rejected": 1}
    assert [row.uuid for row in site.rows(CONTACT)] == ["c2"]


def test_a_master_that_fails_takes_its_components_along_and_says_so(site: SampleSite) -> None:
    report = site.push(resource(PERSON, "p", contact("c1", "a@b.org")), PERSON)
    assert told(report) == {"rejected": 2}
    assert any("belongs to was not stored" in reason for reason in reasons(report))


def test_a_component_changes_although_its_master_did_not(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON)
    report = site.push(person("p", "Ann", contact("c1", "new@b.org", modified_on=LATER)), PERSON)
    assert told(report) == {"unchanged": 1, "updated": 1}
    assert site.row(CONTACT, "c1").value == "new@b.org"


@pytest.mark.parametrize("here", ["p1", "p2"])
def test_of_two_masters_in_the_same_second_each_site_takes_the_same(site: SampleSite, here: str) -> None:
    """Two sites that moved it within a second, each to another person, have it at the same one in the end."""
    there = "p2" if here == "p1" else "p1"
    people = {uuid: person(uuid, uuid) for uuid in ("p1", "p2")}
    site.push("".join(people.values()), PERSON)
    for owner in (here, there):
        site.push(people[owner].replace("</resource>", f"{contact('c', 'c@b.org')}</resource>"), PERSON)
    assert site.row(CONTACT, "c").pe_id == site.row(PERSON, "p2").pe_id


def test_a_single_component_updates_the_one_that_is_there(site: SampleSite) -> None:
    def details(uuid: str, name: str, **more: object) -> str:
        return resource("pr_person_details", uuid, data("father_name", name), **more)  # type: ignore[arg-type]

    site.push(person("p", "Ann", details("d1", "Bob")), PERSON)
    report = site.push(person("p", "Ann", details("d2", "Carl", modified_on=LATER)), PERSON)
    assert told(report) == {"unchanged": 1, "updated": 1}
    assert [row.father_name for row in site.rows("pr_person_details")] == ["Carl"]


def test_several_of_what_should_be_a_single_component_stay_several_records(site: SampleSite) -> None:
    """A database may have two; each of them took the place of the other one in every exchange, with its uuid."""

    def two(suffix: str = "") -> str:
        both = (("d2", "Carl"), ("d3", "Dan"))
        return "".join(
            resource("pr_person_details", uuid, data("father_name", name + suffix)) for uuid, name in both
        )

    site.push(person("p", "Ann", resource("pr_person_details", "d1", data("father_name", "Bob"))), PERSON)
    site.push(person("p", "Ann", two()), PERSON)
    assert [row.uuid for row in site.rows("pr_person_details")] == ["d1", "d2", "d3"]
    assert told(site.push(person("p", "Ann", two()), PERSON)) == {"unchanged": 3}


def test_a_deleted_component_travels_below_its_master(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON)
    report = site.push(person("p", "Ann", deleted(CONTACT, "c1", LATER)), PERSON)
    assert told(report) == {"unchanged": 1, "deleted": 1}
    text = site.export(PERSON)[0].decode()
    assert 'name="pr_contact" uuid="c1" deleted="True"' in text


def test_a_component_is_deleted_below_the_record_that_it_moved_to(site: SampleSite) -> None:
    """The sender moved it there and deleted both; here it still belongs to the other one."""
    site.push(person("p1", "Ann", contact("c", "a@b.org")) + person("p2", "Bob"), PERSON)
    gone = deleted(PERSON, "p2", LATER).replace("/>", f">{deleted(CONTACT, 'c', LATER)}</resource>")
    assert told(site.push(gone, PERSON)) == {"deleted": 2}
    assert site.row(CONTACT, "c").deleted
    assert not site.row(PERSON, "p1").deleted


def test_what_was_deleted_with_a_record_that_lives_on_here_lives_on_as_well(site: SampleSite) -> None:
    site.push(person("p1", "Ann", contact("c", "a@b.org")) + person("p2", "Bob"), PERSON)
    site.push(person("p2", "Bobby", modified_on=LATER), PERSON)
    gone = deleted(PERSON, "p2").replace("/>", f">{deleted(CONTACT, 'c', LATER)}</resource>")
    site.push(gone, PERSON)
    assert not site.row(PERSON, "p2").deleted and not site.row(CONTACT, "c").deleted


def test_what_is_deleted_below_an_unknown_record_is_deleted_as_well(site: SampleSite) -> None:
    site.push(person("p1", "Ann", contact("c", "a@b.org"), contact("d", "d@b.org")), PERSON)
    inside = deleted(CONTACT, "c", LATER) + contact("d", "new@b.org", modified_on=LATER)
    gone = deleted(PERSON, "unknown", LATER).replace("/>", f">{inside}</resource>")
    assert told(site.push(gone, PERSON)) == {"unchanged": 1, "deleted": 1}
    assert [row.value for row in site.rows(CONTACT)] == ["d@b.org"]


def test_a_deletion_names_the_components_that_were_moved_to_the_record(site: SampleSite) -> None:
    people = person("p1", "Ann", contact("c", "a@b.org")) + person("p2", "Bob", contact("d", "d@b.org"))
    site.push(people, PERSON)
    site.s3db[CONTACT][site.row(CONTACT, "c").id] = {"pe_id": site.row(PERSON, "p2").pe_id}
    site.s3db.delete(site.s3db[PERSON], [site.row(PERSON, "p2").id])
    text = site.export(PERSON)[0].decode()
    assert 'uuid="c" deleted="True"' in text
    assert 'uuid="d"' not in text, "It belonged to nobody else, and goes with the record everywhere."


def test_link_tables_nest_below_either_end(site: SampleSite) -> None:
    link = resource(
        "org_organisation_organisation_type", "l", ref("organisation_type_id", "org_organisation_type", "t")
    )
    text = org("u", "Org", link) + resource("org_organisation_type", "t", data("name", "NGO"))
    assert told(site.push(text, ORG)) == {"created": 3}
    row = site.rows("org_organisation_organisation_type")[0]
    assert row.organisation_id == site.row(ORG, "u").id
    assert row.organisation_type_id == site.row("org_organisation_type", "t").id


def test_branches_nest_by_alias_below_either_organisation(site: SampleSite) -> None:
    branch = resource("org_organisation_branch", "l", ref("branch_id", ORG, "child"), alias="branch")
    assert told(site.push(org("parent", "Parent", branch) + org("child", "Child"), ORG)) == {"created": 3}
    row = site.rows("org_organisation_branch")[0]
    assert (row.organisation_id, row.branch_id) == (site.row(ORG, "parent").id, site.row(ORG, "child").id)
    exported = site.export(ORG)[0].decode()
    assert 'name="org_organisation_branch" alias="branch"' in exported
    assert 'name="org_organisation_branch" alias="parent"' in exported


# --- ownership ------------------------------------------------------------------------------------------


def test_owner_and_group_are_those_named_where_they_exist_here(tmp_path: Path) -> None:
    site = SampleSite(tmp_path, users={"ann@example.org": 7})
    site.s3db["auth_group"].insert(id=5, role="Staff")
    site.db.commit()
    site.push(
        org("u", "A", owned_by_user="ann@example.org", owned_by_group="Staff", modified_by="x@y.org"), ORG
    )
    row = site.row(ORG, "u")
    assert (row.owned_by_user, row.owned_by_group, row.modified_by) == (7, 5, None)
    site.close()


def test_a_new_record_gets_the_realm_an_eden_would_give_it(site: SampleSite) -> None:
    text = (
        resource("event_incident", "i", data("name", "Flood"), ref("organisation_id", ORG, "g"))
        + org("g", "Org")
        + resource("event_incident", "j", data("name", "Fire"))
    )
    site.push(text, "event_incident")
    site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON)
    organisation = site.row(ORG, "g")
    assert organisation.realm_entity == organisation.pe_id
    assert site.row("event_incident", "i").realm_entity == organisation.pe_id
    assert site.row("event_incident", "j").realm_entity is None
    assert site.row(PERSON, "p").realm_entity is None
    assert site.row(CONTACT, "c1").realm_entity == site.row(PERSON, "p").pe_id


def test_the_realm_rule_of_a_table_comes_first(tmp_path: Path) -> None:
    site = SampleSite(
        tmp_path, configure=lambda s3db: s3db.configure(ORG, realm_entity=lambda table, row: None)
    )
    site.push(org("u", "A"), ORG)
    assert site.row(ORG, "u").realm_entity is None
    site.close()


# --- the data model's own rules -------------------------------------------------------------------------


@pytest.mark.parametrize("ruling, winner", [("THIS", "Ours"), ("OTHER", "Theirs"), (None, "Theirs")])
def test_a_resources_own_conflict_rule_decides_first(
    tmp_path: Path, ruling: "str | None", winner: str
) -> None:
    asked = []

    def onconflict(ours: Any, theirs: Any, repository_id: int) -> "str | None":
        asked.append((ours["name"], theirs.values["name"], repository_id))
        return ruling

    site = SampleSite(tmp_path, configure=lambda s3db: s3db.configure(ORG, onconflict=onconflict))
    site.push(org("u", "A"), ORG)
    exchanged = site.journal.head()
    site.db(site.s3db[ORG].uuid == "u").update(name="Ours")
    site.db.commit()
    report = site.push(org("u", "Theirs", modified_on=LATER), ORG, exchanged=exchanged)
    assert told(report) == {"conflict": 1}
    assert asked == [("Ours", "Theirs", 1)]
    assert site.row(ORG, "u").name == winner
    site.close()


def test_onvalidation_of_the_data_model_rejects_with_its_words(site: SampleSite) -> None:
    backwards = resource(
        "event_incident",
        "i",
        data("name", "Flood"),
        data("date", "2026-02-02"),
        data("end_date", "2026-02-01"),
    )
    report = site.push(backwards, "event_incident")
    assert told(report) == {"rejected": 1}
    assert "end_date" in report.failures[0][1].errors


def test_a_value_that_must_exist_in_another_table_is_looked_up_for_all_records_at_once(
    tmp_path: Path,
) -> None:
    from gluon.validators import IS_EMPTY_OR, IS_IN_DB

    def configure(s3db: Any) -> None:
        s3db[ORG].country.requires = IS_EMPTY_OR(IS_IN_DB(s3db.db, s3db["org_sector"].abrv))

    site = SampleSite(tmp_path, configure=configure)
    site.push(resource("org_sector", "s", data("name", "Health"), data("abrv", "NP")), "org_sector")
    report = site.push(
        org("good", "Good", data("country", "NP")) + org("bad", "Bad", data("country", "XX")), ORG
    )
    assert told(report) == {"created": 1, "rejected": 1}
    assert report.failures[0][1].errors["country"].message == "value not in database"
    site.close()
