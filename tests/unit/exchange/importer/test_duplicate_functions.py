"""A function of the data model says which record here one is that comes without uuid, as those of an Eden do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.core.policy import Terms
from s3sync.exchange.importer.context import CallbackFailed
from tests.support.documents import (
    LATER,
    OFFICE,
    ORG,
    PERSON,
    STAFF,
    contact,
    data,
    office,
    org,
    person,
    reasons,
    ref,
)
from tests.support.documents import resource as resource
from tests.support.documents import told as told
from tests.support.site import SampleSite

ADOPTING = Terms(synchronise_uuids=True)


class Asked:
    """Functions of a data model, and the items with which they were called."""

    def __init__(self) -> None:
        self.items: list[Any] = []
        self.site: SampleSite

    def by_code(self, item: Any) -> None:
        """Take an office of the same organisation with the same code for the same one."""
        self.items.append(item)
        table, code = item.table, item.data.get("code")
        if code == "fails":
            raise CallbackFailed("The rule failed.")
        if code == "refused":
            item.accepted, item.error = False, "No offices with this code."
            return
        query = (table.code == code) & (table.organisation_id == item.data.organisation_id)
        row = table._db(query & (table.deleted == False)).select(table.id).first()  # noqa: E712
        if code and row:
            item.id, item.method = row.id, item.METHOD.UPDATE

    def by_contact(self, item: Any) -> None:
        """Take a person with the same contact for the same one."""
        self.items.append(item)
        for each in item.components:
            if each.tablename == "pr_contact":
                row = self.site.db(each.table.value == each.data.value).select(each.table.pe_id).first()
                item.id = row and self.site.db(item.table.pe_id == row.pe_id).select(item.table.id).first().id


@pytest.fixture
def asked() -> Asked:
    return Asked()


@pytest.fixture
def site(tmp_path: Path, asked: Asked) -> SampleSite:
    def configure(s3db: Any) -> None:
        s3db.configure(OFFICE, deduplicate=asked.by_code)
        s3db.configure(PERSON, deduplicate=asked.by_contact)

    made = SampleSite(tmp_path / "here.example", configure=configure)
    asked.site = made
    made.push(org("ORG", "Red Cross") + office("OFF", "ORG", data("code", "A1"), name="Before"), OFFICE)
    asked.items.clear()
    return made


def nameless(code: str, name: str = "After", organisation: str = "ORG") -> str:
    """Return an office that comes without uuid."""
    parts = data("code", code), data("name", name), ref("organisation_id", ORG, organisation)
    return resource(OFFICE, None, *parts, modified_on=LATER)


def test_the_record_that_it_names_is_updated(site: SampleSite, asked: Asked) -> None:
    assert told(site.push(nameless("A1"), OFFICE)) == {"updated": 1}
    assert site.row(OFFICE, "OFF").name == "After"
    (item,) = asked.items
    assert item.tablename == OFFICE and item.data.organisation_id == site.row(ORG, "ORG").id


def test_where_it_names_none_the_record_is_another_one(site: SampleSite) -> None:
    assert told(site.push(nameless("A2"), OFFICE)) == {"created": 1}
    assert len(site.rows(OFFICE)) == 2


def test_a_reference_without_a_target_is_left_out(site: SampleSite, asked: Asked) -> None:
    site.push(nameless("A1", organisation="NOWHERE"), OFFICE)
    assert "organisation_id" not in asked.items[0].data and asked.items[0].data.name == "After"


def test_a_deleted_record_is_not_the_one(site: SampleSite) -> None:
    key = site.row(OFFICE, "OFF").id
    site.delete(OFFICE, "OFF")
    site.s3db.configure(OFFICE, deduplicate=lambda item: setattr(item, "id", key))
    assert told(site.push(nameless("A1"), OFFICE)) == {"created": 1}


def test_a_record_with_a_uuid_is_asked_for_only_where_uuids_are_adopted(
    site: SampleSite, asked: Asked
) -> None:
    theirs = office("THEIRS", "ORG", data("code", "A1"), name="Theirs", modified_on=LATER)
    assert told(site.push(theirs, OFFICE)) == {"created": 1} and not asked.items
    other = office("OTHER", "ORG", data("code", "A3"), name="Other", modified_on=LATER)
    assert told(site.push(other, OFFICE, ADOPTING)) == {"created": 1} and len(asked.items) == 1
    site.delete(OFFICE, "THEIRS")
    again = office("AGAIN", "ORG", data("code", "A1"), name="Again", modified_on=LATER)
    assert told(site.push(again, OFFICE, ADOPTING)) == {"updated": 1}
    assert site.row(OFFICE, "AGAIN").name == "Again" and site.row(OFFICE, "OFF") is None


def test_it_sees_what_comes_with_the_record(site: SampleSite) -> None:
    site.push(person("P", "Ada", contact("C", "ada@example.org")), PERSON)
    report = site.push(
        resource(
            PERSON, None, data("first_name", "Ada L."), contact("D", "ada@example.org"), modified_on=LATER
        ),
        PERSON,
    )
    assert told(report)["updated"] == 1 and site.row(PERSON, "P").first_name == "Ada L."


def test_what_it_refuses_is_rejected_with_its_words(site: SampleSite) -> None:
    report = site.push(nameless("refused") + nameless("A2"), OFFICE)
    assert told(report) == {"rejected": 1, "created": 1}
    assert reasons(report)[0] == "No offices with this code."


def test_a_record_that_it_lets_nobody_change_stays_and_is_still_referred_to(site: SampleSite) -> None:
    site.push(person("P", "Ada"), PERSON)
    before = site.row(PERSON, "P")

    def skips(item: Any) -> None:
        item.id, item.skip = before.id, True

    site.s3db.configure(PERSON, deduplicate=skips)
    refers = ref("person_id", PERSON, "THEIRS"), ref("organisation_id", ORG, "ORG")
    report = site.push(resource(STAFF, "H", *refers) + person("THEIRS", "Renamed"), STAFF, ADOPTING)
    assert told(report)["created"] == 1 and told(report)["skipped"] == 1
    assert [(each.uuid, each.first_name) for each in site.rows(PERSON)] == [("P", "Ada")]
    assert site.row(PERSON, "P").modified_on == before.modified_on
    assert site.row(STAFF, "H").person_id == before.id


def test_where_it_fails_the_record_is_another_one_and_that_is_told(site: SampleSite) -> None:
    report = site.push(nameless("fails"), OFFICE)
    assert told(report) == {"created": 1}
    assert "The rule failed." in "".join(map(str, report.warnings))


def test_two_that_are_the_same_record_come_one_after_the_other(site: SampleSite) -> None:
    report = site.push(nameless("A1", "First") + nameless("A1", "Second"), OFFICE)
    assert sum(told(report).values()) == 2 and len(site.rows(OFFICE)) == 1


def test_the_function_of_this_request_is_asked(site: SampleSite, asked: Asked) -> None:
    site.s3db.configure(OFFICE, deduplicate=lambda item: asked.items.append("another one"))
    site.push(nameless("A1"), OFFICE)
    assert asked.items == ["another one"]
