"""Numbers of states, and cursors that are answered late."""

from __future__ import annotations

import pytest

from s3sync.core.cursor import Checkpoint, Cursor, Handed
from s3sync.wire.carried.numbers import (
    Freshness,
    Meeting,
    Numbers,
    arrived,
    cursor_at,
    hand_out,
    meet,
    next_boundary,
    start_again,
)

JOURNAL = "j"


def handed(*positions: int, acknowledged: int = 0) -> Checkpoint:
    return Checkpoint(acknowledged, tuple(Handed(seq, f"t{seq}") for seq in positions))


def at(seq: int, token: str | None = None, journal: str = JOURNAL) -> Cursor:
    return Cursor(journal, seq, token or f"t{seq}")


@pytest.mark.parametrize(
    ("number", "seen", "expected"),
    [
        (8, 5, Meeting(Freshness.NEW, Numbers(5, 8))),
        (7, 3, Meeting(Freshness.KNOWN, Numbers(5, 7))),
        (6, 2, Meeting(Freshness.OLD, Numbers(5, 7))),
        (8, 9, Meeting(Freshness.NEW, Numbers(9, 8), restored=True)),
        (6, 9, Meeting(Freshness.OLD, Numbers(9, 7), restored=True)),
    ],
)
def test_a_state_is_new_known_or_an_old_copy(number: int, seen: int, expected: Meeting) -> None:
    assert meet(Numbers(own=5, seen=7), number, seen) == expected


def test_who_has_read_nothing_yet_has_lost_nothing() -> None:
    outcome = arrived(handed(3, 6), None, JOURNAL, 9)
    assert (outcome.resume, outcome.restored, outcome.lost_after) == (0, False, None)
    assert outcome.checkpoint == handed(3, 6)


def test_who_has_read_a_part_gets_the_rest_and_the_rest_stays_known() -> None:
    outcome = arrived(handed(3, 6, 9), at(6), JOURNAL, 9)
    assert (outcome.resume, outcome.restored, outcome.lost_after) == (6, False, None)
    assert outcome.checkpoint == handed(3, 6, 9, acknowledged=6)


@pytest.mark.parametrize("cursor", [at(6, "other"), at(6, journal="k"), at(12)])
def test_a_cursor_that_nobody_handed_out_means_that_one_of_the_sites_was_restored(cursor: Cursor) -> None:
    outcome = arrived(handed(3, 6, 12, acknowledged=3), cursor, JOURNAL, 9)
    assert (outcome.resume, outcome.restored, outcome.lost_after) == (0, True, 0)
    assert outcome.checkpoint == Checkpoint(known=3)


def test_who_goes_back_has_lost_what_came_after_it() -> None:
    outcome = arrived(handed(3, 6, acknowledged=6), at(3), JOURNAL, 9)
    assert (outcome.resume, outcome.restored, outcome.lost_after) == (3, False, 3)
    assert outcome.checkpoint.acknowledged == 3 and outcome.checkpoint.known == 6
    outcome = arrived(handed(3, 6, acknowledged=6), None, JOURNAL, 9)
    assert (outcome.resume, outcome.lost_after, outcome.checkpoint.acknowledged) == (0, 0, 0)


def test_a_page_that_is_written_again_ends_where_it_ended_before() -> None:
    checkpoint = handed(3, 6, acknowledged=3)
    assert next_boundary(checkpoint, 3) == 6 and next_boundary(checkpoint, 6) is None
    assert hand_out(checkpoint, 6, "new") == checkpoint
    assert hand_out(checkpoint, 5, "new").handed == (Handed(3, "t3"), Handed(5, "new"), Handed(6, "t6"))


def test_the_cursor_of_a_position_is_the_one_that_was_handed_out() -> None:
    checkpoint = handed(3, 6)
    assert cursor_at(checkpoint, 6, JOURNAL) == "j.6.t6" and cursor_at(checkpoint, 0, JOURNAL) == ""
    with pytest.raises(ValueError, match="position 4"):
        cursor_at(checkpoint, 4, JOURNAL)


def test_who_starts_again_forgets_no_conflict() -> None:
    assert start_again(handed(3, 6, acknowledged=6)) == Checkpoint(known=6)
