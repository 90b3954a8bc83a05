"""The rules of import, one by one, over a real database."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.policy import Method, Policy, Terms
from s3sync.exchange.exporter import Exporter
from tests.support.documents import data, deleted, reasons, ref, resource, told
from tests.support.site import NOW, SampleSite

LATER = NOW + timedelta(minutes=5)
EARLIER = NOW - timedelta(minutes=5)
ORG, OFFICE, LOCATION, PERSON, CONTACT = (
    "org_organisation",
    "org_office",
    "gis_location",
    "pr_person",
    "pr_contact",
)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path, users={"ann@example.org": 7})
    yield found
    found.close()


def org(uuid: "str | None", name: str, *parts: str, **more: object) -> str:
    return resource(ORG, uuid, data("name", name), *parts, **more)  # type: ignore[arg-type]


# --- create, update, unchanged --------------------------------------------------------------------------


def test_a_new_record_is_created_as_it_came(site: SampleSite) -> None:
    report = site.push(
        org(
            "urn:uuid:1",
            "Relief",
            data("year", "1987"),
            created_on="2020-01-02T03:04:05",
            created_by="ann@example.org",
        ),
        ORG,
    )
    assert told(report) == {"created": 1}
    row = site.row(ORG, "urn:uuid:1")
    assert report.created == [row.id]
    assert (row.name, row.year, row.mci, row.deleted) == ("Relief", 1987, 1, False)
    assert row.created_on.isoformat() == "2020-01-02T03:04:05"
    assert row.modified_on == NOW
    assert row.created_by == 7
    assert row.owned_by_user is None


@pytest.mark.parametrize("mci, stored", [(1, 1), (4, 4), (None, 2)])
def test_mci_is_kept_as_received_on_creation_and_never_changed(
    site: SampleSite, mci: "int | None", stored: int
) -> None:
    site.push(org("u", "A", mci=mci), ORG)
    assert site.row(ORG, "u").mci == stored
    site.push(org("u", "B", mci=9, modified_on=LATER), ORG)
    assert (site.row(ORG, "u").mci, site.row(ORG, "u").name) == (stored, "B")


def test_mci_is_exported_one_higher(site: SampleSite) -> None:
    site.push(org("u", "A", mci=3), ORG)
    site.s3db[ORG].insert(name="Ours", uuid="ours")
    site.db.commit()
    text = site.export(ORG)[0].decode()
    assert 'uuid="u" mci="4"' in text
    assert 'uuid="ours" mci="1"' in text


def test_what_changed_is_updated_and_only_that(site: SampleSite) -> None:
    site.push(org("u", "A", data("acronym", "AA"), data("comments", "kept")), ORG)
    report = site.push(org("u", "A", data("acronym", "BB"), modified_on=LATER), ORG)
    assert told(report) == {"updated": 1}
    row = site.row(ORG, "u")
    assert (row.acronym, row.comments, row.modified_on) == ("BB", "kept", LATER)


def test_equal_values_are_no_update_and_do_not_move_modified_on(site: SampleSite) -> None:
    site.push(org("u", "A", data("acronym", "AA")), ORG)
    before = site.journal.head()
    report = site.push(org("u", "A", data("acronym", "AA"), modified_on=LATER), ORG)
    assert told(report) == {"unchanged": 1}
    assert site.row(ORG, "u").modified_on == NOW
    assert site.journal.head() == before


def test_a_cleared_field_is_cleared(site: SampleSite) -> None:
    site.push(org("u", "A", data("acronym", "AA"), data("year", "1987")), ORG)
    report = site.push(org("u", "A", modified_on=LATER, null="acronym year"), ORG)
    assert told(report) == {"updated": 1}
    row = site.row(ORG, "u")
    assert (row.acronym, row.year) == (None, None)


def test_what_an_eden_cannot_clear_does_not_come_back_as_an_echo(site: SampleSite) -> None:
    text = org("u", "A", data("year", "1987"), data("acronym", "AA"))
    site.push(text, ORG)
    head = site.journal.head()
    site.clock.step()
    site.db(site.s3db[ORG].uuid == "u").update(year=None)
    site.db.commit()
    changed = site.row(ORG, "u").modified_on
    echo = org("u", "A", data("year", "1987"), data("acronym", "AA"), modified_on=changed)
    assert told(site.push(echo, ORG, exchanged=head, clears=False)) == {"unchanged": 1}
    assert site.row(ORG, "u").year is None
    later = org("u", "A", data("year", "1987"), modified_on=changed + timedelta(seconds=9))
    assert told(site.push(later, ORG, exchanged=site.journal.head(), clears=False)) == {"updated": 1}
    assert site.row(ORG, "u").year == 1987


@pytest.mark.parametrize("policy", list(Policy))
def test_what_an_eden_sends_again_unchanged_is_no_conflict(site: SampleSite, policy: Policy) -> None:
    sent = person("p", "There", contact("mail", "there@example.org"))
    site.push(sent, PERSON)
    head, known = site.journal.head(), NOW + timedelta(minutes=1)
    site.clock.step(120)
    site.db(site.s3db[PERSON].uuid == "p").update(first_name="Here")
    site.db(site.s3db[CONTACT].uuid == "mail").update(value="here@example.org")
    site.db.commit()
    terms = Terms(update_policy=policy, conflict_policy=policy)
    again = site.push(sent, PERSON, terms, exchanged=head, clears=False, known={PERSON: known}.get)
    assert told(again) == {"unchanged": 2}
    assert site.row(PERSON, "p").first_name == "Here"
    assert site.row(CONTACT, "mail").value == "here@example.org"
    # Not seen before: it may have changed there too.
    unseen = site.push(sent, PERSON, terms, exchanged=head, clears=False, known={PERSON: NOW}.get)
    assert told(unseen) == {"conflict": 2}


def test_the_same_record_twice_is_imported_in_order(site: SampleSite) -> None:
    report = site.push(org("u", "First") + org("u", "Second", modified_on=LATER), ORG)
    assert told(report) == {"created": 1, "updated": 1}
    assert site.row(ORG, "u").name == "Second"


def test_an_older_version_of_what_did_not_change_here_is_refused_and_the_peer_told_again(
    site: SampleSite,
) -> None:
    site.push(org("u", "New", modified_on=LATER), ORG)
    head = site.journal.head()
    report = site.push(org("u", "Old", modified_on=EARLIER), ORG, exchanged=head)
    assert told(report) == {"skipped": 1}
    assert site.row(ORG, "u").name == "New"
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1
    assert [kept.kind for kept in site.kept()] == ["refused"]
    again = site.journal.head()
    site.push(org("u", "Old", modified_on=EARLIER), ORG, exchanged=again)
    assert site.journal.head() == again, "the same refusal twice must not go on for ever"


def test_a_time_far_in_the_future_is_rejected_with_the_reason(site: SampleSite) -> None:
    report = site.push(org("u", "A", modified_on=NOW + timedelta(days=3)), ORG)
    assert told(report) == {"rejected": 1}
    assert "future" in reasons(report)[0]
    assert site.row(ORG, "u") is None


# --- strategy and policies ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "method, text",
    [
        (Method.CREATE, org("new", "New")),
        (Method.UPDATE, org("u", "B", modified_on=LATER)),
        (Method.DELETE, deleted(ORG, "u", LATER)),
        (Method.MERGE, deleted(ORG, "u", LATER, replaced_by="v")),
    ],
)
def test_a_method_the_strategy_does_not_allow_is_skipped_and_recorded(
    site: SampleSite, method: Method, text: str
) -> None:
    site.push(org("u", "A") + org("v", "V"), ORG)
    terms = Terms(strategy=frozenset(Method) - {method})
    report = site.push(text, ORG, terms)
    assert told(report) == {"skipped": 1}
    assert (site.row(ORG, "u").name, site.row(ORG, "u").deleted, site.row(ORG, "new")) == ("A", False, None)


def test_a_record_changed_on_both_sides_is_a_conflict_and_the_loser_is_kept(site: SampleSite) -> None:
    site.push(org("u", "A"), ORG)
    exchanged = site.journal.head()
    site.clock.step()
    site.db(site.s3db[ORG].uuid == "u").update(name="Ours")
    site.db.commit()
    report = site.push(org("u", "Theirs", modified_on=LATER), ORG, exchanged=exchanged)
    assert told(report) == {"conflict": 1}
    assert site.row(ORG, "u").name == "Theirs"
    kept = site.kept()[0]
    assert (kept.kind, kept.winner, kept.uuid) == ("conflict", "theirs", "u")
    assert "Ours" in (kept.ours or "") and "Theirs" in (kept.theirs or "")


def test_a_conflict_that_we_win_changes_nothing_here(site: SampleSite) -> None:
    site.push(org("u", "A"), ORG)
    exchanged = site.journal.head()
    site.db(site.s3db[ORG].uuid == "u").update(name="Ours")
    site.db.commit()
    terms = Terms(conflict_policy=Policy.THIS)
    report = site.push(org("u", "Theirs", modified_on=LATER), ORG, terms, exchanged=exchanged)
    assert told(report) == {"conflict": 1}
    assert site.row(ORG, "u").name == "Ours"
    assert site.kept()[0].winner == "ours"
    assert site.export(ORG, after=exchanged, skip_origin=1)[1].count == 1


def test_what_the_same_repository_brought_is_no_conflict(site: SampleSite) -> None:
    site.push(org("u", "A"), ORG, exchanged=0)
    report = site.push(org("u", "B", modified_on=LATER), ORG, exchanged=0)
    assert told(report) == {"updated": 1}


def test_what_another_repository_brought_is_a_change_here(site: SampleSite) -> None:
    site.push(org("u", "A"), ORG, repository_id=1, exchanged=0)
    report = site.push(org("u", "B", modified_on=LATER), ORG, repository_id=2, exchanged=0)
    assert told(report) == {"conflict": 1}


@pytest.mark.parametrize("first, second", [("AAA", "ZZZ"), ("ZZZ", "AAA")])
def test_both_sites_break_a_tie_in_time_the_same_way(tmp_path: Path, first: str, second: str) -> None:
    winners = []
    for number, (ours, theirs) in enumerate([(first, second), (second, first)]):
        (tmp_path / str(number)).mkdir()
        site = SampleSite(tmp_path / str(number))
        site.push(org("u", ours), ORG, repository_id=2)
        site.push(org("u", theirs), ORG, exchanged=0)
        winners.append(site.row(ORG, "u").name)
        site.close()
    assert winners == ["ZZZ", "ZZZ"]


# --- identification -------------------------------------------------------------------------------------


def test_our_own_domain_is_stripped_and_others_are_kept(site: SampleSite) -> None:
    site.push(org("here.org/X", "A") + org("there.org/X", "B"), ORG, own_domain="here.org")
    assert site.row(ORG, "X").name == "A"
    assert site.row(ORG, "there.org/X").name == "B"


def test_references_of_an_eden_lack_the_domain_its_records_carry(site: SampleSite) -> None:
    text = (
        '<s3xml domain="vm">'
        + resource(OFFICE, "vm/OFF", data("name", "Office"), ref("organisation_id", ORG, "ORG-1"))
        + org("vm/ORG-1", "Org")
        + "</s3xml>"
    )
    assert told(site.take(text, OFFICE)) == {"created": 2}
    assert site.row(OFFICE, "vm/OFF").organisation_id == site.row(ORG, "vm/ORG-1").id


def test_a_unique_key_outranks_the_uuid(site: SampleSite) -> None:
    table = "org_organisation_type"
    site.push(resource(table, "mine", data("name", "NGO")), table)
    report = site.push(
        resource(table, "theirs", data("name", "NGO"), data("comments", "same"), modified_on=LATER), table
    )
    assert told(report) == {"updated": 1}
    assert site.row(table, "mine").comments == "same"
    assert site.row(table, "theirs") is None


def test_a_record_without_uuid_is_recognised_by_the_duplicate_rule(site: SampleSite) -> None:
    site.push(org("u", "Red Cross"), ORG)
    report = site.push(org(None, "RED CROSS", data("acronym", "RC"), modified_on=LATER), ORG)
    assert told(report) == {"updated": 1}
    assert site.row(ORG, "u").acronym == "RC"


def test_a_record_without_uuid_gets_one(site: SampleSite) -> None:
    assert told(site.push(org(None, "Fresh"), ORG)) == {"created": 1}
    assert site.rows(ORG)[0].uuid.startswith("urn:uuid:")


def test_the_same_record_twice_without_uuid_is_one_record(site: SampleSite) -> None:
    report = site.push(org(None, "Twin") + org(None, "twin", modified_on=LATER), ORG)
    assert told(report) == {"created": 1, "updated": 1}
    assert len(site.rows(ORG)) == 1


def test_several_candidates_are_ambiguous(site: SampleSite) -> None:
    site.push(org("u", "Same") + org("v", "Same"), ORG)
    report = site.push(org(None, "same"), ORG)
    assert told(report) == {"rejected": 1}
    assert "Ambiguous" in reasons(report)[0]


def test_an_unknown_uuid_is_new_and_a_probable_duplicate_is_reported(site: SampleSite) -> None:
    site.push(org("u", "Same"), ORG)
    report = site.push(org("other", "Same"), ORG)
    assert told(report) == {"created": 1}
    assert "duplicate" in report.warnings[0]


def test_synchronised_uuids_adopt_the_peers(site: SampleSite) -> None:
    site.push(org("mine", "Same"), ORG)
    key = site.row(ORG, "mine").id
    report = site.push(org("theirs", "same", modified_on=LATER), ORG, Terms(synchronise_uuids=True))
    assert told(report) == {"updated": 1}
    assert site.row(ORG, "theirs").id == key
    assert len(site.rows(ORG)) == 1


# --- references -----------------------------------------------------------------------------------------


def location(uuid: str, name: str, parent: "str | None" = None, **more: object) -> str:
    parts = [data("name", name)]
    if parent is not None:
        parts.append(ref("parent", LOCATION, parent))
    return resource(LOCATION, uuid, *parts, **more)  # type: ignore[arg-type]


@pytest.mark.parametrize("order", ["top down", "bottom up"])
def test_records_of_one_table_refer_to_each_other_in_any_order(site: SampleSite, order: str) -> None:
    records = [location("c", "Country"), location("p", "Province", "c"), location("d", "District", "p")]
    if order == "bottom up":
        records.reverse()
    assert told(site.push("".join(records), LOCATION)) == {"created": 3}
    assert site.row(LOCATION, "d").parent == site.row(LOCATION, "p").id
    assert site.row(LOCATION, "p").parent == site.row(LOCATION, "c").id


def test_a_circle_of_references_is_imported(site: SampleSite) -> None:
    assert told(site.push(location("a", "A", "b") + location("b", "B", "a"), LOCATION)) == {"created": 2}
    assert site.row(LOCATION, "a").parent == site.row(LOCATION, "b").id
    assert site.row(LOCATION, "b").parent == site.row(LOCATION, "a").id


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


# --- components -----------------------------------------------------------------------------------------


def contact(uuid: str, value: str, **more: object) -> str:
    return resource(CONTACT, uuid, data("contact_method", "EMAIL"), data("value", value), **more)  # type: ignore[arg-type]


def person(uuid: str, name: str, *parts: str, **more: object) -> str:
    return resource(PERSON, uuid, data("first_name", name), *parts, **more)  # type: ignore[arg-type]


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


def test_a_single_component_updates_the_one_that_is_there(site: SampleSite) -> None:
    def details(uuid: str, name: str, **more: object) -> str:
        return resource("pr_person_details", uuid, data("father_name", name), **more)  # type: ignore[arg-type]

    site.push(person("p", "Ann", details("d1", "Bob")), PERSON)
    report = site.push(person("p", "Ann", details("d2", "Carl", modified_on=LATER)), PERSON)
    assert told(report) == {"unchanged": 1, "updated": 1}
    assert [row.father_name for row in site.rows("pr_person_details")] == ["Carl"]


def test_a_deleted_component_travels_below_its_master(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON)
    report = site.push(person("p", "Ann", deleted(CONTACT, "c1", LATER)), PERSON)
    assert told(report) == {"unchanged": 1, "deleted": 1}
    text = site.export(PERSON)[0].decode()
    assert 'name="pr_contact" uuid="c1" deleted="True"' in text


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


# --- deletion and merge ---------------------------------------------------------------------------------


def test_a_deletion_is_a_mark_that_remembers_foreign_keys(site: SampleSite) -> None:
    site.push(
        resource("event_incident", "i", data("name", "Flood"), ref("organisation_id", ORG, "g"))
        + org("g", "Org"),
        "event_incident",
    )
    key = site.row(ORG, "g").id
    assert told(site.push(deleted("event_incident", "i", LATER), "event_incident")) == {"deleted": 1}
    row = site.row("event_incident", "i")
    assert (row.deleted, row.organisation_id, row.modified_on) == (True, None, LATER)
    assert f'"organisation_id": {key}' in row.deleted_fk
    assert 'uuid="i" deleted="True"' in site.export("event_incident")[0].decode()


def test_a_newer_version_brings_a_deleted_record_back(site: SampleSite) -> None:
    text = resource("event_incident", "i", data("name", "Flood"), ref("organisation_id", ORG, "g")) + org(
        "g", "Org"
    )
    site.push(text, "event_incident")
    site.push(deleted("event_incident", "i", LATER), "event_incident")
    older = site.push(text, "event_incident")
    assert told(older)["skipped"] == 1
    newer = resource("event_incident", "i", data("name", "Flood"), modified_on=LATER + timedelta(minutes=1))
    assert told(site.push(newer, "event_incident")) == {"updated": 1}
    row = site.row("event_incident", "i")
    assert (row.deleted, row.deleted_fk) == (False, None)
    assert row.organisation_id == site.row(ORG, "g").id


def test_a_deletion_cascades_as_the_data_model_says_and_that_travels_on(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON)
    head = site.journal.head()
    site.push(deleted(PERSON, "p", LATER), PERSON)
    assert site.row(CONTACT, "c1").deleted
    assert not site.rows(PERSON)
    super_row = site.db(site.s3db["pr_pentity"].uuid == "p").select().first()
    assert super_row.deleted
    assert CONTACT in {row.tablename for row in site.db(site.db.sync_journal.seq > head).select()}


def test_a_record_that_is_needed_here_is_kept_and_given_back_to_who_deleted_it(site: SampleSite) -> None:
    site.push(
        resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "g")) + org("g", "Org"),
        OFFICE,
    )
    head = site.journal.head()
    report = site.push(deleted(ORG, "g", LATER), ORG)
    assert told(report) == {"conflict": 1}
    row = site.row(ORG, "g")
    assert not row.deleted
    assert row.modified_on > LATER, "the other site must take it back"
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1
    kept = site.kept()[0]
    assert "still needed here: 1 org_office" in kept.reason
    assert (kept.winner, 'uuid="g"' in (kept.ours or "")) == ("ours", True)


def test_a_merge_moves_references_to_the_survivor(site: SampleSite) -> None:
    site.push(
        resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "a")) + org("a", "A"),
        OFFICE,
    )
    site.push(org("b", "B"), ORG)
    report = site.push(deleted(ORG, "a", LATER, replaced_by="b"), ORG)
    assert told(report) == {"merged": 1}
    assert site.row(OFFICE, "o").organisation_id == site.row(ORG, "b").id
    assert site.row(ORG, "a").deleted
    assert 'replaced_by="b"' in site.export(ORG)[0].decode()


@pytest.mark.parametrize("between", [(), ("c",)])
def test_merges_in_opposite_directions_do_not_lose_both_records(
    site: SampleSite, between: "tuple[str, ...]"
) -> None:
    site.push("".join(org(uuid, uuid.upper()) for uuid in ("a", "b", *between)), ORG)
    chain = ("a", *between, "b")
    for gone, kept in zip(chain, chain[1:]):
        site.push(deleted(ORG, gone, LATER, replaced_by=kept), ORG, repository_id=2)
    head = site.journal.head()
    report = site.push(deleted(ORG, "b", LATER + timedelta(minutes=1), replaced_by="a"), ORG)
    assert told(report) == {"conflict": 1}
    row = site.row(ORG, "b")
    assert not row.deleted and row.modified_on > LATER + timedelta(minutes=1)
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1
    assert "both would be gone" in site.kept()[0].reason


def test_a_merge_waits_for_its_survivor(site: SampleSite) -> None:
    site.push(
        resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "a")) + org("a", "A"),
        OFFICE,
    )
    report = site.push(deleted(ORG, "a", LATER, replaced_by="b"), ORG)
    assert told(report) == {"merged": 1}
    assert 'replaced_by="b"' in site.export(ORG)[0].decode()
    site.push(org("b", "B", modified_on=LATER), ORG)
    assert site.row(OFFICE, "o").organisation_id == site.row(ORG, "b").id
    assert site.row(ORG, "a").deleted
    assert not site.waiting()


# --- identifiers toward an Eden ---------------------------------------------------------------------------


def test_an_eden_sees_our_domain_before_bare_identifiers_and_one_of_ours_does_not(site: SampleSite) -> None:
    site.exporter = Exporter(site.ports, "http://here.org/eden", domain="here.org")
    text = resource(OFFICE, "bare", data("name", "Office"), ref("organisation_id", ORG, "urn:uuid:g"))
    site.push(text + org("urn:uuid:g", "Org"), OFFICE)
    site.push(person("plain", "Ann", contact("c", "a@b.org")), PERSON)
    for_eden = site.export(OFFICE, paged=False)[0].decode() + site.export(PERSON, paged=False)[0].decode()
    assert 'domain="here.org"' in for_eden
    for name in ("here.org/bare", "here.org/plain", "here.org/c", "urn:uuid:g"):
        assert f'uuid="{name}"' in for_eden
    for_ours = site.export(OFFICE)[0].decode()
    assert 'uuid="bare"' in for_ours and "here.org/bare" not in for_ours and "domain=" not in for_ours


# --- bad input ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "part, field",
    [
        (data("year", "soon"), "year"),
        (data("website", "no url at all"), "website"),
        (data("acronym", "x" * 300), "acronym"),
    ],
)
def test_an_invalid_value_rejects_its_record_alone(site: SampleSite, part: str, field: str) -> None:
    report = site.push(org("bad", "Bad", part) + org("good", "Good"), ORG)
    assert told(report) == {"created": 1, "rejected": 1}
    assert field in report.failures[0][1].errors
    assert site.row(ORG, "bad") is None
    assert site.kept()[0].uuid == "bad"


def test_a_missing_mandatory_value_is_named(site: SampleSite) -> None:
    report = site.push(resource(ORG, "bad", data("acronym", "X")), ORG)
    assert reasons(report) == ["name: value(s) required"]


def test_a_rejected_record_that_is_corrected_is_taken_and_no_longer_kept(site: SampleSite) -> None:
    site.push(org("u", "A", data("year", "soon")), ORG)
    assert told(site.push(org("u", "A", data("year", "1990")), ORG)) == {"created": 1}
    assert not site.kept()


def test_unknown_fields_are_passed_over(site: SampleSite) -> None:
    report = site.push(org("u", "A", data("no_such_field", "x")), ORG)
    assert told(report) == {"created": 1}


# --- echoes ---------------------------------------------------------------------------------------------


def test_a_record_is_not_sent_back_to_where_it_came_from(site: SampleSite) -> None:
    site.push(org("u", "A"), ORG, repository_id=1)
    assert site.export(ORG, skip_origin=1)[1].count == 0
    assert site.export(ORG, skip_origin=2)[1].count == 1
    site.clock.step()
    site.db(site.s3db[ORG].uuid == "u").update(name="Changed here")
    site.db.commit()
    assert site.export(ORG, skip_origin=1)[1].count == 1


def test_a_change_made_here_is_not_hidden_by_a_later_import(site: SampleSite) -> None:
    site.push(person("p", "Ann", contact("c1", "a@b.org")), PERSON)
    head = site.journal.head()
    site.clock.step()
    site.db(site.s3db[CONTACT].uuid == "c1").update(value="ours@b.org")
    site.db.commit()
    site.push(person("p", "Anna", modified_on=LATER), PERSON, exchanged=head)
    page, written = site.export(PERSON, after=head, skip_origin=1)
    assert written.count == 1
    assert b"ours@b.org" in page
