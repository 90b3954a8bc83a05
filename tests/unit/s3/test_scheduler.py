"""A worker looks for what is due before it takes a task, and a look that fails holds up nothing."""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydal import DAL

from s3.scheduler import Look, WatchingScheduler
from tests.support.databases import discard


@pytest.fixture
def worker(tmp_path: Path) -> Iterator[WatchingScheduler]:
    db = DAL("sqlite://storage.sqlite", folder=str(tmp_path), pool_size=0)
    found = WatchingScheduler(db, {"print": print}, migrate=True, utc_time=True, worker_name="w")
    db.scheduler_worker.insert(
        worker_name="w",
        status="ACTIVE",
        is_ticker=True,
        group_names=["main"],
        worker_stats={"status": "ACTIVE"},
    )
    db.commit()
    found.w_stats.status = "ACTIVE"
    yield found
    discard(db)


def queues(worker: WatchingScheduler) -> Look:
    """Return a look that queues a task, once."""
    found = [True, False]

    def look() -> bool:
        if found[0]:
            now = worker.now()
            times = {"start_time": now, "next_run_time": now}
            worker.db.scheduler_task.insert(
                application_name="eden", function_name="print", group_name="main", status="QUEUED", **times
            )
            worker.db(worker.db.scheduler_worker).update(status="PICK")
            worker.db.commit()
        return found.pop(0) if len(found) > 1 else False

    return look


@pytest.mark.parametrize("is_ticker", [True, False])
def test_what_a_look_queues_is_taken_at_once_by_the_worker_that_assigns(
    worker: WatchingScheduler, is_ticker: bool
) -> None:
    worker.is_a_ticker = is_ticker
    worker.watches.append(lambda: queues(worker))
    assert (worker.pop_task() is not None) is is_ticker


def test_a_watch_is_made_once(worker: WatchingScheduler) -> None:
    made: list[int] = []

    def watch() -> Look:
        made.append(1)
        return lambda: False

    worker.watches.append(watch)
    assert [worker.pop_task(), worker.pop_task()] == [None, None] and made == [1]


def test_a_glance_that_finds_something_ends_the_wait_for_the_next_heartbeat(
    worker: WatchingScheduler,
) -> None:
    found, glances = [False, True], []

    def glance() -> bool:
        glances.append(len(glances))
        return found.pop(0)

    worker.watches += [
        lambda: worker.with_glance(lambda: False, glance),
        lambda: lambda: False,
    ]
    worker.w_stats.sleep = 60
    assert worker.pop_task() is None
    worker.sleep()
    assert glances == [0, 1], "it would have glanced on until its minute was over"


def test_a_glance_that_fails_holds_up_nothing(
    worker: WatchingScheduler, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> bool:
        raise ValueError("no such table")

    monkeypatch.setattr("s3.scheduler.GLANCE", 0.01)
    worker.watches.append(lambda: worker.with_glance(lambda: False, fails))
    worker.w_stats.sleep = 0.05
    assert worker.pop_task() is None
    worker.sleep()
    assert "no such table" in caplog.text


def test_a_look_that_fails_is_told_and_holds_up_nothing(
    worker: WatchingScheduler, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> bool:
        worker.db.scheduler_task.insert(task_name="half done")
        raise ValueError("no such table")

    worker.is_a_ticker = True
    worker.watches += [lambda: fails, lambda: queues(worker)]
    with caplog.at_level(logging.ERROR, "eden.scheduler"):
        task = worker.pop_task()
    assert task is not None and task.function == "print"
    assert "no such table" in caplog.text and "looks again" in caplog.text
    assert worker.db(worker.db.scheduler_task.task_name == "half done").isempty()


def test_it_is_woken_before_its_heartbeat(worker: WatchingScheduler) -> None:
    worker.w_stats.sleep = 3600
    sleeping = threading.Thread(target=worker.sleep, daemon=True)
    sleeping.start()
    worker.wake()
    sleeping.join(30)
    assert not sleeping.is_alive()
    worker.look_again(3600)
    worker.look_again(0.05)
    worker.sleep()
    worker.w_stats.sleep = 0.05
    worker.sleep()
    assert not worker._awake.is_set(), "and sleeps again then"
