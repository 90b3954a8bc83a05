"""Changes of files, each whole or not at all: a kill leaves the former state or the new one."""

from __future__ import annotations

import hashlib
import os
import shutil
from pathlib import Path

#: What is being written has the name of its file, and this behind it; web2py executes no such file.
UNFINISHED = ".eden-sync-new"
#: Files that are laid can be read by the account of the web server, whatever the umask of the installer.
READABLE = 0o644


def digest(content: bytes) -> str:
    """Return the SHA-256 of a content, in hexadecimal digits."""
    return hashlib.sha256(content).hexdigest()


def digest_of(path: Path) -> str | None:
    """Return the SHA-256 of a file; None if there is none."""
    try:
        return digest(path.read_bytes())
    except FileNotFoundError:
        return None


def unfinished(path: Path) -> Path:
    """Return where the content of a file is written before it takes its place."""
    return path.with_name(path.name + UNFINISHED)


class Disk:
    """The file system, for every change that the installer makes."""

    def write(self, path: Path, content: bytes, mode: int = READABLE, mtime_ns: int | None = None) -> None:
        """Give a file this content; its folder must exist.

        Args:
            path: the file.
            content: what it shall hold.
            mode: its permissions.
            mtime_ns: its time of modification in nanoseconds; None for now.

        Raises:
            OSError: it cannot be written; it is unchanged.
        """
        fresh = unfinished(path)
        with open(fresh, "wb") as output:
            output.write(content)
            output.flush()
            os.fsync(output.fileno())
        os.chmod(fresh, mode)
        if mtime_ns is not None:
            os.utime(fresh, ns=(mtime_ns, mtime_ns))
        os.replace(fresh, path)
        self._settle(path.parent)

    def remove(self, path: Path) -> None:
        """Remove a file, if it is there."""
        path.unlink(missing_ok=True)

    def make_folder(self, path: Path, mode: int = 0o755) -> None:
        """Make a folder, if it is not there; the one above must exist."""
        if not path.is_dir():
            path.mkdir()
            path.chmod(mode)

    def remove_folder(self, path: Path) -> bool:
        """Remove a folder if it is empty; return whether it is gone."""
        try:
            path.rmdir()
        except FileNotFoundError:
            return True
        except OSError:
            if any(path.iterdir()):
                return False
            raise
        return True

    def remove_tree(self, path: Path) -> None:
        """Remove a folder with all that is in it, if it is there."""
        if path.is_dir():
            shutil.rmtree(path)

    @staticmethod
    def _settle(folder: Path) -> None:
        """Let the new name of a file last through a loss of power."""
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
