"""What a sender of whole records has edited follows from what it had from us."""

from __future__ import annotations

from s3sync.core.fields import EVERY_FIELD, Change, ChangeKind, Stamp, fold
from s3sync.exchange.importer.by_field.whole_records import (
    Knowledge,
    edits_of_sender,
    former_values,
    unseen,
)

HERE, THERE = "here0000", "here0000.3"
KNOWN = Change(1, Stamp(10, HERE), "ann", {"phone": ["0"]}, position=5)
HIDDEN = Change(1, Stamp(20, HERE), "ann", {"phone": ["1"], "year": [1900]}, position=9)
LATER = Change(1, Stamp(30, HERE), "bob", {"phone": ["2"]}, position=10)
BROUGHT = Change(1, Stamp(25, THERE), "eve", {"comments": ["old"]}, via=3, position=9)
STAMP = Stamp(40, THERE)


def test_what_came_after_the_exchange_is_hidden_from_the_sender_but_for_what_it_brought() -> None:
    assert unseen([KNOWN, HIDDEN, BROUGHT, LATER], Knowledge(5), 3) == [HIDDEN, LATER]


def test_a_version_that_was_made_before_ours_has_not_seen_it_whatever_was_sent() -> None:
    assert unseen([KNOWN, HIDDEN, BROUGHT, LATER], Knowledge(99, made=15), 3) == [HIDDEN, LATER]
    assert unseen([KNOWN, HIDDEN, BROUGHT, LATER], Knowledge(99, made=30), 3) == []


def test_a_version_that_was_made_before_ours_was_sent_has_not_seen_it() -> None:
    sent = [(5, 12), (9, 40), (20, 50)]
    assert unseen([KNOWN, HIDDEN, LATER], Knowledge(99, made=39, sent=sent), 3) == [HIDDEN, LATER]
    assert unseen([KNOWN, HIDDEN, LATER], Knowledge(99, made=45, sent=sent), 3) == [LATER]
    assert unseen([KNOWN, HIDDEN, LATER], Knowledge(99, made=50, sent=sent), 3) == []
    assert unseen([KNOWN, HIDDEN, LATER], Knowledge(99, made=31, sent=sent[:1]), 3) == []


def test_of_a_change_with_a_position_alone_it_is_certain_only_where_it_was_sent() -> None:
    sent = [(5, 12), (9, 40)]
    assert Knowledge(9).certainly_includes(9) and not Knowledge(9).certainly_includes(10)
    assert Knowledge(99, made=40, sent=sent).certainly_includes(9)
    assert not Knowledge(99, made=39, sent=sent).certainly_includes(9)
    assert not Knowledge(99, made=99, sent=sent).certainly_includes(10)


def test_the_first_of_several_hidden_changes_tells_what_the_sender_had() -> None:
    assert former_values([HIDDEN, LATER]) == {"phone": ["1"], "year": [1900]}
    outside = Change(1, Stamp(15, HERE), "", {EVERY_FIELD: []}, ChangeKind.OUTSIDE)
    assert former_values([outside, HIDDEN]) == {"phone": [], "year": [], EVERY_FIELD: []}


def test_a_value_that_it_had_from_us_is_no_edit_and_another_one_is() -> None:
    ours = fold([KNOWN, HIDDEN])
    theirs = edits_of_sender(ours, [HIDDEN], {"phone": "1", "year": 2001, "comments": "new"}, STAMP, "eve")
    assert sorted(theirs.fields) == ["comments", "year"] and theirs.fields["year"].by == "eve"
    assert theirs.has_seen(KNOWN.stamp) and not theirs.has_seen(HIDDEN.stamp) and theirs.has_seen(STAMP)


def test_where_the_former_value_is_not_known_any_value_is_an_edit() -> None:
    thinned = HIDDEN._replace(fields={"phone": []})
    theirs = edits_of_sender(fold([thinned]), [thinned], {"phone": "1"}, STAMP, "")
    assert sorted(theirs.fields) == ["phone"]
