"""The engine with a scripted peer and site: order, pages, repetition, failures, cancelling, telling."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import (
    AlreadyRunning,
    LateRequest,
    NotAuthenticated,
    PeerRefused,
    PeerUnreachable,
    StoreBusy,
    SyncError,
)
from s3sync.core.limits import MOST_EMPTY_PAGES
from s3sync.exchange.peer import Asking, Capability, Exchange, PullResult, PushResult, Refusal
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.exchange.run.ports import Position, PushPage, Stage, Task
from tests.support.scripted import NOW, World


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
    assert world.site.positions["a"] == Position(
        cursor="2", pushed=25, checkpoint="c3", pull_number=2, push_number=3
    )
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
    assert len(world.peer.pushed) == 1 and world.site.paged == [False]
    assert list(tmp_path.iterdir()) == []


def test_documents_are_taken_one_after_the_other_from_who_has_several(world: World, tmp_path: Path) -> None:
    def documents(exchange: Exchange, asking: Asking) -> PullResult:
        path = tmp_path / "document.xml"
        number = int(asking.cursor or 0) + 1
        path.write_text(str(number))
        return PullResult(path, cursor=str(number), more=number < 3)

    world.site.known = frozenset()
    world.peer.pull = documents  # type: ignore[method-assign]
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

    def stuck(exchange: Exchange, asking: Asking) -> PullResult:
        page = pull(exchange, replace(asking, cursor="0"))
        page.cursor, page.more = "1", True
        return page

    monkeypatch.setattr(world.peer, "pull", stuck)
    with pytest.raises(RunFailed, match="stays where it is"):
        world.engine(task("a", pushes=False)).run()


def test_pages_without_records_come_to_an_end(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    pull = world.peer.pull

    def endless(exchange: Exchange, asking: Asking) -> PullResult:
        asked.append(asking.cursor)
        page = pull(exchange, replace(asking, cursor="0"))
        page.cursor, page.more = str(len(asked)), True
        return page

    world.peer.pages["a"] = []
    monkeypatch.setattr(world.peer, "pull", endless)
    with pytest.raises(RunFailed, match="stays where it is"):
        world.engine(task("a", pushes=False)).run()
    assert len(asked) == MOST_EMPTY_PAGES


def test_files_are_sent_and_remembered_until_they_are(world: World) -> None:
    world.site.changes["a"] = 1
    world.peer.results = [PushResult(1, is_ours=True, checkpoint="c", files=["x", "y"])]
    world.peer.faults = [("file", "x", PeerUnreachable("cut")) for _ in range(3)]
    world.engine(task("a", pulls=False)).run()
    assert world.peer.files == ["y"] and world.site.positions["a"].files == ("x",)
    assert "The file x was not sent" in world.told.entries[0][3]
    world.engine(task("a", pulls=False)).run()
    assert world.peer.files == ["y", "x"] and world.site.positions["a"].files == ()


def test_files_neither_go_nor_come_where_the_type_has_none(world: World) -> None:
    world.peer.capabilities = frozenset((Capability.PULL, Capability.PUSH))
    world.site.waiting = ["The file z cannot be had."]
    world.site.changes["a"] = 1
    world.peer.results = [PushResult(1, is_ours=True, checkpoint="c", files=["x"])]
    world.engine(task("a")).run()
    assert world.peer.files == [] and world.site.positions["a"].files == ()
    assert "file z" not in "".join(each[3] for each in world.told.entries)


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


# --- deletions that wait --------------------------------------------------------------------------------


def test_where_no_deletion_waits_nothing_is_asked_twice(world: World) -> None:
    world.engine(task("a")).run()
    assert world.peer.calls == [("pull", "a")] and not world.site.refused and not world.peer.finals


def test_deletions_that_wait_here_are_refused_after_everything_was_asked_once_more(world: World) -> None:
    world.site.waiting_here = 1
    world.engine(task("a"), task("b")).run()
    assert world.peer.calls == [("pull", "a"), ("pull", "b")] * 2
    assert world.site.refused == 1
    assert [each[:2] for each in world.told.entries] == [
        ("a", "pull"),
        ("a", "push"),
        ("b", "pull"),
        ("b", "push"),
    ]


def test_a_peer_where_deletions_wait_is_told_that_nothing_more_comes(world: World) -> None:
    world.site.changes = {"a": 1}
    world.peer.results = [PushResult(1, is_ours=True, checkpoint="c1", waiting=1)]
    world.peer.waiting = 1
    world.engine(task("a"), task("b", pushes=False)).run()
    assert world.peer.finals == ["a"]
    assert [each[1] for each in world.peer.pushed] == ["0+1", "1+0"]


def test_only_the_last_page_says_that_nothing_more_comes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.site.changes = {"a": 1}
    world.peer.results = [PushResult(1, is_ours=True, checkpoint="c1", waiting=1)]
    world.peer.waiting = 1
    write_page = world.site.write_page

    def meanwhile(task: Task, after: int, *args: Any, **options: Any) -> PushPage:
        if len(world.site.paged) == 2:
            world.site.changes["a"] = 4
        return write_page(task, after, *args, **options)

    monkeypatch.setattr(world.site, "write_page", meanwhile)
    world.engine(task("a"), task("b", pushes=False), page_size=2).run()
    assert [each[1] for each in world.peer.pushed] == ["0+1", "1+2", "3+1"]
    assert world.peer.finals == ["a"]


def test_a_run_that_failed_refuses_no_deletion(world: World) -> None:
    world.site.waiting_here = 1
    world.peer.faults = [("pull", "b", PeerRefused("no", remote=True))]
    with pytest.raises(RunFailed):
        world.engine(task("a"), task("b")).run()
    assert not world.site.refused and not world.peer.finals


# --- requests that come late ---------------------------------------------------------------------------------


def late(last: int) -> LateRequest:
    return LateRequest("late", last=last)


def test_a_request_that_is_refused_as_late_is_made_anew_with_a_higher_number(world: World) -> None:
    world.peer.pages["a"] = [3]
    world.site.changes["a"] = 5
    world.peer.faults = [("pull", "a", late(7)), ("push", "a", late(9))]
    world.engine(task("a")).run()
    assert world.peer.numbers == [1, 8, 1, 10]
    assert world.site.restored == ["a", "a"], "every number is stored before it is used: we were restored"
    assert (world.site.taken, [each[1] for each in world.peer.pushed]) == ([("a", 3)], ["0+5"])


def test_a_run_that_was_replaced_ends_where_its_request_is_refused_as_late(world: World) -> None:
    world.site.changes["a"] = 5
    world.peer.faults = [("push", "a", late(9))]
    world.told.stop = lambda: AlreadyRunning("taken over") if len(world.peer.calls) > 1 else None
    with pytest.raises(AlreadyRunning):
        world.engine(task("a")).run()
    assert not world.peer.pushed and not world.site.restored


@pytest.mark.parametrize("answers", [range(1, 50), [0]])
def test_who_is_refused_as_late_whatever_the_number_is_told(world: World, answers: Sequence[int]) -> None:
    world.site.changes["a"] = 5
    world.peer.faults = [("push", "a", late(each)) for each in answers]
    with pytest.raises(RunFailed, match="late"):
        world.engine(task("a")).run()
    assert len(world.peer.numbers) < 10
