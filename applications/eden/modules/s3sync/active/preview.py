"""The preview: what a synchronisation would do now at both sites, without writing anything at either.

It has the steps of a run: pull from where the last one ended, plan the import, export what would be pushed, ask the
other site to plan that. But nothing is acknowledged, journaled, logged or kept, no position moves, and only the
beginning of each exchange is examined.
"""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Callable

from ..adapters.base import Adapter
from ..core.errors import NotRegistered, SyncError
from ..exchange.exporter import ExportRequest
from ..exchange.importer.dry_run import EXAMPLES
from ..exchange.peer import Asking, Sending
from ..exchange.run.ports import Position, Task
from ..site import Repository
from ..transport.limits import InteractiveLimits
from ..wire.protocol.dry_run import DryRunRecord, DryRunResult
from ..wire.protocol.names import PeerCapability
from ..wire.s3xml import encode_record
from .local_site import LocalSite

#: Maximum number of main records of a resource to examine in each direction.
MOST = 500
#: Seconds after which no further resource is begun: a web process has other requests, too.
WITHIN = 20.0
LINE = InteractiveLimits(connect_timeout=5.0, read_timeout=10.0, answer_time=15.0)
#: The expected outcome at a site without dry runs.
SENT, SENT_DELETED = "sent", "sent_deleted"


@dataclass(frozen=True)
class Direction:
    """What one direction of a resource would do.

    Attributes:
        dry_run: the expected outcomes, None if unknown.
        total: number of waiting main records, None if unknown.
        more: whether more records wait than were examined.
        restored: whether one of the sites was restored from a backup, so that everything is compared again.
        outcome_of_dry_run: whether the receiving site was asked; otherwise the forecast only counts what would be sent.
        error: why there is no forecast.
    """

    dry_run: DryRunResult | None = None
    total: int | None = None
    more: bool = False
    restored: bool = False
    outcome_of_dry_run: bool = True
    error: SyncError | None = None

    @property
    def waiting(self) -> tuple[int, bool]:
        """The number of records that wait, and whether these are all: there may be more than were examined."""
        looked = self.dry_run.looked if self.dry_run is not None else 0
        if self.error is not None or self.dry_run is None:
            return 0, False
        if not self.more:
            return looked, True
        return (looked, False) if self.total is None else (max(self.total, looked), True)


@dataclass
class ResourcePreview:
    """The preview of one resource.

    Attributes:
        task: the task.
        incoming, outgoing: None if the task has no such direction, or the time was over.
        in_time: whether it was examined at all.
    """

    task: Task
    incoming: Direction | None = None
    outgoing: Direction | None = None
    in_time: bool = True


@dataclass
class Sum:
    """What several resources would do together, in one direction.

    Attributes:
        records: number of records that wait.
        is_all: whether these are all; there are more where a resource was not examined, or not to its end.
        looked: number of records that were examined.
        outcomes: the expected outcomes of those.
    """

    records: int = 0
    is_all: bool = True
    looked: int = 0
    outcomes: "Counter[str]" = field(default_factory=Counter)

    def add(self, direction: Direction | None) -> None:
        """Add a resource; None for one that was not examined."""
        records, is_all = (0, False) if direction is None else direction.waiting
        self.records += records
        self.is_all = self.is_all and is_all
        if direction is not None and direction.dry_run is not None:
            self.looked += direction.dry_run.looked
            self.outcomes.update(direction.dry_run.outcomes)


@dataclass
class Preview:
    """What a synchronisation would do.

    Attributes:
        resources: the previews of the resources.
        error: why the other site could not be asked at all.
        is_ours: whether it is one of ours; an Eden tells less.
    """

    resources: list[ResourcePreview] = field(default_factory=list)
    error: SyncError | None = None
    is_ours: bool = False

    def sums(self) -> tuple[Sum | None, Sum | None]:
        """Return what all resources would do together: incoming and outgoing, None where no resource goes that way."""
        found: list[Sum | None] = [None, None]
        for each in self.resources:
            ways = ((each.task.pulls, each.incoming), (each.task.pushes, each.outgoing))
            for number, (is_exchanged, direction) in enumerate(ways):
                if is_exchanged:
                    total = found[number] = found[number] or Sum()
                    total.add(direction)
        return found[0], found[1]


def preview(
    repository: Repository,
    tasks: list[Task],
    *,
    most: int = MOST,
    within: float = WITHIN,
    clock: Callable[[], float] = time.monotonic,
) -> Preview:
    """Preview a synchronisation. This writes nothing, here or there.

    Args:
        repository: the repository.
        tasks: the tasks to preview.
        most: maximum number of main records of a resource in each direction.
        within: seconds after which no further resource is begun.
        clock: returns seconds; replaceable for tests.
    """
    found = Preview()
    until = clock() + within
    try:
        with repository.peer(LINE) as peer:
            looking = _DryRuns(repository, peer, most)
            found.is_ours = looking.meet()
            for task in tasks:
                part = ResourcePreview(task)
                found.resources.append(part)
                if clock() > until:
                    part.in_time = False
                    continue
                looking.look(part)
    except SyncError as error:
        found.error = error
    finally:
        # Ends the read transaction; there is nothing to commit.
        repository.site.db.rollback()
    return found


class _DryRuns:
    """The preview of one repository."""

    def __init__(self, repository: Repository, peer: Adapter, most: int) -> None:
        self._site = repository.site
        self._repository = repository
        self._peer = peer
        self._most = most
        self._is_ours = False
        self._local = LocalSite(repository)

    def meet(self) -> bool:
        """Check that the peer supports a preview; return whether it is one of ours.

        Raises:
            SyncError: it cannot be reached, does not know this site, or has no dry runs.
        """
        offer = self._peer.offer()
        if offer is None and PeerCapability.CURSOR not in self._peer.remote.capabilities:
            self._peer.greet()
            return False
        if offer is None or PeerCapability.LOOK not in offer.capabilities:
            raise SyncError(
                "The other site runs an earlier version of Eden Sync, which cannot say beforehand what it would do.",
                hint="Update the other site.",
                remote=True,
            )
        if not offer.known:
            raise NotRegistered("The other site does not know this one yet.", remote=True)
        self._is_ours = True
        self._peer.remote = replace(
            self._peer.remote, capabilities=self._peer.remote.capabilities | offer.capabilities
        )
        return True

    def look(self, part: ResourcePreview) -> None:
        """Preview a resource in the directions of its task."""
        position = self._local.position(part.task)
        with self._local.scratch() as folder:
            if part.task.pulls:
                part.incoming = self._guarded(lambda: self._incoming(part.task, position))
            if part.task.pushes:
                part.outgoing = self._guarded(
                    lambda: self._outgoing(part.task, position, folder / "look.xml")
                )

    @staticmethod
    def _guarded(look: Callable[[], Direction]) -> Direction:
        try:
            return look()
        except SyncError as error:
            return Direction(error=error)

    # --- incoming ------------------------------------------------------------------------------------

    def _incoming(self, task: Task, position: Position) -> Direction:
        asking = Asking(
            position.cursor,
            self._most,
            msince=None if self._is_ours else position.msince,
            checkpoint=position.checkpoint,
            total=True,
            look=True,
        )
        page = self._peer.pull(task.exchange, asking)
        try:
            with page.path.open("rb") as source, self._site.document(source, task.resource) as document:
                dry_run = self._site.dry_run.of_document(
                    document,
                    self._repository.terms(task.exchange),
                    self._local.context(task.resource, from_ours=page.is_ours),
                    self._most,
                )
                results = document.header.results
        finally:
            page.discard()
        total = page.total if page.is_ours else results
        more = page.more or (not page.is_ours and (total or 0) > dry_run.looked)
        return Direction(dry_run, total, more, page.restored)

    # --- outgoing ------------------------------------------------------------------------------------

    def _outgoing(self, task: Task, position: Position, target: Path) -> Direction:
        request = ExportRequest(
            task.resource,
            after=position.pushed,
            limit=self._most,
            skip_origin=self._repository.id,
            filters=self._site.by_table(task.exchange.filters, task.resource),
            components=task.exchange.components,
            paged=self._is_ours,
        )
        with target.open("wb") as out:
            page = self._site.exporter.export(out, request)
        total = self._site.total(request, page)
        if not page.count:
            return Direction(DryRunResult(), total, page.more)
        sending = Sending(self._local.journal_identity(), position.checkpoint)
        dry_run = self._peer.dry_run(task.exchange, target, sending)
        if dry_run is None:
            return Direction(self._counted(task, target), total, page.more, outcome_of_dry_run=False)
        return Direction(dry_run, total, page.more)

    def _counted(self, task: Task, target: Path) -> DryRunResult:
        """Return what would be sent to a site without dry runs."""
        counts: "Counter[str]" = Counter()
        examples: list[DryRunRecord] = []
        schema = self._site.schema
        with target.open("rb") as source, self._site.document(source, task.resource) as document:
            for batch in document.batches(self._most):
                for record in batch:
                    fate = SENT_DELETED if record.deleted else SENT
                    counts[fate] += 1
                    if counts[fate] <= EXAMPLES:
                        examples.append(
                            DryRunRecord(fate, record.uuid, incoming=encode_record(record, schema))
                        )
        return DryRunResult(sum(counts.values()), dict(counts), 0, tuple(examples))
