"""Two pages are asked for before the first one is stored, where the other site remembers their cursors."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pytest

from s3sync.core.cursor import RequestNumber
from s3sync.core.errors import PeerUnreachable
from s3sync.exchange.peer import Asking, Exchange, PullResult
from s3sync.exchange.run import ahead, fetch
from s3sync.exchange.run.ahead import Ahead
from s3sync.exchange.run.failures import Cancelled
from s3sync.exchange.run.page_size import LineSpeed, PageSize
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


def two_ahead(world: World, *pages: int) -> World:
    world.site.known |= {"two-ahead"}
    world.peer.pages["a"] = list(pages)
    return world


def test_two_pages_are_asked_for_before_the_first_one_is_stored(world: World) -> None:
    two_ahead(world, 3, 2, 1, 4, 5).engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", "1"), ("", "2"), ("1", "3"), ("2", "4")]
    assert world.peer.numbers == [1, 1, 1, 2, 3], "with the number of the page that is stored next"
    assert world.site.taken == [("a", 3), ("a", 2), ("a", 1), ("a", 4), ("a", 5)]
    assert (world.site.positions["a"].cursor, world.site.positions["a"].pull_number) == ("5", 5)


def test_who_remembers_one_cursor_is_asked_for_one_page(world: World) -> None:
    world.peer.pages["a"] = [3, 2, 1, 4]
    world.engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", "1"), ("1", "2"), ("2", "3")]
    assert [ahead.pages_ahead(known) for known in ((), ("two-ahead",), ("ahead", "two-ahead"))] == [0, 0, 2]


def test_the_page_after_the_next_one_is_fetched_while_the_first_one_is_imported(
    world: World, tmp_path: Path
) -> None:
    third = threading.Event()
    unstored: list[int] = []
    pull, take = world.peer.pull, world.site.take_page

    def noting(exchange: Exchange, asking: Asking) -> PullResult:
        place = int(asking.ahead or asking.cursor or 0)
        unstored.append(place - len(world.site.taken))
        page = pull(exchange, asking)
        if place == 2:
            third.set()
        return page

    def slow_take(task: Task, page: PullResult, number: int) -> ImportSummary:
        assert third.wait(SECONDS)
        return take(task, page, number)

    world.peer.pull = noting  # type: ignore[method-assign]
    world.site.take_page = slow_take  # type: ignore[method-assign]
    two_ahead(world, *range(1, 9)).engine(A).run()
    assert [count for _, count in world.site.taken] == list(range(1, 9))
    assert max(unstored) == 2, "the disk has three pages at most"
    assert list(tmp_path.iterdir()) == []


def test_a_run_that_is_stopped_throws_both_pages_away_and_the_next_one_goes_on(
    world: World, tmp_path: Path
) -> None:
    world.told.stop = lambda: Cancelled("stop") if world.site.taken else None
    with pytest.raises(Cancelled):
        two_ahead(world, 3, 2, 1, 4).engine(A, start=at_once).run()
    assert world.site.positions["a"].cursor == "1" and world.peer.asked[-2:] == [("", "1"), ("", "2")]
    assert list(tmp_path.iterdir()) == []
    world.told.stop = None
    world.engine(A, start=at_once).run()
    assert world.peer.asked[3:] == [("1", ""), ("1", "2"), ("1", "3")]
    assert [count for _, count in world.site.taken] == [3, 2, 1, 4]


def test_a_page_that_breaks_off_is_asked_for_again_and_the_one_after_it_is_kept(world: World) -> None:
    fails = iter([None, PeerUnreachable("cut"), None, None, None])
    pull, asked = world.peer.pull, []

    def failing(exchange: Exchange, asking: Asking) -> PullResult:
        asked.append((asking.cursor, asking.ahead))
        error = next(fails)
        page = pull(exchange, asking)
        if error is not None:
            page.discard()
            raise error
        return page

    world.peer.pull = failing  # type: ignore[method-assign]
    world.peer.tells_early = True
    two_ahead(world, 3, 2, 1, 4).engine(A, start=at_once).run()
    assert [count for _, count in world.site.taken] == [3, 2, 1, 4]
    assert len(asked) == 5, "only the one that broke off came twice"


def test_a_peer_that_does_not_know_the_parameter_any_more_is_not_asked_two_ahead(
    world: World, tmp_path: Path
) -> None:
    pull = world.peer.pull

    def older(exchange: Exchange, asking: Asking) -> PullResult:
        return pull(exchange, replace(asking, ahead=""))

    world.peer.pull = older  # type: ignore[method-assign]
    two_ahead(world, 3, 2, 1, 4).engine(A, start=at_once).run()
    assert world.peer.asked == [("", ""), ("", ""), ("1", ""), ("2", ""), ("3", "")]
    assert [count for _, count in world.site.taken] == [3, 2, 1, 4] and list(tmp_path.iterdir()) == []


def test_a_run_that_waits_for_its_first_page_can_be_stopped(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fetch, "LOOK", 0.0)

    def slow(exchange: Exchange, asking: Asking) -> PullResult:
        assert asking.receiving is not None
        for size in range(1000):
            asking.receiving.received(size)
        raise AssertionError("it was not stopped")

    world.peer.pull = slow  # type: ignore[method-assign]
    waits = iter([None, None, Cancelled("stop")])
    world.told.stop = lambda: next(waits)
    with pytest.raises(Cancelled):
        world.engine(A).run()
    assert list(tmp_path.iterdir()) == []


def test_the_last_pages_are_smaller_where_it_is_known_how_much_is_left(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, limits = [100.0], []
    monkeypatch.setattr(fetch, "time", SimpleNamespace(monotonic=lambda: now[0]))

    def pull(asking: Asking) -> PullResult:
        limits.append(asking.limit)
        now[0] += asking.limit / 2000
        done = sum(limits)
        return PullResult(
            Path("none"),
            is_ours=True,
            cursor=f"c{len(limits)}",
            more=done < 20_000,
            received=60 * asking.limit,
            total=20_000 if asking.total else None,
        )

    size = PageSize(LineSpeed(), is_learned=True)
    pages = Ahead(pull, lambda: None, at_once, most=1, size=size)
    number, page = 1, pages.page(Asking("", 5000, total=True, number=RequestNumber(1, "t")))
    while page.more:
        number += 1
        page = pages.page(Asking(page.cursor or "", 5000, number=RequestNumber(number, "t")))
    # What takes the line half a second is asked for at once: more may have come meanwhile.
    assert limits == [2000, 5000, 5000, 5000, 2000, 5000]


def test_what_is_asked_ahead_asks_for_no_total() -> None:
    asked: list[Asking] = []

    def pull(asking: Asking) -> PullResult:
        asked.append(asking)
        return PullResult(Path("none"), is_ours=True, cursor=f"c{len(asked)}", more=len(asked) < 3)

    def numbered(value: int, cursor: str) -> Asking:
        return Asking(cursor, 5, total=value == 1, number=RequestNumber(value, f"t{value}", 4))

    pages = Ahead(pull, lambda: None, at_once, most=1)
    cursors: Sequence[str | None] = [
        pages.page(numbered(value, cursor)).cursor for value, cursor in ((1, ""), (2, "c1"), (3, "c2"))
    ]
    assert cursors == ["c1", "c2", "c3"]
    assert [each.total for each in asked] == [True, False, False]
    assert [str(each.number) for each in asked] == ["1.t1.4", "1.t1.4", "2.t2.4"]


def test_two_pages_that_do_not_move_hold_a_run_that_is_stopped_no_longer_than_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now, done = [100.0], []

    class Stuck(fetch.Fetch):
        def stop(self) -> None:
            done.append(("stopped", self.asking.ahead))
            super().stop()

        def discard(self, seconds: float) -> None:
            done.append((seconds, self.asking.ahead))
            now[0] += seconds

    monkeypatch.setattr(fetch, "time", SimpleNamespace(monotonic=lambda: now[0]))
    pages = Ahead(lambda asking: pytest.fail("Nothing is asked for."), lambda: None, most=2)
    pages._fetches += [
        Stuck(pages._pull, Asking("", 10, ahead=cursor), Asking(cursor, 10)) for cursor in ("1", "2")
    ]
    pages.discard()
    assert done == [("stopped", "1"), ("stopped", "2"), (fetch.PATIENCE, "1"), (0.0, "2")]
