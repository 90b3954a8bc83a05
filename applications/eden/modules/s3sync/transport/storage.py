"""The port to a place with files, in six verbs, and the folder of this machine; another kind of place is one class.

Names are paths below the place with "/" between their parts; who gives them has checked each part. A name that begins
with a dot belongs to the place itself.
"""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import BinaryIO, NamedTuple, Protocol

from ..core.atomic_write import beside
from ..core.errors import ConfigurationError, PeerUnreachable, StoreFull, SyncError

#: Errors of a drive that was pulled out, or of a network drive that is gone.
GONE = frozenset((errno.EIO, errno.ENODEV, errno.ENXIO, errno.ESTALE, errno.ENOTCONN, errno.EHOSTDOWN))
FULL = frozenset((errno.ENOSPC, errno.EDQUOT, errno.EFBIG))


class Entry(NamedTuple):
    """Something in a folder.

    Attributes:
        name: its name in the folder.
        size: bytes of a file, 0 for a folder.
        is_folder: whether it is a folder.
        mark: what the place tells of a file's version, its time or its ETag: another one may be another content, the
            same one with the same size is the same. It is compared only: clocks of servers are wrong.
    """

    name: str
    size: int
    is_folder: bool
    mark: str = ""


#: What is in a folder: a place has a method named list.
Entries = list[Entry]


class Storage(Protocol):
    """A place with files. Every method raises SyncError if the place cannot be reached, or refuses."""

    def list(self, folder: str) -> list[Entry]:
        """Return what is in a folder, sorted by name; nothing if there is no such folder."""
        ...

    def read(self, name: str) -> BinaryIO | None:
        """Return a file, to be read and closed; None if there is none."""
        ...

    def write(self, name: str, source: BinaryIO) -> int:
        """Write a file whole or not at all, into a folder that is there, and return its bytes.

        It is on the medium when this returns, as far as the medium tells.
        """
        ...

    def rename(self, name: str, to: str) -> None:
        """Give a file another name; one that has that name is replaced."""
        ...

    def remove(self, name: str) -> None:
        """Remove a file, or an empty folder; nothing happens if there is none."""
        ...

    def make_folder(self, name: str) -> None:
        """Make a folder and those above it, as far as they are not there."""
        ...


class LocalFolder:
    """A folder of this machine: a memory stick, a shared drive.

    Args:
        root: the folder, allowed by the operator (see ``adapters.lines.Lines.folder``).
    """

    def __init__(self, root: Path) -> None:
        self._root = root

    def list(self, folder: str) -> list[Entry]:
        """See port ``Storage``. Links are left out: they may lead anywhere."""
        with self._explained(folder):
            try:
                with os.scandir(self._path(folder)) as entries:
                    found = [_entry(each) for each in entries if not each.is_symlink()]
            except (FileNotFoundError, NotADirectoryError):
                self._still_there()
                return []
        return sorted(found)

    def read(self, name: str) -> BinaryIO | None:
        """See port ``Storage``."""
        with self._explained(name):
            try:
                return self._path(name).open("rb")
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._still_there()
                return None

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``."""
        with self._explained(name):
            target = self._path(name)
            part = beside(target)
            try:
                with part.open("wb") as out:
                    shutil.copyfileobj(source, out, 1024 * 1024)
                    out.flush()
                    os.fsync(out.fileno())
                    size = out.tell()
                os.replace(part, target)
            finally:
                with contextlib.suppress(OSError):
                    part.unlink(missing_ok=True)
            _settle(target.parent)
        return size

    def rename(self, name: str, to: str) -> None:
        """See port ``Storage``."""
        with self._explained(name):
            os.replace(self._path(name), self._path(to))
            _settle(self._path(to).parent)

    def remove(self, name: str) -> None:
        """See port ``Storage``."""
        with self._explained(name):
            path = self._path(name)
            try:
                if path.is_dir() and not path.is_symlink():
                    path.rmdir()
                else:
                    path.unlink()
            except FileNotFoundError:
                self._still_there()

    def make_folder(self, name: str) -> None:
        """See port ``Storage``."""
        with self._explained(name):
            # Not the place itself: where a drive is gone, nothing must be written below its empty mount point.
            self._still_there()
            self._path(name).mkdir(parents=True, exist_ok=True)

    def _path(self, name: str) -> Path:
        """Return the path of a name.

        Raises:
            ConfigurationError: it leads outside the folder.
        """
        parts = PurePosixPath(name).parts
        path = self._root.joinpath(*parts)
        outside = any(part in ("..", "/") for part in parts)
        if outside or not _is_below(path.resolve(), self._root.resolve()):
            raise ConfigurationError(
                f"{name} lies outside the folder {self._root}.",
                hint="Remove the link of this name from the folder.",
            )
        return path

    def _still_there(self) -> None:
        if not self._root.is_dir():
            raise FileNotFoundError(errno.ENODEV, "the folder is gone", str(self._root))

    @contextlib.contextmanager
    def _explained(self, name: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise self._told(error, name) from error

    def _told(self, error: OSError, name: str) -> SyncError:
        where = self._root / name
        if error.errno in FULL:
            return StoreFull(
                f"There is no room left for {where}.",
                hint="Free space there, or take a larger memory stick. Nothing was lost: the next run goes on.",
            )
        if error.errno in GONE or not self._root.is_dir():
            return PeerUnreachable(
                f"The folder {self._root} was there and is gone: {error.strerror}.",
                hint="Connect the drive or put the memory stick back in. Nothing was lost: the next run goes on.",
            )
        return ConfigurationError(
            f"{where} cannot be used: {error.strerror}.",
            hint="Let the account under which the worker runs read and write the folder.",
        )


def _entry(entry: os.DirEntry[str]) -> Entry:
    if entry.is_dir(follow_symlinks=False):
        return Entry(entry.name, 0, True)
    found = entry.stat()
    return Entry(entry.name, found.st_size, False, str(found.st_mtime_ns))


def _is_below(path: Path, root: Path) -> bool:
    return path == root or root in path.parents


def _settle(folder: Path) -> None:
    """Let the names in a folder reach the medium; not every file system can be asked for that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
