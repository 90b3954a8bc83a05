"""Whatever a record says, it is rejected alone, with its reason, and can be put aside."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace
from typing import Any, cast

import pytest

from s3sync.core.policy import Terms
from s3sync.exchange.importer import Context
from s3sync.exchange.versions import name_in, read
from s3sync.site.exchange_state import ExchangeStates
from s3sync.site.rejected import retry_rejected
from s3sync.site.repositories import Repository
from tests.support.documents import (
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
from tests.support.site import NOW, SampleSite

OFFICE = "org_office"


def retry(site: SampleSite, table: str) -> dict[str, int]:
    """Try again what was put aside, as every exchange does."""
    states = ExchangeStates(site.checkpoints, 1, site.journal.identity())
    repository = cast(Repository, SimpleNamespace(site=site, id=1, states=states))
    with site.store.transaction():
        return told(retry_rejected(repository, table, Terms(), Context(1)))


def shown(site: SampleSite, entry: Any) -> str:
    """Return the name of a kept version as lists show it, once it was also read as a page does."""
    assert read(entry.theirs, site.schema) is not None
    return name_in([entry.theirs], ["name"])


@pytest.mark.parametrize(
    "moment",
    [
        "not a date",
        "04/03/2026",
        "0000-00-00 00:00:00",
        "None",
        "2026-02-30T10:00:00",
        "1772323200",
        "&quot;&lt;",
    ],
)
def test_a_time_that_cannot_be_read_rejects_its_record_alone(site: SampleSite, moment: str) -> None:
    good = "".join(org(f"u{number}", f"Good {number}") for number in range(3))
    report = site.push(good + org("bad", "Bad", modified_on=moment), ORG)
    assert told(report) == {"created": 3, "rejected": 1}
    assert reasons(report)[0].startswith("modified_on: ")
    (entry,) = site.kept()
    assert (entry.uuid, shown(site, entry)) == ("bad", "Bad")
    assert told(site.push(org("bad", "Bad", modified_on=moment), ORG)) == {"rejected": 1}
    assert len(site.kept()) == 1
    assert told(site.push(org("bad", "Good again"), ORG)) == {"created": 1}
    assert site.kept() == []


def test_so_does_a_time_of_a_component(site: SampleSite) -> None:
    bad = contact("c", "+99 100 1", modified_on="2026-02-30T10:00:00")
    report = site.push(resource(PERSON, "p", data("first_name", "Noor"), bad) + person("q", "Teo"), PERSON)
    assert told(report) == {"created": 2, "rejected": 1}
    assert [row.uuid for row in site.rows(PERSON)] == ["p", "q"]
    assert [(entry.tablename, entry.uuid) for entry in site.kept()] == [("pr_contact", "c")]


def test_so_does_a_time_of_a_record_that_is_here_and_of_a_deletion(site: SampleSite) -> None:
    site.push(org("u", "A") + org("v", "B"), ORG)
    gone = deleted(ORG, "v").replace("modified_on=", 'modified_on="soon" no=')
    report = site.push(org("u", "A", modified_on="soon") + gone, ORG)
    assert told(report) == {"rejected": 2}
    assert len(site.rows(ORG)) == 2


@pytest.mark.parametrize("uuid", ["q" * 129, "q" * 100_000, "a&#10;b"])
def test_an_identifier_that_no_site_can_hold_rejects_its_record_alone(site: SampleSite, uuid: str) -> None:
    report = site.push(org(uuid, "Long") + org("u", "Good"), ORG)
    assert told(report) == {"created": 1, "rejected": 1}
    assert "identifier" in reasons(report)[0]
    (entry,) = site.kept()
    assert (entry.uuid, shown(site, entry)) == (None, "Long")
    site.push(org(uuid, "Long"), ORG)
    assert len(site.kept()) == 1


def test_a_domain_counts_where_it_is_stored_and_not_where_it_is_ours(site: SampleSite) -> None:
    uuid = "q" * 120
    report = site.push(org(f"our.example.org/{uuid}", "Ours"), ORG, own_domain="our.example.org")
    assert told(report) == {"created": 1}
    report = site.push(org(f"other.example.org/{uuid}", "Theirs"), ORG, own_domain="our.example.org")
    assert told(report) == {"rejected": 1}


def test_a_reference_by_such_an_identifier_rejects_its_record_alone(site: SampleSite) -> None:
    bad = resource(OFFICE, "o", data("name", "Bad"), ref("organisation_id", ORG, "q" * 5000))
    site.push(org("a", "A"), ORG)
    good = resource(OFFICE, "p", data("name", "Good"), ref("organisation_id", ORG, "a"))
    assert told(site.push(bad + good, OFFICE)) == {"created": 1, "rejected": 1}
    (entry,) = site.kept()
    again = read(entry.theirs, site.schema)
    assert again is not None and "organisation_id" in again.errors


# --- trying again -----------------------------------------------------------------------------------------


def office_of(organisation: str, *parts: str) -> str:
    return resource(
        OFFICE, None, data("name", "No uuid"), ref("organisation_id", ORG, organisation), *parts
    ).replace("modified_on=", "no=")


def test_what_is_rejected_again_keeps_its_row(site: SampleSite) -> None:
    site.push(office_of("late") + office_of("later"), OFFICE)
    first = [entry.id for entry in site.kept()]
    assert len(first) == 2
    site.db(site.db.sync_kept.id > 0).update(missing='["here", "late", "later"]')
    site.push(org("here", "Here"), ORG)
    for _ in range(3):
        assert retry(site, OFFICE) in ({"rejected": 2}, {})
    assert [entry.id for entry in site.kept()] == first


def test_what_is_taken_at_last_is_kept_no_longer_and_comes_once(site: SampleSite) -> None:
    site.push(office_of("late"), OFFICE)
    site.push(org("late", "Late"), ORG)
    assert retry(site, OFFICE) == {"created": 1}
    assert site.kept() == []
    assert retry(site, OFFICE) == {}
    assert len(site.rows(OFFICE)) == 1


def test_a_deletion_that_is_taken_at_last_goes_back_to_who_may_have_the_record_again(
    site: SampleSite,
) -> None:
    site.push(org("u", "A"), ORG)
    assert told(site.push(deleted(ORG, "u", NOW + timedelta(days=3)), ORG)) == {"rejected": 1}
    site.clock.step(4 * 86400)
    head = site.journal.head()
    assert retry(site, ORG) == {"deleted": 1}
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1


def test_what_cannot_be_read_is_not_tried_again_for_what_arrives(site: SampleSite) -> None:
    site.push(office_of("late", data("obsolete", "neither")), OFFICE)
    site.push(org("late", "Late"), ORG)
    assert retry(site, OFFICE) == {}
    assert len(site.kept()) == 1


def test_a_record_without_uuid_and_time_is_kept_once_however_often_it_comes(site: SampleSite) -> None:
    for _ in range(3):
        site.push(office_of("late"), OFFICE)
        site.clock.step()
    assert len(site.kept()) == 1
