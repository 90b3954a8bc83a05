"""A run that asks once what is new of all its tasks."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import NotAuthenticated, PeerUnreachable
from s3sync.exchange.peer import Exchange
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.exchange.run.ports import Task
from tests.support.scripted import World

A, B, C = (Task(number, Exchange(name)) for number, name in enumerate("abc"))


@pytest.fixture
def world(tmp_path: Path) -> World:
    made = World(tmp_path)
    made.site.known = frozenset(("cursor", "together"))
    return made


def test_one_question_where_nothing_is_new(world: World) -> None:
    report = world.engine(A, B, C).run()
    assert world.peer.calls == [("news", "")]
    assert world.site.idle == ["a", "b", "c"] and not report.received
    assert [each[:3] for each in world.told.entries if each[1] == "pull"] == [
        (name, "pull", "success") for name in "abc"
    ]


def test_a_small_page_travels_with_the_answer_and_a_large_one_is_pulled(world: World, tmp_path: Path) -> None:
    world.peer.pages = {"a": [3], "b": [40]}
    report = world.engine(A, B, C).run()
    assert world.peer.calls == [("news", ""), ("pull", "b")]
    assert world.site.taken == [("a", 3), ("b", 40)] and world.site.idle == ["c"]
    assert report.received["created"] == 43
    assert list(tmp_path.iterdir()) == []


def test_what_was_put_off_is_told_although_nothing_is_new(world: World) -> None:
    world.site.put_off = {"updated": 2}
    report = world.engine(A, B).run()
    assert report.received["updated"] == 4
    assert "2 updated" in world.told.entries[0][3]


def test_after_a_defect_in_one_question_for_all_each_is_pulled(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def breaks(*arguments: Any) -> None:
        raise ZeroDivisionError("a defect")

    world.peer.pages = {"a": [3], "b": [40]}
    monkeypatch.setattr(world.site, "nothing_new", breaks)
    report = world.engine(A, B, C).run()
    assert report.received["created"] == 43 and ("pull", "c") in world.peer.calls


@pytest.mark.parametrize(
    "known, tasks",
    [(("cursor",), (A, B)), ((), (A, B)), (("cursor", "together"), (A,))],
    ids=["a site of before", "an Eden", "a single resource"],
)
def test_each_is_pulled_where_one_question_cannot_be_or_saves_nothing(
    world: World, known: tuple[str, ...], tasks: tuple[Task, ...]
) -> None:
    world.site.known = frozenset(known)
    world.engine(*tasks).run()
    assert ("news", "") not in world.peer.calls
    assert [each for each in world.peer.calls if each[0] == "pull"] == [
        ("pull", task.resource) for task in tasks
    ]


def test_each_is_pulled_where_the_other_site_does_not_tell_any_more(world: World) -> None:
    world.peer.tells_news = False
    world.engine(A, B).run()
    assert world.peer.calls == [("news", ""), ("pull", "a"), ("pull", "b")]


def test_without_a_line_the_question_is_repeated_and_each_task_fails_once(world: World) -> None:
    gone = PeerUnreachable("no line")
    world.peer.faults = [("news", "", gone)] * 3 + [("pull", "*", gone)] * 2
    with pytest.raises(RunFailed) as failed:
        world.engine(A, B).run()
    assert [each.resource for each in failed.value.failures] == ["a", "b"]
    assert world.peer.calls == [("news", "")] * 3 + [("pull", "a"), ("pull", "b")]


def test_a_refused_question_is_told_by_the_tasks(world: World) -> None:
    refused = NotAuthenticated("no")
    world.peer.faults = [("news", "", refused), ("pull", "a", refused)]
    with pytest.raises(RunFailed) as failed:
        world.engine(A, B).run()
    assert [each.error.code for each in failed.value.failures] == ["not_authenticated"] * 2


def test_a_page_that_cannot_be_stored_is_pulled_again(world: World) -> None:
    world.peer.pages = {"a": [3]}
    world.site.faults = [PeerUnreachable("for a moment")]
    world.engine(A, B).run()
    assert world.peer.calls == [("news", ""), ("pull", "a")] and world.site.taken == [("a", 3)]


def test_pages_that_nobody_took_are_removed(world: World, tmp_path: Path) -> None:
    world.peer.pages = {"a": [3], "b": [3]}
    checks = iter([None, Cancelled("stop")])
    world.told.stop = lambda: next(checks)
    with pytest.raises(Cancelled):
        world.engine(A, B).run()
    assert list(tmp_path.iterdir()) == []


def test_only_tasks_that_pull_are_asked_for(world: World) -> None:
    world.engine(A, B, Task(4, Exchange("d"), pulls=False)).run()
    assert world.site.idle == ["a", "b"]
