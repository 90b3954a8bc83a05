"""Parts of what broke off on the line, kept for a while so that it goes on where it stopped.

A part is bound to its owner, a repository: nobody else is given it. A store holds a bounded number of bytes and of
files, for a bounded time; where there is no room the oldest part goes. A lost part costs only that it is sent again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
from collections.abc import Iterable
from datetime import timezone
from pathlib import Path
from typing import BinaryIO, NamedTuple

from ..core.clock import Clock
from ..core.limits import ANSWER_KEPT, CHUNK, PART_BYTES, PART_KEPT, PARTS_OF_ONE, PARTS_TOGETHER

_NAME = re.compile(r"[0-9a-f][0-9a-f-]{0,128}")
#: Seconds for which a part that was used is still there: the answer may have been lost.
USED = 600.0


class _Kept(NamedTuple):
    """A file of the folder."""

    changed: float
    name: str
    size: int


class PartStore:
    """A folder of parts. Several processes may use it at once.

    Args:
        folder: it is made where it is missing.
        clock: the site's clock.
        age: seconds without a change after which a part is removed.
        most: maximum bytes of all parts together.
    """

    def __init__(self, folder: Path, clock: Clock, age: float, most: int = PART_BYTES) -> None:
        self._folder = folder
        self._clock = clock
        self._age = age
        self._most = most

    def path(self, owner: int, name: str) -> Path:
        """Return where a part is, or would be.

        Args:
            owner: key of the repository.
            name: hexadecimal digits and hyphens.

        Raises:
            ValueError: it is no such name.
        """
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:200]!r} is not the name of a part")
        return self._folder / f"{owner}.{name}"

    def size(self, owner: int, name: str) -> int:
        """Return how many bytes are here, 0 for none."""
        try:
            found = self.path(owner, name).stat()
        except FileNotFoundError:
            return 0
        return found.st_size if self._now() - found.st_mtime <= self._age else 0

    def names(self, owner: int, beginning: str) -> list[str]:
        """Return the names of the parts of an owner that begin so, the latest first."""
        mark = f"{owner}."
        found = [each for each in self._kept() if each.name.startswith(mark + beginning)]
        return [each.name[len(mark) :] for each in sorted(found, reverse=True)]

    def make_room(self, owner: int, name: str, size: int) -> bool:
        """Remove what is too old, and the oldest parts until another one has room.

        Args:
            owner, name: the part.
            size: bytes that it will have.

        Returns:
            whether it may be kept; not if it is larger than the whole store may be.

        Raises:
            OSError: the folder cannot be written.
        """
        if size > self._most:
            return False
        self._folder.mkdir(parents=True, exist_ok=True)
        self.expire()
        here = self.path(owner, name).name
        others = sorted(each for each in self._kept() if each.name != here)
        own = [each for each in others if each.name.startswith(f"{owner}.")]
        gone = own[: max(0, len(own) + 1 - PARTS_OF_ONE)]
        left = [each for each in others if each not in gone]
        together = size + sum(each.size for each in left)
        for count, each in zip(range(len(left) + 1, 0, -1), left):
            if together <= self._most and count <= PARTS_TOGETHER:
                break
            gone.append(each)
            together -= each.size
        self._remove(gone)
        return True

    def append(self, owner: int, name: str, offset: int, chunks: Iterable[bytes]) -> int:
        """Add to a part what follows its present end; return how many bytes it has then.

        Args:
            owner, name: the part.
            offset: where the bytes belong. They are left out if the part ends elsewhere.
            chunks: the bytes.

        Raises:
            OSError: it cannot be written; what was written stays.
        """
        path = self.path(owner, name)
        if offset and not path.is_file():
            return 0
        with path.open("ab") as target:
            # A request that was thought lost may still be at work.
            fcntl.flock(target, fcntl.LOCK_EX)
            if os.fstat(target.fileno()).st_size == offset:
                for chunk in chunks:
                    target.write(chunk)
                target.flush()
            return os.fstat(target.fileno()).st_size

    def cut(self, owner: int, name: str, size: int) -> None:
        """Leave only the first bytes of a part."""
        os.truncate(self.path(owner, name), size)

    def used(self, owner: int, name: str) -> None:
        """Let go of a part soon: it has come to where it belongs."""
        moment = self._now() - max(0.0, self._age - USED)
        path = self.path(owner, name)
        if path.is_file():
            os.utime(path, (moment, moment))

    def remove(self, owner: int, name: str) -> None:
        """Remove a part, if it is there."""
        self.path(owner, name).unlink(missing_ok=True)

    def expire(self) -> int:
        """Remove the parts that are too old; return how many."""
        before = self._now() - self._age
        return self._remove([each for each in self._kept() if each.changed < before])

    def _now(self) -> float:
        """Return the time as files have it."""
        return self._clock.now().replace(tzinfo=timezone.utc).timestamp()

    def _kept(self) -> list[_Kept]:
        found = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    try:
                        status = entry.stat()
                    except FileNotFoundError:
                        # Another process was faster.
                        continue
                    found.append(_Kept(status.st_mtime, entry.name, status.st_size))
        except FileNotFoundError:
            return []
        return found

    def _remove(self, parts: Iterable[_Kept]) -> int:
        count = 0
        for each in parts:
            (self._folder / each.name).unlink(missing_ok=True)
            count += 1
        return count


def digest_of(source: BinaryIO) -> str:
    """Return the SHA-256 of what a binary file holds from its beginning on, in hexadecimal; it is left at its end.

    Args:
        source: a seekable binary file.
    """
    source.seek(0)
    found = hashlib.sha256()
    for chunk in iter(lambda: source.read(CHUNK), b""):
        found.update(chunk)
    return found.hexdigest()


class Parts(NamedTuple):
    """The stores of a site.

    Attributes:
        fetched: answers of other sites that broke off here.
        received: bodies that other sites send here part by part.
        answered: our answers to other sites, which they may go on with.
    """

    fetched: PartStore
    received: PartStore
    answered: PartStore

    @classmethod
    def of_site(cls, private: Path, clock: Clock) -> Parts:
        """Return the stores of a site.

        Args:
            private: its private folder.
            clock: its clock.
        """
        folder = private / "parts"
        return cls(
            PartStore(folder / "fetched", clock, PART_KEPT),
            PartStore(folder / "received", clock, PART_KEPT),
            PartStore(folder / "answered", clock, ANSWER_KEPT),
        )
