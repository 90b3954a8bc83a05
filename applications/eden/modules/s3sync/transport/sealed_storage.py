"""A place whose files are sealed with a passphrase, or a place in clear that says when it finds sealed ones."""

from __future__ import annotations

import io
import itertools
from collections.abc import Iterator
from typing import BinaryIO, cast

from ..core.errors import ConfigurationError, DocumentError
from ..core.limits import CHUNK
from ..wire.carried.names import GREETING
from ..wire.carried.sealing import (
    MAGIC,
    DamagedSeal,
    NotSealed,
    PieceReader,
    Seal,
    WrongPassphrase,
    is_sealed,
    plain_size,
)
from .storage import Entry, Storage


class SealClosed(ConfigurationError):
    """What lies on a memory stick, or at a server, does not open with this passphrase, or without one."""

    code = "seal_closed"
    default_hint = (
        "Nothing was read and nothing was written. Enter the same passphrase at both sites, or none at both. If it was "
        "changed: take away what lies on the stick, on the page of memory sticks, or at a server the folders of the "
        "two sites; it is written again."
    )


class SealedStorage:
    """A place as another one, with the content of all files sealed but for the names of sites.

    Args:
        storage: the place.
        seal: opens and seals; None for a place in clear.
    """

    def __init__(self, storage: Storage, seal: Seal | None) -> None:
        self._storage = storage
        self._seal = seal

    def list(self, folder: str) -> list[Entry]:
        """See port ``Storage``; sizes are those of what is in the sealed files."""
        found = self._storage.list(folder)
        if self._seal is None:
            return found
        return [
            each
            if each.is_folder or _is_clear(f"{folder}/{each.name}")
            else each._replace(size=plain_size(each.size))
            for each in found
        ]

    def read(self, name: str) -> BinaryIO | None:
        """See port ``Storage``.

        Raises:
            SealClosed: it is sealed otherwise, or not at all where it should be.
            DocumentError: it was sealed, and is not as it was; also while it is read.
        """
        source = self._storage.read(name)
        if source is None or _is_clear(name):
            return source
        try:
            return self._opened(name, source)
        except BaseException:
            source.close()
            raise

    def _opened(self, name: str, source: BinaryIO) -> BinaryIO:
        beginning = source.read(len(MAGIC))
        rest = iter(lambda: source.read(CHUNK), b"")
        whole = _file(itertools.chain((beginning,), rest), source)
        if self._seal is None:
            if is_sealed(beginning):
                raise SealClosed(f"{name} is sealed, and this repository has no passphrase.")
            return whole
        pieces = _explained(name, self._seal.opened(whole, name))
        # Whether it opens at all is known at the first piece.
        first = next(pieces)
        return _file(itertools.chain((first,), pieces), source)

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``; the bytes are those of the source."""
        if self._seal is None or _is_clear(name):
            return self._storage.write(name, source)
        counted = _Counted(source)
        self._storage.write(name, _file(self._seal.sealed(cast(BinaryIO, counted), name)))
        return counted.size

    def rename(self, name: str, to: str) -> None:
        """See port ``Storage``: what is sealed opens only in its place, so it is written anew."""
        if self._seal is None or _is_clear(name):
            self._storage.rename(name, to)
            return
        source = self.read(name)
        if source is not None:
            with source:
                self.write(to, source)
            self._storage.remove(name)

    def remove(self, name: str) -> None:
        """See port ``Storage``."""
        self._storage.remove(name)

    def make_folder(self, name: str) -> None:
        """See port ``Storage``."""
        self._storage.make_folder(name)


class _Counted:
    """A file that counts what is read from it."""

    def __init__(self, source: BinaryIO) -> None:
        self._source = source
        self.size = 0

    def read(self, most: int) -> bytes:
        """Return at most so many bytes."""
        found = self._source.read(most)
        self.size += len(found)
        return found


def _is_clear(name: str) -> bool:
    """Return whether a file tells who a site is: that finds the other one before both know a passphrase."""
    return name.rpartition("/")[2] == GREETING and name.count("/") == 1


def _file(pieces: Iterator[bytes], source: BinaryIO | None = None) -> BinaryIO:
    return cast(BinaryIO, io.BufferedReader(PieceReader(pieces, source), CHUNK))


def _explained(name: str, pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except NotSealed as error:
        raise SealClosed(f"{name} is not sealed, and this repository has a passphrase.") from error
    except WrongPassphrase as error:
        raise SealClosed(f"{name} does not open with the passphrase of this repository.") from error
    except DamagedSeal as error:
        raise DocumentError(
            f"The file {name} cannot be read: {error}.",
            hint="Nothing of it was imported, and nothing is lost: once the other site has the stick again, it writes "
            "the file again.",
            remote=True,
        ) from error
