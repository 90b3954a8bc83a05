"""Atomic replacement of files, and temporary files that tell which process they belong to.

A process that is killed leaves its temporary files. Their names carry host and process, so that another one can find
out that nobody needs them any more.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import zlib
from collections.abc import Iterable
from datetime import datetime, timezone
from pathlib import Path
from uuid import uuid4

logger = logging.getLogger("eden.sync")

_HOST = f"{zlib.crc32(os.uname().nodename.encode('utf-8', 'replace')):08x}"
_MARK = re.compile(r"(?P<host>[0-9a-f]{8})-(?P<pid>[0-9]{1,10})-")

#: Seconds without a change after which a file of a process that is gone is removed.
SETTLED = 60
#: The same for a file of which nobody knows whether its process is gone: of another host, or of an earlier version.
FORGOTTEN = 86_400


def replace_text(path: Path, text: str, lasting: bool = False) -> None:
    """Replace a file's content by a text, atomically, also when several threads and processes do so at once.

    Args:
        path: the file; its folder must exist.
        text: written as UTF-8.
        lasting: whether it is on the disk before it takes its place, so that a loss of power leaves no empty file. That
            costs a wait for the disk.

    Raises:
        OSError: the file cannot be written; it is unchanged.
    """
    temporary = beside(path)
    try:
        with open(temporary, "w", encoding="utf-8") as output:
            output.write(text)
            if lasting:
                output.flush()
                os.fsync(output.fileno())
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def beside(path: Path) -> Path:
    """Return the path of a new file in the same folder, which no other thread or process uses.

    Args:
        path: the file that is to be replaced.
    """
    return path.with_name(f".{owner_mark()}{uuid4().hex}.part")


def owner_mark() -> str:
    """Return the part of a temporary name that tells which process uses it."""
    return f"{_HOST}-{os.getpid()}-"


def is_running(pid: int) -> bool:
    """Return whether a process of this host is running."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def remove_left_behind(paths: Iterable[Path], now: datetime) -> int:
    """Remove temporary files and folders that no running process uses; return how many.

    Args:
        paths: what lies in places where only temporary files are, or has such a name.
        now: the present time, UTC without zone.
    """
    removed = 0
    moment = now.replace(tzinfo=timezone.utc).timestamp()
    for path in paths:
        if _is_left_behind(path, moment):
            try:
                if path.is_dir() and not path.is_symlink():
                    shutil.rmtree(path)
                else:
                    path.unlink()
                removed += 1
            except OSError as error:
                # Another process may remove the same; whoever may not write here will be told by what needs the place.
                logger.warning("%s was left by a process that is gone, and stays: %s", path, error)
    return removed


def _is_left_behind(path: Path, now: float) -> bool:
    age = now - _changed(path, now)
    owner = _MARK.search(path.name)
    if owner is None or owner["host"] != _HOST:
        return age > FORGOTTEN
    return age > SETTLED and not is_running(int(owner["pid"]))


def _changed(path: Path, now: float) -> float:
    """Return when a file was last changed, or anything in a folder; now if it has just been removed."""
    try:
        inside = list(path.iterdir()) if path.is_dir() else []
        times: list[float] = [each.lstat().st_mtime for each in (path, *inside)]
        return max(times)
    except FileNotFoundError:
        return now
