"""Synchronises one repository: every task pulls, then pushes, page by page, with entries in the log.

The engine knows the other site as a ``Peer`` and this site as a ``Local``, which handle the pages. Each page is
completed before the next one is requested, so a broken connection, a cancellation or a process that dies costs one
page.
"""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Callable, TypeVar

from ...core.cursor import RequestNumber
from ...core.errors import (
    AlreadyRunning,
    DocumentTooLarge,
    LateRequest,
    NotAuthenticated,
    PeerBusy,
    PeerUnreachable,
    ProtocolError,
    SyncError,
    TlsFailed,
)
from ...core.limits import LOGGED_PROBLEMS, MOST_EMPTY_PAGES, MOST_PROBLEMS, SHRINK
from ...core.messages import Sentence, Text, bounded, received, sent
from ...core.records import Action
from ...core.retry import NO_RETRY, RetryPolicy
from ...core.task import Activity, LogAction, Result
from ...wire.protocol.names import PeerCapability
from ..peer import Asking, Capability, Peer, PullResult, PushResult, Sending
from .failures import Cancelled, Failure, RunFailed
from .file_transfer import FileTransfer
from .numbering import Numbering
from .ports import ImportSummary, Local, Log, Position, Progress, Stage, Task
from .report import RunReport

T = TypeVar("T")
log = logging.getLogger("eden.sync")

USUAL_RETRIES = RetryPolicy()

#: Seconds between two checks for a cancellation during a long wait.
WAITING_STEP = 1.0

#: After one of these errors all other resources would fail too.
HOPELESS = (NotAuthenticated, TlsFailed)

#: After one of these errors other resources are tried, but without further retries.
OFFLINE = (PeerUnreachable, PeerBusy)


class Engine:
    """Synchronises one repository.

    Args:
        peer: the other site.
        local: this site.
        tasks: what to exchange, in this order.
        progress: where to report the progress.
        journal_log: the log for people.
        page_size: maximum number of main records in a page.
        retry_policy: how often a step is retried after a transient failure.
        sleep: waits the given seconds.
        peer_time: returns the time by the peer's clock, as far as known (UTC).
        quiet: whether tasks with nothing to do write no entry in the log.
    """

    def __init__(
        self,
        peer: Peer,
        local: Local,
        tasks: Sequence[Task],
        progress: Progress,
        journal_log: Log,
        *,
        page_size: int,
        peer_time: Callable[[], datetime],
        retry_policy: RetryPolicy = USUAL_RETRIES,
        sleep: Callable[[float], None] = time.sleep,
        quiet: bool = False,
    ) -> None:
        self._peer = peer
        self._local = local
        self._tasks = tasks
        self._progress = progress
        self._log = journal_log
        self._page_size = page_size
        self._retry_policy = retry_policy
        self._sleep = sleep
        self._peer_time = peer_time
        self._quiet = quiet
        self._report = RunReport()
        self._files = FileTransfer(peer, local, tasks, progress, self._repeat)
        self._waiting_there = 0

    def run(self) -> RunReport:
        """Run all tasks.

        Raises:
            RunFailed: at least one task failed; its text and its ``failures`` name each of them.
            Cancelled, AlreadyRunning: the run ended early; completed pages stay.
        """
        self._run_tasks()
        if not self._report.failures:
            self._settle_deletions()
        self._progress.stage(Stage.FINISHED)
        if self._report.failures:
            raise RunFailed(self._report.summary(), failures=tuple(self._report.failures))
        return self._report

    def _run_tasks(self) -> None:
        hopeless: SyncError | None = None
        for task in self._tasks:
            self._progress.check()
            if hopeless is not None:
                self._failed(task, Activity.PULL if task.pulls else Activity.PUSH, hopeless)
                continue
            hopeless = self._run_task(task)

    def _settle_deletions(self) -> None:
        """Refuse deletions that still wait at the end of a run, at both sites.

        Every resource is asked once more before: what stands in the way of a deletion was deleted before it, but
        perhaps after its own resource was exchanged.
        """
        if not self._local.waiting_deletions() and not self._waiting_there:
            return
        self._quiet = True
        self._run_tasks()
        if self._report.failures:
            return
        if any(task.pulls for task in self._tasks):
            for resource, refused in self._local.refuse_deletions().items():
                total = sum(refused.counts.values())
                self._tell(
                    resource, Activity.PULL, LogAction.FETCH, total, dict(refused.counts), refused.problems
                )
        senders = [task for task in self._tasks if task.pushes]
        if self._waiting_there and senders:
            self._push_task(senders[-1], final=True)

    def _run_task(self, task: Task) -> SyncError | None:
        """Run one task; return an error after which all other tasks would fail too."""
        can = self._peer.capabilities
        if task.pulls and Capability.PULL in can:
            try:
                self._pull(task)
            except (Cancelled, AlreadyRunning):
                raise
            except Exception as failure:
                error = self._failed(task, Activity.PULL, failure)
                if isinstance(error, HOPELESS):
                    return error
                if isinstance(error, OFFLINE):
                    return None
        return self._push_task(task)

    def _push_task(self, task: Task, *, final: bool = False) -> SyncError | None:
        if not task.pushes or Capability.PUSH not in self._peer.capabilities:
            return None
        try:
            with self._local.scratch() as folder:
                self._push(task, folder, final=final)
        except (Cancelled, AlreadyRunning):
            raise
        except Exception as failure:
            error = self._failed(task, Activity.PUSH, failure)
            if isinstance(error, HOPELESS):
                return error
        return None

    def _failed(self, task: Task, mode: Activity, failure: Exception) -> SyncError:
        """Record that a task failed, and reset its state for the next one."""
        if isinstance(failure, SyncError):
            error = failure
        else:
            log.exception("Synchronisation of %s failed unexpectedly", task.resource)
            error = SyncError(
                Sentence.UNEXPECTED_ERROR.say(error=f"{type(failure).__name__}: {failure}"),
                hint=Sentence.REPORT_DEFECT.say(),
            )
        if isinstance(error, OFFLINE):
            self._retry_policy = NO_RETRY
        self._report.failures.append(Failure(task.resource, mode, error))
        action = LogAction.FETCH if mode is Activity.PULL else LogAction.SEND
        result = Result.FATAL if not error.transient else Result.ERROR
        self._log.task(
            task.resource,
            mode,
            action,
            result,
            error.said,
            remote=error.remote,
            remedy=error.remedy,
            code=error.code,
        )
        return error

    def _repeat(self, step: Callable[[], T]) -> T:
        def told(error: SyncError, attempt: int, wait: float) -> None:
            log.warning("Attempt %d failed, the next one in %.1f s: %s", attempt, wait, error)
            self._progress.stage(Stage.WAITING)

        def waited(seconds: float) -> None:
            self._progress.check()
            while seconds > 0:
                self._sleep(min(seconds, WAITING_STEP))
                self._progress.check()
                seconds -= WAITING_STEP

        return self._retry_policy.run(step, on_retry=told, sleep=waited)

    # --- pull ----------------------------------------------------------------------------------------

    def _pull(self, task: Task) -> None:
        """Pull everything that the peer has for the task."""
        total = ImportSummary()
        limit = self._page_size
        numbering = Numbering(self._local, self._progress, task)
        more = first = True
        empty = 0
        while more:
            self._progress.check()
            position = self._local.position(task)
            number = numbering.next(position.pull_number, position.push_number)
            try:
                page, taken = self._repeat(partial(self._take, task, position, limit, first, number))
            except LateRequest as refusal:
                numbering.go_above(refusal, number)
                continue
            except DocumentTooLarge:
                if limit == 1:
                    raise
                # The records are large: smaller pages may be accepted.
                limit = max(1, limit // SHRINK)
                continue
            first = False
            self._waiting_there = page.waiting
            total.counts.update(taken.counts)
            total.problems += taken.problems[: MOST_PROBLEMS - len(total.problems)]
            total.decided += taken.decided
            self._report.received.update(taken.counts)
            self._progress.advance(sum(total.counts.values()), counts=dict(taken.counts))
            if page.is_ours:
                self._local.learn(frozenset((PeerCapability.CURSOR,)))
            more = page.more
            empty = 0 if any(taken.counts.values()) else empty + 1
            if more and (page.cursor == position.cursor or empty >= MOST_EMPTY_PAGES):
                raise ProtocolError(Sentence.PAGE_STANDS_STILL.say(resource=task.resource), remote=True)
        total.problems += self._files.fetch(task.resource)
        self._tell(
            task.resource,
            Activity.PULL,
            LogAction.FETCH,
            sum(total.counts.values()),
            dict(total.counts),
            total.problems,
        )
        if total.decided:
            self._log.task(
                task.resource,
                Activity.DECIDE,
                LogAction.DECIDE,
                Result.SUCCESS,
                Sentence.CONFLICTS_DECIDED.say(count=len(total.decided)),
                details=list(bounded(total.decided, LOGGED_PROBLEMS)),
            )

    def _take(
        self, task: Task, position: Position, limit: int, first: bool, number: RequestNumber
    ) -> tuple[PullResult, ImportSummary]:
        self._progress.stage(Stage.PULLING, task.resource)
        started = self._peer_time()
        asking = Asking(
            position.cursor,
            limit,
            msince=position.msince,
            checkpoint=position.checkpoint,
            total=first,
            number=number,
        )
        page = self._peer.pull(task.exchange, asking)
        try:
            self._progress.advance(bytes_in=page.received)
            self._progress.stage(Stage.IMPORTING, task.resource, page.total)
            if page.is_ours:
                taken = self._local.take_page(task, page, number.value)
            else:

                def on_batch(done: int) -> None:
                    self._progress.advance(done)
                    self._progress.check()

                taken = self._local.take_document(task, page, started, on_batch)
        finally:
            page.discard()
        return page, taken

    # --- push ----------------------------------------------------------------------------------------

    def _push(self, task: Task, folder: Path, *, final: bool = False) -> None:
        counts: "Counter[str]" = Counter()
        problems: list[Text] = []
        done = 0
        limit = self._page_size
        numbering = Numbering(self._local, self._progress, task)
        restored = False
        target = folder / "push.xml"
        position = self._local.position(task)
        files = list(position.files)
        while True:
            self._progress.check()
            position = self._local.position(task)
            self._progress.stage(Stage.EXPORTING, task.resource)
            paged = PeerCapability.CURSOR in self._local.capabilities()
            page = self._local.write_page(task, position.pushed, limit, target, paged=paged)
            if not page.count and (page.more or not final):
                files = self._files.send(files, problems)
                self._local.delivered(task, page, None, files)
                if page.more:
                    continue
                break
            self._progress.stage(Stage.PUSHING, task.resource, page.total)
            number = numbering.next(position.push_number)
            self._local.sending(task, number.value)
            try:
                last = final and not page.more
                result = self._repeat(partial(self._send, task, position, target, last, number))
            except LateRequest as refusal:
                numbering.go_above(refusal, number)
                continue
            except DocumentTooLarge:
                if page.count == 1:
                    raise
                limit = max(1, page.count // SHRINK)
                continue
            files = self._files.send(list(dict.fromkeys([*files, *result.files])), problems)
            self._local.delivered(task, page, result, files)
            self._learn(result)
            self._waiting_there = result.waiting
            done += page.count
            counts.update(result.outcomes)
            problems += self._problems(result)
            self._report.sent += page.count
            self._progress.advance(done, sent=page.count, bytes_out=result.sent)
            if result.restored and not restored:
                restored = True
                problems.append(Sentence.PEER_RESTORED.say())
                self._local.start_over(task)
                continue
            if not page.more:
                break
        self._tell(task.resource, Activity.PUSH, LogAction.SEND, done, dict(counts), problems)

    def _send(
        self, task: Task, position: Position, target: Path, final: bool, number: RequestNumber
    ) -> PushResult:
        sending = Sending(
            self._local.journal_identity(),
            position.checkpoint,
            final=final,
            number=number,
            again=position.again,
        )
        return self._peer.push(task.exchange, target, sending)

    def _learn(self, result: PushResult) -> None:
        learned = result.learned | (frozenset((PeerCapability.CURSOR,)) if result.is_ours else frozenset())
        if learned - self._local.capabilities():
            self._local.learn(learned)

    @staticmethod
    def _problems(result: PushResult) -> list[Text]:
        problems: list[Text] = [
            Sentence.RECORD_REJECTED_THERE.say(record=each.uuid or each.table, reason=each.reason)
            for each in result.refusals
        ]
        problems += [Sentence.RECORD_NEWER_THERE.say(record=uuid) for uuid in result.left_out]
        if result.note:
            problems.append(result.note)
        return problems

    # --- telling -------------------------------------------------------------------------------------

    def _tell(
        self,
        resource: str,
        mode: Activity,
        action: LogAction,
        records: int,
        counts: dict[str, int],
        problems: Sequence[Text],
    ) -> None:
        """Write the log entry for a completed direction of a task."""
        bad = sum(counts.get(name, 0) for name in (Action.REJECTED, Action.CONFLICT))
        self._report.warnings += len(problems)
        moved = any(count for name, count in counts.items() if name != Action.UNCHANGED)
        if self._quiet and not problems and not moved:
            return
        if not records:
            message = (Sentence.NOTHING_TO_SEND if mode is Activity.PUSH else Sentence.NOTHING_NEW).say()
        else:
            message = sent(records, counts) if mode is Activity.PUSH else received(counts)
        self._log.task(
            resource,
            mode,
            action,
            Result.WARNING if problems or bad else Result.SUCCESS,
            message,
            details=list(bounded(problems, LOGGED_PROBLEMS)),
        )
