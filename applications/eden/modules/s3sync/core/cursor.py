"""Cursors: how far a peer has come in the journal of this site.

A cursor consists of the name of a journal, a position in it, and a token. The token shows whether both sides
remember the same exchange: a site that was restored from a backup presents an old token, or does not know the new
one. All functions are pure; the caller stores what they return.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import NamedTuple

from .errors import BadRequest
from .text import TextEnum, shown


class CheckpointKind(TextEnum):
    """What a checkpoint of a table and a repository tells.

    Attributes:
        SERVE: what we sent to the peer when it pulled.
        RECEIVE: what we received from the peer when it pushed.
        EDEN: our last answer to an Eden, which has no cursors.
        PULL: how far our own pulls have come.
        PUSH: how far our own pushes have come.
    """

    SERVE = "serve"
    RECEIVE = "receive"
    EDEN = "eden"
    PULL = "pull"
    PUSH = "push"


_CURSOR = re.compile(r"(?P<identity>[^.\s]{1,80})\.(?P<seq>[0-9]{1,18})\.(?P<token>[A-Za-z0-9_-]{1,64})")

# An answer can get lost; the peer then still has an older cursor than the last one.
REMEMBERED = 2


class Cursor(NamedTuple):
    """A position in a journal that was sent to a peer, which returns it without reading it.

    Attributes:
        identity: name of the journal, without dots and blanks.
        seq: position; everything up to it was delivered.
        token: random name of this cursor, letters and digits.
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
            text: the cursor as it was sent; None or empty means from the start.

        Returns:
            The cursor, None for the start.

        Raises:
            BadRequest: the text is no cursor.
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
    """A cursor that was sent: position and token."""

    seq: int
    token: str


@dataclass(frozen=True)
class Checkpoint:
    """What this site remembers of its exchange with one repository, for one table and direction.

    Attributes:
        acknowledged: position of the newest cursor that the peer returned; everything up to it has arrived.
        handed: cursors sent, in this order: one before the acknowledged one, the acknowledged one, and the last few.
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
        """Return the checkpoint without cursors that are no longer needed."""
        before = [each for each in handed if each.seq < acknowledged][-1:]
        at = [each for each in handed if each.seq == acknowledged]
        after = [each for each in handed if each.seq > acknowledged][-REMEMBERED:]
        return Checkpoint(acknowledged, (*before, *at, *after))


class CursorOutcome(NamedTuple):
    """How to answer a cursor.

    Attributes:
        resume: position after which to continue.
        restored: whether one of the sites was restored from a backup, so that everything has to be compared again.
        lost_after: the peer may have lost everything after this position, also what it brought itself; None if
            nothing was lost.
        checkpoint: the checkpoint to store.
    """

    resume: int
    restored: bool
    lost_after: int | None
    checkpoint: Checkpoint


def present(checkpoint: Checkpoint, cursor: Cursor | None, identity: str, head: int) -> CursorOutcome:
    """Return how to answer the cursor that a peer presents.

    Args:
        checkpoint: the stored state of the exchange.
        cursor: the cursor, None for the start.
        identity: identity of this site's journal.
        head: the journal's highest settled position.
    """
    if cursor is None:
        if not checkpoint.handed:
            return CursorOutcome(0, False, None, checkpoint)
        # The peer had received something and starts again: it may have lost that, and also what it brought.
        return CursorOutcome(0, False, 0, Checkpoint())
    handed = Handed(cursor.seq, cursor.token)
    if cursor.identity != identity or cursor.seq > head or handed not in checkpoint.handed:
        return CursorOutcome(0, True, 0, Checkpoint())
    if cursor.seq < checkpoint.acknowledged:
        return CursorOutcome(cursor.seq, False, cursor.seq, Checkpoint(cursor.seq, (handed,)))
    # The peer does not present the last cursor: the answer was lost, or the peer was restored from a backup. We
    # cannot tell which. Sending back some of its own changes is harmless; leaving them out may lose them for good.
    lost = cursor.seq if any(each.seq > cursor.seq for each in checkpoint.handed) else None
    return CursorOutcome(cursor.seq, False, lost, checkpoint._with(cursor.seq, checkpoint.handed))


def hand_out(checkpoint: Checkpoint, seq: int, token: str, identity: str) -> tuple[Checkpoint, Cursor]:
    """Return a new cursor for the end of what is sent to a peer.

    Args:
        checkpoint: as ``present`` returned it.
        seq: position up to which the answer is complete.
        token: a new random name, letters and digits.
        identity: identity of this site's journal.

    Returns:
        The checkpoint to store, and the cursor. A position that was sent before gets the same cursor again, so that
        an idle exchange changes nothing.
    """
    for each in checkpoint.handed:
        if each.seq == seq:
            return checkpoint, Cursor(identity, seq, each.token)
    handed = (*checkpoint.handed, Handed(seq, token))
    return checkpoint._with(checkpoint.acknowledged, handed), Cursor(identity, seq, token)
