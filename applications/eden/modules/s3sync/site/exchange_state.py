"""How far the exchanges with a repository have come."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from ..core.clock import milliseconds
from ..core.cursor import Checkpoint, CheckpointKind, Comparison
from ..core.limits import MOST_FILES
from ..core.retry import pause
from ..database.checkpoints import Checkpoints

#: So many of the last pages that an Eden got are remembered with their times.
MOST_TIMES = 50


@dataclass(frozen=True)
class PullState:
    """How far our pulls have come.

    Attributes:
        cursor: cursor of the peer, "" before the first page.
        journal: identity of the peer's journal, "" for an Eden.
        head: position of our journal when the last complete pull ended.
        since: time of the last pull from an Eden (its clock, UTC), "" before the first.
        own: identity of our journal at that time.
        waiting: number of main records that waited at the peer then, None if it did not say.
        number: number of the last request.
        known: position up to which the peer knew our changes before everything was compared again.
        again: why everything is compared again, "" if it is not.
    """

    cursor: str = ""
    journal: str = ""
    head: int = 0
    since: str = ""
    own: str = ""
    waiting: int | None = None
    number: int = 0
    known: int = 0
    again: str = ""


@dataclass(frozen=True)
class PushState:
    """How far our pushes have come.

    Attributes:
        position: position in our journal up to which the peer has everything.
        checkpoint: the peer's checkpoint from the last push.
        files: stored names of files that the peer still needs.
        own: identity of our journal at that time.
        number: number of the last request.
        known, again: as in ``PullState``.
        tried: stored name of a file that could not be sent -> how often that was tried, and when it is tried again.
        times: of the last pages that an Eden took: position, and time (milliseconds since 1970).
    """

    position: int = 0
    checkpoint: str = ""
    files: list[str] = field(default_factory=list)
    own: str = ""
    number: int = 0
    known: int = 0
    again: str = ""
    tried: dict[str, tuple[int, str]] = field(default_factory=dict)
    times: list[list[int]] = field(default_factory=list)

    def due(self, now: datetime) -> list[str]:
        """Return the files to send now (UTC)."""
        moment = now.isoformat(timespec="seconds")
        return [name for name in self.files if name not in self.tried or self.tried[name][1] <= moment]

    def with_files(self, left: Sequence[str], failed: Sequence[str], now: datetime) -> PushState:
        """Return the state after files that were due were sent.

        Args:
            left: those of them that the peer still needs.
            failed: those that were tried in vain since the last time.
            now: the time (UTC).
        """
        due = set(self.due(now))
        files = list(dict.fromkeys([*left, *(name for name in self.files if name not in due)]))[:MOST_FILES]
        tried = {name: self.tried[name] for name in files if name in self.tried}
        for name in failed:
            attempts = tried.get(name, (0, ""))[0] + 1
            tried[name] = (attempts, (now + pause(attempts)).isoformat(timespec="seconds"))
        return replace(self, files=files, tried=tried)


def with_time(times: Sequence[list[int]], position: int, now: datetime) -> list[list[int]]:
    """Return when an Eden got what, after it was sent everything up to a position.

    Args:
        times: positions and times (milliseconds since 1970) before that.
        position: the position.
        now: the time (UTC).
    """
    if times and times[-1][0] >= position:
        return [*times]
    return [*times, [position, milliseconds(now)]][-MOST_TIMES:]


@dataclass(frozen=True)
class Standing:
    """What was told at the end of a run of how both sites stand.

    Attributes:
        own: identity of our journal at that time.
        journal: where the other site told it: identity of its journal.
        number: where the other site told it: number of its run.
        complete: whether the run was complete.
        fetches: where the other site told it: the tables that it fetches.
        told: where we told it: digest of what was told.
        changed: table -> number of records that the site that told it had still to send.
    """

    own: str = ""
    journal: str = ""
    number: int = 0
    complete: bool = False
    fetches: list[str] = field(default_factory=list)
    told: str = ""
    changed: dict[str, int] = field(default_factory=dict)


def _current(text: str | None, own: str, position: str) -> dict[str, Any]:
    """Return a stored state; that of an exchange that starts over if our database was restored from a backup since."""
    state: dict[str, Any] = json.loads(text) if text else {}
    return state if not state or state.get("own") == own else _set_back(state, position, Comparison.RESTORED)


def _set_back(state: Mapping[str, Any], position: str, why: Comparison) -> dict[str, Any]:
    """Return the state of an exchange that starts over: what the peer knew of our changes is no news to it.

    Args:
        state: the former state.
        position: its attribute with a position in our journal.
        why: why everything is compared again.
    """
    return {
        "known": max(state.get(position, 0), state.get("known", 0)),
        "number": state.get("number", 0),
        "again": why.value,
    }


def pulled(states: Mapping[str, str | None], own: str) -> PullState:
    """Return how far our pulls of a table have come.

    Args:
        states: the stored states of the table's exchange with a repository: direction -> text.
        own: identity of our journal.
    """
    text = states.get(CheckpointKind.PULL)
    stored: dict[str, Any] = json.loads(text) if text else {}
    kept = {}
    if stored.get("own") != own and stored.get("journal"):
        # What we have of the peer went back with its cursor. By this the peer knows what we may have lost, and we
        # whether it was restored, too: it may have lost what it once sent.
        kept = {name: stored[name] for name in ("cursor", "journal")}
    return PullState(**{**_current(text, own, "head"), **kept})


def pushed(states: Mapping[str, str | None], own: str) -> PushState:
    """Return how far our pushes of a table have come.

    Args:
        states, own: as in ``pulled``.
    """
    state = _current(states.get(CheckpointKind.PUSH), own, "position")
    tried = {name: (each[0], each[1]) for name, each in state.get("tried", {}).items()}
    return PushState(**{**state, "tried": tried})


def standing(states: Mapping[str, str | None], own: str) -> Standing:
    """Return what was told of how both sites stand.

    Args:
        states: the stored states of no table: direction -> text.
        own: identity of our journal.
    """
    text = states.get(CheckpointKind.STANDING)
    found = Standing(**json.loads(text)) if text else Standing()
    # Before the restore of a backup other things were true; only the numbers still count.
    return found if found.own == own else Standing(journal=found.journal, number=found.number)


def delivered(states: Mapping[str, str | None], own: str) -> int:
    """Return the position up to which a repository has received our changes of a table.

    What we sent counts after the repository has returned the cursor: until then the answer may have been lost.

    Args:
        states, own: as in ``pulled``.
    """
    return max(
        Checkpoint.from_json(states.get(CheckpointKind.SERVE)).acknowledged, pushed(states, own).position
    )


class ExchangeStates:
    """The states of our own pulls and pushes with one repository.

    A state with another identity of our journal is from before the restore of a backup: it is ignored, and both
    sites compare everything again.

    Args:
        checkpoints: where they are stored.
        repository_id: the repository.
        identity: identity of our journal.

    Attributes:
        identity: the given identity.
    """

    def __init__(self, checkpoints: Checkpoints, repository_id: int, identity: str) -> None:
        self._checkpoints = checkpoints
        self._repository_id = repository_id
        self.identity = identity

    def pulled(self, table: str) -> PullState:
        """Return how far our pulls of a table have come."""
        return pulled(self._states(table), self.identity)

    def pushed(self, table: str) -> PushState:
        """Return how far our pushes of a table have come."""
        return pushed(self._states(table), self.identity)

    def both(self, table: str) -> tuple[PullState, PushState]:
        """Return how far our pulls and our pushes of a table have come."""
        states = self._states(table)
        return pulled(states, self.identity), pushed(states, self.identity)

    def save_pulled(self, table: str, state: PullState) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(
            self._repository_id,
            table,
            CheckpointKind.PULL,
            json.dumps({**vars(state), "own": self.identity}),
        )

    def save_pushed(self, table: str, state: PushState) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(
            self._repository_id,
            table,
            CheckpointKind.PUSH,
            json.dumps({**vars(state), "own": self.identity}),
        )

    def delivered(self, table: str) -> int:
        """Return the position up to which the repository has received our changes of a table."""
        return delivered(self._states(table), self.identity)

    def met(self, table: str) -> bool:
        """Return whether anything of a table was exchanged before, in whatever direction."""
        states = self._states(table)
        kinds = (CheckpointKind.SERVE, CheckpointKind.RECEIVE, CheckpointKind.PULL, CheckpointKind.PUSH)
        return any(states.get(kind) for kind in kinds)

    def exchanged(self, table: str) -> int:
        """Return the position up to which the repository knows our changes of a table, or once knew them.

        What it received from us counts, whoever began: pages that it pulled and acknowledged, pages that we pushed. If
        changes only travel to us, the position at the last contact counts.
        """
        states = self._states(table)
        arrived = self._arrived(states)
        if arrived:
            return arrived
        received = Checkpoint.from_json(states.get(CheckpointKind.RECEIVE))
        state = pulled(states, self.identity)
        return max(received.acknowledged, received.known, state.head, state.known)

    def exchanged_apart(self, table: str) -> int | None:
        """Return ``exchanged`` for a table that is exchanged by itself, None for one that only travels with others."""
        return self.exchanged(table) if self.met(table) else None

    def sent(self, table: str) -> int:
        """Return the position up to which our changes of a table were sent to the repository when it pulled."""
        served = self.served(table)
        return max((each.seq for each in served.handed), default=served.acknowledged)

    def sent_times(self, table: str) -> Sequence[tuple[int, int]]:
        """Return when an Eden got our changes of a table, as far as remembered, see ``importer.Context``."""
        times = [*self.pushed(table).times, *self.answered(table).get("times", ())]
        return sorted((position, time) for position, time in times)

    def _arrived(self, states: Mapping[str, str | None]) -> int:
        known = Checkpoint.from_json(states.get(CheckpointKind.SERVE)).known
        return max(delivered(states, self.identity), known, pushed(states, self.identity).known)

    def start_over(self, table: str, why: Comparison) -> None:
        """Let our pulls and pushes of a table start over, within the current transaction.

        Args:
            table: name of the table.
            why: why everything is compared again.
        """
        self.save_pulled(table, PullState(**_set_back(vars(self.pulled(table)), "head", why)))
        self.push_again(table, why)

    def mark_restored(self, table: str) -> None:
        """Note that we were restored from a backup of everything, within the current transaction.

        The exchange goes on from where the backup was made; the other site sends what lies behind.
        """
        why = Comparison.RESTORED.value
        self.save_pulled(table, replace(self.pulled(table), again=why))
        self.save_pushed(table, replace(self.pushed(table), again=why))

    def push_again(self, table: str, why: Comparison) -> None:
        """Let our pushes of a table start over, within the current transaction; see ``start_over``."""
        state = {**vars(self.pushed(table)), "position": self._arrived(self._states(table))}
        self.save_pushed(table, PushState(**_set_back(state, "position", why)))

    def served(self, table: str) -> Checkpoint:
        """Return the checkpoint of what we sent to the repository when it pulled."""
        return self._checkpoints.load(self._repository_id, table)

    def of_tables(self) -> dict[str, tuple[Checkpoint, Checkpoint]]:
        """Return what ``served`` and ``received`` return for each table that has either, read with one statement."""
        kinds = (CheckpointKind.SERVE, CheckpointKind.RECEIVE)
        served, received = self._checkpoints.of_kinds(self._repository_id, kinds)
        return {
            table: (Checkpoint.from_json(served.get(table)), Checkpoint.from_json(received.get(table)))
            for table in {**served, **received}
        }

    def served_tables(self) -> set[str]:
        """Return the tables of which the repository has fetched something."""
        found = self._checkpoints.states(self._repository_id)
        return {table for (_, table), states in found.items() if table and states.get(CheckpointKind.SERVE)}

    def received(self, table: str) -> Checkpoint:
        """Return the checkpoint of what we received from the repository when it pushed."""
        return self._checkpoints.load(self._repository_id, table, CheckpointKind.RECEIVE)

    def save_served(self, table: str, checkpoint: Checkpoint) -> None:
        """Store it within the current transaction."""
        self._checkpoints.save(self._repository_id, table, checkpoint)

    def save_received(self, table: str, checkpoint: Checkpoint) -> None:
        """Store it within the current transaction."""
        self._checkpoints.save(self._repository_id, table, checkpoint, CheckpointKind.RECEIVE)

    def standing(self) -> Standing:
        """Return what was told of how both sites stand."""
        return standing(self._states(""), self.identity)

    def save_standing(self, told: Standing) -> None:
        """Store it within the current transaction."""
        text = json.dumps({**vars(told), "own": self.identity})
        self._checkpoints.write(self._repository_id, "", CheckpointKind.STANDING, text)

    def question(self) -> tuple[str, list[str]]:
        """Return digest and pulls of the last question for news of the repository, "" and none before the first."""
        text = self._checkpoints.read(self._repository_id, "", CheckpointKind.QUESTION)
        digest, pulls = json.loads(text) if text else ("", [])
        return digest, pulls

    def save_question(self, digest: str, pulls: Sequence[str]) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(
            self._repository_id, "", CheckpointKind.QUESTION, json.dumps([digest, [*pulls]])
        )

    def asked(self) -> str:
        """Return what is kept of the question for news that the repository has from us, "" for none."""
        return self._checkpoints.read(self._repository_id, "", CheckpointKind.ASKED) or ""

    def save_asked(self, memory: str) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(self._repository_id, "", CheckpointKind.ASKED, memory)

    def sent_fields(self) -> dict[str, list[str]]:
        """Return which fields an Eden has sent so far: table -> names."""
        text = self._checkpoints.read(self._repository_id, "", CheckpointKind.FIELDS)
        found: dict[str, list[str]] = json.loads(text) if text else {}
        return found

    def save_sent_fields(self, fields: Mapping[str, Sequence[str]]) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(self._repository_id, "", CheckpointKind.FIELDS, json.dumps(fields))

    def save_whole(self, head: int) -> None:
        """Store within the current transaction that the repository told no edits up to a position of our journal."""
        self._checkpoints.write(self._repository_id, "", CheckpointKind.WHOLE, str(head))

    def tried_again(self, table: str) -> int:
        """Return the row of the kept version that was tried again last, where not all could be; 0 for none."""
        return int(self._checkpoints.read(self._repository_id, table, CheckpointKind.RETRY) or 0)

    def save_tried_again(self, table: str, row: int) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(self._repository_id, table, CheckpointKind.RETRY, str(row))

    def answered(self, table: str) -> dict[str, Any]:
        """Return the stored state of the last answer to an Eden, empty before the first."""
        text = self._checkpoints.read(self._repository_id, table, CheckpointKind.EDEN)
        found: dict[str, Any] = json.loads(text) if text else {}
        return found

    def save_answered(self, table: str, answer: Mapping[str, Any]) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(self._repository_id, table, CheckpointKind.EDEN, json.dumps(answer))

    def forget(self, table: str, *directions: CheckpointKind) -> None:
        """Reset the exchange of a table in these directions, within the current transaction."""
        for direction in directions:
            self._checkpoints.forget(self._repository_id, table, direction)

    def _states(self, table: str) -> dict[str, str | None]:
        return self._checkpoints.of(self._repository_id, table)
