"""Turns, with a clock that the test turns."""

from __future__ import annotations

import heapq
import random
import threading

import pytest

from s3sync.web.front.turns import LATE, LONGEST, Turn, Turns


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


def taken(turns: Turns, who: str) -> Turn:
    turn = turns.ask(who)
    assert isinstance(turn, Turn)
    return turn


def test_so_many_are_served_so_many_wait_and_the_others_are_told_when_to_come(clock: Clock) -> None:
    turns = Turns(2, 1, clock=clock)
    first, second, third = (taken(turns, who) for who in "abc")
    assert first.began is not None and second.began is not None and third.began is None
    seconds = turns.ask("d")
    assert not isinstance(seconds, Turn) and 1.0 <= seconds <= LONGEST
    first.leave()
    assert third.began is not None and third.wait() is None


def test_those_who_wait_are_served_in_the_order_in_which_they_came(clock: Clock) -> None:
    turns = Turns(1, 5, clock=clock)
    running = taken(turns, "first")
    waiting = [taken(turns, str(number)) for number in range(4)]
    for turn in waiting:
        assert turn.began is None
        running.leave()
        assert turn.began is not None
        running = turn


def test_a_turn_that_is_left_twice_or_before_it_began_gives_nothing_away(clock: Clock) -> None:
    turns = Turns(1, 2, clock=clock)
    running, gone, last = (taken(turns, who) for who in "abc")
    gone.leave()
    gone.leave()
    running.leave()
    running.leave()
    assert last.began is not None
    assert taken(turns, "d").began is None


def test_nobody_waits_where_turns_take_too_long(clock: Clock) -> None:
    turns = Turns(1, 10, patience=2.0, clock=clock)
    for _ in range(60):
        turn = taken(turns, "slow")
        clock.now += 5
        turn.leave()
    taken(turns, "slow")
    assert not isinstance(turns.ask("another"), Turn)


def test_who_waited_too_long_is_told_to_come_again() -> None:
    turns = Turns(1, 1, patience=0.2)
    taken(turns, "first")
    second = taken(turns, "second")
    assert second.wait() is not None
    # Its place is free.
    assert taken(turns, "third").began is None


def test_who_was_refused_goes_before_who_was_served_just_now(clock: Clock) -> None:
    turns = Turns(1, 1, clock=clock)
    running, waiting = taken(turns, "hasty"), taken(turns, "other")
    told = turns.ask("patient")
    assert not isinstance(told, Turn)
    clock.now += told
    running.leave()
    # The place that became free is kept for the one that is about to come.
    assert not isinstance(turns.ask("hasty"), Turn)
    assert taken(turns, "patient").began is None
    waiting.leave()


def test_who_does_not_come_back_keeps_no_place(clock: Clock) -> None:
    turns = Turns(1, 1, clock=clock)
    running, _waiting = taken(turns, "a"), taken(turns, "b")
    assert not isinstance(turns.ask("gone for good"), Turn)
    running.leave()
    clock.now += LONGEST * 1.5 + LATE + 1
    assert taken(turns, "c").began is None


def test_many_who_are_refused_come_back_spread_out(clock: Clock) -> None:
    random.seed(1)
    turns = Turns(2, 2, clock=clock)
    for number in range(4):
        taken(turns, f"first {number}")
    told = sorted(float(turns.ask(f"site {number}")) for number in range(300))
    assert told[0] >= 1.0 and told[-1] <= LONGEST * 1.25 + 1
    busiest = max(told.count(second) for second in set(told))
    assert busiest < 100


@pytest.mark.parametrize(("patient", "minutes"), [(200, 10), (20, 2)])
def test_nobody_starves(clock: Clock, patient: int, minutes: int) -> None:
    """200 sites, each asking without end; some do not keep to what they are told, and ask again at once."""
    random.seed(patient)
    turns = Turns(3, 12, clock=clock)
    served = [0] * 200
    events: list[tuple[float, int, str]] = [(1000 + random.random(), site, "ask") for site in range(200)]
    heapq.heapify(events)
    held: dict[int, Turn] = {}
    waiting: dict[int, Turn] = {}

    def begin(now: float) -> None:
        for site, turn in list(waiting.items()):
            if turn.began is not None:
                held[site] = waiting.pop(site)
                heapq.heappush(events, (now + random.uniform(0.2, 0.6), site, "end"))

    while events[0][0] < 1000 + 60 * minutes:
        clock.now, site, what = heapq.heappop(events)
        if what == "end":
            held.pop(site).leave()
            served[site] += 1
            heapq.heappush(events, (clock.now + 0.01, site, "ask"))
        else:
            got = turns.ask(site)
            if isinstance(got, Turn):
                waiting[site] = got
            else:
                wait = got if site < patient else 0.5
                heapq.heappush(events, (clock.now + wait, site, "ask"))
        begin(clock.now)
    assert min(served[:patient]) >= minutes // 2
    assert sum(served) > 0.95 * 60 * minutes * 3 / 0.4


def test_threads_share_turns_without_losing_one() -> None:
    turns = Turns(3, 100, patience=60)
    at_once: list[int] = []
    inside = 0
    lock = threading.Lock()

    def work(number: int) -> None:
        nonlocal inside
        for _ in range(50):
            turn = turns.ask(number)
            assert isinstance(turn, Turn) and turn.wait() is None
            with lock:
                inside += 1
                at_once.append(inside)
            with lock:
                inside -= 1
            turn.leave()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(at_once) == 1000 and max(at_once) <= 3


def test_a_server_that_waits_without_a_thread_is_called(clock: Clock) -> None:
    turns = Turns(1, 2, clock=clock)
    called: list[str] = []
    first, second, third = (taken(turns, who) for who in "abc")
    for name, turn in (("first", first), ("second", second), ("third", third)):
        turn.when_begun(lambda name=name: called.append(name))
    assert called == ["first"]
    assert second.give_up() is None
    clock.now += 60
    assert second.give_up() is not None and second.give_up() is None
    first.leave()
    assert called == ["first", "third"]
