"""The worker as a good citizen: what a dead one had in hand is ended and queued again."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from launcher.worker import DIED, release_dead_workers
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
