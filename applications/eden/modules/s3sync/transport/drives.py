"""Where memory sticks and shared folders are on this machine, by the names that people know them by."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import NamedTuple

#: What this process has mounted, see ``proc(5)``.
MOUNTS = Path("/proc/self/mountinfo")
#: Where Linux puts drives: folders that are no drive themselves.
GATHERING = tuple(Path(name) for name in ("/media", "/mnt", "/run/media"))
#: Maximum number of folders of one root that are looked at.
MOST_FOLDERS = 200
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Drive(NamedTuple):
    """A place where an exchange can be.

    Attributes:
        path: its folder.
        name: the last part of it; for a memory stick, the name that it was given.
        is_mounted: whether it is a drive of its own: a memory stick, or a network drive.
        is_writable: whether this process may write there.
        free: bytes that are free, None if that cannot be told.
    """

    path: Path
    name: str
    is_mounted: bool
    is_writable: bool
    free: int | None


def mount_points(table: str) -> list[Path]:
    """Return the mount points in a table of mounts, sorted.

    Args:
        table: text as in ``/proc/self/mountinfo``; the fifth word of a line is the mount point, with blanks
            and the like as octal numbers (``proc(5)``).
    """
    found = set()
    for line in table.splitlines():
        words = line.split()
        if len(words) > 4:
            found.add(Path(_ESCAPED.sub(lambda match: chr(int(match[1], 8)), words[4])))
    return sorted(found)


def drives(roots: Iterable[Path], mounts: Collection[Path], used: Iterable[Path], marker: str) -> list[Drive]:
    """Return the places below the folders that the operator allows.

    They are: drives; folders that are used already, or hold an exchange; and an allowed folder itself, unless it is one
    where the system gathers drives.

    Args:
        roots: the folders that are allowed.
        mounts: see ``mount_points``.
        used: folders that repositories have.
        marker: name of the file that each site leaves in its folder of an exchange.
    """
    found: dict[Path, None] = {}
    known = [path.resolve() for path in used]
    for root in (each.resolve() for each in roots):
        below = [path for path in mounts if path == root or root in path.parents]
        below += [path for path in known if (path == root or root in path.parents) and path.is_dir()]
        below += [path for path in _folders(root) if _is_exchange(path, marker)]
        if root.is_dir() and not _gathers(root):
            below.append(root)
        found.update(dict.fromkeys(below))
    return [_drive(path, path in mounts) for path in found]


def mounted() -> list[Path]:
    """Return the mount points of this machine; none where the system does not tell."""
    with contextlib.suppress(OSError):
        return mount_points(MOUNTS.read_text(encoding="utf-8", errors="surrogateescape"))
    return []


def _gathers(root: Path) -> bool:
    return root in GATHERING or root.parent in (GATHERING[0], GATHERING[2])


def _folders(path: Path) -> list[Path]:
    with contextlib.suppress(OSError), os.scandir(path) as entries:
        names = sorted(entry.name for entry in entries if entry.is_dir(follow_symlinks=False))
        return [path / name for name in names[:MOST_FOLDERS]]
    return []


def _is_exchange(path: Path, marker: str) -> bool:
    return any((folder / marker).is_file() for folder in _folders(path))


def _drive(path: Path, is_mounted: bool) -> Drive:
    free = None
    with contextlib.suppress(OSError):
        free = shutil.disk_usage(path).free
    return Drive(path, path.name or str(path), is_mounted, os.access(path, os.W_OK | os.X_OK), free)
