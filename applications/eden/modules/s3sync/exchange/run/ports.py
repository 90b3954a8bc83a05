"""What a run asks of the site that begins it: positions, pages, progress, log."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import (
    Callable,
    Protocol,
)

from ..peer import Exchange, Peer, PullResult, PushResult


class Stage(str, enum.Enum):
    """What a run is doing; the words are those of the log, the screens and the documentation."""

    STARTING = "starting"
    PULLING = "pulling"
    IMPORTING = "importing"
    EXPORTING = "exporting"
    PUSHING = "pushing"
    FILES = "files"
    WAITING = "waiting"
    FINISHED = "finished"


@dataclass(frozen=True)
class Task:
    """A resource that is exchanged with the repository.

    Attributes:
        id: key of the task.
        exchange: what is exchanged, and how.
        pulls, pushes: the directions of its mode.
    """

    id: int
    exchange: Exchange
    pulls: bool = True
    pushes: bool = True

    @property
    def resource(self) -> str:
        """The table name."""
        return self.exchange.resource


@dataclass(frozen=True)
class Position:
    """How far a task has come with its peer.

    Attributes:
        cursor: the peer's cursor after the last page taken, "" before the first.
        msince: for a peer that only knows times, from when to ask (UTC), None for everything.
        pushed: position in our journal up to which the peer has everything.
        checkpoint: what the peer answered to the last push, "" before the first.
        files: stored names of files that the peer wants and has not got.
    """

    cursor: str = ""
    msince: datetime | None = None
    pushed: int = 0
    checkpoint: str = ""
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class PushPage:
    """A page of our changes, written to a file.

    Attributes:
        count: main records in it.
        position: in our journal, behind the last record looked at.
        more: whether there is another page.
        total: main records that are still to go including these, where known.
    """

    count: int
    position: int
    more: bool
    total: int | None = None


@dataclass
class ImportSummary:
    """What became of the records of one page or document that was pulled.

    Attributes:
        counts: outcomes by action.
        problems: one line each for rejected records, conflicts and warnings, bounded.
    """

    counts: "Counter[str]" = field(default_factory=Counter)
    problems: list[str] = field(default_factory=list)


class Local(Protocol):
    """This site, as a run needs it. Every method that writes does so in one transaction of its own."""

    def position(self, task: Task) -> Position:
        """Return how far the task has come."""
        ...

    def journal_identity(self) -> str:
        """Return the name of our journal."""
        ...

    def capabilities(self) -> frozenset[str]:
        """Return what is known about the peer's abilities."""
        ...

    def learn(self, capabilities: frozenset[str]) -> None:
        """Remember further abilities of the peer."""
        ...

    def take_page(self, task: Task, page: PullResult) -> ImportSummary:
        """Import a page of one of ours and step on to its cursor, together or not at all."""
        ...

    def take_document(
        self, task: Task, document: PullResult, started: datetime, on_batch: Callable[[int], None]
    ) -> ImportSummary:
        """Import a complete document in batches, then remember where it ends or when it was asked for.

        Args:
            started: when it was asked for, by the peer's clock.
            on_batch: is told how many main records are done.
        """
        ...

    def write_page(self, task: Task, after: int, limit: int, target: Path, *, for_eden: bool) -> PushPage:
        """Write our changes after a position of our journal, without the peer's own.

        Args:
            for_eden: include what an Eden needs beside the records (referenced records, instances).
        """
        ...

    def delivered(self, task: Task, page: PushPage, result: PushResult | None, files: Sequence[str]) -> None:
        """Remember that the peer has a page (no result: nothing was to send) and which files it lacks."""
        ...

    def start_over(self, task: Task) -> None:
        """Let the next push of the task begin at the start: the peer has lost what it had from us."""
        ...

    def file_path(self, stored: str) -> Path:
        """Return where one of our files is.

        Raises:
            SyncError: there is no such file.
        """
        ...

    def fetch_files(self, peer: Peer, on_file: Callable[[str], None]) -> list[str]:
        """Fetch the files that pulled records wait for; return a line for each that cannot be had."""
        ...

    def scratch(self) -> AbstractContextManager[Path]:
        """Return a temporary folder for this run, removed at the end."""
        ...


class Progress(Protocol):
    """Where a run tells how far it is, and learns that it shall stop."""

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        """Begin a stage."""
        ...

    def advance(
        self,
        done: int = 0,
        *,
        counts: dict[str, int] | None = None,
        sent: int = 0,
        bytes_in: int = 0,
        bytes_out: int = 0,
    ) -> None:
        """Something was settled: records done in this stage, outcomes here, records and bytes on the line."""
        ...

    def check(self) -> None:
        """Go on?

        Raises:
            Cancelled: a person asked to stop.
            AlreadyRunning: another worker has taken over.
        """
        ...


class Log(Protocol):
    """Where people read what happened (see ``log``)."""

    def task(
        self,
        resource: str | None,
        mode: str,
        action: str,
        result: str,
        message: str,
        *,
        remote: bool = False,
        remedy: str = "",
        code: str | None = None,
    ) -> None:
        """Write an entry about a task of this repository."""
        ...
