"""Writes tasks for a peer that reads later: page after page, from where the other site has read, or will have."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from ...core.errors import DocumentTooLarge
from ...core.limits import LOGGED_PROBLEMS, SHRINK
from ...core.messages import Sentence, bounded
from ...core.task import Activity, LogAction, Result
from ...wire.carried.named_files import files_named
from ..peer import Link, PushResult, Sending
from .context import RunContext
from .file_transfer import FileTransfer
from .ports import Outbox, PushPage, Stage, Task, WritingPlace
from .pushing import Push, Pushing


class Writing(Pushing):
    """Writes tasks. Nothing counts as delivered before the other site says that it has stored it.

    Args:
        run: the run.
        files: writes the files of records.
        outbox: what was written for the peer.
    """

    def __init__(self, run: RunContext, files: FileTransfer, outbox: Outbox) -> None:
        super().__init__(run, files)
        self._outbox = outbox
        self._wanted_sent = False

    def push(self, task: Task, *, final: bool = False, alone: bool = False) -> None:
        """Write everything that is new of a task.

        Args:
            task: the task.
            final, alone: without a meaning here.

        Raises:
            SyncError: it cannot be written; what was complete before stays.
            Cancelled, AlreadyRunning: the run must not continue.
        """
        push = Push(task, [])
        if not self._wanted_sent:
            self._wanted_sent = True
            self._files.send(self._outbox.wanted(), push.problems)
        with self._run.local.scratch() as folder:
            self._write_pages(push, folder / "push.xml")
        self._tell(push)

    def _write_pages(self, push: Push, target: Path) -> None:
        run, task = self._run, push.task
        limit = run.page_size
        place = self._outbox.place(task)
        while True:
            run.progress.check()
            run.progress.stage(Stage.EXPORTING, task.resource)
            page = run.local.write_page(task, place.after, limit, target, paged=True, until=place.until)
            if not page.count and place.until is None and not (place.restart and page.position):
                if not place.pending:
                    self._outbox.nothing(task, place, page)
                return
            named = files_named(target)
            link, following = self._outbox.hand_out(task, place, page)
            try:
                self._write(push, page, target, place, link, named)
            except DocumentTooLarge:
                if page.count <= 1:
                    raise
                limit = max(1, page.count // SHRINK)
                continue
            if not page.more and place.until is None:
                return
            place = following

    def _write(
        self,
        push: Push,
        page: PushPage,
        target: Path,
        place: WritingPlace,
        link: Link,
        named: Sequence[str],
    ) -> None:
        run = self._run
        run.progress.stage(Stage.PUSHING, push.task.resource, page.total)
        left = self._files.send(named, push.problems)
        there = tuple(name for name in named if name not in left)
        sending = Sending(
            run.local.journal_identity(), "", again=place.again, link=replace(link, files=there)
        )
        result: PushResult = run.repeat(partial(run.peer.push, push.task.exchange, target, sending))
        push.done += page.count
        run.report.sent += page.count
        run.progress.advance(push.done, sent=page.count, bytes_out=result.sent)

    def _tell(self, push: Push) -> None:
        run = self._run
        run.report.warnings += len(push.problems)
        if run.quiet and not push.done and not push.problems:
            return
        written = Sentence.RECORDS_WRITTEN.say(count=push.done)
        run.journal_log.task(
            push.task.resource,
            Activity.PUSH,
            LogAction.SEND,
            Result.WARNING if push.problems else Result.SUCCESS,
            written if push.done else Sentence.NOTHING_TO_SEND.say(),
            details=list(bounded(push.problems, LOGGED_PROBLEMS)),
        )
