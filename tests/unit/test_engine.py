"""The engine with a scripted peer and site: order, pages, repetition, failures, cancelling, telling."""

from __future__ import annotations

import contextlib
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, Callable

import pytest

from s3sync.core.errors import (
    AlreadyRunning,
    Cancelled,
    DocumentTooLarge,
    NotAuthenticated,
    PeerRefused,
    PeerUnreachable,
    RunFailed,
    StoreBusy,
    SyncError,
)
from s3sync.core.retry import RetryPolicy
from s3sync.exchange.peer import Capability, Exchange, Peer, PullResult, PushResult, Refusal
from s3sync.exchange.run.engine import Engine
from s3sync.exchange.run.ports import ImportSummary, Position, PushPage, Stage, Task

NOW = datetime(2026, 3, 1, 8)


class ScriptedPeer:
    """Serves pages of numbers by cursor, takes pushes; ``faults`` are raised one a call."""

    skew: float | None = None

    def __init__(self, folder: Path) -> None:
        self.capabilities = frozenset(Capability)
        self.folder = folder
        self.pages: dict[str, list[int]] = {}
        self.document: int | None = None
        self.faults: list[tuple[str, str, SyncError]] = []
        self.calls: list[tuple[str, str]] = []
        self.pushed: list[tuple[str, str, str]] = []
        self.files: list[str] = []
        self.results: list[PushResult] = []
        self.most: int | None = None

    def _fault(self, what: str, resource: str) -> None:
        self.calls.append((what, resource))
        for index, (kind, name, error) in enumerate(self.faults):
            if kind == what and name in (resource, "*"):
                del self.faults[index]
                raise error

    def register(self) -> Any:
        raise AssertionError("a run does not register")

    def pull(
        self,
        exchange: Exchange,
        *,
        cursor: str,
        limit: int,
        msince: datetime | None = None,
        checkpoint: str = "",
        total: bool = False,
    ) -> PullResult:
        self._fault("pull", exchange.resource)
        if self.most is not None and limit > self.most:
            raise DocumentTooLarge("too large")
        path = self.folder / f"pull-{len(self.calls)}.xml"
        if self.document is not None:
            path.write_text(str(self.document))
            return PullResult(path, received=10)
        pages = self.pages.get(exchange.resource, [])
        number = int(cursor or 0)
        path.write_text(str(pages[number] if number < len(pages) else 0))
        more = number + 1 < len(pages)
        return PullResult(
            path, is_ours=True, cursor=str(number + 1), more=more, journal="theirs", received=10
        )

    def push(self, exchange: Exchange, document: Path, *, journal: str, checkpoint: str) -> PushResult:
        self._fault("push", exchange.resource)
        text = document.read_text()
        if self.most is not None and int(text.split("+")[1]) > self.most:
            raise DocumentTooLarge("too large", remote=True)
        self.pushed.append((exchange.resource, text, checkpoint))
        if self.results:
            return self.results.pop(0)
        return PushResult(1, {"created": 1}, is_ours=True, checkpoint=f"c{len(self.pushed)}", sent=5)

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
        self.positions: dict[str, Position] = {}
        self.known: frozenset[str] = frozenset(("cursor",))
        self.taken: list[tuple[str, int]] = []
        self.faults: list[Exception] = []
        self.problems: list[str] = []
        self.waiting: list[str] = []
        self.for_eden: list[bool] = []

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

    def take_page(self, task: Task, page: PullResult) -> ImportSummary:
        taken = self._take(task, page)
        self._move(task, cursor=page.cursor)
        return taken

    def take_document(
        self, task: Task, document: PullResult, started: datetime, on_batch: Callable[[int], None]
    ) -> ImportSummary:
        taken = self._take(task, document)
        on_batch(taken.counts["created"])
        self._move(task, cursor=document.cursor or "", msince=started)
        return taken

    def write_page(self, task: Task, after: int, limit: int, target: Path, *, for_eden: bool) -> PushPage:
        self.for_eden.append(for_eden)
        count = min(limit, max(0, self.changes.get(task.resource, 0) - after))
        target.write_text(f"{after}+{count}")
        return PushPage(count, after + count, after + count < self.changes.get(task.resource, 0))

    def delivered(self, task: Task, page: PushPage, result: PushResult | None, files: Sequence[str]) -> None:
        checkpoint = result.checkpoint if result is not None else self.position(task).checkpoint
        self._move(task, pushed=page.position, checkpoint=checkpoint or "", files=tuple(files))

    def start_over(self, task: Task) -> None:
        self._move(task, pushed=0)

    def file_path(self, stored: str) -> Path:
        return self.folder / stored

    def fetch_files(self, peer: Peer, on_file: Callable[[str], None]) -> list[str]:
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
        message: str,
        *,
        remote: bool = False,
        remedy: str = "",
        code: str | None = None,
    ) -> None:
        self.entries.append((resource, mode, result, message))
        self.remote.append(remote)
        self.remedies.append(remedy)


class World:
    def __init__(self, folder: Path) -> None:
        self.peer = ScriptedPeer(folder)
        self.site = ScriptedSite(folder)
        self.told = Recorder()
        self.slept: list[float] = []

    def engine(self, *tasks: Task, quiet: bool = False, page_size: int = 10) -> Engine:
        return Engine(
            self.peer,
            self.site,
            tasks,
            self.told,
            self.told,
            page_size=page_size,
            peer_time=lambda: NOW,
            patience=RetryPolicy(attempts=3, first_delay=0.5),
            sleep=self.slept.append,
            quiet=quiet,
        )


@pytest.fixture()
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def task(resource: str, pulls: bool = True, pushes: bool = True) -> Task:
    return Task(1, Exchange(resource), pulls, pushes)


def test_pages_are_taken_in_order_and_then_ours_are_sent(world: World, tmp_path: Path) -> None:
    world.peer.pages["a"] = [3, 2]
    world.site.changes["a"] = 25
    report = world.engine(task("a")).run()
    assert world.site.taken == [("a", 3), ("a", 2)]
    assert [each[1] for each in world.peer.pushed] == ["0+10", "10+10", "20+5"]
    assert [each[2] for each in world.peer.pushed] == ["", "c1", "c2"]
    assert (report.received["created"], report.sent) == (5, 25)
    assert world.site.positions["a"] == Position(cursor="2", pushed=25, checkpoint="c3")
    assert [each[:3] for each in world.told.entries] == [("a", "pull", "success"), ("a", "push", "success")]
    assert world.told.bytes == [20, 15] and world.told.stages[-1][0] is Stage.FINISHED
    assert list(tmp_path.iterdir()) == []


def test_modes(world: World) -> None:
    world.site.changes = {"a": 1, "b": 1}
    world.engine(task("a", pushes=False), task("b", pulls=False)).run()
    assert world.peer.calls == [("pull", "a"), ("push", "b")]


def test_a_document_of_an_eden_is_taken_and_pushed_to_as_such(world: World, tmp_path: Path) -> None:
    world.site.known = frozenset()
    world.peer.document = 7
    world.site.changes["a"] = 1
    world.engine(task("a")).run()
    assert world.site.taken == [("a", 7)] and world.site.positions["a"].msince == NOW
    assert len(world.peer.pushed) == 1 and world.site.for_eden == [True]
    assert list(tmp_path.iterdir()) == []


def test_documents_are_taken_one_after_the_other_from_who_has_several(world: World, tmp_path: Path) -> None:
    def documents(exchange: Exchange, *, cursor: str, **options: Any) -> PullResult:
        path = tmp_path / "document.xml"
        number = int(cursor or 0) + 1
        path.write_text(str(number))
        return PullResult(path, cursor=str(number), more=number < 3)

    world.site.known = frozenset()
    world.peer.pull = documents  # type: ignore[method-assign,assignment]
    world.engine(task("a")).run()
    assert world.site.taken == [("a", 1), ("a", 2), ("a", 3)]
    assert world.site.known == frozenset(), "it is none of ours"


@pytest.mark.parametrize(
    ("can", "calls"),
    [
        (frozenset((Capability.PULL,)), [("pull", "a")]),
        (frozenset((Capability.PUSH,)), [("push", "a")]),
        (frozenset(), []),
    ],
)
def test_nothing_is_asked_for_that_the_type_cannot_do(
    world: World, can: frozenset[Capability], calls: list[tuple[str, str]]
) -> None:
    world.peer.capabilities = can
    world.site.changes["a"] = 1
    world.engine(task("a")).run()
    assert world.peer.calls == calls


def test_a_failure_in_passing_is_repeated_within_the_run(world: World) -> None:
    world.peer.pages["a"] = [3]
    world.site.changes["a"] = 1
    world.peer.faults = [("pull", "a", PeerUnreachable("x")), ("push", "a", PeerUnreachable("y"))]
    world.site.faults = [StoreBusy("z")]
    world.engine(task("a")).run()
    assert world.site.taken == [("a", 3)] and len(world.peer.pushed) == 1
    assert sum(world.slept) > 1 and (Stage.WAITING, None) in world.told.stages


def test_a_failed_task_does_not_stop_or_stain_the_others(world: World) -> None:
    world.peer.pages["b"] = [3]
    world.peer.faults = [("pull", "a", PeerRefused("no such table", remote=True))]
    with pytest.raises(RunFailed) as caught:
        world.engine(task("a", pushes=False), task("b", pushes=False)).run()
    assert world.site.taken == [("b", 3)]
    results = [each[:3] for each in world.told.entries]
    assert results == [("a", "pull", "fatal"), ("b", "pull", "success")]
    assert world.told.remote == [True, False]
    assert "no such table" in caught.value.message and "b (" not in caught.value.message
    assert [(each.resource, each.mode) for each in caught.value.failures] == [("a", "pull")]
    assert "Read the message of the other site" in world.told.remedies[0]


def test_a_refused_pull_does_not_keep_ours_from_being_sent(world: World) -> None:
    world.site.changes["a"] = 1
    world.peer.faults = [("pull", "a", PeerRefused("x"))]
    with pytest.raises(RunFailed):
        world.engine(task("a")).run()
    assert len(world.peer.pushed) == 1


def test_with_no_line_nobody_waits_for_every_task(world: World) -> None:
    world.peer.faults = [("pull", "*", PeerUnreachable("down")) for _ in range(9)]
    with pytest.raises(RunFailed):
        world.engine(task("a"), task("b"), task("c")).run()
    assert world.peer.calls == [("pull", "a")] * 3 + [("pull", "b"), ("pull", "c")]


def test_a_wrong_password_is_tried_once(world: World) -> None:
    world.peer.faults = [("pull", "*", NotAuthenticated("who?", remote=True)) for _ in range(9)]
    with pytest.raises(RunFailed) as caught:
        world.engine(task("a"), task("b")).run()
    assert world.peer.calls == [("pull", "a")]
    assert "a (pull, " in caught.value.message and "b (pull, " in caught.value.message


def test_a_defect_is_told_as_one(world: World) -> None:
    world.peer.pages = {"a": [1], "b": [1]}
    world.site.faults = [KeyError("surprise")]
    with pytest.raises(RunFailed, match="KeyError"):
        world.engine(task("a", pushes=False), task("b", pushes=False)).run()
    assert world.site.taken == [("b", 1)]


@pytest.mark.parametrize("error", [Cancelled("stop"), AlreadyRunning("taken over")])
def test_cancelling_keeps_what_is_settled(world: World, error: SyncError, tmp_path: Path) -> None:
    world.peer.pages["a"] = [3, 2, 1]
    world.told.stop = lambda: error if len(world.site.taken) == 2 else None
    with pytest.raises(type(error)):
        world.engine(task("a"), task("b")).run()
    assert world.site.positions["a"].cursor == "2"
    assert list(tmp_path.iterdir()) == []
    world.told.stop = None
    world.engine(task("a", pushes=False)).run()
    assert world.site.taken == [("a", 3), ("a", 2), ("a", 1)]


def test_a_wait_can_be_cancelled(world: World) -> None:
    world.peer.faults = [("pull", "a", PeerUnreachable("x"))]
    world.told.stop = lambda: Cancelled("stop") if (Stage.WAITING, None) in world.told.stages else None
    with pytest.raises(Cancelled):
        world.engine(task("a")).run()


def test_pages_shrink_where_they_are_too_large(world: World) -> None:
    world.site.changes["a"] = 10
    world.peer.pages["a"] = [1]
    world.peer.most = 2
    world.engine(task("a")).run()
    assert [each[1] for each in world.peer.pushed] == ["0+2", "2+2", "4+2", "6+2", "8+2"]
    assert world.site.taken == [("a", 1)]


def test_one_record_that_is_too_large_is_a_failure(world: World) -> None:
    world.site.changes["a"] = 2
    world.peer.most = 0
    with pytest.raises(RunFailed, match="too large"):
        world.engine(task("a", pulls=False)).run()


def test_a_restored_peer_gets_everything_again_once(world: World) -> None:
    world.site.changes["a"] = 4
    world.site.positions["a"] = Position(pushed=3, checkpoint="old")
    world.peer.results = [PushResult(1, is_ours=True, checkpoint="new", restored=True)]
    world.engine(task("a", pulls=False)).run()
    assert [each[1:3] for each in world.peer.pushed] == [("3+1", "old"), ("0+4", "new")]
    assert world.told.entries[0][2] == "warning"


def test_a_cursor_that_stands_still_is_an_error(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.peer.pages["a"] = [1, 1]
    pull = world.peer.pull

    def stuck(exchange: Exchange, **options: Any) -> PullResult:
        page = pull(exchange, **{**options, "cursor": "0"})
        page.cursor, page.more = "1", True
        return page

    monkeypatch.setattr(world.peer, "pull", stuck)
    with pytest.raises(RunFailed, match="stays where it is"):
        world.engine(task("a", pushes=False)).run()


def test_files_are_sent_and_remembered_until_they_are(world: World) -> None:
    world.site.changes["a"] = 1
    world.peer.results = [PushResult(1, is_ours=True, checkpoint="c", files=["x", "y"])]
    world.peer.faults = [("file", "x", PeerUnreachable("cut")) for _ in range(3)]
    world.engine(task("a", pulls=False)).run()
    assert world.peer.files == ["y"] and world.site.positions["a"].files == ("x",)
    assert "The file x was not sent" in world.told.entries[0][3]
    world.engine(task("a", pulls=False)).run()
    assert world.peer.files == ["y", "x"] and world.site.positions["a"].files == ()


def test_problems_make_a_warning(world: World) -> None:
    world.peer.pages["a"] = [1]
    world.site.changes["a"] = 1
    world.site.problems = ["urn:1: rejected"]
    world.site.waiting = ["The file z cannot be had."]
    world.peer.results = [PushResult(refusals=[Refusal("a", "urn:2", "too long")], outcomes={"rejected": 1})]
    report = world.engine(task("a")).run()
    assert [each[2] for each in world.told.entries] == ["warning", "warning"]
    assert "urn:1: rejected" in world.told.entries[0][3] and "file z" in world.told.entries[0][3]
    assert "urn:2 was rejected there: too long" in world.told.entries[1][3]
    assert report.warnings == 3


def test_nothing_to_do_can_be_quiet(world: World) -> None:
    world.engine(task("a"), quiet=True).run()
    assert world.told.entries == []
    world.engine(task("a")).run()
    assert [each[3] for each in world.told.entries] == ["Nothing new.", "Nothing to send."]
