"""Pulls a task page by page; each page is stored before the next one is acknowledged or imported."""

from __future__ import annotations

from functools import partial

from ...core.errors import DocumentTooLarge, LateRequest, ProtocolError
from ...core.limits import LOGGED_PROBLEMS, MOST_EMPTY_PAGES, MOST_PROBLEMS, SHRINK
from ...core.messages import Sentence, bounded
from ...core.records import Action
from ...core.task import Activity, LogAction, Result
from ...wire.protocol.names import PeerCapability
from ..peer import Asking, PullResult
from .ahead import Ahead, pages_ahead
from .context import RunContext
from .file_transfer import FileTransfer
from .news import NewsOfTasks
from .numbering import Numbering
from .page_size import LineSpeed, PageSize
from .ports import ImportSummary, Stage, Task
from .starting import Start, in_a_thread


class Pulling:
    """Pulls tasks.

    Args:
        run: the run.
        files: fetches what records wait for.
        news: what is known of the tasks before they are pulled.
        start: begins to fetch the page after the present one.
    """

    def __init__(
        self, run: RunContext, files: FileTransfer, news: NewsOfTasks, start: Start = in_a_thread
    ) -> None:
        self._run = run
        self._files = files
        self._news = news
        self._start = start
        self._speed = LineSpeed()

    def pull(self, task: Task) -> None:
        """Pull everything that the peer has for the task.

        Raises:
            SyncError: it cannot be reached, refuses, or sends what cannot be read; pages before stay.
            Cancelled, AlreadyRunning: the run must not continue.
        """
        total = self._news.nothing(task)
        if total is None:
            total = ImportSummary()
            ahead = self._ahead(task)
            try:
                self._pull_pages(task, total, ahead)
            finally:
                ahead.discard()
        else:
            self._run.report.received.update(total.counts)
        self._pulled(task, total)

    def _ahead(self, task: Task) -> Ahead:
        run = self._run
        most = pages_ahead(run.local.capabilities())
        size = PageSize(self._speed, is_learned=most > 0)
        pull = partial(run.peer.pull, task.exchange)
        return Ahead(pull, run.progress.check, self._start, most=most, size=size)

    def _pull_pages(self, task: Task, total: ImportSummary, ahead: Ahead) -> None:
        run = self._run
        limit = run.page_size
        numbering = Numbering(run.local, run.progress, task)
        more = first = True
        empty = 0
        while more:
            run.progress.check()
            position = run.local.position(task)
            number = numbering.next(position.pull_number, position.push_number)
            asking = Asking(
                position.cursor,
                limit,
                msince=position.msince,
                checkpoint=position.checkpoint,
                total=first,
                number=number,
                first=position.first,
            )
            try:
                page, taken = run.repeat(partial(self._take, task, asking, ahead))
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
            run.waiting_there = page.waiting
            total.counts.update(taken.counts)
            total.problems += taken.problems[: MOST_PROBLEMS - len(total.problems)]
            total.decided += taken.decided
            run.report.received.update(taken.counts)
            run.progress.advance(sum(total.counts.values()), counts=dict(taken.counts))
            if page.is_ours:
                run.local.learn(frozenset((PeerCapability.CURSOR,)))
            more = page.more
            empty = 0 if any(taken.counts.values()) else empty + 1
            if more and (page.cursor == position.cursor or empty >= MOST_EMPTY_PAGES):
                raise ProtocolError(Sentence.PAGE_STANDS_STILL.say(resource=task.resource), remote=True)

    def _take(self, task: Task, asking: Asking, ahead: Ahead) -> tuple[PullResult, ImportSummary]:
        run = self._run
        run.progress.stage(Stage.PULLING, task.resource)
        started = run.peer_time()
        page = self._first_page(task, asking, ahead) or ahead.page(asking)
        try:
            run.progress.advance(bytes_in=page.received)
            run.progress.stage(Stage.IMPORTING, task.resource, page.total)
            self._tell_remarks(task, page)
            if page.is_ours:
                assert asking.number is not None
                taken = run.local.take_page(task, page, asking.number.value)
            else:

                def on_batch(done: int) -> None:
                    run.progress.advance(done)
                    run.progress.check()

                taken = run.local.take_document(task, page, page.since or started, on_batch)
        finally:
            page.discard()
        if page.passed_over:
            taken.counts[Action.SKIPPED.value] += len(page.passed_over)
            taken.problems += page.passed_over[:MOST_PROBLEMS]
        return page, taken

    def _tell_remarks(self, task: Task, page: PullResult) -> None:
        for each in page.remarks:
            result = Result.WARNING if each.warns else Result.SUCCESS
            self._run.journal_log.task(
                task.resource,
                Activity.PULL,
                LogAction.FETCH,
                result,
                each.text,
                remote=each.warns,
                remedy=each.remedy,
            )

    def _first_page(self, task: Task, asking: Asking, ahead: Ahead) -> PullResult | None:
        """Return the page that came with the news, None if none did."""
        page = self._news.page(task)
        if page is not None:
            ahead.follow(asking, page)
        return page

    def _pulled(self, task: Task, total: ImportSummary) -> None:
        """Fetch files after the last page, and tell what became of all records."""
        total.problems += self._files.fetch(task.resource)
        counts = dict(total.counts)
        self._run.tell(task.resource, Activity.PULL, sum(counts.values()), counts, total.problems)
        if total.decided:
            self._run.journal_log.task(
                task.resource,
                Activity.DECIDE,
                LogAction.DECIDE,
                Result.SUCCESS,
                Sentence.CONFLICTS_DECIDED.say(count=len(total.decided)),
                details=list(bounded(total.decided, LOGGED_PROBLEMS)),
            )
