"""gzip for requests and answers, with the fastest library installed.

``isal`` compresses seven times as fast as ``zlib``, to the same size (docs/PERFORMANCE.md). It is a compiled package
that does not exist for every machine; without it, ``zlib`` is used.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator
from types import ModuleType
from typing import Any, BinaryIO, Callable, ClassVar

from ..core.limits import CHUNK

isal_zlib: ModuleType | None
try:
    from isal import isal_zlib
except ImportError:
    isal_zlib = None

_GZIP = 31  # zlib's number for its largest window in gzip's frame
_START = b"\x1f\x8b"


class DamagedPacking(ValueError):
    """Compressed data cannot be decompressed, or are incomplete."""


class Gzip:
    """Compresses and decompresses streams in steps, so that memory stays flat.

    Args:
        library: ``zlib``, or one with the same functions.
        level: the library's compression level.

    Attributes:
        name: name of the library.
        several: whether there may be several compressed members in sequence (RFC 1952, 2.2), padded with zeros.
    """

    several: ClassVar[bool] = True

    def __init__(self, library: ModuleType, level: int) -> None:
        self.name = library.__name__.partition(".")[0]
        self._packer: Callable[[], Any] = lambda: library.compressobj(level, zlib.DEFLATED, _GZIP)
        self._unpacker: Callable[[], Any] = lambda: library.decompressobj(wbits=_GZIP)
        self._error: type[Exception] = library.error

    def pack(self, source: BinaryIO, target: BinaryIO) -> None:
        """Copy a stream to another one, compressed."""
        self.pack_chunks(iter(lambda: source.read(CHUNK), b""), target)

    def pack_chunks(self, chunks: Iterable[bytes], target: BinaryIO) -> None:
        """Write pieces of any length to a stream, compressed."""
        packer = self._packer()
        for chunk in chunks:
            target.write(packer.compress(chunk))
        target.write(packer.flush())

    def unpack(self, chunks: Iterable[bytes]) -> Iterator[bytes]:
        """Yield decompressed data in steps: a few bytes may decompress to gigabytes.

        Args:
            chunks: compressed data, in pieces of any length; no data decompress to no data.

        Raises:
            DamagedPacking: the data are damaged or incomplete.
        """
        unpacker = self._unpacker()
        begun = False
        for chunk in chunks:
            while chunk:
                if unpacker.eof:
                    if not self.several:
                        raise DamagedPacking("something follows its end")
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
    """Return whether a stream is compressed, from its first two bytes."""
    return start[:2] == _START


def fastest() -> Gzip:
    """Return the fastest implementation installed."""
    return Gzip(zlib, 5) if isal_zlib is None else Gzip(isal_zlib, 2)


gzip = fastest()
#: For lines that are so bad that bytes count more than the time to pack them.
thorough = Gzip(zlib, 6)
