"""gzip for what travels, by the fastest library that is here.

``isal`` packs seven times as fast as ``zlib`` and as small (docs/PERFORMANCE.md). It is compiled and not to be had for
every machine; where it is missing, ``zlib`` does the same.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, BinaryIO, Callable

from ..core.limits import CHUNK

isal_zlib: ModuleType | None
try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None

_GZIP = 31  # zlib's number for its largest window in gzip's frame
_START = b"\x1f\x8b"


class DamagedPacking(ValueError):
    """What was packed cannot be unpacked, or ends in the middle."""


class Gzip:
    """Packs and unpacks streams in steps, so that memory stays flat.

    Args:
        library: ``zlib``, or one with the same functions.
        level: the library's level for packing.

    Attributes:
        name: of the library.
    """

    def __init__(self, library: ModuleType, level: int) -> None:
        self.name = library.__name__.partition(".")[0]
        self._packer: Callable[[], Any] = lambda: library.compressobj(level, zlib.DEFLATED, _GZIP)
        self._unpacker: Callable[[], Any] = lambda: library.decompressobj(wbits=_GZIP)
        self._error: type[Exception] = library.error

    def pack(self, source: BinaryIO, target: BinaryIO) -> None:
        """Copy a stream to another one, packed."""
        packer = self._packer()
        for chunk in iter(lambda: source.read(CHUNK), b""):
            target.write(packer.compress(chunk))
        target.write(packer.flush())

    def unpack(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield what was packed, in steps: a few bytes may unpack to gigabytes.

        Args:
            chunks: what was packed, in pieces of any length; nothing at all is unpacked to nothing.

        Raises:
            DamagedPacking: it is damaged, or ends before its end.
        """
        unpacker = self._unpacker()
        begun = False
        for chunk in chunks:
            while chunk:
                if unpacker.eof:
                    # packed files may stand one behind the other (RFC 1952, 2.2), filled up with zeros
                    chunk = chunk.lstrip(b"\0")
                    unpacker = self._unpacker() if chunk else unpacker
                    continue
                begun = True
                yield from self._steps(unpacker, chunk)
                chunk = unpacker.unused_data if unpacker.eof else b""
        if begun and not unpacker.eof:
            raise DamagedPacking("it ends in the middle")

    def _steps(self, unpacker: Any, chunk: bytes) -> Iterator[bytes]:
        try:
            part = unpacker.decompress(chunk, CHUNK)
            while part:
                yield part
                part = b"" if unpacker.eof else unpacker.decompress(unpacker.unconsumed_tail, CHUNK)
        except self._error as error:
            raise DamagedPacking(str(error)) from error


def is_packed(start: bytes) -> bool:
    """Tell from its first two bytes whether a stream is packed."""
    return start[:2] == _START


def fastest() -> Gzip:
    """Return the fastest that is installed."""
    return Gzip(zlib, 5) if isal_zlib is None else Gzip(isal_zlib, 2)


gzip = fastest()
