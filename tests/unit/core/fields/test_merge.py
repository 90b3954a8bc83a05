"""Two versions of a record are merged field by field: the table of the rules."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import pytest

from s3sync.core.fields import (
    EVERY_FIELD,
    NO_EDITS,
    Change,
    ChangeKind,
    Edit,
    Edits,
    Rules,
    Stamp,
    Undated,
    fold,
    learned,
    merge,
    next_time,
    together,
)
from s3sync.core.kept import Side

RULES = Rules(site="here", now=100, latest=1000)


def edits(fields: Mapping[str, tuple[int, str]], seen: Mapping[str, int] | None = None) -> Edits:
    """Return a version with these edits: field -> (time, site); it has seen them and what else is said."""
    known = dict(seen or {})
    for time, site in fields.values():
        known[site] = max(time, known.get(site, 0))
    return Edits({name: Edit(Stamp(*stamp), "ann") for name, stamp in fields.items()}, known)


OURS = edits({"phone": (10, "here")})
THEIRS = edits({"phone": (20, "there")})


def test_a_field_that_only_we_edited_stays() -> None:
    found = merge(OURS, NO_EDITS, ["phone"], RULES)
    assert not found.taken and not found.disputes and found.ahead and not found.unexplained


def test_a_field_that_only_they_edited_is_taken() -> None:
    found = merge(NO_EDITS, THEIRS, ["phone"], RULES)
    assert found.taken == {"phone"} and not found.disputes and not found.ahead
    assert found.learned == ((Edit(Stamp(20, "there"), "ann"), ("phone",)),)


def test_an_edit_that_has_seen_ours_is_taken_whatever_its_time() -> None:
    theirs = edits({"phone": (5, "there")}, {"here": 10})
    found = merge(OURS, theirs, ["phone"], RULES)
    assert found.taken == {"phone"} and not found.disputes and not found.ahead


def test_an_edit_that_we_have_replaced_does_not_come_back() -> None:
    ours = edits({"phone": (10, "here")}, {"there": 20})
    found = merge(ours, THEIRS, ["phone"], RULES)
    assert not found.taken and not found.disputes and found.ahead and not found.learned


@pytest.mark.parametrize(("time", "winner"), [(9, Side.OURS), (11, Side.THEIRS)])
def test_of_a_field_that_both_edited_the_later_edit_wins(time: int, winner: Side) -> None:
    found = merge(OURS, edits({"phone": (time, "there")}), ["phone"], RULES)
    (dispute,) = found.disputes
    assert dispute.fields == ("phone",) and dispute.winner is winner
    assert ("phone" in found.taken) is (winner is Side.THEIRS)
    assert found.decided is None and found.ahead


@pytest.mark.parametrize(
    ("untold", "winner", "taken"),
    [
        (19, None, True),
        (19, Side.OURS, False),
        (20, None, False),
        (20, Side.OURS, False),
        (20, Side.THEIRS, True),
    ],
)
def test_a_field_is_in_dispute_where_ours_may_hold_an_edit_of_which_nobody_told(
    untold: int, winner: "Side | None", taken: bool
) -> None:
    found = merge(NO_EDITS, THEIRS, ["phone"], replace(RULES, untold=untold, winner=winner))
    assert ("phone" in found.taken) is taken
    assert [each.winner for each in found.disputes] == [Side.THEIRS if taken else Side.OURS]
    # It stays by an edit that has seen theirs, so that others come to the same.
    assert found.decided == (None if taken else (Stamp(100, "here"), ("phone",)))
    assert found.ahead is not taken


def test_an_edit_of_ours_that_is_known_counts_whatever_nobody_told() -> None:
    found = merge(OURS, THEIRS, ["phone"], replace(RULES, untold=30))
    assert found.taken == {"phone"} and found.disputes[0].ours is not None


def test_both_sites_let_the_same_edit_win_at_the_same_time() -> None:
    theirs = edits({"phone": (10, "there")})
    here = merge(OURS, theirs, ["phone"], RULES).disputes[0].winner
    there = merge(theirs, OURS, ["phone"], RULES).disputes[0].winner
    assert here is not there


def test_an_edit_of_a_time_that_cannot_be_ranks_below_all_others() -> None:
    found = merge(OURS, edits({"phone": (5000, "there")}), ["phone"], RULES)
    assert found.disputes[0].winner is Side.OURS


@pytest.mark.parametrize("winner", [Side.OURS, Side.THEIRS])
def test_a_policy_that_prefers_a_side_decides_by_an_edit_that_has_seen_both(winner: Side) -> None:
    loser = {Side.OURS: 20, Side.THEIRS: 5}[winner]
    theirs = edits({"phone": (loser, "there")})
    found = merge(OURS, theirs, ["phone"], Rules("here", 100, 1000, winner=winner))
    assert found.disputes[0].winner is winner and found.decided == (Stamp(100, "here"), ("phone",))
    after = fold([*written(OURS), *learned(1, found, {"phone": "1"}, "ann", 3)])
    assert after.fields["phone"].stamp == Stamp(100, "here") and after.covers(theirs)


def test_a_policy_that_agrees_with_the_order_of_time_adds_nothing() -> None:
    found = merge(OURS, THEIRS, ["phone"], Rules("here", 100, 1000, winner=Side.THEIRS))
    assert found.taken == {"phone"} and found.decided is None


def test_other_fields_are_merged_beside_a_dispute() -> None:
    ours = edits({"phone": (10, "here"), "year": (11, "here")})
    theirs = edits({"phone": (20, "there"), "comments": (21, "there")})
    found = merge(ours, theirs, ["phone", "year", "comments"], RULES)
    assert found.taken == {"phone", "comments"}
    assert [each.fields for each in found.disputes] == [("phone",)]


def test_equal_values_are_no_dispute_and_the_later_edit_counts() -> None:
    found = merge(OURS, THEIRS, [], RULES)
    assert not found.taken and not found.disputes
    after = fold([*written(OURS), *learned(1, found, {"phone": "1"}, "", 3)])
    assert after.fields["phone"].stamp == Stamp(20, "there") and after.seen == {"here": 10, "there": 20}


def test_fields_that_belong_together_are_taken_as_one() -> None:
    rules = Rules("here", 100, 1000, together=together([("lat", "lon")]))
    found = merge(edits({"lat": (10, "here")}), edits({"lon": (20, "there")}), ["lat", "lon"], rules)
    assert found.taken == {"lat", "lon"} and found.disputes[0].fields == ("lat", "lon")
    kept = merge(edits({"lat": (30, "here")}), edits({"lon": (20, "there")}), ["lat", "lon"], rules)
    assert not kept.taken and kept.disputes[0].winner is Side.OURS


def test_groups_that_share_a_field_are_one() -> None:
    assert together([("a", "b"), ("c",), ("b", "d")])["a"] == {"a", "b", "d"}


def test_lists_that_both_changed_are_joined_by_an_edit_that_has_seen_both() -> None:
    rules = Rules("here", 100, 1000, lists=("phone",))
    found = merge(OURS, THEIRS, ["phone"], rules)
    assert found.joined == {"phone"} and not found.taken and not found.disputes
    assert found.decided == (Stamp(100, "here"), ("phone",)) and found.ahead
    assert learned(1, found, {"phone": [1]}, "", 3)[-1].kind is ChangeKind.JOINED


@pytest.mark.parametrize("undated", [Undated(True, False), Undated(False, True), Undated(True, True)])
def test_what_no_edit_explains_is_decided_as_for_whole_records(undated: Undated) -> None:
    found = merge(NO_EDITS, NO_EDITS, ["phone"], RULES, undated)
    assert found.unexplained
    assert found.taken == ({"phone"} if undated.take else set())
    assert bool(found.disputes) is undated.disputed


def test_an_edit_of_unknown_fields_is_one_of_every_field() -> None:
    theirs = edits({EVERY_FIELD: (20, "there")})
    found = merge(OURS, theirs, ["phone", "year"], RULES, every=["phone", "year", "comments"])
    assert found.taken == {"phone", "year"} and [each.fields for each in found.disputes] == [("phone",)]
    after = fold([*written(OURS), *learned(1, found, {}, "", 3)])
    assert after.fields["comments"].stamp == Stamp(20, "there")


def test_an_edit_of_every_field_replaces_all_before_it() -> None:
    after = fold([*written(OURS), Change(1, Stamp(50, "here"), "", {EVERY_FIELD: []}, ChangeKind.OUTSIDE)])
    assert after.of("phone") == after.of("year") == Edit(Stamp(50, "here"))


def test_what_was_replaced_there_is_known_here_afterwards() -> None:
    theirs = edits({"phone": (30, "third")}, {"there": 20, "here": 10})
    found = merge(OURS, theirs, ["phone"], RULES)
    after = fold([*written(OURS), *learned(1, found, {"phone": "1"}, "", 3)])
    assert after.has_seen(Stamp(20, "there")) and after.covers(theirs) and not found.ahead


def test_a_decision_carries_what_it_settled() -> None:
    edit = Edit(Stamp(30, "there"), "bob", (Stamp(10, "here"),))
    found = merge(OURS, Edits({"phone": edit}, {"there": 30, "here": 10}), ["phone"], RULES)
    (change,) = learned(1, found, {"phone": "1"}, "", 3)
    assert change.kind is ChangeKind.DECISION and change.settled == (Stamp(10, "here"),)
    assert change.fields == {"phone": ["1"]}


@pytest.mark.parametrize(("now", "seen", "time"), [(5, {}, 5), (5, {"a": 3}, 5), (5, {"a": 3, "b": 9}, 10)])
def test_a_new_edit_is_later_than_all_that_was_seen(now: int, seen: dict[str, int], time: int) -> None:
    assert next_time(now, seen) == time


def written(version: Edits) -> list[Change]:
    """Return changes that lead to a version."""
    alone = [Change(1, edit.stamp, edit.by, {name: []}) for name, edit in version.fields.items()]
    return [*alone, *(Change(1, Stamp(time, site), "", {}) for site, time in version.seen.items())]
