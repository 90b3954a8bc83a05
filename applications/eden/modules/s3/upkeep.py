"""Removes what the application gathers beside its records: sessions, forms, tables, error tickets, notes of log-ins.

A worker does it once a day, whatever modules the site has.
"""

from __future__ import annotations

import os
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from .lists.stored import HOME as TABLES
from .lists.stored import forget
from .pages.form_keeper import FOLDER
from .pages.typed_forms import LASTS
from .users.failed_logins import FailedLogins

DAY = 86_400
#: Seconds after its last use for which the file of a session stays: longer than any session lasts.
SESSION_STAYS = 2 * DAY
#: Name of the function that the worker calls.
FUNCTION = "tidy"
#: States of a task that a worker will begin or has begun.
UNDER_WAY = ("QUEUED", "ASSIGNED", "RUNNING")


def schedule(db: Any, application: str) -> None:
    """Ensure that the scheduler has the task exactly once, queued or running; the database is committed.

    Args:
        db: the site's database, with the scheduler's tables and without uncommitted changes.
        application: name of the application.
    """
    uuid = f"{application}/{FUNCTION}"
    now = datetime.utcfromtimestamp(int(time.time()))
    # A new site has nothing to remove, so the first time can wait.
    again = {"status": "QUEUED", "next_run_time": now + timedelta(seconds=DAY), "stop_time": None}
    task = _scheduled(db, uuid)
    if task is None:
        try:
            db.scheduler_task.insert(
                application_name=application,
                task_name="Removal of old sessions, error tickets and log-ins",
                group_name="main",
                function_name=FUNCTION,
                uuid=uuid,
                args="[]",
                vars="{}",
                start_time=now,
                period=DAY,
                repeats=0,
                retry_failed=-1,
                timeout=3600,
                **again,
            )
        except db._adapter.driver.IntegrityError:
            # Another worker missed it at the same time: the uuid is unique.
            db.rollback()
    elif task.status not in UNDER_WAY:
        task.update_record(**again)
    db.commit()


def _scheduled(db: Any, uuid: str) -> Any:
    return db(db.scheduler_task.uuid == uuid).select().first()


def tidy(db: Any, folder: str, seconds: float) -> None:
    """Remove old sessions, forms that were not saved, uploaded tables, tickets, log-ins and failed log-ins.

    What is removed from the database is committed.

    So are the scheduler's records of its own calls.

    Args:
        db: the site's database.
        folder: the application's folder.
        seconds: age above which tickets and log-ins are removed.
    """
    home = Path(folder)
    remove_files(home / "sessions", SESSION_STAYS)
    remove_files(home / "private" / FOLDER, LASTS)
    remove_files(home / "errors", seconds)
    forget(home / TABLES)
    FailedLogins(home / "private").purge(seconds)
    before = datetime.utcfromtimestamp(time.time() - seconds)
    if "auth_event" in db.tables:
        db(db.auth_event.time_stamp < before).delete()
    if "scheduler_run" in db.tables:
        own = db(db.scheduler_task.function_name == FUNCTION)._select(db.scheduler_task.id)
        db((db.scheduler_run.stop_time < before) & db.scheduler_run.task_id.belongs(own)).delete()
    db.commit()


def remove_files(folder: Path, seconds: float) -> int:
    """Remove files below a folder that nobody has changed for so many seconds; return their number."""
    before, removed = time.time() - seconds, 0
    for place, _, names in os.walk(folder):
        for name in names:
            path = Path(place, name)
            try:
                if path.lstat().st_mtime < before:
                    path.unlink()
                    removed += 1
            except FileNotFoundError:
                # Another process was first.
                continue
    return removed
