"""How far two sites have come that never speak at the same time: numbers of their states, and cursors answered late.

Each site leaves a state with a number that only grows. By it an old copy of what was carried is recognised, and by the
number that the other site has seen a site learns that it was itself restored from a backup. All functions are pure.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from ...core.cursor import Checkpoint, Cursor, CursorOutcome, Handed


class Freshness(enum.Enum):
    """How a state compares with what was read before.

    Attributes:
        OLD: a later one was read; nothing of it counts.
        KNOWN: it is the last one that was read.
        NEW: it is later.
    """

    OLD = "old"
    KNOWN = "known"
    NEW = "new"


@dataclass(frozen=True)
class Numbers:
    """The numbers of states.

    Attributes:
        own: of the last one that this site left.
        seen: of the last one of the other site that was read here.
    """

    own: int = 0
    seen: int = 0


@dataclass(frozen=True)
class Meeting:
    """What a state of the other site means.

    Attributes:
        freshness: how it compares with what was read before.
        numbers: the numbers to store.
        restored: whether this site was restored from a backup: the other one has read later states of it.
    """

    freshness: Freshness
    numbers: Numbers
    restored: bool = False


def meet(numbers: Numbers, number: int, seen: int) -> Meeting:
    """Return what a state means.

    Args:
        numbers: those stored here.
        number: of the state.
        seen: number of the last state of this site that its writer had read.
    """
    own = max(numbers.own, seen)
    restored = seen > numbers.own
    if number < numbers.seen:
        return Meeting(Freshness.OLD, Numbers(own, numbers.seen), restored)
    freshness = Freshness.NEW if number > numbers.seen else Freshness.KNOWN
    return Meeting(freshness, Numbers(own, number), restored)


def arrived(checkpoint: Checkpoint, cursor: Cursor | None, identity: str, head: int) -> CursorOutcome:
    """Return how to go on after the other site has said up to which cursor it has stored everything.

    Unlike at a request, an earlier cursor than the last one is no sign that anything was lost: it may not have read the
    rest yet. Only one before the acknowledged cursor is, and only if the state that says it is new.

    Args:
        checkpoint: the stored state of the exchange.
        cursor: the cursor, None if it has stored nothing.
        identity: identity of this site's journal.
        head: the journal's highest settled position.
    """
    known = max(checkpoint.acknowledged, checkpoint.known)
    if cursor is None:
        if not checkpoint.acknowledged:
            return CursorOutcome(0, False, None, checkpoint)
        return CursorOutcome(0, False, 0, replace(checkpoint, acknowledged=0, known=known))
    if cursor.identity != identity or cursor.seq > head or not _is_handed(checkpoint, cursor):
        return CursorOutcome(0, True, 0, replace(checkpoint, acknowledged=0, handed=(), known=known))
    if cursor.seq < checkpoint.acknowledged:
        back = replace(checkpoint, acknowledged=cursor.seq, known=known)
        return CursorOutcome(cursor.seq, False, cursor.seq, back)
    before = [each for each in checkpoint.handed if each.seq < cursor.seq][-1:]
    still = [each for each in checkpoint.handed if each.seq >= cursor.seq]
    forward = replace(checkpoint, acknowledged=cursor.seq, handed=(*before, *still))
    return CursorOutcome(cursor.seq, False, None, forward)


def _is_handed(checkpoint: Checkpoint, cursor: Cursor) -> bool:
    return Handed(cursor.seq, cursor.token) in checkpoint.handed


def start_again(checkpoint: Checkpoint) -> Checkpoint:
    """Return the checkpoint of an exchange that starts at the beginning."""
    known = max(checkpoint.acknowledged, checkpoint.known)
    return replace(checkpoint, acknowledged=0, handed=(), known=known)


def cursor_at(checkpoint: Checkpoint, seq: int, identity: str) -> str:
    """Return the cursor that was handed out for a position, as text; "" for the start.

    Raises:
        ValueError: none was.
    """
    if not seq:
        return ""
    for each in checkpoint.handed:
        if each.seq == seq:
            return str(Cursor(identity, seq, each.token))
    raise ValueError(f"No cursor was handed out for position {seq}.")


def next_boundary(checkpoint: Checkpoint, after: int) -> int | None:
    """Return the next position after one at which a page ended before, None if there is none.

    A page that has to be written once more ends where it ended before: whoever has read the former one goes on behind
    it, and gets nothing twice.
    """
    return min((each.seq for each in checkpoint.handed if each.seq > after), default=None)


def hand_out(checkpoint: Checkpoint, seq: int, token: str) -> Checkpoint:
    """Return the checkpoint with a cursor for a position; one that was handed out before stays.

    Args:
        checkpoint: the stored state of the exchange.
        seq: position up to which a page is complete.
        token: a new random name, letters and digits.
    """
    if any(each.seq == seq for each in checkpoint.handed):
        return checkpoint
    handed = sorted((*checkpoint.handed, Handed(seq, token)))
    return replace(checkpoint, handed=tuple(handed))
