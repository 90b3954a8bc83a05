"""What the application gathers beside its records is removed when it is old, and only then."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler
from pydal import DAL, Field

from s3 import upkeep as upkeep
from s3.upkeep import DAY, SESSION_STAYS, tidy


def test_tables_that_nobody_imported_go(tmp_path: Path) -> None:
    folders = []
    for number, seconds in ((1, 60), (2, 3 * DAY)):
        folder = tmp_path / "private" / "lists" / f"{number:032x}"
        aged(folder / "state.json", 0)
        os.utime(folder, (time.time() - seconds,) * 2)
        folders.append(folder)
    tidy(DAL("sqlite:memory"), str(tmp_path), 30 * DAY)
    assert [each.exists() for each in folders] == [True, False]


def aged(path: Path, seconds: float) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("x", encoding="utf-8")
    moment = time.time() - seconds
    os.utime(path, (moment, moment))
    return path


def test_old_sessions_tickets_and_log_ins_go(tmp_path: Path) -> None:
    db = DAL("sqlite:memory")
    event = db.define_table("auth_event", Field("time_stamp", "datetime"), Field("description"))
    for days in (1, 40):
        event.insert(time_stamp=datetime.utcnow() - timedelta(days=days), description=str(days))
    (tmp_path / "private").mkdir(exist_ok=True)
    typed = tmp_path / "private" / "typed"
    kept = {
        aged(tmp_path / "sessions" / "ab" / "new", 60),
        aged(tmp_path / "errors" / "new", 29 * DAY),
        aged(typed / "7-new", DAY - 60),
    }
    gone = {
        aged(tmp_path / "sessions" / "ab" / "old", SESSION_STAYS + 60),
        aged(tmp_path / "errors" / "o", 31 * DAY),
        aged(typed / "7-old", DAY + 60),
    }
    tidy(db, str(tmp_path), 30 * DAY)
    assert all(each.exists() for each in kept) and not any(each.exists() for each in gone)
    assert [row.description for row in db(event).select()] == ["1"]
    db.close()


def test_a_site_without_any_of_it_is_tidy_already(tmp_path: Path) -> None:
    db = DAL("sqlite:memory")
    tidy(db, str(tmp_path), DAY)
    db.close()


@pytest.fixture
def scheduled() -> Iterator[Any]:
    db = DAL("sqlite:memory")
    Scheduler(db, {}, migrate=True, utc_time=True)
    yield db
    db.close()


def test_it_is_scheduled_once_and_put_back_where_it_was_given_up(scheduled: Any) -> None:
    task = scheduled.scheduler_task
    for _ in range(2):
        upkeep.schedule(scheduled, "eden")
    (row,) = scheduled(task).select()
    assert (row.function_name, row.status, row.period, row.repeats) == ("tidy", "QUEUED", DAY, 0)
    assert row.next_run_time - datetime.utcnow() > timedelta(hours=23), "a new site has nothing to remove"
    row.update_record(status="FAILED", stop_time=datetime.utcnow())
    upkeep.schedule(scheduled, "eden")
    (row,) = scheduled(task).select()
    assert row.status == "QUEUED" and row.stop_time is None
    row.update_record(status="RUNNING")
    upkeep.schedule(scheduled, "eden")
    assert scheduled(task).select().first().status == "RUNNING"


def test_two_workers_that_miss_it_at_once_make_one(scheduled: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    upkeep.schedule(scheduled, "eden")
    monkeypatch.setattr(upkeep, "_scheduled", lambda db, uuid: None)
    upkeep.schedule(scheduled, "eden")
    assert scheduled(scheduled.scheduler_task).count() == 1


def test_its_own_calls_are_forgotten(scheduled: Any, tmp_path: Path) -> None:
    upkeep.schedule(scheduled, "eden")
    key = scheduled(scheduled.scheduler_task).select().first().id
    for days in (1, 40):
        ended = datetime.utcnow() - timedelta(days=days)
        scheduled.scheduler_run.insert(task_id=key, status="COMPLETED", stop_time=ended, run_result=str(days))
    tidy(scheduled, str(tmp_path), 30 * DAY)
    assert [row.run_result for row in scheduled(scheduled.scheduler_run).select()] == ["1"]
