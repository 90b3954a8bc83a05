"""The rules of import: what is created, updated, refused and put aside."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from s3sync.core.policy import Method, Policy, Terms
from tests.support.documents import (
    CONTACT,
    EARLIER,
    LATER,
    ORG,
    PERSON,
    contact,
    data,
    deleted,
    org,
    person,
    reasons,
    resource,
    told,
)
from tests.support.site import NOW, SampleSite

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
    # Not seen before: what it says is what both had, other values are a change of its own.
    unseen = site.push(sent, PERSON, terms, exchanged=head, clears=False, known={PERSON: NOW}.get)
    assert told(unseen) == {"unchanged": 2}
    changed = person("p", "Else", contact("mail", "else@example.org"))
    unseen = site.push(changed, PERSON, terms, exchanged=head, clears=False, known={PERSON: NOW}.get)
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
    assert told(report) == {"conflict": 1}, "who knew ours has made it, by a wrong clock"
    assert site.row(ORG, "u").name == "New"
    assert site.export(ORG, after=head, skip_origin=1)[1].count == 1
    assert [(kept.kind, kept.winner) for kept in site.kept()] == [("conflict", "ours")]
    again = site.journal.head()
    site.push(org("u", "Old", modified_on=EARLIER), ORG, exchanged=again)
    assert site.journal.head() == again, "the same refusal twice must not go on for ever"


def test_a_former_version_that_comes_again_is_no_edit(site: SampleSite) -> None:
    site.push(org("u", "Old", modified_on=EARLIER), ORG)
    with site.store.transaction():
        site.db(site.s3db[ORG].uuid == "u").update(name="New")
    report = site.push(org("u", "Old", modified_on=EARLIER), ORG, exchanged=site.journal.head())
    assert told(report) == {"skipped": 1}
    assert [kept.kind for kept in site.kept()] == ["refused"]


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
    assert kept.reason == "Policy NEWER: the other site's version is newer and was taken."
    assert kept.reason in str(report.conflicts[0])
    assert report.conflicts[0].as_json()["params"]["reason"]["code"] == "newer_taken"
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


def test_a_tie_in_time_is_broken_the_same_way_where_nothing_changed_here(site: SampleSite) -> None:
    # In a ring two such versions would chase each other for ever if whichever comes were taken.
    site.push(org("u", "ZZZ"), ORG)
    exchanged = site.journal.head()
    assert told(site.push(org("u", "AAA"), ORG, exchanged=exchanged)) == {"conflict": 1}
    assert site.export(ORG, after=exchanged, skip_origin=1)[1].count == 1
    assert told(site.push(org("u", "zzz"), ORG, exchanged=exchanged)) == {"updated": 1}


def test_an_eden_may_edit_within_the_second_of_our_version(site: SampleSite) -> None:
    site.push(org("u", "ZZZ"), ORG)
    assert told(site.push(org("u", "AAA"), ORG, clears=False)) == {"updated": 1}


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


def test_ours_is_sent_to_a_site_that_sends_an_older_version_while_everything_is_compared_again(
    site: SampleSite,
) -> None:
    site.push(org("u", "New", modified_on=LATER), ORG)
    assert site.export(ORG, skip_origin=1)[1].count == 0
    report = site.push(org("u", "Old"), ORG, again=True)
    assert told(report) == {"unchanged": 1} and not site.kept()
    assert site.export(ORG, skip_origin=1)[1].count == 1, (
        "it may have made that version since, of an equal older one"
    )


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
