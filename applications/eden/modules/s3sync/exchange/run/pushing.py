"""Pushes tasks: page by page, or the small pages of several tasks in one request."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import ClassVar

from ...core.cursor import RequestNumber
from ...core.errors import DocumentTooLarge, LateRequest, PeerFailed
from ...core.limits import SHRINK
from ...core.messages import Sentence, Text
from ...core.task import Activity
from ...wire.protocol.names import PeerCapability
from ..peer import PushResult, Sending
from .context import RunContext
from .failing_records import FailingRecords
from .file_transfer import FileTransfer
from .numbering import Numbering
from .ports import Position, PushPage, Stage, Task


@dataclass
class Push:
    """What has become of the push of one task so far.

    Attributes:
        task: the task.
        files: stored names of files that the peer needs.
        counts: action -> number of records.
        problems: a line each.
        done: number of main records that were sent.
    """

    task: Task
    files: list[str]
    counts: "Counter[str]" = field(default_factory=Counter)
    problems: list[Text] = field(default_factory=list)
    done: int = 0


@dataclass(frozen=True)
class SmallPage:
    """The only page of a task, to be sent with those of others.

    Attributes:
        push: of the task.
        page: what it holds.
        document: its text.
        sending: what the peer is told with it.
    """

    push: Push
    page: PushPage
    document: bytes
    sending: Sending


class Pushing:
    """Pushes tasks.

    Args:
        run: the run.
        files: sends what the peer needs.

    Attributes:
        small: maximum bytes of a page that is sent with others.
        most: maximum number of pages in one request.
    """

    small: ClassVar[int] = 64 * 1024
    most: ClassVar[int] = 16

    def __init__(self, run: RunContext, files: FileTransfer) -> None:
        self._run = run
        self._files = files
        self._prepared: list[SmallPage] = []
        self._has_deleted = False

    def begin(self) -> None:
        """Begin to push the tasks of a run."""
        self._has_deleted = False

    @property
    def has_deletions(self) -> bool:
        """Whether deletions were sent, or wait to be: what the peer said before may have gone with them."""
        return self._has_deleted or any(each.page.deletes for each in self._prepared)

    def push(self, task: Task, *, final: bool = False, alone: bool = False) -> None:
        """Push everything that is new of a task; a small page waits for ``prepared``.

        Args:
            task: the task.
            final: whether the peer is told that nothing more comes.
            alone: whether a small page does not wait.

        Raises:
            SyncError: the peer cannot be reached, or refuses; pages before stay.
            Cancelled, AlreadyRunning: the run must not continue.
        """
        with self._run.local.scratch() as folder:
            self._push(task, folder / "push.xml", final=final, alone=alone or final)

    def _push(self, task: Task, target: Path, *, final: bool, alone: bool) -> None:
        run = self._run
        failing = FailingRecords(task.resource, run.page_size)
        numbering = Numbering(run.local, run.progress, task)
        restored = False
        push: Push | None = None
        while True:
            run.progress.check()
            position = run.local.position(task)
            push = push or Push(task, list(position.files))
            run.progress.stage(Stage.EXPORTING, task.resource)
            paged = PeerCapability.CURSOR in run.local.capabilities()
            after = max(position.pushed, failing.after)
            page = run.local.write_page(task, after, failing.limit, target, paged=paged)
            if not page.count and (page.more or not final):
                self._has_nothing(push, page, failing)
                if page.more:
                    continue
                break
            number = numbering.next(position.push_number)
            if not alone and not push.done and not page.more and self._is_small(target):
                sending = self._sending(position, False, number)
                self._prepared.append(SmallPage(push, page, target.read_bytes(), sending))
                return
            run.progress.stage(Stage.PUSHING, task.resource, page.total)
            run.local.sending(task, number.value)
            sending = self._sending(position, final and not page.more, number)
            try:
                result = run.repeat(partial(run.peer.push, task.exchange, target, sending))
            except LateRequest as refusal:
                numbering.go_above(refusal, number)
                continue
            except DocumentTooLarge:
                if page.count == 1:
                    raise
                failing.limit = max(1, page.count // SHRINK)
                continue
            except PeerFailed as failure:
                if paged:
                    raise
                failing.failed(page, failure)
                continue
            failing.taken(result)
            self._delivered(push, page, result)
            if result.restored and not restored:
                restored = True
                push.problems.append(Sentence.PEER_RESTORED.say())
                run.local.start_over(task)
                continue
            if not page.more:
                break
        self._tell(push)

    def _has_nothing(self, push: Push, page: PushPage, failing: FailingRecords) -> None:
        """Store that a page has no records, and what became of those before it."""
        if page.more and failing.passes_over(page):
            return
        refused = failing.rest(bool(push.done))
        if refused is not None:
            self._delivered(push, page, refused)
        else:
            push.files = self._files.send(push.files, push.problems)
            self._run.local.delivered(push.task, page, None, push.files)

    def _is_small(self, target: Path) -> bool:
        return PeerCapability.TOGETHER in self._run.local.capabilities() and (
            target.stat().st_size <= self.small
        )

    def _sending(self, position: Position, final: bool, number: RequestNumber) -> Sending:
        return Sending(
            self._run.local.journal_identity(),
            position.checkpoint,
            final=final,
            number=number,
            again=position.again,
        )

    # --- several at once ---------------------------------------------------------------------------------

    @property
    def least(self) -> int:
        """How many small pages are worth such a request: with a dictionary for requests one is."""
        return 1 if PeerCapability.DICTIONARY in self._run.local.capabilities() else 2

    @property
    def is_full(self) -> bool:
        """Whether as many small pages are waiting as go into one request."""
        return len(self._prepared) >= self.most

    def prepared(self) -> list[SmallPage]:
        """Return the small pages that wait to be sent, which do not any more."""
        found, self._prepared = self._prepared, []
        return found

    def send_together(self, pages: Sequence[SmallPage]) -> Sequence[PushResult | None]:
        """Send small pages in one request.

        Returns:
            what the peer did with each, None where it did not take the page; for ``note``.

        Raises:
            SyncError: the peer cannot be reached, or refuses.
            Cancelled, AlreadyRunning: the run must not continue.
        """
        run = self._run
        run.progress.check()
        run.progress.stage(Stage.PUSHING)
        for each in pages:
            assert each.sending.number is not None
            run.local.sending(each.push.task, each.sending.number.value)
        sent = [(each.push.task.exchange, each.document, each.sending) for each in pages]
        return run.repeat(partial(run.peer.push_together, sent))

    def note(self, page: SmallPage, result: PushResult) -> None:
        """Store and tell what the peer did with a small page.

        Raises:
            SyncError: files that the peer needs cannot be sent.
            Cancelled, AlreadyRunning: the run must not continue.
        """
        self._delivered(page.push, page.page, result)
        self._tell(page.push)

    # --- what was sent -----------------------------------------------------------------------------------

    def _delivered(self, push: Push, page: PushPage, result: PushResult) -> None:
        """Store what the peer did with a page."""
        run = self._run
        self._has_deleted = self._has_deleted or page.deletes
        push.files = self._files.send(list(dict.fromkeys([*push.files, *result.files])), push.problems)
        run.local.delivered(push.task, page, result, push.files)
        learned = result.learned | (frozenset((PeerCapability.CURSOR,)) if result.is_ours else frozenset())
        if learned - run.local.capabilities():
            run.local.learn(learned)
        run.waiting_there = result.waiting
        push.done += page.count
        push.counts.update(result.outcomes)
        push.problems += _problems(result)
        run.report.sent += page.count
        run.progress.advance(push.done, sent=page.count, bytes_out=result.sent)

    def _tell(self, push: Push) -> None:
        self._run.tell(push.task.resource, Activity.PUSH, push.done, dict(push.counts), push.problems)


def _problems(result: PushResult) -> list[Text]:
    problems: list[Text] = [
        Sentence.RECORD_REJECTED_THERE.say(record=each.uuid or each.table, reason=each.reason)
        for each in result.refusals
    ]
    problems += [Sentence.RECORD_NOT_ALLOWED_THERE.say(record=name) for name in result.barred]
    problems += [Sentence.RECORD_NEWER_THERE.say(record=uuid) for uuid in result.left_out]
    if result.note:
        problems.append(result.note)
    return problems
