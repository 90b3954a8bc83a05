"""Files on their way to and from a place: each is received whole before it is read, and measured before it is sent.

So a line that breaks is told at once, no connection has to do two things at a time, and nothing is in memory.
"""

from __future__ import annotations

import contextlib
import hashlib
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple, cast

from ...core.errors import DocumentTooLarge, Obstacle, PeerUnreachable, TruncatedDocument
from ...core.limits import CHUNK
from ...core.messages import Sentence
from ..failures import disk_error
from ..limits import Limits, Pace


class Measured(NamedTuple):
    """A file that is sent.

    Attributes:
        file: it, at its beginning.
        size: its bytes.
        sha256: its digest, in hexadecimal.
    """

    file: IO[bytes]
    size: int
    sha256: str


class Spool:
    """Where files lie on their way; they are gone when they are closed, or the process ends.

    Args:
        folder: the spool folder.
        limits: time and size limits.
    """

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._folder = folder
        self.limits = limits
        # What is sealed is a little larger than what is in it.
        most = max(limits.document_size, limits.file_size)
        self._most = most + most // 1000 + CHUNK

    @contextlib.contextmanager
    def measured(self, source: BinaryIO) -> Iterator[Measured]:
        """Yield a copy of a file whose size and digest are known.

        Raises:
            StoreFull: it cannot be read, or copied.
        """
        digest, size = hashlib.sha256(), 0
        with self._new() as copy:
            try:
                while chunk := source.read(CHUNK):
                    digest.update(chunk)
                    size += len(chunk)
                    copy.write(chunk)
                copy.seek(0)
            except OSError as error:
                raise disk_error(error) from error
            yield Measured(copy, size, digest.hexdigest())

    def received(self, where: str, chunks: Iterable[bytes], size: int | None = None) -> BinaryIO:
        """Return a file that was received whole, at its beginning.

        Args:
            where: its address, for messages.
            chunks: what comes; whatever they raise is raised.
            size: bytes that it has at the server, None if that is not known.

        Raises:
            DocumentTooLarge: it has more bytes than any file of ours; no more is received.
            PeerUnreachable: it comes too slowly.
            TruncatedDocument: it ends too early.
        """
        self.check_size(where, size)
        copy = self._new()
        try:
            found = self._receive(copy, where, chunks)
            if size is not None and found != size:
                raise TruncatedDocument(f"{where} has {size} bytes, and {found} came.", remote=True)
            copy.seek(0)
        except BaseException:
            copy.close()
            raise
        return cast(BinaryIO, copy)

    def check_size(self, where: str, size: int | None) -> None:
        """Check what a server says of a file, before any of it is asked for.

        Args:
            where: its address, for messages.
            size: its bytes there, None if that is not known.

        Raises:
            DocumentTooLarge: it has more bytes than any file of ours.
        """
        if size is not None and size > self._most:
            raise DocumentTooLarge(
                f"{where} has {size} bytes, more than the {self._most} of any file of ours.", remote=True
            )

    def _receive(self, copy: IO[bytes], where: str, chunks: Iterable[bytes]) -> int:
        pace, found = Pace(self.limits), 0
        most = self.limits.answer_time
        until = None if most is None else time.monotonic() + most
        for chunk in chunks:
            found += len(chunk)
            if found > self._most:
                raise DocumentTooLarge(f"{where} has more than {self._most} bytes.", remote=True)
            if pace.is_too_slow(len(chunk)):
                raise PeerUnreachable(Sentence.TOO_SLOW.say(url=where), obstacle=Obstacle.SILENCE)
            if until is not None and time.monotonic() > until:
                raise PeerUnreachable(f"{where} had not come in time.", obstacle=Obstacle.SILENCE)
            try:
                copy.write(chunk)
            except OSError as error:
                raise disk_error(error) from error
        return found

    def _new(self) -> IO[bytes]:
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            return tempfile.TemporaryFile(dir=self._folder)
        except OSError as error:
            raise disk_error(error) from error
