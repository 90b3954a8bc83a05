"""The ports of a run at the site that begins it: positions, pages, progress, log."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import (
    Callable,
    Protocol,
)

from ...core.cursor import Comparison
from ...core.messages import Text
from ...core.task import Activity, LogAction, Result
from ..peer import Asking, Exchange, Link, News, Peer, PullResult, PushResult


class Stage(str, enum.Enum):
    """What a run is doing, with the terms of the log, the screens and the documentation."""

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
        cursor: the peer's cursor after the last page imported, "" before the first.
        msince: for a peer without cursors, time from which on to ask (UTC), None for everything.
        pushed: position in our journal up to which the peer has everything.
        checkpoint: the peer's checkpoint from the last push, "" before the first.
        files: stored names of files that the peer needs and does not have yet.
        pull_number, push_number: numbers of the last requests.
        again: why everything is sent again, None if it is not.
        first: whether nothing of it was ever fetched.
    """

    cursor: str = ""
    msince: datetime | None = None
    pushed: int = 0
    checkpoint: str = ""
    files: tuple[str, ...] = ()
    pull_number: int = 0
    push_number: int = 0
    again: Comparison | None = None
    first: bool = False


@dataclass(frozen=True)
class PushPage:
    """A page of our changes, written to a file.

    Attributes:
        count: number of its main records.
        position: position in our journal after the last record examined.
        more: whether there is another page.
        total: number of main records still to send, these included; None if unknown.
        deletes: whether it holds deletions.
        uuid: where it has one main record, for a peer without pages: its identifier.
    """

    count: int
    position: int
    more: bool
    total: int | None = None
    deletes: bool = False
    uuid: str | None = None


@dataclass
class ImportSummary:
    """What became of the records of a page or document that was pulled.

    Attributes:
        counts: action -> number of records.
        problems: one line each for rejected records, conflicts and warnings, up to a limit.
        decided: one line each for conflicts here on which a person decided at another site.
    """

    counts: "Counter[str]" = field(default_factory=Counter)
    problems: list[Text] = field(default_factory=list)
    decided: list[Text] = field(default_factory=list)


class Local(Protocol):
    """This site, as a run needs it. Every method that writes does so in its own transaction."""

    def position(self, task: Task) -> Position:
        """Return how far the task has come."""
        ...

    def journal_identity(self) -> str:
        """Return the name of our journal."""
        ...

    def capabilities(self) -> frozenset[str]:
        """Return the known capabilities of the peer."""
        ...

    def learn(self, capabilities: frozenset[str]) -> None:
        """Store further capabilities of the peer."""
        ...

    def take_page(self, task: Task, page: PullResult, number: int) -> ImportSummary:
        """Import a page of the extended protocol and store its cursor, in one transaction.

        Args:
            number: number of the request.

        Raises:
            AlreadyRunning: another worker has taken over; nothing was written.
        """
        ...

    def ask(self, peer: Peer, asked: Sequence[tuple[Task, Asking]]) -> News | None:
        """Ask the peer what is new of several tasks, and remember the question.

        Returns:
            what is new; None from a peer that does not tell.

        Raises:
            AnotherPrescription: the peer prescribes something else.
            SyncError: as by ``Peer.news``.
        """
        ...

    def follows(self) -> bool:
        """Return whether the peer may prescribe what is exchanged: then it is asked whatever there is to ask."""
        ...

    def nothing_new(self, tasks: Sequence[Task]) -> Mapping[str, ImportSummary]:
        """Store that the peer has nothing new of these tasks, as if each had brought an empty page.

        Returns:
            table -> what became of records that were put off before.

        Raises:
            AlreadyRunning: another worker has taken over; nothing was written.
        """
        ...

    def take_document(
        self, task: Task, document: PullResult, started: datetime, on_batch: Callable[[int], None]
    ) -> ImportSummary:
        """Import a complete document in batches, then store where it ends or when it was requested.

        Args:
            started: when it was requested, by the peer's clock.
            on_batch: is called with the number of main records done.
        """
        ...

    def waiting_deletions(self) -> int:
        """Return how many of the peer's deletions wait here until others refer to the records no more."""
        ...

    def refuse_deletions(self) -> Mapping[str, ImportSummary]:
        """Refuse the peer's deletions that still wait, and give the records back; return the outcomes by resource."""
        ...

    def write_page(
        self, task: Task, after: int, limit: int, target: Path, *, paged: bool, until: int | None = None
    ) -> PushPage:
        """Write our changes after a position of our journal, without those that the peer brought.

        Args:
            until: position up to which to write, None for all.
            paged: the peer keeps cursors; without, the page holds what an Eden needs besides the records
                (referenced records, instances).
        """
        ...

    def sending(self, task: Task, number: int) -> None:
        """Store the number of a page before it is sent."""
        ...

    def delivered(self, task: Task, page: PushPage, result: PushResult | None, files: Sequence[str]) -> None:
        """Store that the peer has a page (without result: nothing had to be sent), and which files it needs."""
        ...

    def was_restored(self, task: Task) -> None:
        """Let the versions decide, not the policies, until the task has been exchanged: we were restored."""
        ...

    def start_over(self, task: Task) -> None:
        """Let the next push of the task begin at the start: the peer has lost what it had from us."""
        ...

    def file_path(self, stored: str, tasks: Sequence[Task]) -> Path:
        """Return the path of one of our files.

        Args:
            stored: its stored name, as the peer asks for it.
            tasks: what is exchanged with the peer.

        Raises:
            SyncError: there is no such file, or it belongs to no record that these tasks send.
        """
        ...

    def fetch_files(
        self, fetch: Callable[[str, Path], None], on_file: Callable[[str], None]
    ) -> Sequence[Text]:
        """Fetch the files that pulled records wait for; return a line for each that cannot be fetched.

        Args:
            fetch: fetches one, as ``Peer.fetch`` does.
            on_file: is called with the name of each.
        """
        ...

    def scratch(self) -> AbstractContextManager[Path]:
        """Return a temporary folder for this run, removed at the end."""
        ...


@dataclass(frozen=True)
class WritingPlace:
    """Where the next page of a task begins that the peer reads later.

    Attributes:
        after: position of our journal.
        start: the cursor there, "" for the beginning.
        until: position at which a page ended that has to be written once more, None for none.
        restart: whether the exchange begins anew here.
        restored: whether that is because one of the sites was restored from a backup.
        again: why everything is sent again, None if it is not.
        pending: whether pages before it are not read yet.
    """

    after: int
    start: str
    until: int | None = None
    restart: bool = False
    restored: bool = False
    again: Comparison | None = None
    pending: bool = False


class Outbox(Protocol):
    """What this site has written for a peer that reads it later."""

    def wanted(self) -> Sequence[str]:
        """Return the stored names of files that the peer waits for."""
        ...

    def place(self, task: Task) -> WritingPlace:
        """Return where the first page begins that is not there yet."""
        ...

    def hand_out(self, task: Task, place: WritingPlace, page: PushPage) -> tuple[Link, WritingPlace]:
        """Store that a page ends where it does, before it is written; return its link and the next place."""
        ...

    def nothing(self, task: Task, place: WritingPlace, page: PushPage) -> None:
        """Store that there is nothing to send up to the end of an empty page."""
        ...


class Progress(Protocol):
    """The progress of a run, and the request to stop it."""

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
        """Report progress: records done in this stage, outcomes here, records and bytes on the line."""
        ...

    def check(self) -> None:
        """Check whether the run may continue.

        Raises:
            Cancelled: a person asked to stop.
            AlreadyRunning: another worker has taken over.
        """
        ...


class Log(Protocol):
    """The log for people (see ``database.log``)."""

    def task(
        self,
        resource: str | None,
        mode: Activity,
        action: LogAction,
        result: Result,
        message: Text,
        *,
        details: Sequence[Text] = (),
        remote: bool = False,
        remedy: Text = "",
        code: str | None = None,
    ) -> None:
        """Write an entry about a task of this repository."""
        ...
