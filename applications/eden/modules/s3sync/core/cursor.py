"""Cursors: how far a peer has come in the journal of this site.

A cursor names a journal, a position in it, and a token. The token shows whether both sides still remember
the same exchange: a site that was restored from a backup presents an old token, or does not know the new
one. All functions are pure; the caller stores what they return.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from .errors import BadRequest
from .text import shown

_CURSOR = re.compile(r"(?P<identity>[^.\s]{1,80})\.(?P<seq>[0-9]{1,18})\.(?P<token>[A-Za-z0-9_-]{1,64})")

# Answers may get lost on the way, so that the peer holds an older cursor than the last one.
REMEMBERED = 2


class Cursor(NamedTuple):
    """A position in a journal as it was handed out; opaque to the peer that brings it back.

    Attributes:
        identity: name of the journal, without dots and blanks.
        seq: position; everything up to it was delivered.
        token: names this handing out, letters and digits.
    """

    identity: str
    seq: int
    token: str

    def __str__(self) -> str:
        return f"{self.identity}.{self.seq}.{self.token}"

    @classmethod
    def parse(cls, text: str | None) -> Cursor | None:
        """Read a cursor.

        Args:
            text: as handed out; None or empty means from the start.

        Returns:
            The cursor, None for the start.

        Raises:
            BadRequest: this is no cursor.
        """
        if not text:
            return None
        match = _CURSOR.fullmatch(text)
        if match is None:
            raise BadRequest(
                f"{shown(text)!r} is no cursor.",
                hint="Send the cursor of the last answer unchanged, or an empty one to start again.",
            )
        return cls(match["identity"], int(match["seq"]), match["token"])


class Handed(NamedTuple):
    """A cursor that was handed out: position and token."""

    seq: int
    token: str


@dataclass(frozen=True)
class Checkpoint:
    """What this site remembers of its exchange with one repository, for one table and direction.

    Attributes:
        acknowledged: position of the newest cursor that the peer brought back: everything up to it has arrived.
        handed: cursors handed out, in that order: the one acknowledged, one before it, and the last few after it.
    """

    acknowledged: int = 0
    handed: tuple[Handed, ...] = ()

    def to_json(self) -> str:
        """Return the checkpoint as text for a database."""
        return json.dumps([self.acknowledged, self.handed], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> Checkpoint:
        """Return the checkpoint from its text; a new one for None or empty.

        Raises:
            ValueError: the text is not one that ``to_json`` wrote.
        """
        if not text:
            return cls()
        try:
            acknowledged, handed = json.loads(text)
            return cls(int(acknowledged), tuple(Handed(int(seq), str(token)) for seq, token in handed))
        except (TypeError, ValueError) as error:
            raise ValueError(f"This is no checkpoint: {shown(text)!r}") from error

    def _with(self, acknowledged: int, handed: tuple[Handed, ...]) -> Checkpoint:
        """Return the checkpoint with no more cursors than can be of use."""
        before = [each for each in handed if each.seq < acknowledged][-1:]
        at = [each for each in handed if each.seq == acknowledged]
        after = [each for each in handed if each.seq > acknowledged][-REMEMBERED:]
        return Checkpoint(acknowledged, (*before, *at, *after))


class CursorOutcome(NamedTuple):
    """How to answer a cursor.

    Attributes:
        resume: position after which to go on.
        restored: whether one of the sites was restored from a backup, so that everything has to be compared again.
        lost_after: everything beyond this position is not at the peer any more, even where the peer once brought
            it; None where nothing was lost.
        checkpoint: to be stored.
    """

    resume: int
    restored: bool
    lost_after: int | None
    checkpoint: Checkpoint


def present(checkpoint: Checkpoint, cursor: Cursor | None, identity: str, head: int) -> CursorOutcome:
    """Judge the cursor that a peer brings.

    Args:
        checkpoint: what is remembered of the exchange.
        cursor: what the peer brings, None for the start.
        identity: of the journal of this site.
        head: its highest settled position.
    """
    if cursor is None:
        if not checkpoint.handed:
            return CursorOutcome(0, False, None, checkpoint)
        # The peer was given something and starts again: what it had, and once brought, may be lost.
        return CursorOutcome(0, False, 0, Checkpoint())
    handed = Handed(cursor.seq, cursor.token)
    if cursor.identity != identity or cursor.seq > head or handed not in checkpoint.handed:
        return CursorOutcome(0, True, 0, Checkpoint())
    if cursor.seq < checkpoint.acknowledged:
        return CursorOutcome(cursor.seq, False, cursor.seq, Checkpoint(cursor.seq, (handed,)))
    # A later cursor that the peer does not bring: its answer was lost, or the peer was set back. Which of the two
    # cannot be told; to send back a little of what it brought is harmless, to leave it out may lose it for good.
    lost = cursor.seq if any(each.seq > cursor.seq for each in checkpoint.handed) else None
    return CursorOutcome(cursor.seq, False, lost, checkpoint._with(cursor.seq, checkpoint.handed))


def hand_out(checkpoint: Checkpoint, seq: int, token: str, identity: str) -> tuple[Checkpoint, Cursor]:
    """Give the peer a cursor for the end of what is sent to it.

    Args:
        checkpoint: as ``present`` returned it.
        seq: position up to which everything is in the answer.
        token: a new random name for this handing out, letters and digits.
        identity: of the journal of this site.

    Returns:
        The checkpoint to be stored, and the cursor. For a position that was handed out before it is the same
        cursor again, so that an idle exchange changes nothing.
    """
    for each in checkpoint.handed:
        if each.seq == seq:
            return checkpoint, Cursor(identity, seq, each.token)
    handed = (*checkpoint.handed, Handed(seq, token))
    return checkpoint._with(checkpoint.acknowledged, handed), Cursor(identity, seq, token)
