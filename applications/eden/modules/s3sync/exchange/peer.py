"""The port to another site: the requests of the engine, and their results.

Adapters (``adapters``) implement ``Peer``, over HTTP or what their type uses; the engine knows nothing else of them.
"""

from __future__ import annotations

import contextlib
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, NamedTuple, Protocol

from ..core.cursor import Comparison, RequestNumber
from ..core.messages import Text
from ..core.policy import Method, Policy
from ..wire.carried.state import Page, State
from ..wire.filters import Filter
from ..wire.protocol.dry_run import DryRunResult
from ..wire.protocol.names import PeerCapability
from ..wire.protocol.offer import Offer
from ..wire.protocol.standing import StandingAnswer, StandingReport
from .capabilities import Capability as Capability
from .receiving import Receiving


@dataclass(frozen=True)
class Exchange:
    """What one task exchanges, in both directions.

    Attributes:
        resource: table name.
        components: whether components travel with their masters.
        filters: conditions on the records, joined by AND.
        strategy: methods allowed at the receiving site.
        update_policy, conflict_policy: as configured here (THIS is this site).
    """

    resource: str
    components: bool = True
    filters: tuple[Filter, ...] = ()
    strategy: tuple[Method, ...] = tuple(Method)
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER


@dataclass(frozen=True)
class Asking:
    """What goes with a pull besides its ``Exchange``. An adapter uses what its peer understands.

    Attributes:
        cursor: where the last page ended, "" for the beginning.
        limit: maximum number of main records in a page, for a peer with pages.
        msince: time (UTC) from which on to ask, for a peer without cursors; None for everything.
        checkpoint: the peer's checkpoint from our last push, "" before the first.
        total: whether to ask for the number of waiting main records, which takes the peer a moment to count.
        look: whether this is a dry run: a peer with the capability LOOK stores nothing of the request.
        number: number of the request, for a peer with cursors; None for a dry run.
        ahead: where the page begins, if what lies between ``cursor`` and there is not stored here yet; "" if it begins
            at ``cursor``. Only for a peer that announces the capability AHEAD.
        receiving: is told how the page is received, None for nobody.
        first: whether nothing of the resource was ever fetched from the peer.
    """

    cursor: str
    limit: int
    msince: datetime | None = None
    checkpoint: str = ""
    total: bool = False
    look: bool = False
    number: RequestNumber | None = None
    ahead: str = ""
    receiving: Receiving | None = field(default=None, compare=False)
    first: bool = False


@dataclass(frozen=True)
class Link:
    """Where a page belongs among those that the other site reads later (see ``wire.carried.state.Page``).

    Attributes:
        start: the cursor at which it begins, "" for the beginning.
        cursor: the cursor at which it ends.
        count: number of its main records.
        restart: whether the exchange begins anew with it.
        restored: whether that is because one of the sites was restored from a backup.
        files: stored names of the files that its records have.
    """

    start: str
    cursor: str
    count: int = 0
    restart: bool = False
    restored: bool = False
    files: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sending:
    """What goes with a push besides its ``Exchange`` and the document. An adapter uses what its peer understands.

    Attributes:
        journal: identity of this site's journal.
        checkpoint: the peer's checkpoint from the last push, "" at first.
        final: whether nothing more comes: deletions that still wait at the peer are refused now. Only for a peer that
            said that some wait.
        number: number of the request, for a peer with cursors; None for a dry run.
        again: why everything is sent again, None if it is not.
        link: where a page belongs that is read later; None for a peer that answers at once.
    """

    journal: str
    checkpoint: str
    final: bool = False
    number: RequestNumber | None = None
    again: Comparison | None = None
    link: Link | None = None


@dataclass(frozen=True)
class Registration:
    """The peer's answer to a registration.

    Attributes:
        uuid: the peer's identifier.
        message: its message.
        version: version of its synchronisation, None for an Eden.
        capabilities: the capabilities that it announces; empty for an Eden.
        skew: seconds by which its clock is ahead of ours, None if unknown.
    """

    uuid: str | None
    message: str
    version: str | None = None
    capabilities: frozenset[str] = frozenset()
    skew: float | None = None

    @property
    def is_ours(self) -> bool:
        """Whether the peer has the extended protocol."""
        return PeerCapability.CURSOR in self.capabilities


class Remark(NamedTuple):
    """What people are told of something that was fetched.

    Attributes:
        text: what.
        warns: whether somebody should look at it.
        remedy: what to do, "" for nothing.
    """

    text: Text
    warns: bool = False
    remedy: Text = ""


@dataclass
class PullResult:
    """A page or a whole document from the peer, spooled.

    Attributes:
        path: the document; ``discard`` removes it.
        is_ours: whether it is a page of the extended protocol; if not, it is a document complete in itself.
        cursor, more: where to continue, None if the peer has no cursors; whether it has another page or document.
        journal: identity of the peer's journal, None for an Eden.
        restored: whether the peer does not know our cursor: one of us was restored from a backup.
        received, size: bytes on the line, and of the document.
        total: number of main records that were waiting at the peer, these included; None if it does not say.
        waiting: number of our deletions that wait at the peer until others refer to the records no more.
        again: why the peer sends everything again, None if it does not.
        passed_over: one line each for what the peer has and is no record here; it counts as skipped.
        since: for a document that was made before it was asked for: from when on the next one has to be asked for
            (UTC), by a peer without cursors; None for the time of the request.
        remarks: what people are to be told of it.
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
    waiting: int = 0
    again: Comparison | None = None
    passed_over: Sequence[Text] = ()
    since: datetime | None = None
    remarks: Sequence[Remark] = ()

    def discard(self) -> None:
        """Remove the spooled document."""
        with contextlib.suppress(FileNotFoundError):
            self.path.unlink()


@dataclass
class News:
    """What is new at the peer of the resources that were asked for. One that is not named has nothing.

    Attributes:
        memory: what to keep of the question, which the peer remembers.
        waits: resources that have something, to be pulled one by one.
        pages: resource -> its first page, which travelled with the answer.
        waiting: as in ``PullResult``.
    """

    memory: str = ""
    waits: frozenset[str] = frozenset()
    pages: dict[str, PullResult] = field(default_factory=dict)
    waiting: int = 0

    def discard(self) -> None:
        """Remove the spooled pages that nobody took."""
        for page in self.pages.values():
            page.discard()
        self.pages.clear()


@dataclass(frozen=True)
class Refusal:
    """A record that the peer rejected.

    Attributes:
        table, uuid, reason: the record, as far as the peer named it, and the peer's message.
    """

    table: str
    uuid: str | None
    reason: str


@dataclass
class PushResult:
    """What the peer did with a page.

    Attributes:
        records: number of main records that it accepted.
        outcomes: action -> number of records; for an Eden computed from its lists of ids.
        refusals: records that it rejected, with its reasons.
        barred: names of records that this site must not write there.
        message, is_ours: its message, "" for none; whether it has the extended protocol.
        journal, checkpoint, restored: see docs/PROTOCOL.md; None and False for an Eden.
        files: stored names of files that it needs.
        note: a remark for the log (such as a fallback), "" for none.
        learned: capabilities of the peer that were detected, to be stored with those it announced.
        left_out: uuids that were not sent, because the peer's version is newer.
        sent, waiting: bytes on the line; the latter as in ``PullResult``, after this push.
    """

    records: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)
    refusals: list[Refusal] = field(default_factory=list)
    barred: Sequence[str] = ()
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
    waiting: int = 0


class CarriedPeer(Protocol):
    """What a peer with the capability CARRIED has besides: the states that two sites leave for each other."""

    def theirs(self) -> State | None:
        """Return the state that the other site left here, None if there is none that is whole.

        Raises:
            SyncError: the place cannot be read.
        """
        ...

    def disregard(self) -> None:
        """Read nothing more of what the other site left: it is older than what was read before."""
        ...

    def still_there(self, table: str, start: str, known: Collection[str]) -> Sequence[Page]:
        """Return the pages of ours that need not be written again, see ``wire.carried.chain.still_of_use``."""
        ...

    def leave(self, state: State) -> None:
        """Leave a state, with the pages that are there, and remove what is of no use any more.

        Args:
            state: ours; its pages and files are filled in.

        Raises:
            SyncError: it cannot be written; what was left before is unchanged.
        """
        ...


class Peer(Protocol):
    """Another site. Every method may raise ``SyncError``; ``transient`` tells whether a retry can help.

    Attributes:
        capabilities: what this type of peer can do.
    """

    capabilities: ClassVar[frozenset[Capability]]

    @property
    def skew(self) -> float | None:
        """Seconds by which the peer's clock is ahead of ours, None if it did not tell the time."""
        ...

    def register(self) -> Registration:
        """Register this site with the peer.

        Raises:
            SyncError: the peer cannot be reached, refuses, or is no such site.
        """
        ...

    def offer(self) -> Offer | None:
        """Ask the peer what it is and what can be pulled from it; this changes nothing there.

        Returns:
            the offer; None from a peer that has none, such as an Eden.

        Raises:
            SyncError: the peer cannot be reached, or denies access.
        """
        ...

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """Ask the peer for what changed.

        Args:
            exchange: what to ask for.
            asking: from where on, how much, and what else the peer is told with it.

        Raises:
            SyncError: there is no usable answer; no file is left behind.
            LateRequest: the peer has taken a request with this number, or a higher one.
        """
        ...

    def news(self, asked: Sequence[tuple[Exchange, Asking]], known: str) -> News | None:
        """Ask the peer what is new of several resources, in one request.

        Only for a peer that announces the capability TOGETHER.

        Args:
            asked: the pulls to which this is the question.
            known: memory of the question that the peer remembers, "" for none.

        Returns:
            what is new, with pages on the disk; None from one that does not tell.

        Raises:
            SyncError: it cannot be reached, or refuses; no file is left behind.
        """
        ...

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        """Send a document to the peer.

        Args:
            exchange: what the document contains, and how the peer must import it.
            document: S3XML.
            sending: what the peer is told with it.

        Raises:
            SyncError: it is not certain that everything was imported; the same document may be sent again.
            LateRequest: as in ``pull``.
        """
        ...

    def push_together(self, pushes: Sequence[tuple[Exchange, bytes, Sending]]) -> Sequence[PushResult | None]:
        """Send small documents of several resources in one request.

        Only to a peer that announces the capability TOGETHER.

        Args:
            pushes: for each resource what ``push`` is given.

        Returns:
            for each of them what the peer did; None where it was not taken so, and has to be pushed by itself.

        Raises:
            SyncError: as by ``push``.
        """
        ...

    def dry_run(self, exchange: Exchange, document: Path, sending: Sending) -> DryRunResult | None:
        """Ask the peer for a dry run of a push.

        Only for a peer that announces the capability LOOK: any other one would import the document.

        Args:
            exchange, document, sending: as in ``push``.

        Returns:
            the expected outcomes; None from a type of peer without dry runs.

        Raises:
            SyncError: it cannot be reached, or refuses.
        """
        ...

    def standing(self, report: StandingReport) -> StandingAnswer | None:
        """Tell the peer how a run ended, and what was not taken here.

        Args:
            report: what is told.

        Returns:
            what the peer has not taken, and what changed there since; None from one that does not tell.

        Raises:
            SyncError: it cannot be reached, or refuses.
        """
        ...

    def send_file(self, stored: str, path: Path) -> int:
        """Send the file of an upload field that the peer needs; return its bytes on the line.

        Raises:
            SyncError: the peer did not accept it, or accepts none.
        """
        ...

    def fetch(self, url: str, target: Path) -> None:
        """Fetch a file named in a document, completely or not at all.

        Args:
            url: the file's URL in the document; relative to the peer's address.
            target: where to store it.

        Raises:
            SyncError: it cannot be fetched; ``transient`` tells whether a retry can help.
        """
        ...
