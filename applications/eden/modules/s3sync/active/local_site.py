"""This site in a run (``exchange.run.ports.Local``), and how far it has come with a repository."""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, Callable

from ..core.atomic_write import owner_mark
from ..core.cursor import CheckpointKind, Comparison
from ..core.errors import NoSuchRecord, SyncError
from ..core.kept import Deferred
from ..core.messages import Sentence, Text
from ..core.policy import Terms
from ..database import own_rows as own_rows
from ..exchange.exporter import ExportPage, ExportRequest
from ..exchange.importer import Context, Report, unknown
from ..exchange.importer.report import problems_of
from ..exchange.peer import Asking, Capability, News, Peer, PullResult, PushResult
from ..exchange.run.ports import ImportSummary, Position, PushPage, Task
from ..site import Repository
from ..site import tasks as tasks
from ..site.decided_elsewhere import lines_about
from ..site.exchange_state import PullState, with_time
from ..site.names_of_sites import names_to_tell, remember_names
from ..site.refused_there import RefusedThere
from ..site.rejected import retry_rejected
from ..site.uploaded import upload_path
from ..site.waiting_deletions import refuse_deletions, retry_deletions
from ..wire.protocol.times import format_msince, parse_msince
from ..wire.s3xml import elements

FILES_AT_ONCE = 100


class LocalSite:
    """This site in the run of one repository.

    Args:
        repository: the repository.
        guard: raises AlreadyRunning if another worker has taken over; called in each write transaction.
        before: called before each write transaction.
    """

    def __init__(
        self,
        repository: Repository,
        guard: Callable[[], None] = lambda: None,
        before: Callable[[], None] = lambda: None,
    ) -> None:
        self._guard, self._before = guard, before
        self._site = repository.site
        self._repository = repository
        self._id = repository.id
        self._states = repository.states
        self._caught_up: set[str] = set()
        self._counted: set[str] = set()
        self._refused = RefusedThere(repository)
        self._not_sent: set[str] = set()
        self._capabilities = repository.usable_capabilities

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Run a write transaction, unless another worker has taken over: a worker that was stopped must not write."""
        self._before()
        with self._site.store.transaction():
            self._guard()
            yield

    def journal_identity(self) -> str:
        """See port ``Local``."""
        return self._site.journal.identity()

    def capabilities(self) -> frozenset[str]:
        """See port ``Local``."""
        return self._capabilities

    def learn(self, capabilities: frozenset[str]) -> None:
        """See port ``Local``."""
        if capabilities <= self._capabilities:
            return
        self._capabilities |= capabilities
        with self._writing():
            self._repository.update(capabilities=sorted(self._capabilities))

    def position(self, task: Task) -> Position:
        """See port ``Local``."""
        pulled, pushed = self._states.both(task.resource)
        since = self._overlapping(pulled.since)
        if since is None and not pulled.cursor:
            # An Eden database that was taken over has the time of its last pull.
            stored = tasks.find(self._site.db, task.id)
            if stored is not None and stored.last_pull is not None:
                since = stored.last_pull - self._overlap
        return Position(
            pulled.cursor,
            since,
            pushed.position,
            pushed.checkpoint,
            tuple(pushed.due(self._site.clock.now())),
            pulled.number,
            pushed.number,
            Comparison(pushed.again) if pushed.again else None,
            first=since is None and not pulled.cursor and not pulled.again,
        )

    # --- pull ------------------------------------------------------------------------------------------

    def context(self, table: str, *, from_ours: bool, again: bool = False) -> Context:
        """Return the context of an import for what is pulled.

        Args:
            table: the main table.
            from_ours: whether the peer is one of ours; an Eden names no cleared fields, and sends records again.
            again: whether everything is compared again.
        """
        if from_ours:
            return self._repository.context(table, again=again)
        known = lru_cache(maxsize=None)(self._asked_before)
        return self._repository.context(table, clears=False, known=known, again=again)

    def _terms(self, task: Task, again: str) -> Terms:
        """Return the rules for what is pulled."""
        terms = self._repository.terms(task.exchange)
        return terms.by_time if again == Comparison.RESTORED else terms

    def take_page(self, task: Task, page: PullResult, number: int = 0) -> ImportSummary:
        """See port ``Local``."""
        return self._site.store.again_after_deadlock(lambda: self._take_page(task, page, number))

    def _take_page(self, task: Task, page: PullResult, number: int) -> ImportSummary:
        site, table = self._site, task.resource
        state = self._states.pulled(table)
        again = page.again.value if page.again else state.again
        with (
            page.path.open("rb") as source,
            site.document(source, table) as document,
            self._writing(),
        ):
            renamed = page.journal and state.journal and page.journal != state.journal
            if renamed or page.restored:
                self._peer_was_restored(table)
                again = Comparison.RESTORED.value
            terms = self._terms(task, again)
            context = self.context(table, from_ours=True, again=bool(again))
            report = site.importer.import_page(document, terms, context)
            remember_names(self._repository, document.header.sites)
            self._repository.note_sender(document.header.by_field, context)
            head = state.head
            if not page.more:
                self._end_of_pages(task, report, again)
                head = site.journal.head()
            waiting = _still_waiting(page, state, sum(report.main.values()))
            self._states.save_pulled(
                table,
                PullState(
                    page.cursor or "",
                    page.journal or state.journal,
                    head,
                    state.since,
                    waiting=waiting,
                    number=number,
                    known=state.known,
                    again=again if page.more else "",
                ),
            )
        return self._taken(report)

    def ask(self, peer: Peer, asked: Sequence[tuple[Task, Asking]]) -> News | None:
        """See port ``Local``."""
        known = self._states.asked()
        news = peer.news([(task.exchange, asking) for task, asking in asked], known)
        if news is not None and news.memory != known:
            with self._writing():
                self._states.save_asked(news.memory)
        return news

    def follows(self) -> bool:
        """See port ``Local``."""
        return self._repository.follows is not None

    def nothing_new(self, tasks: Sequence[Task]) -> dict[str, ImportSummary]:
        """See port ``Local``."""
        return self._site.store.again_after_deadlock(lambda: self._nothing_new(tasks))

    def _nothing_new(self, tasks: Sequence[Task]) -> dict[str, ImportSummary]:
        found = {}
        with self._writing():
            for task in tasks:
                report = Report()
                state = self._states.pulled(task.resource)
                self._end_of_pages(task, report, state.again)
                self._states.save_pulled(
                    task.resource, replace(state, head=self._site.journal.head(), waiting=0, again="")
                )
                found[task.resource] = self._taken(report)
        return found

    def _end_of_pages(self, task: Task, report: Report, again: str) -> None:
        """Do what comes after the last page, within the current transaction: what was put off is tried again."""
        table = task.resource
        context = self.context(table, from_ours=True, again=bool(again))
        report.add(retry_rejected(self._repository, table, self._terms(task, again), context))
        self._retry_deletions(report)
        self._note_time(task, last_pull=self._site.clock.now())

    def take_document(
        self, task: Task, document: PullResult, started: datetime, on_batch: Callable[[int], None]
    ) -> ImportSummary:
        """See port ``Local``."""
        site, table = self._site, task.resource
        state = self._states.pulled(table)
        terms = self._terms(task, state.again)
        context = self.context(table, from_ours=False, again=bool(state.again))

        def told(report: Report) -> None:
            on_batch(sum(report.main.values()))

        with document.path.open("rb") as source, site.document(source, table) as opened:
            report = site.importer.import_document(opened, terms, context, told)
        with self._writing():
            # A rejected version was seen but not imported: it is decided again.
            report.add(retry_rejected(self._repository, table, terms, replace(context, known=unknown)))
            self._retry_deletions(report)
            head = site.journal.head()
            # A peer with cursors is not asked by time, and repeats nothing.
            since = format_msince(started) if document.cursor is None else ""
            waiting = None if document.more else 0
            self._states.save_pulled(
                table,
                PullState(document.cursor or "", head=head, since=since, waiting=waiting, known=state.known),
            )
            self._note_time(task, last_pull=started)
            self._repository.note_sender(opened.header.by_field, context)
        return self._taken(report)

    def _retry_deletions(self, report: Report) -> None:
        carried_out = retry_deletions(self._site).get(self._id)
        if carried_out is not None:
            report.add_others(carried_out)

    def waiting_deletions(self) -> int:
        """See port ``Local``."""
        return self._site.kept_versions.count_waiting(self._id)

    def refuse_deletions(self) -> dict[str, ImportSummary]:
        """See port ``Local``."""
        with self._writing():
            reports = refuse_deletions(self._site, self._id)
        return {table: self._taken(report) for table, report in reports.items()}

    def _peer_was_restored(self, table: str) -> None:
        """Reset the exchange after one of us was restored: the peer may have lost what it had from us, or brought."""
        self._site.journal.forget_origin(self._id)
        self._states.push_again(table, Comparison.RESTORED)
        self._states.forget(table, CheckpointKind.SERVE, CheckpointKind.RECEIVE)

    def _taken(self, report: Report) -> ImportSummary:
        decided = lines_about(self._site, report.decided)
        return ImportSummary(Counter(report.outcomes), problems_of(report), decided)

    def fetch_files(self, fetch: Callable[[str, Path], None], on_file: Callable[[str], None]) -> list[Text]:
        """See port ``Local``."""
        problems: list[Text] = []
        tried: set[tuple[str, int, str]] = set()
        while True:
            waiting = self._site.pending_references.waiting_files(self._id, FILES_AT_ONCE)
            fresh = [each for each in waiting if (each.table, each.key, each.field) not in tried]
            if not fresh:
                return problems
            for each in fresh:
                tried.add((each.table, each.key, each.field))
                on_file(each.uuid)
                problem = self._fetch_file(fetch, each)
                if problem is not None:
                    problems.append(problem)

    def _fetch_file(self, fetch: Callable[[str, Path], None], waiting: Deferred) -> Text | None:
        """Fetch one file; return what went wrong, None if nothing did."""
        site = self._site
        try:
            target = site.files.path(waiting.table, waiting.field, waiting.uuid)
            if not target.is_file():
                if not waiting.url:
                    raise NoSuchRecord("The other site did not say where it is.")
                fetch(waiting.url, target)
        except SyncError as error:
            # Also what the peer refuses is asked for again: it may not have the file itself yet.
            with self._writing():
                site.pending_references.tried([waiting])
            return Sentence.FILE_NOT_RECEIVED.say(
                file=waiting.filename or waiting.uuid,
                reason=error.explain(),
                since=f"{waiting.since or site.clock.now():%Y-%m-%d %H:%M} UTC",
            )
        with self._writing():
            site.pending_references.settle([waiting])
        return None

    @property
    def _overlap(self) -> timedelta:
        return timedelta(seconds=self._site.host.settings.get_sync_msince_overlap())

    def _asked_before(self, table: str) -> datetime | None:
        """Return the time (by the peer's clock) of the last complete pull from an Eden, minus the overlap."""
        return self._overlapping(self._states.pulled(table).since)

    def _overlapping(self, since: str) -> datetime | None:
        asked = parse_msince(since) if since else None
        return asked - self._overlap if asked is not None else None

    # --- push ------------------------------------------------------------------------------------------

    def write_page(
        self, task: Task, after: int, limit: int, target: Path, *, paged: bool, until: int | None = None
    ) -> PushPage:
        """See port ``Local``."""
        site, table = self._site, task.resource
        if table not in self._caught_up:
            site.journal.catch_up(site.schema.table(table))
            self._caught_up.add(table)
        request = ExportRequest(
            table,
            after=after,
            until=until,
            limit=limit,
            skip_origin=self._id,
            filters=site.by_table(task.exchange.filters, table),
            components=task.exchange.components,
            paged=paged,
            adopts=self._repository.synchronise_uuids,
            # What lies in a folder may be read after they hold no more, by who has an account.
            signs=not paged and Capability.FILES in self._repository.type_capabilities,
        )
        with target.open("wb") as out:
            page = site.exporter.export(out, request, self._root_attributes)
        total = None
        if table not in self._counted:
            # Once per run: counting a million records for each page of some thousand would be too slow.
            self._counted.add(table)
            total = site.total(request, page)
        # Ends the read transaction, so that the next page sees later changes.
        site.db.commit()
        uuid = _uuid_in(target, table) if page.count == 1 and not paged else None
        return PushPage(page.count, page.position, page.more, total, page.deletes, uuid)

    def _root_attributes(self, page: ExportPage) -> dict[str, Any]:
        more = {"more": True} if page.more else {}
        return {**more, "sites": names_to_tell(self._site, page.edited_at, page.position)}

    def sending(self, task: Task, number: int) -> None:
        """See port ``Local``."""
        with self._writing():
            state = self._states.pushed(task.resource)
            self._states.save_pushed(task.resource, replace(state, number=number))

    def was_restored(self, task: Task) -> None:
        """See port ``Local``."""
        with self._writing():
            self._states.mark_restored(task.resource)

    def delivered(self, task: Task, page: PushPage, result: PushResult | None, files: Sequence[str]) -> None:
        """See port ``Local``."""
        state = self._states.pushed(task.resource)
        checkpoint = state.checkpoint if result is None else result.checkpoint or ""
        again = state.again if page.more or (result is not None and result.restored) else ""
        fresh = [name for name in files if name not in self._not_sent]
        self._not_sent.update(fresh)
        changed = replace(
            state.with_files(files, fresh, self._site.clock.now()),
            position=page.position,
            checkpoint=checkpoint,
            again=again,
        )
        if result is not None and not result.is_ours:
            changed = replace(changed, times=with_time(state.times, page.position, self._site.clock.exact()))
        if result is None and changed == state:
            return
        with self._writing():
            if result is not None:
                self._refused.note(task.resource, state.position, page.position, result)
            if changed != state:
                self._states.save_pushed(task.resource, changed)
                if result is not None:
                    self._note_time(task, last_push=self._site.clock.now())

    def _note_time(self, task: Task, **moment: datetime) -> None:
        """Store when a task was last exchanged, within the current transaction."""
        own_rows.write(self._site.db, "sync_task", task.id, {**moment, "modified_on": self._site.clock.now()})

    def start_over(self, task: Task) -> None:
        """See port ``Local``."""
        table = task.resource
        state = self._states.pushed(table)
        self._counted.discard(table)
        with self._writing():
            self._site.journal.forget_origin(self._id)
            self._states.push_again(table, Comparison.RESTORED)
            begun = replace(
                self._states.pushed(table),
                checkpoint=state.checkpoint,
                files=state.files,
                tried=state.tried,
            )
            self._states.save_pushed(table, begun)

    def file_path(self, stored: str, tasks: Sequence[Task]) -> Path:
        """See port ``Local``."""
        return upload_path(self._site, stored, [task.exchange for task in tasks if task.pushes])

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        """See port ``Local``."""
        folder = Path(tempfile.mkdtemp(prefix=f"run-{owner_mark()}", dir=self._site.spool))
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def _uuid_in(document: Path, table: str) -> str | None:
    """Return the identifier of the first main record in a document of ours."""
    with document.open("rb") as source:
        return next((each.get("uuid") for each in elements(source) if each.get("name") == table), None)


def _still_waiting(page: PullResult, state: PullState, taken: int) -> int | None:
    """Return the number of main records waiting at the peer after a page, None if it did not tell."""
    if not page.more:
        return 0
    before = page.total if page.total is not None else state.waiting
    return None if before is None else max(0, before - taken)
