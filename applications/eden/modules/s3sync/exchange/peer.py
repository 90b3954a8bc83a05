"""The port to another site: what the engine asks of it, and how it answers.

Adapters (``adapters``) implement ``Peer``, over HTTP or whatever their type speaks; the engine knows nothing else
of them.
"""

from __future__ import annotations

import contextlib
import enum
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Protocol

from ..core.policy import Method, Policy
from ..wire.filters import Filter
from ..wire.protocol.dry_run import DryRunResult
from ..wire.protocol.offer import Offer


class Capability(enum.Enum):
    """What a type of peer can do. The engine asks for nothing else, and the screens offer nothing else."""

    #: Records can be fetched from it.
    PULL = "pull"
    #: Records can be sent to it.
    PUSH = "push"
    #: Files of upload fields travel with their records.
    FILES = "files"
    #: What is pulled obeys the filters of the task.
    FILTERS = "filters"
    #: A pull can be tried without anything counting as taken, so a run can be previewed.
    PREVIEW = "preview"
    #: This site introduces itself to it.
    REGISTER = "register"
    #: It may say what can be pulled from it.
    OFFER = "offer"
    #: It answers a connection test.
    TEST = "test"
    #: The other site may begin the exchange: then nothing has to be entered here.
    PASSIVE = "passive"


@dataclass(frozen=True)
class Exchange:
    """What one task exchanges, the same in both directions.

    Attributes:
        resource: table name.
        components: whether components travel with their masters.
        filters: conditions on the records, joined by AND.
        strategy: methods that are allowed at the receiving end.
        update_policy, conflict_policy: as configured here (THIS is this site).
    """

    resource: str
    components: bool = True
    filters: tuple[Filter, ...] = ()
    strategy: tuple[Method, ...] = tuple(Method)
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER


@dataclass(frozen=True)
class Registration:
    """How the peer answered an introduction.

    Attributes:
        uuid: how the peer identifies itself.
        message: its words.
        version: of its synchronisation, None for an Eden.
        capabilities: what it announces; empty for an Eden.
        skew: seconds by which its clock is ahead of ours, None where unknown.
    """

    uuid: str | None
    message: str
    version: str | None = None
    capabilities: frozenset[str] = frozenset()
    skew: float | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the peer speaks the extended protocol."""
        return "cursor" in self.capabilities


@dataclass
class PullResult:
    """A page or a whole document from the peer, spooled.

    Attributes:
        path: the document; ``discard`` removes it.
        is_ours: whether it is a page of the extended protocol; if not, it is a document complete in itself.
        cursor: where to go on, None where the peer does not remember places.
        more: whether the peer has another page or document.
        journal: identity of the peer's journal, None for an Eden.
        restored: whether the peer does not know our cursor: one of us was restored from a backup.
        received: bytes on the line.
        size: bytes of the document.
        total: main records that were waiting at the peer, these included; None where it does not say.
    """

    path: Path
    is_ours: bool = False
    cursor: str | None = None
    more: bool = False
    journal: str | None = None
    restored: bool = False
    received: int = 0
    size: int = 0
    total: int | None = None

    def discard(self) -> None:
        """Remove the spooled document."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


@dataclass(frozen=True)
class Refusal:
    """A record that the peer did not take.

    Attributes:
        table, uuid: the record, as far as the peer named it.
        reason: the peer's words.
    """

    table: str
    uuid: str | None
    reason: str


@dataclass
class PushResult:
    """What the peer did with a page.

    Attributes:
        records: how many main records it took.
        outcomes: how many records met which fate, by action; for an Eden computed from its lists of ids.
        refusals: records that it rejected, with its reasons.
        message: its words, "" where it said nothing.
        is_ours: whether the peer speaks the extended protocol.
        journal, checkpoint, restored: see docs/PROTOCOL.md; None and False for an Eden.
        files: stored names of files that it wants to have.
        note: what deserves a line in the log (a fallback was taken), "" for nothing.
        learned: capabilities of the peer that showed, to be remembered with those it announced.
        left_out: uuids that were deliberately not sent, because the peer's version is newer.
        sent: bytes on the line.
    """

    records: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    message: str = ""
    is_ours: bool = False
    journal: str | None = None
    checkpoint: str | None = None
    restored: bool = False
    files: list[str] = field(default_factory=list)
    note: str = ""
    learned: frozenset[str] = frozenset()
    left_out: list[str] = field(default_factory=list)
    sent: int = 0


class Peer(Protocol):
    """Another site. Every method raises ``SyncError``; ``transient`` tells whether to try again.

    Attributes:
        capabilities: what this type of peer can do.
    """

    capabilities: ClassVar[frozenset[Capability]]

    @property
    def skew(self) -> float | None:
        """Seconds by which the peer's clock is ahead of ours, None where it did not tell the time."""
        ...

    def register(self) -> Registration:
        """Introduce this site to the peer.

        Raises:
            SyncError: the peer cannot be reached, refuses, or is no such site.
        """
        ...

    def offer(self) -> Offer | None:
        """Ask the peer what it is and what can be pulled from it; nothing changes there.

        Returns:
            the offer; None from a peer that makes none, as an Eden.

        Raises:
            SyncError: the peer cannot be reached, or does not let us in.
        """
        ...

    def pull(
        self,
        exchange: Exchange,
        *,
        cursor: str,
        limit: int,
        msince: datetime | None = None,
        checkpoint: str = "",
        total: bool = False,
        look: bool = False,
    ) -> PullResult:
        """Ask the peer for what changed.

        Args:
            exchange: what to ask for.
            cursor: where the last page ended, "" for the beginning.
            limit: most master records of a page, for a peer that pages.
            msince: for a peer that knows only times (UTC), None for everything.
            checkpoint: the peer's answer to our last push, "" before the first.
            total: whether to ask how many main records wait; counting them costs the peer a little.
            look: only look: a peer that knows ``LOOK`` writes nothing and takes nothing as delivered.

        Raises:
            SyncError: nothing usable came; no file is left behind.
        """
        ...

    def push(self, exchange: Exchange, document: Path, *, journal: str, checkpoint: str) -> PushResult:
        """Send a document to the peer.

        Args:
            exchange: what the document holds and how the peer shall treat it.
            document: S3XML.
            journal: identity of this site's journal.
            checkpoint: what the peer answered to the last push, "" at first.

        Raises:
            SyncError: nothing, or not everything, was taken for certain; the same document may be sent again.
        """
        ...

    def forecast(
        self, exchange: Exchange, document: Path, *, journal: str, checkpoint: str
    ) -> DryRunResult | None:
        """Ask the peer what it would do with a document, which it does not take.

        Only for a peer that announces ``LOOK``: any other one would take the document.

        Args:
            exchange, document, journal, checkpoint: as in ``push``.

        Returns:
            what it says; None from a type of peer that cannot be asked.

        Raises:
            SyncError: it cannot be reached, or refuses.
        """
        ...

    def send_file(self, stored: str, path: Path) -> int:
        """Send the file of an upload field that the peer wants; return its bytes on the line.

        Raises:
            SyncError: the peer did not take it, or takes none.
        """
        ...

    def fetch(self, url: str, target: Path) -> None:
        """Fetch a file named in a document; whole or not at all.

        Args:
            url: where the document says that it is; relative to the address of the peer.
            target: where it is stored.

        Raises:
            SyncError: it cannot be had; ``transient`` tells whether later may help.
        """
        ...
