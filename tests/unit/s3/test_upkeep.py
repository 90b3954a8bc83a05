"""What the application gathers beside its records is removed when it is old, and only then."""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path

from pydal import DAL, Field

from s3.upkeep import DAY, SESSION_STAYS, tidy


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
    (tmp_path / "private").mkdir()
    kept = {aged(tmp_path / "sessions" / "ab" / "new", 60), aged(tmp_path / "errors" / "new", 29 * DAY)}
    gone = {
        aged(tmp_path / "sessions" / "ab" / "old", SESSION_STAYS + 60),
        aged(tmp_path / "errors" / "o", 31 * DAY),
    }
    tidy(db, str(tmp_path), 30 * DAY)
    assert all(each.exists() for each in kept) and not any(each.exists() for each in gone)
    assert [row.description for row in db(event).select()] == ["1"]
    db.close()


def test_a_site_without_any_of_it_is_tidy_already(tmp_path: Path) -> None:
    db = DAL("sqlite:memory")
    tidy(db, str(tmp_path), DAY)
    db.close()
