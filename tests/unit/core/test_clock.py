"""One clock a site: who moves it moves what is due, what is stale and how entries are dated."""

from __future__ import annotations

import ast
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.core.clock import SystemClock
from s3sync.core.errors import AlreadyRunning
from s3sync.monitoring import status as status
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler import run_record as run_record
from s3sync.worker import cleanup as cleanup
from tests.support.jobs import World
from tests.support.places import MODULES

PACKAGE = MODULES / "s3sync"
CLOCK = PACKAGE / "core" / "clock.py"
#: What tells the time of the computer; ``time.monotonic`` measures and tells none.
TELLING = {
    "datetime": {"now", "utcnow", "today"},
    "date": {"today"},
    "time": {"time", "time_ns", "gmtime", "localtime"},
}


@pytest.fixture()
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def times_told(source: str) -> list[str]:
    """Return where a module asks the computer for the time, and not a clock that was handed in."""
    nodes = list(ast.walk(ast.parse(source)))
    asked = [
        f"line {node.lineno}: {node.value.id}.{node.attr}"
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.attr in TELLING.get(node.value.id, ())
    ]
    imported = [
        f"line {node.lineno}: from time import {each.name}"
        for node in nodes
        if isinstance(node, ast.ImportFrom) and node.module == "time"
        for each in node.names
        if each.name in TELLING["time"]
    ]
    return asked + imported


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: path.relative_to(PACKAGE).as_posix()
)
def test_only_the_clock_asks_the_computer_for_the_time(path: Path) -> None:
    assert path == CLOCK or times_told(path.read_text(encoding="utf-8")) == []


def test_whoever_asks_the_computer_for_the_time_is_found() -> None:
    source = "from time import time\nx = datetime.now(), date.today(), time.time(), time.monotonic()"
    assert len(times_told(source)) == 4
    assert times_told(CLOCK.read_text(encoding="utf-8")) != []


def test_only_a_site_chooses_the_clock() -> None:
    choosing = {
        path.relative_to(PACKAGE).as_posix()
        for path in PACKAGE.rglob("*.py")
        if path != CLOCK and "SystemClock" in path.read_text(encoding="utf-8")
    }
    # The last two make a site, or its tables, inside a complete Eden.
    assert choosing == {
        "site/__init__.py",
        "adapters/testing.py",
        "administration/own_tables.py",
        "administration/over_eden.py",
    }


def test_the_clock_of_the_computer_gives_whole_seconds_without_a_zone() -> None:
    now = SystemClock().now()
    assert (now.microsecond, now.tzinfo) == (0, None)


def test_the_exact_time_is_that_of_now_with_its_fraction() -> None:
    clock = SystemClock()
    moments = [clock.exact() for _ in range(1000)]
    assert moments == sorted(moments) and any(each.microsecond for each in moments)
    assert moments[-1].tzinfo is None
    assert timedelta(0) <= clock.exact() - moments[-1] < timedelta(minutes=1)


@pytest.fixture()
def scheduled(world: World) -> World:
    Scheduler(world.site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    return world


def test_a_job_comes_due_by_the_clock_of_the_site(scheduled: World) -> None:
    site = scheduled.site
    begun = site.clock.now()
    job = jobs.add_job(site, scheduled.repository, None, period=3600, timeout=60)

    def due() -> Any:
        jobs.change_job(site, job, period=3600, start=None, stop=None, enabled=True)
        return jobs.jobs_of(site.db, scheduled.repository)[0].scheduler_task.next_run_time

    assert due() == begun
    site.clock.step(60)
    assert due() == begun + timedelta(hours=1)
    site.clock.step(7200)
    assert due() == begun + timedelta(hours=3)
    assert jobs.reset_job(site, job)
    (row,) = jobs.jobs_of(site.db, scheduled.repository)
    assert row.scheduler_task.next_run_time == site.clock.now()


def test_what_the_scheduler_is_given_is_dated_by_the_clock_of_the_site(scheduled: World) -> None:
    site = scheduled.site
    site.clock.step(86_400 * 400)
    task = site.db.scheduler_task(queue.start_now(site, scheduled.repository, None, 60))
    assert task.start_time == task.next_run_time == site.clock.now()
    cleanup.schedule(site)
    daily = site.db(site.db.scheduler_task.function_name == cleanup.FUNCTION).select().first()
    assert daily.next_run_time == site.clock.now() + timedelta(days=1)


def test_a_worker_that_is_silent_for_a_minute_is_not_counted(scheduled: World) -> None:
    site = scheduled.site
    site.db.scheduler_worker.insert(worker_name="w", last_heartbeat=site.clock.now())
    assert queue.workers_alive(site) == 1
    site.clock.step(61)
    assert queue.workers_alive(site) == 0


def test_a_lease_becomes_stale_by_the_clock_of_the_site(world: World) -> None:
    site = world.site
    world.lease(owner="elsewhere#1#a").acquire()
    site.db(site.db.sync_lease).update(run_id=7)
    site.db.commit()
    retry_policy = site.host.settings.get_sync_lease_seconds()
    site.clock.step(retry_policy)
    with pytest.raises(AlreadyRunning):
        world.lease().acquire()
    assert run_record.live_run(site, world.repository) == 7
    assert run_record.live_runs(site) == {world.repository: 7}
    site.clock.step(1)
    assert run_record.live_run(site, world.repository) is None
    assert run_record.live_runs(site) == {}
    assert world.lease().acquire() == 7


def test_a_run_and_its_entries_in_the_log_have_the_time_of_the_site(world: World) -> None:
    site = world.site
    site.clock.step(86_400 * 365)
    world.run()
    entries = site.db(site.db.sync_log).select()
    assert entries and {entry.timestmp for entry in entries} == {site.clock.now()}
    assert {entry.created_on for entry in entries} == {site.clock.now()}
    assert (world.last.started_on, world.last.finished_on) == (site.clock.now(), site.clock.now())
    (counted,) = site.db(site.db.sync_traffic).select()
    assert counted.day == site.clock.now().date()


def test_what_is_older_than_the_log_shall_be_is_removed_when_the_clock_has_moved_on(world: World) -> None:
    site = world.site
    world.run()
    cleanup.tidy(site)
    assert not site.db(site.db.sync_log).isempty() and not site.db(site.db.sync_run).isempty()
    site.clock.step(86_400 * (site.host.settings.get_sync_log_days() + 1))
    cleanup.tidy(site)
    assert site.db(site.db.sync_log).isempty() and site.db(site.db.sync_run).isempty()
    assert site.db(site.db.sync_traffic).isempty()
