"""The copy of an SQLite database that is made before anything in it is changed."""

from __future__ import annotations

import os
import sqlite3
from datetime import datetime, timezone
from pathlib import Path

from .disk import Disk, unfinished
from .eden import Eden
from .problems import Problem

#: Below the folder of the manifest.
FOLDER = "backup"


def back_up(disk: Disk, eden: Eden, database: Path) -> Path:
    """Copy a database while others may write to it; return where the copy is.

    Args:
        disk: makes the folder.
        eden: the Eden that it belongs to.
        database: its file.

    Raises:
        Problem: it cannot be read, or there is no room for the copy.
    """
    folder = eden.home / FOLDER
    disk.make_folder(folder, 0o700)
    target = folder / f"{database.stem}-{datetime.now(timezone.utc):%Y%m%dT%H%M%SZ}.db"
    for left in folder.glob(unfinished(Path("*")).name):
        disk.remove(left)
    fresh = unfinished(target)
    try:
        source = sqlite3.connect(f"{database.as_uri()}?mode=ro", uri=True)
        copy = sqlite3.connect(fresh)
        with source, copy:
            source.backup(copy)
        copy.close()
        source.close()
    except sqlite3.Error as error:
        disk.remove(fresh)
        raise Problem(
            f"The database {database} cannot be copied to {folder}: {error}.",
            "Make room on that disk, or look whether the file is damaged.",
        ) from error
    os.chmod(fresh, 0o600)
    with open(fresh, "rb") as written:
        os.fsync(written.fileno())
    os.replace(fresh, target)
    return target
