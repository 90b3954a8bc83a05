"""How far the exchanges with a repository have come."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from ..core.cursor import Checkpoint
from ..database.checkpoints import SERVE, Checkpoints
from . import Site

PULL, PUSH, RECEIVE = "pull", "push", "receive"


@dataclass(frozen=True)
class PullState:
    """How far our pulls have come.

    Attributes:
        cursor: of the peer, "" before the first page.
        journal: name of the peer's journal, "" for an Eden.
        head: position of our journal when the last complete pull ended.
        since: when an Eden was last asked (its clock, UTC), "" before.
        own: name of our journal at that time.
        waiting: main records that waited at the peer then, None if it did not say.
    """

    cursor: str = ""
    journal: str = ""
    head: int = 0
    since: str = ""
    own: str = ""
    waiting: int | None = None


@dataclass(frozen=True)
class PushState:
    """How far our pushes have come.

    Attributes:
        position: in our journal, up to which the peer has everything.
        checkpoint: the peer's answer to the last push.
        files: stored names that the peer still wants.
        own: name of our journal at that time.
    """

    position: int = 0
    checkpoint: str = ""
    files: list[str] = field(default_factory=list)
    own: str = ""


def _current(text: str | None, own: str) -> dict[str, Any]:
    """Return a stored state; nothing where it is older than a backup of our database that was restored since."""
    state: dict[str, Any] = json.loads(text) if text else {}
    return state if state.get("own") == own else {}


def pulled(states: Mapping[str, str | None], own: str) -> PullState:
    """Return how far our pulls of a table have come.

    Args:
        states: what is stored of the exchange of the table with a repository: direction -> text.
        own: name of our journal.
    """
    return PullState(**_current(states.get(PULL), own))


def pushed(states: Mapping[str, str | None], own: str) -> PushState:
    """Return how far our pushes of a table have come.

    Args:
        states, own: as in ``pulled``.
    """
    return PushState(**_current(states.get(PUSH), own))


def delivered(states: Mapping[str, str | None], own: str) -> int:
    """Return the position up to which a repository has got our changes of a table.

    What it was handed counts once it has come back for more: until then the answer may have been lost.

    Args:
        states, own: as in ``pulled``.
    """
    return max(Checkpoint.from_json(states.get(SERVE)).acknowledged, pushed(states, own).position)


class ExchangeStates:
    """The states of our own pulls and pushes with one repository.

    A state that was stored under another name of our journal is older than a backup that was restored since: it
    counts for nothing, and both sites compare again.

    Args:
        checkpoints: where they are stored.
        repository_id: the repository.
        own: name of our journal.
    """

    def __init__(self, checkpoints: Checkpoints, repository_id: int, own: str) -> None:
        self._checkpoints = checkpoints
        self._repository_id = repository_id
        self._own = own

    def pulled(self, table: str) -> PullState:
        """Return how far our pulls of a table have come."""
        return pulled(self._states(table, PULL), self._own)

    def pushed(self, table: str) -> PushState:
        """Return how far our pushes of a table have come."""
        return pushed(self._states(table, PUSH), self._own)

    def save_pulled(self, table: str, state: PullState) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(
            self._repository_id, table, PULL, json.dumps({**asdict(state), "own": self._own})
        )

    def save_pushed(self, table: str, state: PushState) -> None:
        """Store it within the current transaction."""
        self._checkpoints.write(
            self._repository_id, table, PUSH, json.dumps({**asdict(state), "own": self._own})
        )

    def delivered(self, table: str) -> int:
        """Return the position up to which the repository has got our changes of a table."""
        return delivered(self._states(table, SERVE, PUSH), self._own)

    def exchanged(self, table: str) -> int:
        """Return the position up to which the repository knows our changes of a table.

        What it took from us counts, whoever began: pages it pulled and came back for, pages we pushed. Where
        changes only ever travel toward us, the last time we heard of each other is all there is.
        """
        arrived = self.delivered(table)
        if arrived:
            return arrived
        received = self._checkpoints.load(self._repository_id, table, RECEIVE).acknowledged
        return max(received, self.pulled(table).head)

    def _states(self, table: str, *directions: str) -> dict[str, str | None]:
        return {each: self._checkpoints.read(self._repository_id, table, each) for each in directions}


def reset(site: Site, repository_id: int, table: str) -> None:
    """Reset a task, within the current transaction: its next run compares everything again."""
    site.checkpoints.forget(repository_id, table, PULL)
    site.checkpoints.forget(repository_id, table, PUSH)
    query = (site.db.sync_task.repository_id == repository_id) & (site.db.sync_task.resource_name == table)
    site.db(query).update(last_pull=None, last_push=None)
