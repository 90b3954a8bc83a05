"""Deletions and merges that arrive."""

from __future__ import annotations

from datetime import timedelta

import pytest

from s3sync.core.policy import Policy, Terms
from s3sync.exchange.importer import Report
from s3sync.site.waiting_deletions import refuse_deletions, retry_deletions
from tests.support.documents import (
    CONTACT,
    EARLIER,
    LATER,
    OFFICE,
    ORG,
    PERSON,
    contact,
    data,
    deleted,
    office,
    org,
    person,
    ref,
    resource,
    told,
)
from tests.support.site import SampleSite


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


def merges(*pairs: str) -> list[str]:
    """Return deletions, a minute apart: "ab" merges a into b."""
    return [
        deleted(ORG, gone, LATER + timedelta(minutes=number), replaced_by=kept)
        for number, (gone, kept) in enumerate(pairs)
    ]


@pytest.mark.parametrize("together", [True, False])
@pytest.mark.parametrize("order", [("ab", "bc"), ("bc", "ab")])
def test_merges_in_a_row_end_at_the_last_survivor(
    site: SampleSite, order: tuple[str, str], together: bool
) -> None:
    site.push("".join(org(uuid, uuid.upper()) for uuid in "abc"), ORG)
    for uuid in "abc":
        site.push(
            resource(OFFICE, f"o{uuid}", data("name", "Office"), ref("organisation_id", ORG, uuid)), OFFICE
        )
    texts = merges(*order)
    for text in ["".join(texts)] if together else texts:
        assert set(told(site.push(text, ORG))) == {"merged"}
    late = resource(OFFICE, "late", data("name", "Late"), ref("organisation_id", ORG, "a"))
    site.push(late, OFFICE)
    survivor = site.row(ORG, "c").id
    assert [row.organisation_id for row in site.rows(OFFICE)] == [survivor] * 4
    assert not site.row(ORG, "c").deleted


def test_merges_in_a_circle_in_one_document_lose_no_record(site: SampleSite) -> None:
    site.push(org("a", "A") + org("b", "B"), ORG)
    report = site.push("".join(merges("ab", "ba")), ORG)
    assert told(report) == {"conflict": 2}
    assert [row.uuid for row in site.rows(ORG)] == ["a", "b"]


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


# --- deletions that wait --------------------------------------------------------------------------------


def office_of(site: SampleSite, office: str = "o", organisation: str = "g") -> None:
    site.push(
        resource(OFFICE, office, data("name", "Office"), ref("organisation_id", ORG, organisation))
        + org(organisation, "Org"),
        OFFICE,
    )


def test_in_an_exchange_a_deletion_waits_while_others_refer_to_the_record(site: SampleSite) -> None:
    office_of(site)
    head = site.journal.head()
    report = site.push(deleted(ORG, "g", LATER), ORG, final=False)
    assert told(report) == {"skipped": 1}
    row = site.row(ORG, "g")
    assert not row.deleted and row.modified_on < LATER, "it is neither gone nor given back"
    assert site.journal.head() == head
    kept = site.kept()[0]
    assert kept.kind == "waiting" and "still needed here: 1 org_office" in kept.reason


def test_a_deletion_that_waits_is_carried_out_when_what_stood_in_its_way_is_gone(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    retry(site)
    assert not site.row(ORG, "g").deleted
    site.push(deleted(OFFICE, "o", LATER), OFFICE, final=False)
    report = retry(site)
    assert told(report) == {"deleted": 1}
    row = site.row(ORG, "g")
    assert row.deleted and row.modified_on == LATER
    assert not site.kept()


def test_a_deletion_that_waits_is_carried_out_when_the_reference_was_moved(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    moved = resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "h"), modified_on=LATER)
    site.push(moved + org("h", "Other"), OFFICE, final=False)
    assert told(retry(site)) == {"deleted": 1}


def test_deletions_that_wait_for_each_other_are_carried_out_together(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    office_of(site, "o2", "g2")
    site.push(deleted(ORG, "g2", LATER), ORG, final=False)
    site.push(deleted(OFFICE, "o", LATER) + deleted(OFFICE, "o2", LATER), OFFICE, final=False)
    assert told(retry(site)) == {"deleted": 2}


def test_a_later_version_takes_the_place_of_a_deletion_that_waits(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    site.push(org("g", "Again", modified_on=LATER + timedelta(minutes=1)), ORG, final=False)
    assert not site.kept()
    site.push(deleted(OFFICE, "o", LATER), OFFICE, final=False)
    retry(site)
    assert not site.row(ORG, "g").deleted


def test_what_comes_along_with_others_takes_the_place_of_no_deletion_that_waits(site: SampleSite) -> None:
    """On a stick the pages of offices follow those of organisations; the first ones are older than the deletion."""
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    office_of(site, "another")
    assert [kept.kind for kept in site.kept()] == ["waiting"]


def test_a_deletion_that_waited_goes_back_to_who_may_have_the_record_again(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    head = site.journal.head()
    retry(site)
    assert site.journal.head() == head, "nothing has happened yet"
    site.push(deleted(OFFICE, "o", LATER), OFFICE, final=False)
    head = site.journal.head()
    assert told(retry(site)) == {"deleted": 1}
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1


def test_a_record_that_changed_here_meanwhile_is_decided_on_anew(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    newer = org("g", "Newer", modified_on=LATER + timedelta(minutes=1))
    site.push(newer, ORG, repository_id=2, final=False)
    site.push(deleted(OFFICE, "o", LATER), OFFICE, final=False)
    assert told(retry(site)) == {"conflict": 1}
    assert site.row(ORG, "g").name == "Newer"
    assert [row.kind for row in site.kept()] == ["conflict"]


def test_a_refusal_that_is_final_gives_the_record_back(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    head = site.journal.head()
    with site.store.transaction():
        reports = refuse_deletions(site, 1)
    assert told(reports[ORG]) == {"conflict": 1}
    assert site.row(ORG, "g").modified_on > LATER
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1
    assert [row.kind for row in site.kept()] == ["conflict"]


def test_the_same_deletion_once_more_does_not_wait_from_the_beginning(site: SampleSite) -> None:
    office_of(site)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    since = site.kept()[0].created_on
    site.clock.step(3600)
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    assert [row.created_on for row in site.kept()] == [since]


def retry(site: SampleSite) -> Report:
    """Try deletions of repository 1 again."""
    with site.store.transaction():
        return retry_deletions(site).get(1, Report())


def test_of_two_deletions_the_later_one_counts_and_goes_on(site: SampleSite) -> None:
    site.push(org("u", "Org"), ORG)
    site.push(deleted(ORG, "u", LATER), ORG)
    head, much_later = site.journal.head(), LATER + timedelta(minutes=5)
    assert told(site.push(deleted(ORG, "u", much_later), ORG)) == {"unchanged": 1}
    assert site.row(ORG, "u").modified_on == much_later
    assert [site.export(ORG, after=head, skip_origin=own)[1].count for own in (None, 1)] == [1, 0]
    site.push(deleted(ORG, "u", LATER), ORG)
    assert site.row(ORG, "u").modified_on == much_later


def test_what_a_merge_brings_back_is_later_than_the_deletion_that_comes_with_it(site: SampleSite) -> None:
    """The one who deleted it later would keep that deletion, and the record would live here alone."""
    site.push(org("u", "Survivor"), ORG)
    site.push(office("o", "g") + org("g", "Gone"), OFFICE)
    site.push(deleted(ORG, "u", LATER), ORG)
    much_later = LATER + timedelta(minutes=5)
    site.push(deleted(ORG, "u", much_later) + deleted(ORG, "g", LATER, replaced_by="u"), ORG)
    row = site.row(ORG, "u")
    assert not row.deleted and row.modified_on > much_later


@pytest.mark.parametrize(
    ("policy", "outcome"), [(Policy.NEWER, "skipped"), (Policy.THIS, "skipped"), (Policy.OTHER, "conflict")]
)
def test_an_earlier_deletion_of_what_its_site_knew_counts_where_that_has_the_last_word(
    site: SampleSite, policy: Policy, outcome: str
) -> None:
    """It tells no edits, and has not taken our later time for what was the same there: its clock was behind that."""
    site.push(org("u", "Same", modified_on=LATER), ORG, repository_id=2)
    exchanged = site.journal.head()
    report = site.push(deleted(ORG, "u", EARLIER), ORG, Terms(conflict_policy=policy), exchanged=exchanged)
    assert told(report) == {outcome: 1}
    assert len(site.rows(ORG)) == (outcome == "skipped")
    assert outcome == "skipped" or "Same" in (site.kept()[0].ours or "")
