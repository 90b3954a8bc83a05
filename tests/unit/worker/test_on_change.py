"""A job that also runs after changes begins once something waits, and not again before something else changes."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.core.errors import PeerUnreachable
from s3sync.core.recurrence import DAY
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler import retries as retries
from s3sync.worker.on_change import Watch
from tests.support.jobs import World

PAUSE = 5


@pytest.fixture
def world(tmp_path: Path) -> World:
    found = World(tmp_path)
    Scheduler(found.site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    found.run()
    return found


@pytest.fixture
def job(world: World) -> int:
    return add(world, after_change=PAUSE)


@pytest.fixture
def watch(world: World, job: int) -> Watch:
    """A watch that has looked once, at a site where nothing waits."""
    found = Watch()
    assert not found.look(world.site)
    return found


def add(world: World, **options: Any) -> int:
    """Schedule the repository once a day, from tomorrow on."""
    tomorrow = world.site.clock.now() + timedelta(days=1)
    key = jobs.add_job(world.site, world.repository, None, period=DAY, timeout=60, start=tomorrow, **options)
    world.site.db.commit()
    return key


def enter(world: World, name: str = "Two") -> None:
    world.site.db.org_organisation.insert(name=name)
    world.site.db.commit()


def is_due(world: World) -> bool:
    row = jobs.jobs_of(world.site.db, world.repository)[0].scheduler_task
    return bool(row.next_run_time <= world.site.clock.now())


def looked(watch: Watch, world: World, seconds: float) -> bool:
    """Look once a second for some seconds; return whether the job was begun."""
    found = []
    for _ in range(int(seconds)):
        world.site.clock.step(1)
        found.append(watch.look(world.site))
    return any(found)


def ran(world: World) -> None:
    """The worker has done the run, and its next one is tomorrow."""
    world.run(manual=False)
    db = world.site.db
    db(db.scheduler_task).update(next_run_time=world.site.clock.now() + timedelta(days=1))
    db.commit()


def test_it_begins_after_its_pause(world: World, watch: Watch) -> None:
    enter(world)
    assert not watch.look(world.site)
    assert not looked(watch, world, PAUSE - 1) and not is_due(world)
    assert looked(watch, world, 1) and is_due(world)
    ran(world)
    assert not looked(watch, world, 60) and not is_due(world)
    assert [row.name for row in world.other.rows("org_organisation")][-1] == "Two"


def test_a_change_is_seen_without_a_look_where_a_job_waits_for_it(
    world: World, watch: Watch, job: int
) -> None:
    assert not watch.has_moved(world.site)
    enter(world)
    assert watch.has_moved(world.site)
    watch.look(world.site)
    assert not watch.has_moved(world.site), "it waits for its pause now"
    jobs.remove_job(world.site.db, job)
    world.site.db.commit()
    watch.look(world.site)
    enter(world, "Three")
    assert not watch.has_moved(world.site)


def test_what_follows_during_the_pause_does_not_prolong_it(world: World, watch: Watch) -> None:
    begun = []
    for number in range(PAUSE + 1):
        enter(world, f"Number {number}")
        begun.append(watch.look(world.site))
        world.site.clock.step(1)
    assert begun == [False] * PAUSE + [True]


def test_it_is_looked_for_when_the_pause_is_over(world: World, job: int) -> None:
    again: list[float] = []
    watch = Watch(again.append)
    watch.look(world.site)
    enter(world)
    watch.look(world.site)
    world.site.clock.step(PAUSE - 1)
    watch.look(world.site)
    assert again == [PAUSE, 1]


def test_workers_are_woken(world: World, watch: Watch) -> None:
    db = world.site.db
    db.scheduler_worker.insert(worker_name="w", is_ticker=True, status="ACTIVE")
    enter(world)
    watch.look(world.site)
    assert looked(watch, world, PAUSE)
    assert db(db.scheduler_worker).select().first().status == "PICK"


@pytest.mark.parametrize("what", ["no pause", "off", "no job"])
def test_others_wait_for_their_time(world: World, what: str) -> None:
    if what != "no job":
        add(world, enabled=what != "off", after_change=None if what == "no pause" else PAUSE)
    watch = Watch()
    enter(world)
    assert not looked(watch, world, 60)


def test_what_the_other_site_brought_is_no_change_of_ours(world: World, watch: Watch) -> None:
    world.other.db.org_organisation.insert(name="Theirs")
    world.other.db.commit()
    ran(world)
    assert not looked(watch, world, 60)


def test_it_does_not_begin_beside_a_run(world: World, watch: Watch) -> None:
    lease = world.lease()
    lease.acquire()
    world.site.db(world.site.db.sync_lease).update(run_id=world.last.id)
    world.site.db.commit()
    enter(world)
    assert not looked(watch, world, PAUSE * 2)
    lease.release()
    assert looked(watch, world, PAUSE)


def test_a_job_that_a_worker_still_has_in_hand_is_begun_afterwards(world: World, watch: Watch) -> None:
    tasks = world.site.db(world.site.db.scheduler_task.repeats == 0)
    enter(world)
    watch.look(world.site)
    # The run has pushed before the change, and its process comes to its end.
    tasks.update(status="RUNNING")
    assert not looked(watch, world, PAUSE * 2)
    tasks.update(status="QUEUED")
    assert looked(watch, world, 1) and is_due(world)


def test_after_a_failure_the_pauses_of_another_try_count(world: World, watch: Watch) -> None:
    enter(world)
    watch.look(world.site)
    assert looked(watch, world, PAUSE)
    world.peer.fails = PeerUnreachable("no line")
    with pytest.raises(Exception, match="no line"):
        world.run(manual=False)
    db = world.site.db
    db(db.scheduler_task).update(next_run_time=world.site.clock.now() + timedelta(days=1))
    assert retries.plan(world.site, world.repository, None, 0, 60) is not None
    db.commit()
    enter(world, "Three")
    assert not looked(watch, world, 30), "another try is planned"
    retries.forget(db, world.repository)
    db.commit()
    assert looked(watch, world, PAUSE), "something else has changed since"
    db(db.scheduler_task.repeats == 0).update(next_run_time=world.site.clock.now() + timedelta(days=1))
    db.commit()
    assert not looked(watch, world, 60), "nothing else has changed"


def test_of_several_jobs_the_one_that_runs_soonest_begins(world: World, job: int) -> None:
    sooner = add(world, after_change=1)
    watch = Watch()
    enter(world)
    watch.look(world.site)
    assert looked(watch, world, 1)
    now = world.site.clock.now()
    found = {row.sync_job.id: row.scheduler_task for row in jobs.jobs_of(world.site.db, world.repository)}
    assert found[sooner].next_run_time == now and found[job].next_run_time > now


def test_nothing_is_counted_while_nothing_changes(
    world: World, watch: Watch, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.worker.on_change.status.statuses", lambda *_, **__: pytest.fail("counted"))
    assert not looked(watch, world, 10)
