"""A record is edited at one site; another one, which does not know that, deletes what it belongs to."""

from __future__ import annotations

import pytest

from tests.support.documents import CONTACT, ORG, PERSON, STAFF, contact, org, person, staff
from tests.support.exchange import Pair
from tests.support.merging import Sites, edit, settle
from tests.support.site import SampleSite

TABLES = (ORG, PERSON, STAFF)


@pytest.fixture(params=["who edits asks", "who deletes asks"])
def both(request: pytest.FixtureRequest, sites: Sites) -> tuple[SampleSite, SampleSite, list[Pair]]:
    """Return who edits, who deletes, and their exchange; both know a person with a contact and a post."""
    editing, deleting = sites("editing"), sites("deleting")
    for document, table in (
        (org("o", "Ferry"), ORG),
        (person("p", "Uma", contact("c", "old@example.org")), PERSON),
        (staff("h", "old"), STAFF),
    ):
        deleting.push(document, table, repository_id=None)
    asks = (editing, deleting) if request.param == "who edits asks" else (deleting, editing)
    pairs = [Pair(*asks, *TABLES)]
    settle(pairs)
    assert editing.row(STAFF, "h").code == "old"
    return editing, deleting, pairs


def delete(site: SampleSite) -> None:
    """Delete the person, a minute after whatever was done at either site."""
    site.clock.step(120)
    site.delete(PERSON, "p")


def listed(*sites: SampleSite) -> set[tuple[str, str]]:
    """Return table and value of what is kept of conflicts, where a value was typed."""
    return {
        (row.tablename, "typed")
        for site in sites
        for row in site.kept()
        if row.kind == "conflict" and "typed" in (row.ours or "") + (row.theirs or "")
    }


@pytest.mark.parametrize(("table", "uuid", "field"), [(STAFF, "h", "code"), (CONTACT, "c", "value")])
def test_an_edit_before_the_deletion_that_its_site_did_not_know_is_kept_and_listed(
    both: tuple[SampleSite, SampleSite, list[Pair]], table: str, uuid: str, field: str
) -> None:
    editing, deleting, pairs = both
    assert editing.row(table, uuid)[field].startswith("old")
    edit(editing, uuid, table, **{field: "typed"})
    delete(deleting)
    editing.clock.moment = deleting.clock.moment = max(editing.clock.moment, deleting.clock.moment)
    settle([*pairs, *pairs])
    assert editing.rows(PERSON) == deleting.rows(PERSON) == []
    assert [site.row(table, uuid).deleted for site in (editing, deleting)] == [True, True]
    assert listed(editing, deleting) == {(table, "typed")}


def test_what_was_entered_before_the_deletion_unknown_to_its_site_is_kept_and_listed(
    both: tuple[SampleSite, SampleSite, list[Pair]],
) -> None:
    editing, deleting, pairs = both
    editing.clock.step(60)
    with editing.store.transaction():
        row = editing.row(STAFF, "h")
        editing.s3db[STAFF].insert(
            uuid="new", person_id=row.person_id, organisation_id=row.organisation_id, code="typed"
        )
    delete(deleting)
    editing.clock.moment = deleting.clock.moment = max(editing.clock.moment, deleting.clock.moment)
    settle([*pairs, *pairs])
    assert editing.rows(STAFF) == deleting.rows(STAFF) == []
    assert listed(editing, deleting) == {(STAFF, "typed")}


def test_an_edit_that_its_site_knew_goes_with_it_without_a_word(
    both: tuple[SampleSite, SampleSite, list[Pair]],
) -> None:
    editing, deleting, pairs = both
    edit(editing, "h", STAFF, code="typed")
    deleting.clock.moment = editing.clock.moment
    settle(pairs)
    assert deleting.row(STAFF, "h").code == "typed"
    delete(deleting)
    editing.clock.moment = deleting.clock.moment
    settle([*pairs, *pairs])
    assert editing.rows(STAFF) == deleting.rows(STAFF) == []
    assert not editing.kept() and not deleting.kept()
