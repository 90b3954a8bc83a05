"""Cursors: what a peer may bring, and what follows from it."""

from __future__ import annotations

import pytest

from s3sync.core.cursor import (
    MOST_BETWEEN,
    Checkpoint,
    Cursor,
    Handed,
    hand_out,
    present,
    present_ahead,
)
from s3sync.core.errors import BadRequest

HERE = "journal-1"
# The peer acknowledged 20 and has been handed 30 and 40 since; 10 came before.
CHECKPOINT = Checkpoint(20, (Handed(10, "a"), Handed(20, "b"), Handed(30, "c"), Handed(40, "d")))


def test_text_and_back() -> None:
    cursor = Cursor("urn:uuid:1-2", 42, "tok_1")
    assert str(cursor) == "urn:uuid:1-2.42.tok_1"
    assert Cursor.parse(str(cursor)) == cursor
    assert Cursor.parse("") is None
    assert Cursor.parse(None) is None


@pytest.mark.parametrize(
    "text", ["x", "a.b.c", "a.1", "a.-1.t", "a.1.t.u", " .1.t", "a.1.t\n", "a." + "9" * 30 + ".t"]
)
def test_rubbish_is_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequest, match="no cursor"):
        Cursor.parse(text)


PRESENTED = [
    # What is remembered, what is brought: where to go on, restored?, lost after?, acknowledged then.
    ("first exchange", Checkpoint(), None, 0, False, None, 0),
    ("the first answer was lost", Checkpoint(0, (Handed(10, "a"),)), None, 0, False, 0, 0),
    ("the usual step", CHECKPOINT, Cursor(HERE, 40, "d"), 40, False, None, 40),
    ("the last answer was lost", CHECKPOINT, Cursor(HERE, 30, "c"), 30, False, 30, 30),
    ("nothing arrived since", CHECKPOINT, Cursor(HERE, 20, "b"), 20, False, 20, 20),
    ("the peer was set back a little", CHECKPOINT, Cursor(HERE, 10, "a"), 10, False, 10, 10),
    ("the peer was set back far", CHECKPOINT, Cursor(HERE, 5, "z"), 0, True, 0, 0),
    ("same position, another history", CHECKPOINT, Cursor(HERE, 40, "z"), 0, True, 0, 0),
    ("this site was set back, new identity", CHECKPOINT, Cursor("journal-0", 40, "d"), 0, True, 0, 0),
    ("this site was set back, cursor unknown", Checkpoint(), Cursor(HERE, 40, "d"), 0, True, 0, 0),
    ("beyond the head", Checkpoint(20, (Handed(900, "x"),)), Cursor(HERE, 900, "x"), 0, True, 0, 0),
    ("the peer starts again", CHECKPOINT, None, 0, False, 0, 0),
]


@pytest.mark.parametrize(
    ("checkpoint", "cursor", "resume", "restored", "lost", "acknowledged"),
    [case[1:] for case in PRESENTED],
    ids=[case[0] for case in PRESENTED],
)
def test_presented(
    checkpoint: Checkpoint,
    cursor: Cursor | None,
    resume: int,
    restored: bool,
    lost: int | None,
    acknowledged: int,
) -> None:
    decision = present(checkpoint, cursor, HERE, head=100)
    assert (decision.resume, decision.restored, decision.lost_after) == (resume, restored, lost)
    assert decision.checkpoint.acknowledged == acknowledged


def test_a_dialogue() -> None:
    checkpoint = Checkpoint()
    cursor: Cursor | None = None
    for seq in range(10, 60, 10):
        decision = present(checkpoint, cursor, HERE, head=100)
        assert (decision.resume, decision.restored, decision.lost_after) == (seq - 10, False, None)
        checkpoint, cursor = hand_out(decision.checkpoint, seq, f"t{seq}", HERE)
        cursor = Cursor.parse(str(cursor))
    assert len(checkpoint.handed) <= 4


def test_an_idle_exchange_changes_nothing() -> None:
    checkpoint, cursor = hand_out(Checkpoint(), 10, "first", HERE)
    before = present(checkpoint, cursor, HERE, head=10).checkpoint
    after, again = hand_out(before, 10, "second", HERE)
    assert after == before
    assert again == cursor


def test_repeated_losses_do_not_push_the_cursor_out() -> None:
    checkpoint, cursor = hand_out(Checkpoint(), 10, "a", HERE)
    for attempt in range(20):
        decision = present(checkpoint, cursor, HERE, head=1000)
        assert decision.resume == 10
        checkpoint, _ = hand_out(decision.checkpoint, 20 + attempt, f"t{attempt}", HERE)
    assert len(checkpoint.handed) <= 4


def test_a_peer_that_was_set_back_and_goes_on_is_served() -> None:
    decision = present(CHECKPOINT, Cursor(HERE, 10, "a"), HERE, head=100)
    checkpoint, cursor = hand_out(decision.checkpoint, 40, "new", HERE)
    assert cursor.token == "new"
    decision = present(checkpoint, cursor, HERE, head=100)
    assert (decision.resume, decision.restored, decision.lost_after) == (40, False, None)


STORED, RECEIVED = Cursor(HERE, 20, "b"), Cursor(HERE, 30, "c")
ASKED_AHEAD = [
    ("the usual step", CHECKPOINT, Cursor(HERE, 30, "c"), Cursor(HERE, 40, "d"), 40, None, 30),
    ("the answer was lost", CHECKPOINT, STORED, RECEIVED, 30, 30, 20),
    ("after the first page", Checkpoint(0, (Handed(10, "a"),)), None, Cursor(HERE, 10, "a"), 10, None, 0),
    ("two ahead", CHECKPOINT, STORED, Cursor(HERE, 40, "d"), 40, None, 20),
    (
        "two ahead after the first page",
        Checkpoint(0, (Handed(10, "a"), Handed(20, "b"))),
        None,
        Cursor(HERE, 20, "b"),
        20,
        None,
        0,
    ),
]
REFUSED_AHEAD = [
    ("nothing was handed out", Checkpoint(), None, RECEIVED),
    ("the peer was set back", CHECKPOINT, Cursor(HERE, 10, "a"), RECEIVED),
    ("the peer starts again", CHECKPOINT, None, RECEIVED),
    ("another history", CHECKPOINT, STORED, Cursor(HERE, 30, "z")),
    ("what is stored is of another history", CHECKPOINT, Cursor(HERE, 20, "z"), RECEIVED),
    ("another journal", CHECKPOINT, STORED, Cursor("journal-0", 30, "c")),
    ("not ahead", CHECKPOINT, RECEIVED, RECEIVED),
    (
        "beyond the head",
        Checkpoint(20, (*CHECKPOINT.handed, Handed(900, "x"))),
        STORED,
        Cursor(HERE, 900, "x"),
    ),
    (
        "too far ahead",
        Checkpoint(20, (Handed(20, "b"), *(Handed(30 + each, "c") for each in range(MOST_BETWEEN + 2)))),
        STORED,
        Cursor(HERE, 31 + MOST_BETWEEN, "c"),
    ),
]


@pytest.mark.parametrize(
    ("checkpoint", "stored", "ahead", "resume", "lost", "acknowledged"),
    [case[1:] for case in ASKED_AHEAD],
    ids=[case[0] for case in ASKED_AHEAD],
)
def test_what_is_asked_ahead_acknowledges_only_what_is_stored(
    checkpoint: Checkpoint,
    stored: Cursor | None,
    ahead: Cursor,
    resume: int,
    lost: int | None,
    acknowledged: int,
) -> None:
    outcome = present_ahead(checkpoint, stored, ahead, HERE, head=100)
    assert outcome is not None
    assert (outcome.resume, outcome.restored, outcome.lost_after) == (resume, False, lost)
    assert outcome.checkpoint.acknowledged == acknowledged


@pytest.mark.parametrize(
    ("checkpoint", "stored", "ahead"),
    [case[1:] for case in REFUSED_AHEAD],
    ids=[case[0] for case in REFUSED_AHEAD],
)
def test_who_has_not_the_last_cursors_is_not_answered_ahead(
    checkpoint: Checkpoint, stored: Cursor | None, ahead: Cursor
) -> None:
    assert present_ahead(checkpoint, stored, ahead, HERE, head=100) is None


def test_losses_of_answers_asked_ahead_push_neither_cursor_out() -> None:
    checkpoint, stored = hand_out(Checkpoint(), 10, "a", HERE)
    checkpoint = present(checkpoint, stored, HERE, head=1000).checkpoint
    checkpoint, received = hand_out(checkpoint, 20, "b", HERE)
    for attempt in range(20):
        found = present_ahead(checkpoint, stored, received, HERE, head=1000)
        assert found is not None and found.resume == 20
        checkpoint, _ = hand_out(found.checkpoint, 30 + attempt, f"t{attempt}", HERE, found.resume)
    assert len(checkpoint.handed) <= 5
    for cursor in (stored, received):
        assert not present(checkpoint, cursor, HERE, head=1000).restored


def test_whoever_asks_two_pages_ahead_can_go_on_after_each_of_them() -> None:
    checkpoint, first = hand_out(Checkpoint(), 10, "a", HERE)
    path: list[Cursor | None] = [None, first]
    for step in range(2, 30):
        stored, begins = path[-2], path[-1]
        assert begins is not None
        found = present_ahead(checkpoint, stored, begins, HERE, head=1000)
        assert found is not None and found.resume == begins.seq
        checkpoint, lost = hand_out(found.checkpoint, 10 * step + 5, f"l{step}", HERE, found.resume)
        assert lost.seq == 10 * step + 5, "this answer gets lost"
        if step > 2:
            # The page before it is still not stored when the next one is asked for.
            found = present_ahead(checkpoint, path[-3], begins, HERE, head=1000)
            assert found is None, "what was acknowledged stays so"
        again = present_ahead(checkpoint, stored, begins, HERE, head=1000)
        assert again is not None
        checkpoint, cursor = hand_out(again.checkpoint, 10 * step, f"t{step}", HERE, again.resume)
        for each in (stored, begins, cursor):
            assert not present(checkpoint, each, HERE, head=1000).restored
        second = present_ahead(checkpoint, stored, cursor, HERE, head=1000)
        assert second is not None and second.checkpoint.acknowledged == (stored.seq if stored else 0)
        assert not present(second.checkpoint, begins, HERE, head=1000).restored
        path.append(cursor)
    assert len(checkpoint.handed) <= 4 + MOST_BETWEEN


def test_who_asks_further_and_further_ahead_is_refused_and_nothing_is_forgotten() -> None:
    checkpoint, cursor = hand_out(Checkpoint(), 10, "a", HERE)
    path = [cursor]
    while (found := present_ahead(checkpoint, None, path[-1], HERE, head=1000)) is not None:
        checkpoint, cursor = hand_out(found.checkpoint, 10 * len(path) + 10, "b", HERE, found.resume)
        path.append(cursor)
    assert len(path) == MOST_BETWEEN + 2
    for each in path:
        assert not present(checkpoint, each, HERE, head=1000).restored


def test_checkpoints_are_kept_as_text() -> None:
    assert Checkpoint.from_json(CHECKPOINT.to_json()) == CHECKPOINT
    assert Checkpoint.from_json("") == Checkpoint()
    assert Checkpoint.from_json(None) == Checkpoint()
    for text in ("{}", "[1]", "[1, 2]", '[1, [["x", "y"]]]', "rubbish"):
        with pytest.raises(ValueError, match="no checkpoint"):
            Checkpoint.from_json(text)
