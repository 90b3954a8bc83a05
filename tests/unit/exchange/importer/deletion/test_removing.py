"""A deletion that takes along what changed here later: it stands, and what it took is kept and told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from s3sync.conflicts.resolve import restore
from s3sync.core.kept import Side
from tests.support.documents import NOW, ORG, PERSON, STAFF, contact, deleted, org, person, staff
from tests.support.site import SampleSite

DAY = timedelta(days=1)
DELETED, EDITED = NOW + DAY, NOW + 2 * DAY

pytestmark = pytest.mark.usefixtures("a_month_later")


@pytest.fixture
def told(site: SampleSite) -> list[str]:
    """A person with two staff records of which one changed later, is deleted; return what is told."""
    site.push(org("o", "Ferry"), ORG)
    site.push(person("p", "Uma", contact("c", "uma@example.org")), PERSON)
    site.push(staff("h", "before") + staff("i", "stays as it was"), STAFF)
    site.push(staff("h", "EDITED LATER", modified_on=EDITED), STAFF, repository_id=None)
    report = site.push(deleted(PERSON, "p", DELETED), PERSON)
    return [str(line) for line in report.conflicts]


def test_what_is_taken_along_although_it_is_newer_is_kept(site: SampleSite, told: list[str]) -> None:
    assert site.rows(PERSON) == site.rows(STAFF) == site.rows("pr_contact") == []
    kept = {(row.tablename, row.uuid): row for row in site.kept()}
    assert kept.keys() == {(STAFF, "h"), (PERSON, "p")}
    for row in kept.values():
        assert row.kind == "conflict" and row.winner == "theirs" and 'deleted="True"' in row.theirs
    assert "EDITED LATER" in kept[(STAFF, "h")].ours and "Uma" in kept[(PERSON, "p")].ours
    assert "was deleted with it" in kept[(STAFF, "h")].reason


def test_it_is_told(site: SampleSite, told: list[str]) -> None:
    assert any(f"{STAFF} h" in line and "deleted with it" in line for line in told)
    assert any(f"{PERSON} p" in line for line in told)


def test_a_person_puts_it_back_with_what_it_belongs_to(site: SampleSite, told: list[str]) -> None:
    for row in sorted(site.kept(), key=lambda row: row.tablename == STAFF):
        assert not restore(site, row.id, Side.OURS).failures
    assert [row.uuid for row in site.rows(PERSON)] == ["p"]
    person_id = site.row(PERSON, "p").id
    assert [(row.uuid, row.code, row.person_id) for row in site.rows(STAFF)] == [
        ("h", "EDITED LATER", person_id),
        ("i", "stays as it was", person_id),
    ]
    assert site.kept() == []


def test_what_is_not_newer_is_deleted_without_a_word(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG)
    site.push(person("p", "Uma", contact("c", "uma@example.org")), PERSON)
    site.push(staff("h", "before"), STAFF)
    assert not site.push(deleted(PERSON, "p", DELETED), PERSON).conflicts
    assert site.rows(STAFF) == [] and site.kept() == []


def test_newer_work_some_levels_below_is_kept_with_all_between(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG)
    site.push(person("p", "Uma"), PERSON)
    site.push(staff("h", "before"), STAFF)
    documents = site.s3db["doc_document"]
    documents.insert(name="Contract", doc_id=site.row(STAFF, "h").doc_id, uuid="d", modified_on=EDITED)
    site.db.commit()
    site.push(deleted(PERSON, "p", DELETED), PERSON)
    assert {row.tablename for row in site.kept()} == {PERSON, STAFF, "doc_document"}


def test_what_comes_to_a_deleted_survivor_and_is_newer_is_kept(site: SampleSite) -> None:
    site.push(person("p1", "Ann") + person("p2", "Anne", contact("c", "anne@example.org")), PERSON)
    site.push(
        person("p2", "Anne", contact("c", "new@example.org", modified_on=EDITED), modified_on=NOW), PERSON
    )
    site.push(deleted(PERSON, "p1", DELETED), PERSON)
    site.push(deleted(PERSON, "p2", EDITED + DAY, replaced_by="p1"), PERSON)
    assert site.rows("pr_contact") == []
    assert "new@example.org" in next(row.ours for row in site.kept() if row.uuid == "c")
