"""References of records that arrive: in any order, missing, in lists, inside JSON."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import (
    LATER,
    LOCATION,
    OFFICE,
    ORG,
    PERSON,
    data,
    deleted,
    location,
    office,
    org,
    reasons,
    ref,
    resource,
    told,
)
from tests.support.site import NOW, SampleSite


@pytest.mark.parametrize("order", ["top down", "bottom up"])
def test_records_of_one_table_refer_to_each_other_in_any_order(site: SampleSite, order: str) -> None:
    records = [location("c", "Country"), location("p", "Province", "c"), location("d", "District", "p")]
    if order == "bottom up":
        records.reverse()
    assert told(site.push("".join(records), LOCATION)) == {"created": 3}
    assert site.row(LOCATION, "d").parent == site.row(LOCATION, "p").id
    assert site.row(LOCATION, "p").parent == site.row(LOCATION, "c").id


def test_a_circle_of_references_is_imported_where_the_data_model_allows_it(tmp_path: Path) -> None:
    def allow(s3db: Any) -> None:
        s3db.configure(LOCATION, onvalidation=None, onvalidation_set=None)

    site = SampleSite(tmp_path / "lenient", configure=allow)
    assert told(site.push(location("a", "A", "b") + location("b", "B", "a"), LOCATION)) == {"created": 2}
    assert site.row(LOCATION, "a").parent == site.row(LOCATION, "b").id
    assert site.row(LOCATION, "b").parent == site.row(LOCATION, "a").id
    site.close()


def test_records_of_other_tables_are_imported_only_where_they_are_referred_to(site: SampleSite) -> None:
    text = (
        resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "wanted"))
        + org("wanted", "Wanted")
        + org("stray", "Stray")
    )
    report = site.push(text, OFFICE)
    assert told(report) == {"created": 2}
    assert report.created == [site.row(OFFICE, "o").id]
    assert site.row(ORG, "stray") is None


def test_an_inline_anonymous_record_is_imported(site: SampleSite) -> None:
    text = resource(
        OFFICE,
        "o",
        data("name", "Office"),
        f'<reference field="organisation_id" resource="{ORG}">{org(None, "Inline")}</reference>',
    )
    assert told(site.push(text, OFFICE)) == {"created": 2}
    assert site.row(OFFICE, "o").organisation_id == site.rows(ORG)[0].id


def test_all_that_hold_the_same_record_without_identifier_refer_to_it(site: SampleSite) -> None:
    def within(uuid: str, name: str) -> str:
        inside = f'<reference field="organisation_id" resource="{ORG}">{org(None, name)}</reference>'
        return resource(OFFICE, uuid, data("name", uuid), inside)

    report = site.push(
        "".join(within(*each) for each in (("a", "X"), ("b", "X"), ("c", "Y"), ("d", "X"))), OFFICE
    )
    assert not reasons(report)
    held = {row.uuid: row.organisation_id for row in site.rows(OFFICE)}
    assert held["a"] == held["b"] == held["d"] and None not in held.values() and held["c"] != held["a"]
    assert len(site.rows(ORG)) == 2


def test_references_by_tuid(site: SampleSite) -> None:
    text = (
        resource(
            OFFICE,
            "o",
            data("name", "Office"),
            f'<reference field="organisation_id" resource="{ORG}" tuid="T1"/>',
        )
        + f'<resource name="{ORG}" tuid="T1">{data("name", "By tuid")}</resource>'
    )
    assert told(site.push(text, OFFICE)) == {"created": 2}
    assert site.row(OFFICE, "o").organisation_id == site.rows(ORG)[0].id


def test_a_reference_to_what_is_not_there_is_kept_and_resolved_by_a_later_exchange(site: SampleSite) -> None:
    text = resource("event_incident", "i", data("name", "Flood"), ref("organisation_id", ORG, "later"))
    assert told(site.push(text, "event_incident")) == {"created": 1}
    assert site.row("event_incident", "i").organisation_id is None
    assert told(site.push(text, "event_incident")) == {"unchanged": 1}
    assert 'uuid="later"' in site.export("event_incident")[0].decode(), "the next site must learn of it too"
    site.push(org("later", "Arrived"), ORG, repository_id=2)
    assert site.row("event_incident", "i").organisation_id == site.row(ORG, "later").id
    assert not site.waiting()


def test_a_mandatory_reference_to_what_is_not_there_rejects_the_record_and_keeps_it(site: SampleSite) -> None:
    table = "org_organisation_branch"
    site.push(org("a", "A"), ORG)
    text = resource(table, "b", ref("organisation_id", ORG, "a"), ref("branch_id", ORG, "missing"))
    report = site.push(text, table)
    assert told(report) == {"rejected": 1}
    assert "has not arrived" in reasons(report)[0]
    assert site.kept()[0].missing == ["missing"]
    assert "missing" in (site.kept()[0].theirs or "")


def test_a_reference_to_an_invalid_record_is_told(site: SampleSite) -> None:
    table = "org_organisation_branch"
    text = (
        resource(table, "b", ref("organisation_id", ORG, "good"), ref("branch_id", ORG, "bad"))
        + org("good", "Good")
        + resource(ORG, "bad", data("year", "1900"))
    )
    report = site.push(text, table)
    assert told(report) == {"created": 1, "rejected": 2}
    assert any("reference import failed" in reason for reason in reasons(report))


@pytest.mark.parametrize("lives_again", [False, True])
def test_so_does_one_that_comes_with_the_version_before_the_merge_unless_that_lives_again(
    site: SampleSite, lives_again: bool
) -> None:
    site.push(org("a", "A") + org("b", "B"), ORG)
    site.push(deleted(ORG, "a", LATER, replaced_by="b"), ORG)
    version = org("a", "A", modified_on=LATER + timedelta(minutes=1) if lives_again else NOW)
    site.push(office("o", "a") + version, OFFICE)
    assert site.row(ORG, "a").deleted is not lives_again
    assert site.row(OFFICE, "o").organisation_id == site.row(ORG, "a" if lives_again else "b").id


def test_a_reference_to_a_merged_record_leads_to_the_survivor(site: SampleSite) -> None:
    site.push(org("a", "A") + org("b", "B"), ORG)
    site.push(deleted(ORG, "a", LATER, replaced_by="b"), ORG)
    site.push(resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "a")), OFFICE)
    assert site.row(OFFICE, "o").organisation_id == site.row(ORG, "b").id


def test_super_entities_are_resolved_through_the_instance_table(site: SampleSite) -> None:
    text = (
        resource(
            "hrm_human_resource",
            "h",
            ref("person_id", PERSON, "p"),
            ref("organisation_id", ORG, "g"),
            ref("site_id", OFFICE, "o"),
        )
        + resource(PERSON, "p", data("first_name", "Ann"))
        + resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "g"))
        + org("g", "Org")
    )
    report = site.push(text, "hrm_human_resource")
    assert told(report) == {"created": 4}, reasons(report)
    office = site.row(OFFICE, "o")
    assert site.row("hrm_human_resource", "h").site_id == office.site_id
    super_row = site.db(site.s3db["org_site"].site_id == office.site_id).select().first()
    assert (super_row.instance_type, super_row.uuid, super_row.name) == (OFFICE, "o", "Office")
    assert 'field="site_id" resource="org_office" uuid="o"' in site.export("hrm_human_resource")[0].decode()


def test_a_list_of_references_takes_what_is_there_and_the_rest_when_it_comes(site: SampleSite) -> None:
    def shelter(*uuids: str) -> str:
        listed = ", ".join(f"&quot;{uuid}&quot;" for uuid in uuids)
        services = f'<reference field="shelter_service_id" resource="cr_shelter_service" uuid="[{listed}]"/>'
        return resource("cr_shelter", "s", data("name", "Hall"), services)

    def service(uuid: str) -> str:
        return resource("cr_shelter_service", uuid, data("name", f"Service {uuid}"))

    assert told(site.push(shelter("a", "b", "c") + service("a") + service("c"), "cr_shelter")) == {
        "created": 3
    }
    keys = [site.row("cr_shelter_service", uuid).id for uuid in "ac"]
    assert site.row("cr_shelter", "s").shelter_service_id == keys
    site.push(service("b"), "cr_shelter_service", repository_id=2)
    complete = [site.row("cr_shelter_service", uuid).id for uuid in "abc"]
    assert site.row("cr_shelter", "s").shelter_service_id == complete
    assert told(site.push(shelter("a", "b", "c"), "cr_shelter")) == {"unchanged": 1}


def test_a_reference_to_what_is_deleted_here_is_kept(site: SampleSite) -> None:
    site.push(org("gone", "Gone"), ORG)
    site.push(deleted(ORG, "gone", LATER), ORG)
    text = resource("event_incident", "i", data("name", "Flood"), ref("organisation_id", ORG, "gone"))
    assert told(site.push(text, "event_incident")) == {"created": 1}
    assert site.row("event_incident", "i").organisation_id == site.row(ORG, "gone").id
    assert 'resource="org_organisation" uuid="gone"' in site.export("event_incident")[0].decode()


PLACES = "pr_person_availability"


def with_json_references(s3db: Any) -> None:
    s3db.configure(PLACES, json_references=True)


def test_references_inside_json(tmp_path: Path) -> None:
    site = SampleSite(tmp_path, configure=with_json_references)

    def person_with_schedule(*organisations: str) -> str:
        named = [{"$k_org": {"@resource": ORG, "@uuid": uuid}, "hours": 4} for uuid in organisations]
        text = json.dumps({"shifts": named}).replace("&", "&amp;")
        return resource(
            PERSON,
            "p",
            data("first_name", "Ann"),
            resource(PLACES, "a", f'<data field="schedule_json">{text}</data>'),
        )

    report = site.push(person_with_schedule("here", "later") + org("here", "Here"), PERSON)
    assert told(report) == {"created": 3}
    shifts = site.row(PLACES, "a").schedule_json["shifts"]
    assert [shift.get("org") for shift in shifts] == [site.row(ORG, "here").id, None]
    assert told(site.push(person_with_schedule("here", "later"), PERSON)) == {"unchanged": 2}
    site.push(org("later", "Later"), ORG)
    shifts = site.row(PLACES, "a").schedule_json["shifts"]
    assert [shift["org"] for shift in shifts] == [site.row(ORG, uuid).id for uuid in ("here", "later")]
    exported = site.export(PERSON)[0].decode()
    assert '"@uuid": "later"' in exported and '"org": ' not in exported
    assert told(site.push(person_with_schedule("here", "later"), PERSON)) == {"unchanged": 2}
    site.close()
