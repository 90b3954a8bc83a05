"""A conflict field by field, and the timeline of a record."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from s3sync.conflicts.detail import case
from s3sync.conflicts.resolve import accept
from s3sync.conflicts.timeline import Timeline, put_back, timeline
from s3sync.core.errors import BadRequest
from s3sync.core.fields import ChangeKind
from s3sync.core.kept import Side
from s3sync.exchange.versions import RecordStatus
from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import SampleSite

ANN, BOB = 7, 8
TYPE = "org_organisation_type"


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Headquarters, and a field office that asks, with one organisation that both have."""
    users = {"ann@example.org": ANN, "bob@example.org": BOB}
    hq, field = SampleSite(tmp_path / "hq", users=users), SampleSite(tmp_path / "field", users=users)
    with hq.store.transaction():
        hq.s3db[ORG].insert(uuid="u", name="Red Cross", phone="0", comments="old", year=1900)
    made = Pair(field, hq, ORG)
    made.run()
    yield made
    hq.close()
    field.close()


def edit(site: Any, user: int, **values: Any) -> None:
    site.clock.step(60)
    with site.store.transaction():
        site.db(site.s3db[ORG].uuid == "u").update(modified_by=user, **values)


def shown(site: Any, page: int = 1) -> Timeline:
    return timeline(site, str, site.schema.table(ORG), site.row(ORG, "u"), {"page": str(page)})


def told(site: Any) -> list[tuple[str, str | None, str | None]]:
    """Return what the timeline says: field, former and later value, newest first."""
    return [
        (field.name, field.before, field.after) for entry in shown(site).entries for field in entry.fields
    ]


def conflict(pair: Pair) -> Any:
    edit(pair.other, ANN, phone="+1 hq", comments="hq")
    pair.own.clock.step(600)
    edit(pair.own, BOB, phone="+2 field", year=2001)
    pair.run()
    (row,) = pair.own.kept()
    return case(pair.own, str, row)


def test_three_columns_tell_what_both_had_and_who_edited_what_where_and_when(pair: Pair) -> None:
    found = conflict(pair).by_field
    (phone,) = found.disputed
    assert (phone.name, phone.before, phone.ours, phone.theirs) == ("phone", "0", "+2 field", "+1 hq")
    assert phone.winner is Side.OURS
    assert (phone.our_author.by, phone.our_author.site.here) == ("bob@example.org", True)
    assert (phone.their_author.by, phone.their_author.site.name) == ("ann@example.org", "other")
    assert (phone.our_author.when - phone.their_author.when).total_seconds() == 600
    assert [(each.value, each.side, each.author.by) for each in found.merged] == [
        ("2001", Side.OURS, "bob@example.org"),
        ("hq", Side.THEIRS, "ann@example.org"),
    ]


def test_only_what_is_in_dispute_can_be_chosen(pair: Pair) -> None:
    assert [each.name for each in conflict(pair).choices] == ["phone"]


def test_which_version_the_record_has_is_said_of_what_is_in_dispute(pair: Pair) -> None:
    found = conflict(pair)
    assert found.status is RecordStatus.OURS
    edit(pair.own, BOB, phone="+3 later")
    assert case(pair.own, str, found.entry.row).status is RecordStatus.OTHER


def test_the_timeline_tells_each_change_at_both_sites(pair: Pair) -> None:
    edit(pair.other, ANN, phone="1")
    edit(pair.other, ANN, phone="2", comments="new")
    pair.run()
    edit(pair.own, BOB, phone="3")
    pair.run()
    once = [("comments", "old", "new")]
    assert told(pair.other) == [("phone", "2", "3"), *once, ("phone", "1", "2"), ("phone", "0", "1")]
    # Of two edits that came together the last one of each field is known.
    assert told(pair.own) == [("phone", "2", "3"), *once, ("phone", "0", "2")]
    newest = shown(pair.other).entries[0]
    assert newest.author is not None and newest.author.by == "bob@example.org"
    assert newest.author.site.name != "" and newest.kind is ChangeKind.EDIT


def test_the_timeline_tells_what_a_decision_left_as_it_was(pair: Pair) -> None:
    row = conflict(pair).entry.row
    pair.own.clock.step(60)
    accept(pair.own, row.id, ANN)
    pair.run()
    for site in (pair.own, pair.other):
        newest = shown(site).entries[0]
        assert (newest.kind, newest.author.by) == (ChangeKind.DECISION, "ann@example.org")  # type: ignore[union-attr]
        (phone,) = newest.fields
        assert (phone.name, phone.before, phone.after, phone.stays) == ("phone", "+2 field", "+2 field", True)


def test_a_former_value_is_put_back_as_an_edit_that_travels(pair: Pair) -> None:
    edit(pair.other, ANN, phone="1")
    pair.run()
    (entry,) = shown(pair.own).entries
    assert entry.fields[0].returns
    report = put_back(pair.own, pair.own.schema.table(ORG), "u", entry.number, "phone", BOB)
    assert report.main["updated"] == 1
    assert told(pair.own)[0] == ("phone", "1", "0")
    assert shown(pair.own).entries[0].author.by == "bob@example.org"  # type: ignore[union-attr]
    pair.run()
    assert pair.other.row(ORG, "u").phone == "0" and pair.other.kept() == []


def test_what_cannot_be_put_back_is_said_and_changes_nothing(pair: Pair) -> None:
    edit(pair.other, ANN, name="Another name")
    table = pair.other.schema.table(ORG)
    for number, field in ((5, "name"), (0, "phone"), (0, "uuid")):
        with pytest.raises(BadRequest):
            put_back(pair.other, table, "u", number, field, ANN)


def test_a_former_value_that_another_record_has_now_is_refused(pair: Pair) -> None:
    site, types = pair.other, pair.other.schema.table(TYPE)
    with site.store.transaction():
        site.s3db[TYPE].insert(uuid="t", name="Former")
    with site.store.transaction():
        site.db(site.s3db[TYPE].uuid == "t").update(name="Later")
        site.s3db[TYPE].insert(uuid="v", name="Former")
    report = put_back(site, types, "t", 0, "name", ANN)
    assert report.failures and site.row(TYPE, "t").name == "Later" and site.kept() == []


def test_a_record_that_nobody_edited_has_an_empty_timeline(pair: Pair) -> None:
    assert shown(pair.own).entries == [] and shown(pair.own).page.pages == 1


def test_references_are_told_by_name_and_come_back(pair: Pair) -> None:
    site = pair.other
    with site.store.transaction():
        first = site.s3db[ORG].insert(uuid="v", name="First")
        second = site.s3db[ORG].insert(uuid="w", name="Second")
        site.s3db["org_office"].insert(uuid="o", name="Office", organisation_id=first)
    with site.store.transaction():
        site.db(site.s3db["org_office"].uuid == "o").update(organisation_id=second)
    table = site.schema.table("org_office")
    (entry,) = timeline(site, str, table, site.row("org_office", "o"), {}).entries
    assert [(each.before, each.after) for each in entry.fields] == [("First", "Second")]
    put_back(site, table, "o", entry.number, "organisation_id", ANN)
    assert site.row("org_office", "o").organisation_id == first
