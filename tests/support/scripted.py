"""A peer and a site that do what a test tells them, for tests of the engine alone."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

from s3sync.core.errors import DocumentTooLarge, PeerFailed, SyncError
from s3sync.core.messages import Text
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.peer import (
    Asking,
    Capability,
    Exchange,
    News,
    Peer,
    PullResult,
    PushResult,
    Refusal,
    Sending,
)
from s3sync.exchange.run.engine import Engine
from s3sync.exchange.run.ports import ImportSummary, Position, PushPage, Stage, Task
from s3sync.exchange.run.starting import Start, in_a_thread

NOW = datetime(2026, 3, 1, 8)


class ScriptedPeer:
    """Serves pages of numbers by cursor, takes pushes; ``faults`` are raised one a call."""

    skew: float | None = None

    def __init__(self, folder: Path) -> None:
        self.capabilities = frozenset(Capability) - {Capability.CARRIED, Capability.DATASETS}
        self.folder = folder
        self.pages: dict[str, list[int]] = {}
        self.document: int | None = None
        self.faults: list[tuple[str, str, SyncError]] = []
        self.calls: list[tuple[str, str]] = []
        self.finals: list[str] = []
        self.numbers: list[int] = []
        self.waiting = 0
        self.pushed: list[tuple[str, str, str]] = []
        self.files: list[str] = []
        self.results: list[PushResult] = []
        self.most: int | None = None
        #: Positions of records on which it fails, and whether it does on all.
        self.fails_on: set[int] = set()
        self.is_broken = False
        #: Whether it answers pushes as one of ours.
        self.says_ours = True
        #: Whether it tells the news of all resources, and how many records are too many to travel with them.
        self.tells_news = True
        #: Resources whose pages it does not take together with others.
        self.refuses: set[str] = set()
        self.large = 10
        #: The cursors of pulls: what is stored, and where a page begins that is asked for ahead of that.
        self.asked: list[tuple[str, str]] = []
        #: Whether it says where the next page begins before the present one is here.
        self.tells_early = False

    def _fault(self, what: str, resource: str) -> None:
        self.calls.append((what, resource))
        for index, (kind, name, error) in enumerate(self.faults):
            if kind == what and name in (resource, "*"):
                del self.faults[index]
                raise error

    def register(self) -> Any:
        raise AssertionError("a run does not register")

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        self.numbers.append(asking.number.value if asking.number else 0)
        self.asked.append((asking.cursor, asking.ahead))
        self._fault("pull", exchange.resource)
        if self.most is not None and asking.limit > self.most:
            raise DocumentTooLarge("too large")
        path = self.folder / f"pull-{len(self.calls)}.xml"
        if self.document is not None:
            path.write_text(str(self.document))
            return PullResult(path, received=10)
        pages = self.pages.get(exchange.resource, [])
        place = int(asking.ahead or asking.cursor or 0)
        if asking.receiving is not None and self.tells_early and place + 1 < len(pages):
            asking.receiving.next_begins(str(place + 1), 0)
        path.write_text(str(pages[place] if place < len(pages) else 0))
        more = place + 1 < len(pages)
        return PullResult(
            path,
            is_ours=True,
            cursor=str(place + 1),
            more=more,
            journal="theirs",
            received=10,
            waiting=self.waiting,
        )

    def news(self, asked: Sequence[tuple[Exchange, Asking]], known: str) -> News | None:
        self._fault("news", "")
        if not self.tells_news:
            return None
        news = News("digest", waiting=self.waiting)
        for exchange, asking in asked:
            pages = self.pages.get(exchange.resource, [])
            if int(asking.cursor or 0) < len(pages):
                if len(pages) == 1 and pages[0] < self.large:
                    news.pages[exchange.resource] = self.pull(exchange, asking)
                    self.calls.pop()
                else:
                    news.waits |= {exchange.resource}
        return news

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        self.numbers.append(sending.number.value if sending.number else 0)
        self._fault("push", exchange.resource)
        text = document.read_text()
        if self.most is not None and int(text.split("+")[1]) > self.most:
            raise DocumentTooLarge("too large", remote=True)
        after, count = map(int, text.split("+"))
        if self.is_broken or self.fails_on.intersection(range(after + 1, after + count + 1)):
            raise PeerFailed("internal error", remote=True)
        self.pushed.append((exchange.resource, text, sending.checkpoint))
        if sending.final:
            self.finals.append(exchange.resource)
        if self.results:
            return self.results.pop(0)
        checkpoint = f"c{len(self.pushed)}"
        return PushResult(1, {"created": 1}, is_ours=self.says_ours, checkpoint=checkpoint, sent=5)

    def push_together(self, pushes: Sequence[tuple[Exchange, bytes, Sending]]) -> list[PushResult | None]:
        self._fault("together", ",".join(exchange.resource for exchange, _, _ in pushes))
        results: list[PushResult | None] = []
        for exchange, document, sending in pushes:
            if exchange.resource in self.refuses:
                results.append(None)
                continue
            self.numbers.append(sending.number.value if sending.number else 0)
            self.pushed.append((exchange.resource, document.decode(), sending.checkpoint))
            results.append(
                PushResult(1, {"created": 1}, is_ours=True, checkpoint=f"c{len(self.pushed)}", sent=5)
            )
        return results

    def send_file(self, stored: str, path: Path) -> int:
        self._fault("file", stored)
        self.files.append(stored)
        return 3

    def fetch(self, url: str, target: Path) -> None:
        raise AssertionError("not asked")


class ScriptedSite:
    """Keeps positions in memory; has ``changes`` records to send for each resource."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.changes: dict[str, int] = {}
        #: Resources whose pages hold deletions.
        self.deletes: set[str] = set()
        self.positions: dict[str, Position] = {}
        self.known: frozenset[str] = frozenset(("cursor",))
        self.taken: list[tuple[str, int]] = []
        self.faults: list[Exception] = []
        self.problems: list[Text] = []
        self.waiting: list[str] = []
        self.waiting_here = self.refused = 0
        self.paged: list[bool] = []
        self.restored: list[str] = []
        #: Tasks of which the peer had nothing new, and what becomes of records that were put off.
        self.idle: list[str] = []
        self.put_off: dict[str, int] = {}
        #: What the peer refused.
        self.refusals: list[Refusal] = []

    def position(self, task: Task) -> Position:
        return self.positions.get(task.resource, Position())

    def _move(self, task: Task, **changes: Any) -> None:
        values = {**self.position(task).__dict__, **changes}
        self.positions[task.resource] = Position(**values)

    def journal_identity(self) -> str:
        return "ours"

    def capabilities(self) -> frozenset[str]:
        return self.known

    def learn(self, capabilities: frozenset[str]) -> None:
        self.known |= capabilities

    def _take(self, task: Task, page: PullResult) -> ImportSummary:
        if self.faults:
            raise self.faults.pop(0)
        count = int(page.path.read_text())
        self.taken.append((task.resource, count))
        return ImportSummary(Counter(created=count), list(self.problems))

    def take_page(self, task: Task, page: PullResult, number: int) -> ImportSummary:
        taken = self._take(task, page)
        self._move(task, cursor=page.cursor, pull_number=number)
        return taken

    def ask(self, peer: Peer, asked: Sequence[tuple[Task, Asking]]) -> News | None:
        return peer.news([(task.exchange, asking) for task, asking in asked], "")

    def follows(self) -> bool:
        return False

    def nothing_new(self, tasks: Sequence[Task]) -> dict[str, ImportSummary]:
        self.idle += [task.resource for task in tasks]
        return {task.resource: ImportSummary(Counter(self.put_off)) for task in tasks}

    def take_document(
        self, task: Task, document: PullResult, started: datetime, on_batch: Callable[[int], None]
    ) -> ImportSummary:
        taken = self._take(task, document)
        on_batch(taken.counts["created"])
        self._move(task, cursor=document.cursor or "", msince=started)
        return taken

    def waiting_deletions(self) -> int:
        return self.waiting_here

    def refuse_deletions(self) -> dict[str, ImportSummary]:
        self.refused += 1
        return {}

    def write_page(
        self, task: Task, after: int, limit: int, target: Path, *, paged: bool, until: int | None = None
    ) -> PushPage:
        self.paged.append(paged)
        count = min(limit, max(0, self.changes.get(task.resource, 0) - after))
        target.write_text(f"{after}+{count}")
        more = after + count < self.changes.get(task.resource, 0)
        uuid = f"r{after + 1}" if count == 1 and not paged else None
        return PushPage(count, after + count, more, deletes=task.resource in self.deletes, uuid=uuid)

    def sending(self, task: Task, number: int) -> None:
        self._move(task, push_number=number)

    def was_restored(self, task: Task) -> None:
        self.restored.append(task.resource)

    def delivered(self, task: Task, page: PushPage, result: PushResult | None, files: Sequence[str]) -> None:
        checkpoint = result.checkpoint if result is not None else self.position(task).checkpoint
        self.refusals += result.refusals if result is not None else []
        self._move(task, pushed=page.position, checkpoint=checkpoint or "", files=tuple(files))

    def start_over(self, task: Task) -> None:
        self._move(task, pushed=0)

    def file_path(self, stored: str, tasks: Sequence[Task]) -> Path:
        return self.folder / stored

    def fetch_files(self, fetch: Callable[[str, Path], None], on_file: Callable[[str], None]) -> list[str]:
        return self.waiting

    @contextlib.contextmanager
    def scratch(self) -> Iterator[Path]:
        with tempfile.TemporaryDirectory(dir=self.folder) as name:
            yield Path(name)


class Recorder:
    def __init__(self) -> None:
        self.stages: list[tuple[Stage, str | None]] = []
        self.entries: list[tuple[str | None, str, str, str]] = []
        self.remote: list[bool] = []
        self.remedies: list[str] = []
        self.bytes = [0, 0]
        self.stop: Callable[[], Exception | None] | None = None

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        self.stages.append((stage, resource))

    def advance(self, done: int = 0, *, bytes_in: int = 0, bytes_out: int = 0, **others: Any) -> None:
        self.bytes[0] += bytes_in
        self.bytes[1] += bytes_out

    def check(self) -> None:
        error = self.stop() if self.stop is not None else None
        if error is not None:
            raise error

    def task(
        self,
        resource: str | None,
        mode: str,
        action: str,
        result: str,
        message: Text,
        *,
        details: Sequence[Text] = (),
        remote: bool = False,
        remedy: Text = "",
        code: str | None = None,
    ) -> None:
        self.entries.append((resource, mode, result, "\n".join(map(str, (message, *details)))))
        self.remote.append(remote)
        self.remedies.append(str(remedy))


class World:
    def __init__(self, folder: Path) -> None:
        self.peer = ScriptedPeer(folder)
        self.site = ScriptedSite(folder)
        self.told = Recorder()
        self.slept: list[float] = []

    def engine(
        self, *tasks: Task, quiet: bool = False, page_size: int = 10, start: Start = in_a_thread
    ) -> Engine:
        return Engine(
            self.peer,
            self.site,
            tasks,
            self.told,
            self.told,
            page_size=page_size,
            peer_time=lambda: NOW,
            retry_policy=RetryPolicy(attempts=3, first_delay=0.5),
            sleep=self.slept.append,
            quiet=quiet,
            start=start,
        )
