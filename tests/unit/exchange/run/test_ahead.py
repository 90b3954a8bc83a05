"""Pages that are asked for ahead: in which order, how many, and what becomes of those that nobody takes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from s3sync.core.cursor import RequestNumber
from s3sync.core.errors import DocumentTooLarge, LateRequest, PeerRefused, PeerUnreachable, StoreBusy
from s3sync.exchange.peer import Asking, Exchange, PullResult
from s3sync.exchange.run import fetch
from s3sync.exchange.run.ahead import Ahead
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.exchange.run.ports import ImportSummary, Task
from tests.support.scripted import World

A = Task(1, Exchange("a"), pushes=False)
SECONDS = 10


def at_once(work: Callable[[], None]) -> None:
    work()


@pytest.fixture()
def world(tmp_path: Path) -> World:
    world = World(tmp_path)
    world.site.known = frozenset(("cursor", "ahead"))
    world.peer.pages["a"] = [3, 2, 1]
    return world


def test_each_page_is_asked_for_before_the_one_before_it_is_stored(world: World) -> None:
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", "1"), ("1", "2")], "only what is stored is presented as such"
    assert world.peer.numbers == [1, 1, 2], "with the number of the page that is stored next"
    assert world.site.taken == [("a", 3), ("a", 2), ("a", 1)]
    assert (world.site.positions["a"].cursor, world.site.positions["a"].pull_number) == ("3", 3)


def test_who_cannot_be_asked_so_is_asked_one_after_the_other(world: World) -> None:
    world.site.known = frozenset(("cursor",))
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("1", ""), ("2", "")]


def test_a_page_is_fetched_while_the_one_before_it_is_imported(world: World) -> None:
    importing, fetching = threading.Event(), threading.Event()
    pull, take = world.peer.pull, world.site.take_page

    def slow_pull(exchange: Exchange, asking: Asking) -> PullResult:
        if asking.ahead == "1":
            fetching.set()
            assert importing.wait(SECONDS)
        return pull(exchange, asking)

    def slow_take(task: Task, page: PullResult, number: int) -> ImportSummary:
        if not world.site.taken:
            importing.set()
            assert fetching.wait(SECONDS)
        return take(task, page, number)

    world.peer.pull = slow_pull  # type: ignore[method-assign]
    world.site.take_page = slow_take  # type: ignore[method-assign]
    world.engine(A).run()
    assert world.site.taken == [("a", 3), ("a", 2), ("a", 1)]


def test_a_page_is_asked_for_while_the_one_before_it_is_on_its_way_and_never_two(
    world: World, tmp_path: Path
) -> None:
    asked = {str(place): threading.Event() for place in range(4)}
    unstored: list[int] = []
    pull = world.peer.pull

    def slow(exchange: Exchange, asking: Asking) -> PullResult:
        place = int(asking.ahead or asking.cursor or 0)
        unstored.append(place - len(world.site.taken))
        asked[str(place)].set()
        page = pull(exchange, asking)
        if page.more:
            # The rest of it comes when the next one has been asked for.
            assert asked[str(place + 1)].wait(SECONDS)
        return page

    world.peer.tells_early = True
    world.peer.pull = slow  # type: ignore[method-assign]
    world.engine(A).run()
    assert world.site.taken == [("a", 3), ("a", 2), ("a", 1)]
    assert unstored == [0, 1, 1]
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_stopped_between_two_pages_throws_the_next_one_away(
    world: World, tmp_path: Path
) -> None:
    world.told.stop = lambda: Cancelled("stop") if world.site.taken else None
    with pytest.raises(Cancelled):
        world.engine(A, start=at_once).run()
    assert world.site.positions["a"].cursor == "1" and world.peer.asked[-1] == ("", "1")
    assert list(tmp_path.iterdir()) == []
    world.told.stop = None
    world.engine(A, start=at_once).run()
    assert world.peer.asked[2:] == [("1", ""), ("1", "2")] and world.peer.numbers[2:] == [2, 2]
    assert [count for _, count in world.site.taken] == [3, 2, 1]


def test_a_run_that_waits_for_a_page_can_be_stopped(world: World, tmp_path: Path) -> None:
    pull, ended = world.peer.pull, threading.Event()

    def stuck(exchange: Exchange, asking: Asking) -> PullResult:
        assert asking.receiving is not None
        try:
            while asking.ahead:
                asking.receiving.received(1)
                time.sleep(0.01)
        finally:
            ended.set() if asking.ahead else None
        return pull(exchange, asking)

    world.peer.pull = stuck  # type: ignore[method-assign]
    waits = iter([None, None, Cancelled("stop")])
    world.told.stop = lambda: next(waits)
    with pytest.raises(Cancelled):
        world.engine(A).run()
    assert ended.is_set() and world.site.taken == [("a", 3)] and list(tmp_path.iterdir()) == []


def test_a_failure_is_that_of_a_request_and_the_same_is_asked_again(world: World) -> None:
    fails = iter([None, PeerUnreachable("cut"), None, None])
    pull, asked = world.peer.pull, []

    def failing(exchange: Exchange, asking: Asking) -> PullResult:
        asked.append(asking)
        error = next(fails)
        if error is not None:
            raise error
        return pull(exchange, asking)

    world.peer.pull = failing  # type: ignore[method-assign]
    world.engine(A, start=at_once).run()
    assert asked[1] == asked[2] and world.site.taken == [("a", 3), ("a", 2), ("a", 1)]
    assert sum(world.slept) > 0


def test_a_failure_for_good_is_told_after_the_page_before_it_is_stored(world: World, tmp_path: Path) -> None:
    world.peer.faults = []
    pull = world.peer.pull

    def refused(exchange: Exchange, asking: Asking) -> PullResult:
        if asking.ahead:
            raise PeerRefused("no", remote=True)
        return pull(exchange, asking)

    world.peer.pull = refused  # type: ignore[method-assign]
    with pytest.raises(RunFailed):
        world.engine(A, start=at_once).run()
    assert world.site.taken == [("a", 3)] and list(tmp_path.iterdir()) == []


def test_a_page_that_is_refused_ahead_is_asked_for_when_the_one_before_it_is_stored(world: World) -> None:
    pull = world.peer.pull

    def not_ahead(exchange: Exchange, asking: Asking) -> PullResult:
        page = pull(exchange, asking)
        if asking.ahead:
            page.discard()
            raise LateRequest("not before", last=1)
        return page

    world.peer.pull = not_ahead  # type: ignore[method-assign]
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", "1"), ("1", ""), ("1", "2"), ("2", "")]
    assert world.site.restored == [] and len(world.site.taken) == 3


def test_a_page_that_is_too_large_is_asked_for_smaller(world: World) -> None:
    limits: list[int] = []
    pull = world.peer.pull

    def large(exchange: Exchange, asking: Asking) -> PullResult:
        limits.append(asking.limit)
        if asking.ahead and asking.limit > 2:
            raise DocumentTooLarge("too large")
        return pull(exchange, asking)

    world.peer.pull = large  # type: ignore[method-assign]
    world.engine(A, start=at_once).run()
    assert limits == [10, 10, 2, 2] and len(world.site.taken) == 3


def test_a_page_that_could_not_be_stored_is_asked_for_again_with_what_follows(
    world: World, tmp_path: Path
) -> None:
    world.site.faults = [StoreBusy("for a moment")]
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", "1"), ("", ""), ("", "1"), ("1", "2")]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "changes",
    [{"cursor": ""}, {"checkpoint": "other"}, {"push_number": 7}, {"pull_number": 9}],
    ids=lambda changes: str(*changes),
)
def test_where_the_task_has_moved_meanwhile_the_page_is_thrown_away(
    world: World, tmp_path: Path, changes: dict[str, Any]
) -> None:
    take = world.site.take_page

    def moved(task: Task, page: PullResult, number: int) -> ImportSummary:
        taken = take(task, page, number)
        if len(world.site.taken) == 1:
            world.site.positions["a"] = replace(world.site.positions["a"], **changes)
        return taken

    world.site.take_page = moved  # type: ignore[method-assign]
    world.engine(A, start=at_once).run()
    assert world.peer.asked[2] == (world.site.positions["a"].cursor and changes.get("cursor", "1"), "")
    assert list(tmp_path.iterdir()) == []


def test_a_peer_that_does_not_know_the_parameter_any_more_is_asked_one_after_the_other(
    world: World, tmp_path: Path
) -> None:
    pull = world.peer.pull

    def older(exchange: Exchange, asking: Asking) -> PullResult:
        return pull(exchange, replace(asking, ahead=""))

    world.peer.pull = older  # type: ignore[method-assign]
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", ""), ("1", ""), ("2", "")]
    assert [count for _, count in world.site.taken] == [3, 2, 1] and list(tmp_path.iterdir()) == []


def test_who_was_restored_is_not_asked_ahead(world: World) -> None:
    pull = world.peer.pull

    def restored(exchange: Exchange, asking: Asking) -> PullResult:
        page = pull(exchange, asking)
        page.restored = asking.cursor == ""
        return page

    world.peer.pull = restored  # type: ignore[method-assign]
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("1", ""), ("1", "2")]


@pytest.mark.parametrize("kept", [0, 1])
def test_a_page_that_comes_after_it_was_thrown_away_is_removed(tmp_path: Path, kept: int) -> None:
    paths = [tmp_path / name for name in ("first", "second")]
    works: list[Callable[[], None]] = []

    def pull(asking: Asking) -> PullResult:
        path = paths[bool(asking.ahead)]
        path.write_text("x")
        return PullResult(path, is_ours=True, cursor=path.name, more=True)

    pages = Ahead(pull, lambda: None, works.append, most=1)
    page = pages.page(Asking("", 5, number=RequestNumber(1, "t")))
    page.discard()
    discarding = threading.Thread(target=pages.discard)
    if kept:
        works[0]()
        discarding.start()
    else:
        discarding.start()
        time.sleep(0.05)
        works[0]()
    discarding.join(SECONDS)
    assert list(tmp_path.iterdir()) == [], f"{kept} of {len(works)}"


@pytest.mark.parametrize(
    "received, seconds, is_near",
    [(0, 1.0, False), (1000, 2.0, False), (4000, 8.0, False), (4900, 9.8, True), (5000, 10.0, True)],
)
def test_the_next_page_is_asked_for_when_the_rest_takes_no_longer_than_its_answer(
    monkeypatch: pytest.MonkeyPatch, received: int, seconds: float, is_near: bool
) -> None:
    now = [100.0]
    monkeypatch.setattr(fetch, "time", SimpleNamespace(monotonic=lambda: now[0]))
    works: list[Callable[[], None]] = []
    seen: list[bool] = []

    def pull(asking: Asking) -> PullResult:
        assert asking.receiving is not None
        now[0] += 0.6
        asking.receiving.next_begins("c1", 5000)
        now[0] += seconds
        asking.receiving.received(received)
        seen.append(bool(works))
        return PullResult(Path("none"), is_ours=True, cursor="c1", more=True)

    Ahead(pull, lambda: None, works.append, most=1).page(Asking("", 5))
    assert seen == [is_near] and len(works) == 1


def test_what_is_on_its_way_before_the_last_page_counts_for_when_the_line_is_free(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    monkeypatch.setattr(fetch, "time", SimpleNamespace(monotonic=lambda: now[0]))
    asked: list[str] = []

    def pull(asking: Asking) -> PullResult:
        asked.append(asking.ahead)
        receiving = asking.receiving
        assert receiving is not None
        now[0] += 0.6
        receiving.next_begins(f"c{len(asked)}", 50_000)
        if len(asked) == 1:
            # A second page is asked for near the end of this one, of which 200 bytes are left then.
            now[0] += 10
            receiving.received(49_800)
        elif len(asked) == 2:
            now[0] += 2
            receiving.received(49_950)
            # The rest of both takes 0.05 seconds.
            assert len(asked) == 3
        return PullResult(Path("none"), is_ours=True, cursor=f"c{len(asked)}", more=len(asked) < 3)

    Ahead(pull, lambda: None, at_once, most=2).page(Asking("", 5))
    assert asked == ["", "c1", "c2"]
