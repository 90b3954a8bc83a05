"""Pages as large as the line is good: what is learned, and what is asked for then."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest

from s3sync.exchange.peer import Asking, Exchange, PullResult
from s3sync.exchange.run import fetch
from s3sync.exchange.run.page_size import FEWEST, FIRST, LineSpeed, PageSize
from s3sync.exchange.run.ports import Task
from tests.support.scripted import World

MOST = 5000


def page(received: int, more: bool = True) -> PullResult:
    return PullResult(Path("none"), received=received, more=more)


def sizes(rate: float, record: int, pages: int = 6, most: int = MOST) -> list[int]:
    """Return the sizes of pages over a line of so many bytes a second, of records of so many bytes."""
    size, moment, found = PageSize(LineSpeed(), is_learned=True), 0.0, []
    for _ in range(pages):
        limit = size.limit(most)
        found.append(limit)
        ended = moment + limit * record / rate
        size.note(page(limit * record), limit, moment, ended)
        moment = ended + 1
    return found


@pytest.mark.parametrize(
    ("rate", "record", "expected"),
    [
        (2_500_000, 100, [FIRST, MOST, MOST]),
        (128_000, 256, [FIRST, 2500, 2500]),
        (8_000, 100, [FIRST, 400, 400]),
        (8_000, 1000, [FIRST, FEWEST, FEWEST]),
        (50, 1000, [FIRST, FEWEST, FEWEST]),
    ],
)
def test_pages_take_some_seconds_and_no_more(rate: float, record: int, expected: list[int]) -> None:
    assert sizes(rate, record)[:3] == expected
    assert sizes(rate, record, pages=9)[-1] == expected[-1]


def test_the_setting_is_the_upper_limit() -> None:
    assert set(sizes(1e9, 10, most=20)) == {20}


def test_who_is_not_asked_ahead_gets_the_same_size_always() -> None:
    size = PageSize(LineSpeed(), is_learned=False)
    size.note(page(500_000), MOST, 0.0, 100.0)
    assert size.limit(MOST) == MOST


def test_the_first_page_of_a_task_goes_by_the_line_as_the_tasks_before_found_it() -> None:
    slow, good = LineSpeed(), LineSpeed()
    slow.note(80_000, 0.0, 10.0)
    good.note(2_500_000, 0.0, 1.0)
    assert PageSize(slow, is_learned=True).limit(MOST) == 80
    assert PageSize(good, is_learned=True).limit(MOST) == MOST
    assert PageSize(LineSpeed(), is_learned=True).limit(MOST) == FIRST


def test_a_line_that_becomes_worse_is_noticed_soon() -> None:
    line = LineSpeed()
    line.note(1_000_000, 0.0, 1.0)
    line.note(10_000, 1.0, 11.0)
    line.note(10_000, 11.0, 21.0)
    assert line.rate is not None and line.rate < 20_000


def test_pages_that_arrive_at_the_same_time_share_the_line() -> None:
    line = LineSpeed()
    line.note(10_000, 0.0, 10.0)
    line.note(10_000, 5.0, 15.0)
    assert line.rate == pytest.approx(15_000 / 10)


def test_the_last_page_says_little() -> None:
    size = PageSize(LineSpeed(), is_learned=True)
    size.note(page(10, more=False), 500, 0.0, 100.0)
    assert size.limit(MOST) == FIRST


@pytest.mark.parametrize(
    "known, expected", [({"cursor", "ahead"}, [100, 50, 50]), ({"cursor"}, [100, 100, 100])]
)
def test_a_run_over_a_slow_line_asks_for_smaller_pages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, known: set[str], expected: list[int]
) -> None:
    world = World(tmp_path)
    world.site.known = frozenset(known)
    world.peer.pages["a"] = [1, 1, 1]
    pull, limits, moments = world.peer.pull, [], iter(range(0, 10_000, 100))

    def slow(exchange: Exchange, asking: Asking) -> PullResult:
        limits.append(asking.limit)
        return pull(exchange, asking)

    world.peer.pull = slow  # type: ignore[method-assign]
    monkeypatch.setattr(fetch, "time", SimpleNamespace(monotonic=lambda: float(next(moments))))
    world.engine(Task(1, Exchange("a"), pushes=False), page_size=100, start=lambda work: work()).run()
    assert limits == expected


def test_how_the_first_page_begins_says_how_large_the_next_one_may_be() -> None:
    size = PageSize(LineSpeed(), is_learned=True)
    size.glimpse(FIRST, FIRST * 100, None)
    assert (size.limit(MOST), size.rate) == (FIRST, None), "too little of it is here"
    size.glimpse(FIRST, FIRST * 100, 50_000.0)
    assert size.limit(MOST) == 2500
    size.note(page(FIRST * 100), FIRST, 0.0, 4.0)
    size.glimpse(FIRST, FIRST * 100, 1_000_000.0)
    assert size.limit(MOST) == 2500, "a whole page says more"


@pytest.mark.parametrize(
    ("left", "expected"),
    [(None, 5000), (0, 5000), (90_000, 5000), (6000, 4000), (1000, 667), (600, 500), (400, 5000)],
)
def test_the_last_page_has_little_to_import_while_the_line_rests(left: int | None, expected: int) -> None:
    size = PageSize(LineSpeed(), is_learned=True)
    size.note(page(500_000), 5000, 0.0, 5.0)
    assert size.limit(MOST, left) == expected
