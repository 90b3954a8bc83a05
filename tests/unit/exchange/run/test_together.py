"""A run that sends the small pages of several tasks in one request."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import NotAuthenticated, PeerUnreachable
from s3sync.exchange.peer import Exchange
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.exchange.run.ports import Task
from s3sync.exchange.run.pushing import Pushing
from s3sync.wire.protocol.names import PeerCapability
from tests.support.scripted import World

A, B, C = (Task(number, Exchange(name), pulls=False) for number, name in enumerate("abc"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.site.known = frozenset(("cursor", "together"))
    made.site.changes = {"a": 3, "b": 5, "c": 4}
    return made


def test_small_pages_are_sent_in_one_request_and_each_is_stored_and_told(world: World) -> None:
    report = world.engine(A, B, C).run()
    assert world.peer.calls == [("together", "a,b,c")]
    assert [each[:2] for each in world.peer.pushed] == [("a", "0+3"), ("b", "0+5"), ("c", "0+4")]
    assert report.sent == 12 and world.told.bytes[1] == 15
    assert [world.site.positions[name].pushed for name in "abc"] == [3, 5, 4]
    assert [world.site.positions[name].push_number for name in "abc"] == [1, 1, 1]
    assert [each[:3] for each in world.told.entries] == [(name, "push", "success") for name in "abc"]


def test_more_than_one_page_is_sent_by_itself(world: World) -> None:
    world.site.changes["b"] = 25
    world.engine(A, B, C).run()
    assert world.peer.calls == [("push", "b")] * 3 + [("together", "a,c")]


def test_a_single_page_is_an_ordinary_push(world: World) -> None:
    world.site.changes = {"b": 2}
    world.engine(A, B, C).run()
    assert world.peer.calls == [("push", "b")]


def test_a_single_page_saves_bytes_where_there_is_a_dictionary_for_it(world: World) -> None:
    world.site.known |= {PeerCapability.DICTIONARY.value}
    world.site.changes = {"b": 2}
    world.engine(A, B, C).run()
    assert world.peer.calls == [("together", "b")]
    world.site.changes, world.peer.refuses = {"c": 1}, {"c"}
    world.engine(A, B, C).run()
    assert world.peer.calls == [("together", "b"), ("together", "c"), ("push", "c")]


def test_a_site_of_before_gets_each_by_itself(world: World) -> None:
    world.site.known = frozenset(("cursor",))
    world.engine(A, B).run()
    assert world.peer.calls == [("push", "a"), ("push", "b")]


def test_what_is_large_goes_by_itself(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pushing, "small", 2)
    world.engine(A, B).run()
    assert world.peer.calls == [("push", "a"), ("push", "b")]


def test_a_request_has_so_many_pages_at_most(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Pushing, "most", 2)
    world.engine(A, B, C).run()
    assert world.peer.calls == [("together", "a,b"), ("push", "c")]


def test_what_was_not_taken_so_is_pushed_by_itself_and_tells_why(world: World) -> None:
    world.peer.refuses = {"b"}
    world.peer.faults = [("push", "b", PeerUnreachable("no"))] * 3
    with pytest.raises(RunFailed) as failed:
        world.engine(A, B, C).run()
    assert [each.resource for each in failed.value.failures] == ["b"]
    assert sorted(each[0] for each in world.peer.pushed) == ["a", "c"]


def test_a_defect_in_what_becomes_of_one_page_is_a_failure_of_its_task_alone(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    delivered = world.site.delivered

    def breaks(task: Task, *arguments: Any) -> None:
        if task.resource == "b":
            raise ZeroDivisionError("a defect")
        delivered(task, *arguments)

    monkeypatch.setattr(world.site, "delivered", breaks)
    with pytest.raises(RunFailed) as failed:
        world.engine(A, B, C).run()
    assert [each.resource for each in failed.value.failures] == ["b"]
    assert "ZeroDivisionError" in str(failed.value.failures[0].error.message)
    assert {name: state.pushed for name, state in world.site.positions.items()} | {"b": 0} == {
        "a": 3,
        "b": 0,
        "c": 4,
    }
    assert [each[0] for each in world.told.entries if each[2] == "success"] == ["a", "c"]


def test_after_a_defect_in_one_request_for_several_each_page_is_sent_by_itself(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*arguments: Any) -> None:
        raise ZeroDivisionError("a defect")

    monkeypatch.setattr(world.peer, "push_together", breaks)
    world.engine(A, B, C).run()
    assert world.peer.calls == [("push", name) for name in "abc"]


def test_without_a_line_each_task_fails_once_and_nothing_is_stored(world: World) -> None:
    gone = PeerUnreachable("no line")
    world.peer.faults = [("together", "*", gone)] * 3 + [("push", "*", gone)] * 3
    with pytest.raises(RunFailed) as failed:
        world.engine(A, B, C).run()
    assert [each.resource for each in failed.value.failures] == ["a", "b", "c"]
    assert world.peer.calls == [("together", "a,b,c")] * 3 + [("push", name) for name in "abc"]
    assert [world.site.positions[name].pushed for name in "abc"] == [0, 0, 0]


def test_after_an_account_was_refused_every_page_that_waits_is_told_as_not_sent(world: World) -> None:
    world.site.changes["b"] = 25
    world.peer.faults = [("push", "b", NotAuthenticated("no"))]
    with pytest.raises(RunFailed) as failed:
        world.engine(A, B, C).run()
    assert sorted(str(each.resource) for each in failed.value.failures) == ["a", "b", "c"]
    assert world.peer.pushed == []


def test_a_lost_answer_is_asked_for_again_with_the_same_numbers(world: World) -> None:
    world.peer.faults = [("together", "*", PeerUnreachable("lost"))]
    world.engine(A, B).run()
    assert world.peer.calls == [("together", "a,b")] * 2
    assert [world.site.positions[name].push_number for name in "ab"] == [1, 1]


def test_who_stops_the_run_before_they_are_sent_loses_nothing(world: World) -> None:
    checks = iter([None] * 4 + [Cancelled("stop")])
    world.told.stop = lambda: next(checks)
    with pytest.raises(Cancelled):
        world.engine(A, B).run()
    assert world.peer.calls == [] and "a" not in world.site.positions


@pytest.mark.parametrize(
    "deletes, calls",
    [
        (False, [("together", "x,z")]),
        (True, [("push", "x"), ("pull", "y"), ("push", "z")]),
    ],
)
def test_a_deletion_is_sent_before_what_is_fetched_after_it(
    world: World, deletes: bool, calls: list[tuple[str, str]]
) -> None:
    world.peer.pages = {"y": [2]}
    world.site.changes = {"x": 3, "z": 4}
    world.site.deletes = {"x"} if deletes else set()
    tasks = [Task(number, Exchange(name)) for number, name in enumerate("xyz")]
    world.engine(*tasks).run()
    assert world.peer.calls == [("news", ""), *calls]
    assert world.site.taken == [("y", 2)]
