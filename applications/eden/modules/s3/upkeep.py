"""Removes what the application gathers beside its records: sessions, error tickets, notes of log-ins."""

from __future__ import annotations

import os
import time
from datetime import datetime
from pathlib import Path
from typing import Any

from .users.failed_logins import FailedLogins

DAY = 86_400
#: Seconds after its last use for which the file of a session stays: longer than any session lasts.
SESSION_STAYS = 2 * DAY


def tidy(db: Any, folder: str, seconds: float) -> None:
    """Remove old sessions, tickets, log-ins and failed log-ins; what is removed from the database is committed.

    Args:
        db: the site's database.
        folder: the application's folder.
        seconds: age above which tickets and log-ins are removed.
    """
    home = Path(folder)
    remove_files(home / "sessions", SESSION_STAYS)
    remove_files(home / "errors", seconds)
    FailedLogins(home / "private").purge(seconds)
    if "auth_event" in db.tables:
        before = datetime.utcfromtimestamp(time.time() - seconds)
        db(db.auth_event.time_stamp < before).delete()
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
