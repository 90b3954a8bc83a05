"""Synchronises one repository: every task pulls, then pushes, page by page, with entries in the log.

The engine knows the other site as a ``Peer`` and this site as a ``Local``, which handle the pages. Each page is
stored before the next one is imported or acknowledged, and at most two are fetched ahead, so a broken connection, a
cancellation or a process that dies costs three pages at most.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Callable, TypeVar

from ...core.errors import (
    AlreadyRunning,
    NotAuthenticated,
    PeerBusy,
    PeerUnreachable,
    SyncError,
    TlsFailed,
)
from ...core.messages import Sentence
from ...core.retry import NO_RETRY, RetryPolicy
from ...core.task import Activity, LogAction, Result
from ..peer import Capability, Peer, PushResult
from ..prescribed import AnotherPrescription
from ..scope import NotInScope
from .context import RunContext
from .failures import Cancelled, Failure, RunFailed
from .file_transfer import FileTransfer
from .news import NewsOfTasks
from .ports import Local, Log, Outbox, Progress, Stage, Task
from .pulling import Pulling
from .pushing import Pushing, SmallPage
from .report import RunReport
from .starting import Start, in_a_thread
from .writing import Writing

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
        refused_before: resource -> directions that were not allowed there in the last run: a quiet run tells them once.
        outbox: what was written for a peer that reads later, None for one that answers at once.
        start: begins to fetch the page after the present one.
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
        refused_before: Mapping[str, Collection[str]] = {},
        outbox: Outbox | None = None,
        start: Start = in_a_thread,
    ) -> None:
        self._tasks = tasks
        self._retry_policy = retry_policy
        self._refused_before = refused_before
        self._sleep = sleep
        self._run = RunContext(
            peer, local, progress, journal_log, page_size, peer_time, self._repeat, quiet=quiet
        )
        files = FileTransfer(peer, local, tasks, progress, self._repeat)
        self._news = NewsOfTasks(peer, local, progress, page_size, self._repeat)
        self._pulling = Pulling(self._run, files, self._news, start)
        self._pushing = Pushing(self._run, files) if outbox is None else Writing(self._run, files, outbox)

    def run(self) -> RunReport:
        """Run all tasks.

        Raises:
            RunFailed: at least one task failed; its text and its ``failures`` name each of them.
            Cancelled, AlreadyRunning: the run ended early; completed pages stay.
            AnotherPrescription: the tasks may be others: nothing was exchanged yet, or all of it once.
        """
        self._run_tasks()
        if not self._run.report.failures:
            self._settle_deletions()
        self._run.progress.stage(Stage.FINISHED)
        if self._run.report.failures:
            raise RunFailed(self._run.report.summary(), failures=tuple(self._run.report.failures))
        return self._run.report

    def run_again(self, resources: Collection[str]) -> RunReport:
        """Run some tasks once more, after all were run; return the report of both.

        Args:
            resources: names of their tables.

        Raises:
            RunFailed, Cancelled, AlreadyRunning: as by ``run``.
        """
        self._run.quiet = True
        self._tasks = [task for task in self._tasks if task.resource in resources]
        return self.run()

    def _run_tasks(self) -> None:
        self._ask()
        self._pushing.begin()
        try:
            self._run_each()
        finally:
            self._news.discard()

    def _ask(self) -> None:
        """Ask what is new of all tasks; where that fails, each of them is pulled and tells why."""
        try:
            waiting = self._news.ask(self._tasks)
        except (Cancelled, AlreadyRunning, AnotherPrescription):
            raise
        except Exception as error:
            self._not_together(error)
            return
        if waiting is not None:
            self._run.waiting_there = waiting

    def _not_together(self, error: Exception) -> None:
        if isinstance(error, SyncError):
            log.warning("Several resources could not be exchanged in one request: %s", error)
        else:
            log.exception("Several resources could not be exchanged in one request")
        if isinstance(error, OFFLINE):
            # Each of them is tried once more by itself.
            self._retry_policy = NO_RETRY

    def _run_each(self) -> None:
        hopeless: SyncError | None = None
        for task in self._tasks:
            self._run.progress.check()
            if hopeless is not None:
                self._failed(task, Activity.PULL if task.pulls else Activity.PUSH, hopeless)
                continue
            hopeless = self._run_task(task)
        self._push_together(hopeless)

    def _settle_deletions(self) -> None:
        """Refuse deletions that still wait at the end of a run, at both sites.

        Every resource is asked once more before: what stands in the way of a deletion was deleted before it, but
        perhaps after its own resource was exchanged.
        """
        if not self._run.local.waiting_deletions() and not self._run.waiting_there:
            return
        self._run.quiet = True
        self._run_tasks()
        if self._run.report.failures:
            return
        if any(task.pulls for task in self._tasks):
            for resource, refused in self._run.local.refuse_deletions().items():
                counts = dict(refused.counts)
                self._run.tell(resource, Activity.PULL, sum(counts.values()), counts, refused.problems)
        senders = [task for task in self._tasks if task.pushes]
        if self._run.waiting_there and senders:
            self._push_task(senders[-1], final=True)

    def _run_task(self, task: Task) -> SyncError | None:
        """Run one task; return an error after which all other tasks would fail too."""
        can = self._run.peer.capabilities
        if task.pulls and Capability.PULL in can:
            if self._pushing.has_deletions and not self._news.is_idle(task):
                # What goes with a deletion there is not fetched any more, as without one request for several.
                hopeless = self._push_together()
                if hopeless is not None:
                    return hopeless
                self._news.discard_pages()
            try:
                self._pulling.pull(task)
            except (Cancelled, AlreadyRunning):
                raise
            except Exception as failure:
                error = self._failed(task, Activity.PULL, failure)
                if isinstance(error, HOPELESS):
                    return error
                if isinstance(error, OFFLINE):
                    return None
        return self._push_task(task)

    def _push_task(self, task: Task, *, final: bool = False, alone: bool = False) -> SyncError | None:
        """Push one task; return an error after which all other tasks would fail too."""
        if not task.pushes or Capability.PUSH not in self._run.peer.capabilities:
            return None
        try:
            self._pushing.push(task, final=final, alone=alone)
        except (Cancelled, AlreadyRunning):
            raise
        except Exception as failure:
            error = self._failed(task, Activity.PUSH, failure)
            if isinstance(error, HOPELESS):
                return error
        return self._push_together() if self._pushing.is_full else None

    def _push_together(self, hopeless: SyncError | None = None) -> SyncError | None:
        """Push the small pages that wait; what cannot be sent so is pushed by itself, which tells why.

        Args:
            hopeless: an error after which no push can succeed, None for none.
        """
        pages = self._pushing.prepared()
        left = [each.push.task for each in pages]
        if len(pages) >= self._pushing.least and hopeless is None:
            try:
                results = self._pushing.send_together(pages)
            except (Cancelled, AlreadyRunning):
                raise
            except Exception as error:
                self._not_together(error)
            else:
                left, hopeless = self._note_together(pages, results)
        for task in left:
            if hopeless is None:
                hopeless = self._push_task(task, alone=True)
            else:
                self._failed(task, Activity.PUSH, hopeless)
        return hopeless

    def _note_together(
        self, pages: Sequence[SmallPage], results: Sequence[PushResult | None]
    ) -> tuple[list[Task], SyncError | None]:
        """Store what the peer did with pages: a failure is one of its task alone.

        Returns:
            the tasks that have to be pushed by themselves, and an error after which no push can succeed.
        """
        left, hopeless = [], None
        for page, result in zip(pages, results):
            if result is None or result.restored:
                # Its own push tells why, or begins at the start.
                left.append(page.push.task)
                continue
            try:
                self._pushing.note(page, result)
            except (Cancelled, AlreadyRunning):
                raise
            except Exception as failure:
                error = self._failed(page.push.task, Activity.PUSH, failure)
                hopeless = error if isinstance(error, HOPELESS) else hopeless
        return left, hopeless

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
        if isinstance(error, NotInScope):
            self._not_allowed(task, mode, error)
            return error
        self._run.report.failures.append(Failure(task.resource, mode, error))
        action = LogAction.FETCH if mode is Activity.PULL else LogAction.SEND
        result = Result.FATAL if not error.transient else Result.ERROR
        self._run.journal_log.task(
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

    def _not_allowed(self, task: Task, mode: Activity, error: SyncError) -> None:
        """Record that the other site does not allow a task in a direction: no failure, for nothing else will help."""
        known = self._run.report.not_allowed.setdefault(task.resource, set())
        if mode in known:
            return
        known.add(mode)
        if self._run.quiet and mode in self._refused_before.get(task.resource, ()):
            return
        self._run.journal_log.task(
            task.resource,
            mode,
            LogAction.FETCH if mode is Activity.PULL else LogAction.SEND,
            Result.WARNING,
            error.said,
            remote=error.remote,
            remedy=error.remedy,
            code=error.code,
        )

    def _repeat(self, step: Callable[[], T]) -> T:
        def told(error: SyncError, attempt: int, wait: float) -> None:
            log.warning("Attempt %d failed, the next one in %.1f s: %s", attempt, wait, error)
            self._run.progress.stage(Stage.WAITING)

        def waited(seconds: float) -> None:
            self._run.progress.check()
            while seconds > 0:
                self._sleep(min(seconds, WAITING_STEP))
                self._run.progress.check()
                seconds -= WAITING_STEP

        return self._retry_policy.run(step, on_retry=told, sleep=waited)
