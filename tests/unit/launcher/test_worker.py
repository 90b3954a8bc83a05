"""The worker as a good citizen: what a dead one had in hand is ended and queued again."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from launcher.worker import DIED, bring_back, release_dead_workers
from tests.support.site import SampleSite

NOW = datetime(2026, 3, 1, 12)


@pytest.fixture()
def db(tmp_path: Path) -> Iterator[Any]:
    site = SampleSite(tmp_path / "own")
    Scheduler(site.db, {"sync_synchronize": print}, migrate=True, utc_time=True)
    yield site.db
    site.db.close()


def test_the_run_of_a_dead_worker_has_an_end(db: Any) -> None:
    task = db.scheduler_task.insert(
        function_name="sync_synchronize", task_name="t", status="RUNNING", assigned_worker_name="own"
    )
    dead = db.scheduler_run.insert(task_id=task, worker_name="own", status="RUNNING")
    alive = db.scheduler_run.insert(task_id=task, worker_name="elsewhere#1", status="RUNNING")
    for name in ("own", "elsewhere#1"):
        db.scheduler_worker.insert(worker_name=name)
    release_dead_workers(db, "own", NOW)
    run = db.scheduler_run(dead)
    assert (run.status, run.stop_time, run.traceback) == ("STOPPED", NOW, DIED)
    assert db.scheduler_task(task).status == "QUEUED"
    assert db.scheduler_run(alive).status == "RUNNING" and db.scheduler_run(alive).stop_time is None
    assert [row.worker_name for row in db(db.scheduler_worker).select()] == ["elsewhere#1"]


def test_any_worker_lets_the_tasks_of_a_dead_one_be_assigned_with_the_next_heartbeat(db: Any) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    dead, alive = (f"{socket.gethostname()}#{pid}" for pid in (done.stdout.strip(), os.getpid()))
    for name in (dead, alive):
        db.scheduler_worker.insert(worker_name=name, status="ACTIVE", is_ticker=name == dead)
    task = db.scheduler_task.insert(
        function_name="sync_synchronize", task_name="t", status="RUNNING", assigned_worker_name=dead
    )
    release_dead_workers(db, None, NOW)
    assert db.scheduler_task(task).status == "QUEUED"
    (left,) = db(db.scheduler_worker).select()
    assert (left.worker_name, left.status) == (alive, "PICK")
    left.update_record(status="ACTIVE")
    release_dead_workers(db, None, NOW)
    assert db.scheduler_worker(left.id).status == "ACTIVE", "nothing to hurry for"


def test_what_ran_while_the_clock_was_ahead_does_not_wait_until_that_time_has_come(db: Any) -> None:
    wrong, hour = NOW + timedelta(hours=2), timedelta(hours=1)
    common = {"function_name": "sync_synchronize", "status": "QUEUED", "period": 60, "repeats": 0}
    ran = db.scheduler_task.insert(last_run_time=wrong, next_run_time=wrong + timedelta(seconds=60), **common)
    planned = db.scheduler_task.insert(next_run_time=wrong, start_time=wrong, **common)
    usual = db.scheduler_task.insert(last_run_time=NOW - hour, next_run_time=NOW + hour, **common)
    beside = db.scheduler_task.insert(
        last_run_time=NOW + timedelta(seconds=59), next_run_time=wrong, **common
    )
    bring_back(db, NOW)
    due = {key: db.scheduler_task(key).next_run_time for key in (ran, planned, usual, beside)}
    assert due == {ran: NOW, planned: wrong, usual: NOW + hour, beside: wrong}
    assert db.scheduler_task(ran).last_run_time == NOW, "or it would come due with each heartbeat"


#: The scheduler is changed for its whole process.
ORDERED = """
import threading
from launcher.worker import refine_scheduler
from s3.scheduler import WatchingScheduler
refine_scheduler()
worker = WatchingScheduler.__new__(WatchingScheduler)
worker._awake = threading.Event()
worker.do_assign_tasks = False
print(worker.do_assign_tasks, worker._awake.is_set())
worker.do_assign_tasks = True
print(worker.do_assign_tasks, worker._awake.is_set())
"""


def test_an_order_to_assign_tasks_wakes_who_carries_it_out() -> None:
    path = os.pathsep.join(sys.path)
    done = subprocess.run(
        [sys.executable, "-c", ORDERED],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": path},
    )
    assert done.stdout.splitlines() == ["False False", "True True"], done.stderr
