"""Seals files with a passphrase, piece by piece, so that memory stays flat whatever their size.

The format is in docs/PROTOCOL.md, "Sealed". The key of a passphrase comes from scrypt (RFC 7914), that of a file from
HKDF (RFC 5869); pieces are sealed by ChaCha20-Poly1305 (RFC 8439) with a counter and a mark of the last one in the
nonce, so that pieces that are missing, come twice or in another order do not open (the STREAM construction of Hoang,
Reyhanitabar, Rogaway and Vizar, 2015). All of it is taken from ``cryptography``; nothing here computes a cipher.
"""

from __future__ import annotations

import io
import os
import secrets
import struct
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from typing import BinaryIO, NamedTuple

from cryptography.exceptions import InvalidSignature, InvalidTag
from cryptography.hazmat.primitives import hashes, hmac
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC = b"EDENSEAL"
VERSION = 1
#: Bytes of records in a piece, and what sealing adds to one.
PIECE, TAG = 64 * 1024, 16
#: Cost of a key: scrypt takes 128 * r * 2**log_n bytes, here 128 MiB, and some tenths of a second (RFC 7914).
LOG_N, BLOCK, PARALLEL = 17, 8, 1
#: What a header of another site may ask for, checked before anything is computed: at most 256 MiB, some seconds.
CHEAPEST, DEAREST, MOST_PARALLEL = 14, 18, 4
#: Characters of a passphrase.
SHORTEST, LONGEST = 12, 256
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_FIXED = struct.Struct(">8sBBBB16s32s")
MAC = 32
HEADER = _FIXED.size + MAC
#: A piece has a number of four bytes.
MOST_PIECES = 2**32 - 1


class SealError(ValueError):
    """A file cannot be opened."""


class NotSealed(SealError):
    """It is not sealed."""


class WrongPassphrase(SealError):
    """It was sealed with another passphrase, or for another place, or its header was changed."""


class DamagedSeal(SealError):
    """It was changed, or is not whole."""


class Cost(NamedTuple):
    """Cost of the key of a passphrase, see RFC 7914.

    Attributes:
        log_n: base-2 logarithm of N.
        block: r.
        parallel: p.
    """

    log_n: int = LOG_N
    block: int = BLOCK
    parallel: int = PARALLEL


USUAL = Cost()


class Header(NamedTuple):
    """The beginning of a sealed file.

    Attributes:
        cost: of the key.
        salt: 16 bytes of the key.
        file: 32 random bytes of the file.
    """

    cost: Cost
    salt: bytes
    file: bytes

    def to_bytes(self) -> bytes:
        """Return it without its MAC."""
        return _FIXED.pack(MAGIC, VERSION, *self.cost, self.salt, self.file)


def is_sealed(beginning: bytes) -> bool:
    """Return whether a file begins like a sealed one."""
    return beginning.startswith(MAGIC)


class Seal:
    """Seals and opens files with a passphrase.

    Files that one seal writes share a salt, and take that of the first file that it opens: one key for all of them.

    Args:
        passphrase: what people agreed on; blanks around it and its Unicode form do not matter.
        cost: of the key for what is sealed.
    """

    def __init__(self, passphrase: str, cost: Cost = USUAL) -> None:
        self._passphrase = plain_passphrase(passphrase)
        self._cost = cost
        self._salt: bytes | None = None

    def sealed(self, source: BinaryIO, place: str) -> Iterator[bytes]:
        """Return a sealed file, piece by piece.

        Args:
            source: what is sealed.
            place: where it will be; it opens nowhere else.
        """
        if self._salt is None:
            self._salt = os.urandom(16)
        header = Header(self._cost, self._salt, os.urandom(32))
        keys = _keys(self._passphrase, header)
        fixed = header.to_bytes()
        yield fixed + _mac(keys, fixed, place).finalize()
        cipher, piece, number = ChaCha20Poly1305(keys.pieces), _whole(source, PIECE), 0
        while True:
            following = _whole(source, PIECE) if len(piece) == PIECE else b""
            yield cipher.encrypt(_nonce(number, not following), piece, None)
            if not following:
                return
            piece, number = following, number + 1

    def opened(self, source: BinaryIO, place: str) -> Iterator[bytes]:
        """Return what was sealed, piece by piece; a piece is returned when it is known to be as it was sealed.

        Args:
            source: a sealed file.
            place: where it is.

        Raises:
            SealError: it does not open; at the first piece also if nothing of it does.
        """
        header, mac = _read_header(source)
        keys = _keys(self._passphrase, header)
        try:
            _mac(keys, header.to_bytes(), place).verify(mac)
        except InvalidSignature:
            raise WrongPassphrase("the passphrase is another one") from None
        if self._salt is None and header.cost == self._cost:
            self._salt = header.salt
        cipher, piece, number = ChaCha20Poly1305(keys.pieces), _whole(source, PIECE + TAG), 0
        while True:
            following = _whole(source, PIECE + TAG) if len(piece) == PIECE + TAG else b""
            try:
                yield cipher.decrypt(_nonce(number, not following), piece, None)
            except InvalidTag:
                raise DamagedSeal("it was changed, or is not whole") from None
            if not following:
                return
            piece, number = following, number + 1


def plain_size(size: int) -> int:
    """Return how many bytes a sealed file has inside.

    Args:
        size: its bytes.
    """
    inner = max(0, size - HEADER)
    return max(0, inner - TAG * -(-inner // (PIECE + TAG)))


def suggestion() -> str:
    """Return a new passphrase of 99 random bits, in letters and digits that nobody confuses."""
    groups = ("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(5))
    return "-".join(groups)


class _Keys(NamedTuple):
    header: bytes
    pieces: bytes


def plain_passphrase(text: str) -> str:
    """Return a passphrase as it counts: people type it twice, on two keyboards."""
    return unicodedata.normalize("NFC", " ".join(text.split()))


def _read_header(source: BinaryIO) -> tuple[Header, bytes]:
    text = _whole(source, HEADER)
    if not is_sealed(text):
        raise NotSealed("it is not sealed")
    if len(text) < HEADER:
        raise DamagedSeal("it is not whole")
    _, version, log_n, block, parallel, salt, file = _FIXED.unpack(text[: _FIXED.size])
    if version != VERSION:
        raise DamagedSeal(f"it is sealed in version {version}, this site opens {VERSION}")
    if not CHEAPEST <= log_n <= DEAREST or block != BLOCK or not 1 <= parallel <= MOST_PARALLEL:
        raise DamagedSeal("its key would cost what no site of ours asks for")
    return Header(Cost(log_n, block, parallel), salt, file), text[_FIXED.size :]


def _whole(source: BinaryIO, size: int) -> bytes:
    """Return so many bytes, fewer only at the end: a source may give less than it is asked for."""
    found = source.read(size)
    while found and len(found) < size and (more := source.read(size - len(found))):
        found += more
    return found


@lru_cache(maxsize=16)
def _key_of(passphrase: str, salt: bytes, cost: Cost) -> bytes:
    return Scrypt(salt=salt, length=32, n=2**cost.log_n, r=cost.block, p=cost.parallel).derive(
        passphrase.encode()
    )


def _keys(passphrase: str, header: Header) -> _Keys:
    found = HKDF(hashes.SHA256(), 64, salt=header.file, info=MAGIC + bytes([VERSION])).derive(
        _key_of(passphrase, header.salt, header.cost)
    )
    return _Keys(found[:32], found[32:])


def _mac(keys: _Keys, fixed: bytes, place: str) -> hmac.HMAC:
    mac = hmac.HMAC(keys.header, hashes.SHA256())
    mac.update(fixed + place.encode())
    return mac


def _nonce(number: int, is_last: bool) -> bytes:
    if number > MOST_PIECES:
        raise DamagedSeal("it is larger than any file of ours")
    return struct.pack(">7xIB", number, is_last)


class PieceReader(io.RawIOBase):
    """A file made of pieces, to be read; wrap it in ``io.BufferedReader``.

    Args:
        pieces: the pieces; what they raise is raised by ``read``.
        source: the file behind them, closed with this one; None for none.
    """

    def __init__(self, pieces: Iterator[bytes], source: BinaryIO | None = None) -> None:
        self._pieces = pieces
        self._source = source
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return True."""
        return True

    def readinto(self, buffer: bytearray | memoryview) -> int:  # type: ignore[override]
        """Fill a buffer; return how many bytes are in it, 0 at the end."""
        while not self._rest:
            piece = next(self._pieces, None)
            if piece is None:
                return 0
            self._rest = memoryview(piece)
        count = min(len(buffer), len(self._rest))
        buffer[:count] = self._rest[:count]
        self._rest = self._rest[count:]
        return count

    def close(self) -> None:
        """Close it, and the file behind it."""
        if self._source is not None:
            self._source.close()
        super().close()
