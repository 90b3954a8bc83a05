"""A run of the schedule that failed is tried again after minutes, and the schedule stays as it is."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3sync.core.errors import NotAuthenticated, PeerUnreachable, SyncError
from s3sync.core.recurrence import DAY
from s3sync.core.repository_state import Reason
from s3sync.exchange.run.failures import RunFailed
from s3sync.monitoring.status import statuses
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler import retries as retries
from s3sync.worker import synchronise as synchronise
from tests.support.jobs import World


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    from gluon.scheduler import Scheduler

    world = World(tmp_path)
    Scheduler(world.site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    jobs.add_job(world.site, world.repository, None, period=DAY, timeout=60)
    world.site.db.commit()
    monkeypatch.setattr(type(world.site.host.settings), "get_sync_retries", lambda self: 0)
    monkeypatch.setattr(current, "sync_site", world.site, raising=False)
    yield world
    world.site.close()
    world.other.close()


def tries(world: World) -> list[tuple[datetime, int]]:
    """Return when the run is tried again, and how often it was then."""
    task = world.site.db.scheduler_task
    query = task.task_name == queue.retry_name(world.repository)
    rows = world.site.db(query).select(orderby=task.id)
    return [(row.next_run_time, json.loads(row.vars)["attempt"]) for row in rows]


def fail(world: World, error: SyncError, **options: Any) -> None:
    world.peer.fails = error
    with pytest.raises(RunFailed):
        synchronise.synchronize(world.repository, **options)


def later(world: World, minutes: int) -> datetime:
    return world.site.clock.now() + timedelta(minutes=minutes)


def test_it_is_tried_again_after_one_five_fifteen_and_sixty_minutes(world: World) -> None:
    before = world.site.db.scheduler_task(1).as_dict()
    for attempt, minutes in enumerate((1, 5, 15, 60)):
        fail(world, PeerUnreachable("no route"), attempt=attempt)
        assert tries(world) == [(later(world, minutes), attempt + 1)]
        (found,) = statuses(world.site)
        assert found.state.reason is Reason.FAILED and found.facts.next_try == later(world, minutes)
        assert not found.facts.is_queued, "no person has asked for it"
        world.site.clock.step(minutes * 60)
    fail(world, PeerUnreachable("no route"), attempt=4)
    assert tries(world) == [], "from here on the schedule does it"
    assert world.site.db.scheduler_task(1).as_dict() == before
    log = world.site.db.sync_log
    assert world.site.db(log.code == "tried_again").count() == 4


def test_a_failure_that_cannot_pass_is_left_to_the_schedule(world: World) -> None:
    fail(world, NotAuthenticated("wrong password"))
    assert tries(world) == []


def test_a_run_that_succeeds_leaves_no_other_try(world: World) -> None:
    fail(world, PeerUnreachable("no route"))
    world.peer.fails = None
    assert synchronise.synchronize(world.repository, manual=True)["state"] == "completed"
    assert tries(world) == []


def test_a_person_who_starts_a_run_begins_the_series_anew(world: World) -> None:
    fail(world, PeerUnreachable("no route"), attempt=3)
    fail(world, PeerUnreachable("no route"), manual=True)
    assert tries(world) == [(later(world, 1), 1)]


def test_a_repository_that_is_not_on_the_schedule_is_not_tried_again(world: World) -> None:
    jobs.remove_job(world.site.db, 1)
    fail(world, PeerUnreachable("no route"), manual=True)
    assert tries(world) == []


def test_the_schedule_comes_first_where_it_is_sooner(world: World) -> None:
    jobs.change_job(world.site, 1, period=180, start=world.site.clock.now(), stop=None, enabled=True)
    world.site.db(world.site.db.scheduler_task.id == 1).update(status="RUNNING")
    fail(world, PeerUnreachable("no route"))
    assert len(tries(world)) == 1
    world.site.clock.step(60)
    fail(world, PeerUnreachable("no route"), attempt=1)
    assert tries(world) == []


def test_another_try_goes_to_the_repository_that_takes_the_place(world: World) -> None:
    fail(world, PeerUnreachable("no route"))
    other = world.site.db.sync_repository.insert(name="the same")
    jobs.hand_over(world.site.db, world.repository, other)
    (task,) = world.site.db(world.site.db.scheduler_task.task_name == queue.retry_name(other)).select()
    assert json.loads(task.vars)["repository_id"] == other
    retries.forget(world.site.db, other)
    assert world.site.db(world.site.db.scheduler_task.id == task.id).isempty()
