"""Cursors: how far a peer has come in the journal of this site.

A cursor consists of the name of a journal, a position in it, and a token. The token shows whether both sides
remember the same exchange: a site that was restored from a backup presents an old token, or does not know the new
one. All functions are pure; the caller stores what they return.

Beside it a request has a number. The site that asks counts its requests, so one that was held on the way, or comes from
a run that another one has replaced, is recognised by what it carries, and refused.
"""

from __future__ import annotations

import enum
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from .errors import BadRequest, LateRequest
from .text import TextEnum, shown


class CheckpointKind(TextEnum):
    """What a checkpoint of a table and a repository tells.

    Attributes:
        SERVE: what we sent to the peer when it pulled.
        RECEIVE: what we received from the peer when it pushed.
        EDEN: our last answer to an Eden, which has no cursors.
        PULL: how far our own pulls have come.
        PUSH: how far our own pushes have come.
        STANDING: what one site told the other of how they stand; of no single table.
        RETRY: which of what was rejected was tried again last.
        QUESTION: which news of all resources the peer asked for last; of no single table.
        ASKED: digest of the question for news that the peer has from us; of no single table.
        FIELDS: which fields an Eden has sent, which leaves out what is empty; of no single table.
        WHOLE: up to which position of our journal the peer told no edits; of no single table.
        CARRIED: numbers of the states that two sites leave for each other in a folder; of no single table.
    """

    SERVE = "serve"
    RECEIVE = "receive"
    EDEN = "eden"
    PULL = "pull"
    PUSH = "push"
    STANDING = "standing"
    RETRY = "retry"
    QUESTION = "question"
    ASKED = "asked"
    FIELDS = "fields"
    WHOLE = "whole"
    CARRIED = "carried"


class Comparison(TextEnum):
    """Why a site sends what it has sent before.

    Attributes:
        ASKED: a person asked for it, a filter changed, or an answer was lost. An older version is no change, so it is
            no conflict.
        RESTORED: one of the sites was restored from a backup. Which of them changed a record since their last exchange
            is not known any more, so the later version becomes the record, whatever the policies say.
    """

    ASKED = "asked"
    RESTORED = "restored"


_CURSOR = re.compile(r"(?P<identity>[^.\s]{1,80})\.(?P<seq>[0-9]{1,18})\.(?P<token>[A-Za-z0-9_-]{1,64})")

_NUMBER = re.compile(r"(?P<value>[0-9]{1,18})\.(?P<token>[A-Za-z0-9_-]{1,64})(?:\.(?P<pushed>[0-9]{1,18}))?")

# An answer can get lost; the peer then still has an older cursor than the last one.
REMEMBERED = 2

# Pages that are here and not stored: a peer that asks two pages ahead has the cursor of one beside that which it names.
# It may have more than it needs, where answers got lost.
MOST_BETWEEN = 4


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


def is_position(identity: str, seq: int) -> bool:
    """Return whether a cursor can name a position in a journal: others the site that keeps it would refuse for good.

    Args:
        identity: name of the journal.
        seq: the position.
    """
    # Python writes no number of thousands of digits.
    return 0 <= seq < 10**18 and _CURSOR.fullmatch(f"{identity}.{seq}.x") is not None


class Handed(NamedTuple):
    """A cursor that was sent: position and token."""

    seq: int
    token: str


class RequestNumber(NamedTuple):
    """The number of a request about a resource, given by the site that sends it.

    Attributes:
        value: higher than that of every request before it in the same direction.
        token: random name of the request, which stays the same when it is sent again.
        pushed: of a pull, value of the last push that was sent, whether or not its answer arrived.
    """

    value: int
    token: str
    pushed: int | None = None

    def __str__(self) -> str:
        return ".".join(str(each) for each in self if each is not None)

    @classmethod
    def parse(cls, text: str | None) -> RequestNumber | None:
        """Read a number; None or empty is that of a site without numbers.

        Raises:
            BadRequest: the text is no number of a request.
        """
        if not text:
            return None
        match = _NUMBER.fullmatch(text)
        if match is None:
            raise BadRequest(f"{shown(text)!r} is no number of a request.", hint="Send 1.a, then 2.b.")
        pushed = match["pushed"]
        return cls(int(match["value"]), match["token"], None if pushed is None else int(pushed))


class Turn(enum.Enum):
    """Whether it is the turn of a request.

    Attributes:
        NEXT: it is.
        REPEATED: the same request was the last one that was taken.
        LATE: another one with this number, or a higher one, was taken already.
    """

    NEXT = "next"
    REPEATED = "repeated"
    LATE = "late"


class Taken(NamedTuple):
    """The last request that was taken.

    Attributes:
        number: its number.
        answer: the answer to a push; None for a pull.
    """

    number: RequestNumber
    answer: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Checkpoint:
    """What this site remembers of its exchange with one repository, for one table and direction.

    Attributes:
        acknowledged: position of the newest cursor that the peer returned; everything up to it has arrived.
        handed: cursors sent, in this order: one before the acknowledged one, the acknowledged one, those up to the one
            after which the peer goes on, that one, and the last few.
        taken: the last request with a number, None if there was none.
        known: position up to which the peer knew our changes before the exchange started over.
        again: whether the next request is answered from the beginning, because the peer may read other records by now.
    """

    acknowledged: int = 0
    handed: tuple[Handed, ...] = ()
    taken: Taken | None = None
    known: int = 0
    again: bool = False

    def to_json(self) -> str:
        """Return the checkpoint as text for a database."""
        more = {"taken": self.taken, "known": self.known, "again": self.again}
        parts = [self.acknowledged, self.handed, {name: value for name, value in more.items() if value}]
        return json.dumps(parts if parts[-1] else parts[:-1], separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str | None) -> Checkpoint:
        """Return the checkpoint from its text; a new one for None or empty.

        Raises:
            ValueError: the text is not one that ``to_json`` wrote.
        """
        if not text:
            return cls()
        try:
            acknowledged, handed, *rest = json.loads(text)
            more = rest[0] if rest else {}
            return cls(
                int(acknowledged),
                tuple(Handed(int(seq), str(token)) for seq, token in handed),
                _read_taken(more["taken"]) if "taken" in more else None,
                int(more.get("known", 0)),
                more.get("again") is True,
            )
        except (AttributeError, TypeError, ValueError) as error:
            raise ValueError(f"This is no checkpoint: {shown(text)!r}") from error

    def turn(self, number: RequestNumber | None) -> Turn:
        """Return whether it is the turn of a request; it always is for a site without numbers."""
        if number is None or self.taken is None or number.value > self.taken.number.value:
            return Turn.NEXT
        return Turn.REPEATED if number == self.taken.number else Turn.LATE

    def has_passed(self, number: RequestNumber | None) -> bool:
        """Return whether a pull arrives late.

        One with the same number does not: whoever lost an answer has not stored the number, and asks with it again.
        """
        return number is not None and self.taken is not None and number.value < self.taken.number.value

    def remembers(self, number: RequestNumber | None) -> bool:
        """Return whether a site that pulls knows of its last push: it has lost the answer, but nothing else."""
        if number is None or number.pushed is None or self.taken is None:
            return False
        return number.pushed >= self.taken.number.value

    def late(self) -> LateRequest:
        """Return the refusal of a request whose turn is over."""
        last = self.taken.number.value if self.taken else 0
        return LateRequest(f"This request arrived late: number {last} was taken before.", last=last)

    def _with(self, acknowledged: int, handed: tuple[Handed, ...], resumed: int = 0) -> Checkpoint:
        """Return the checkpoint without cursors that are no longer needed.

        Args:
            acknowledged: position that the peer has acknowledged.
            handed: all cursors.
            resumed: position after which the peer goes on: it has that cursor and those before it, but may not have
                acknowledged them.
        """
        before = [each for each in handed if each.seq < acknowledged][-1:]
        at = [each for each in handed if each.seq == acknowledged]
        at += [each for each in handed if acknowledged < each.seq <= resumed]
        after = [each for each in handed if each.seq > max(acknowledged, resumed)][-REMEMBERED:]
        return replace(self, acknowledged=acknowledged, handed=(*before, *at, *after))

    @property
    def from_the_start(self) -> Checkpoint:
        """The checkpoint of an exchange of which everything is sent again, although the peer has lost nothing."""
        return replace(
            self, acknowledged=0, known=max(self.acknowledged, self.known), again=bool(self.handed)
        )

    def _set_back(self, acknowledged: int = 0, handed: tuple[Handed, ...] = ()) -> Checkpoint:
        """Return the checkpoint of an exchange that goes on from an earlier position."""
        known = max(self.acknowledged, self.known)
        return replace(self, acknowledged=acknowledged, handed=handed, known=known, again=False)


def _read_taken(stored: Any) -> Taken:
    (value, token, *_), answer = stored
    return Taken(RequestNumber(int(value), str(token)), answer)


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
        return CursorOutcome(0, False, 0, checkpoint._set_back())
    handed = Handed(cursor.seq, cursor.token)
    if cursor.identity != identity or cursor.seq > head or handed not in checkpoint.handed:
        return CursorOutcome(0, True, 0, checkpoint._set_back())
    if checkpoint.again:
        return CursorOutcome(0, False, None, checkpoint._set_back())
    if cursor.seq < checkpoint.acknowledged:
        return CursorOutcome(cursor.seq, False, cursor.seq, checkpoint._set_back(cursor.seq, (handed,)))
    # The peer does not present the last cursor: the answer was lost, or the peer was restored from a backup. We
    # cannot tell which. Sending back some of its own changes is harmless; leaving them out may lose them for good.
    lost = cursor.seq if any(each.seq > cursor.seq for each in checkpoint.handed) else None
    return CursorOutcome(cursor.seq, False, lost, checkpoint._with(cursor.seq, checkpoint.handed))


def present_ahead(
    checkpoint: Checkpoint, cursor: Cursor | None, ahead: Cursor, identity: str, head: int
) -> CursorOutcome | None:
    """Return how to answer a peer that asks for what follows a cursor which it has, but has not stored yet.

    Only what it presents as ``cursor`` is acknowledged. Nothing is set back: whether a site was restored from a backup
    is told when it presents the other cursor.

    Args:
        checkpoint, cursor, identity, head: as in ``present``.
        ahead: the cursor at which the wanted page begins.

    Returns:
        how to answer; None if either cursor is not one of the last ones, or too many lie between them.
    """
    start = 0 if cursor is None else cursor.seq
    is_known = (
        not checkpoint.acknowledged
        if cursor is None
        else cursor.identity == identity and Handed(start, cursor.token) in checkpoint.handed
    )
    if checkpoint.again or not is_known or not checkpoint.acknowledged <= start < ahead.seq <= head:
        return None
    if ahead.identity != identity or Handed(ahead.seq, ahead.token) not in checkpoint.handed:
        return None
    if sum(start < each.seq < ahead.seq for each in checkpoint.handed) > MOST_BETWEEN:
        return None
    lost = ahead.seq if any(each.seq > ahead.seq for each in checkpoint.handed) else None
    return CursorOutcome(ahead.seq, False, lost, checkpoint._with(start, checkpoint.handed, ahead.seq))


def acknowledge(checkpoint: Checkpoint, cursor: Cursor | None, identity: str) -> Checkpoint:
    """Return the checkpoint after a peer has said that it stored everything up to a cursor.

    Unlike a pull, this asks for nothing: a cursor that is unknown, or not behind the acknowledged one, changes nothing.

    Args:
        checkpoint: the stored state of the exchange.
        cursor: the cursor, None for the start.
        identity: identity of this site's journal.
    """
    if checkpoint.again or cursor is None or cursor.identity != identity:
        return checkpoint
    if cursor.seq <= checkpoint.acknowledged:
        return checkpoint
    if Handed(cursor.seq, cursor.token) not in checkpoint.handed:
        return checkpoint
    return checkpoint._with(cursor.seq, checkpoint.handed)


def hand_out(
    checkpoint: Checkpoint, seq: int, token: str, identity: str, resumed: int = 0
) -> tuple[Checkpoint, Cursor]:
    """Return a new cursor for the end of what is sent to a peer.

    Args:
        checkpoint: as ``present`` or ``present_ahead`` returned it.
        seq: position up to which the answer is complete.
        token: a new random name, letters and digits.
        identity: identity of this site's journal.
        resumed: position after which the answer begins, if it is not the acknowledged one.

    Returns:
        The checkpoint to store, and the cursor. A position that was sent before gets the same cursor again, so that
        an idle exchange changes nothing.
    """
    for each in checkpoint.handed:
        if each.seq == seq:
            return checkpoint, Cursor(identity, seq, each.token)
    handed = (*checkpoint.handed, Handed(seq, token))
    return checkpoint._with(checkpoint.acknowledged, handed, resumed), Cursor(identity, seq, token)
