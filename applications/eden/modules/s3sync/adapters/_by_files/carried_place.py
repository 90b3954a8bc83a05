"""One exchange in a place with files: reads what the other site left, and writes ours.

Whatever is read is compared with its digest.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from ...core.errors import DocumentError, DocumentTooLarge
from ...core.limits import CHUNK
from ...transport.sealed_storage import SealClosed
from ...transport.storage import Storage
from ...wire.carried.names import (
    FILES,
    GREETING,
    STATE,
    exchange_folder,
    file_name,
    is_site_folder,
    page_name,
    site_folder,
)
from ...wire.carried.state import LARGEST, DamagedState, Greeting, Page, State, Stored
from ...wire.compression import DamagedPacking, gzip


class CarriedPlace:
    """What two sites leave for each other in a place.

    Args:
        storage: the place.
        own, other: uuids of this site and the other one.
    """

    def __init__(self, storage: Storage, own: str, other: str) -> None:
        self._storage = storage
        self._own, self._other = own, other
        self._outbox = exchange_folder(own, other)
        self._inbox = exchange_folder(other, own)
        self._pages: dict[str, list[Page]] = {}
        self._files: dict[str, Stored] = {}
        self._ours: State | None = None
        self._is_ours_read = False
        #: Folder -> name -> size of its files, as they were at the first look.
        self._listed: dict[str, dict[str, int]] = {}
        #: Table -> number of its last page, and the folders that are there: they cost questions at a server.
        self._numbers: dict[str, int] = {}
        self._folders: set[str] = set()

    # --- who is here ---------------------------------------------------------------------------------------

    def greet(self, greeting: Greeting) -> None:
        """Leave who this site is; nothing is written if that is there."""
        name = f"{site_folder(self._own)}/{GREETING}"
        text = greeting.to_bytes()
        if self._text(name) != text:
            self._storage.make_folder(site_folder(self._own))
            self._storage.write(name, io.BytesIO(text))

    def greetings(self) -> list[Greeting]:
        """Return who the other sites are that were here; what is not whole is left out."""
        found = []
        for entry in self._storage.list(""):
            if entry.is_folder and is_site_folder(entry.name) and entry.name != site_folder(self._own):
                text = self._text(f"{entry.name}/{GREETING}")
                with contextlib.suppress(DamagedState):
                    if text is not None:
                        found.append(Greeting.from_bytes(text))
        return found

    # --- what the other site left ------------------------------------------------------------------------------

    def theirs(self) -> State | None:
        """Return the state of the other site, None if there is none.

        Raises:
            DamagedState: it is not whole, or about other sites.
        """
        return self._state(self._inbox, self._other, self._own)

    def read_page(self, table: str, page: Page, target: Path, most: int) -> None:
        """Copy a page, unpacked.

        Args:
            table: name of its table.
            page: the page.
            target: where to.
            most: maximum bytes of the unpacked document.

        Raises:
            DocumentError: it is not there, not as it was written, or too large.
        """
        name = f"{self._inbox}/{page_name(table, page.seq)}"
        with self._checked(name, page.size, page.sha256) as chunks, target.open("wb") as out:
            size = 0
            try:
                for piece in gzip.unpack(chunks):
                    size += len(piece)
                    if size > most:
                        raise DocumentTooLarge(f"{name} has more than {most} bytes.", remote=True)
                    out.write(piece)
            except DamagedPacking as error:
                raise _damaged(name, str(error)) from error

    def read_file(self, stored: str, told: Stored, target: BinaryIO) -> None:
        """Copy an uploaded file.

        Raises:
            DocumentError: it is not there, or not as it was written.
        """
        name = f"{self._inbox}/{file_name(stored)}"
        with self._checked(name, told.size, told.sha256) as chunks:
            for piece in chunks:
                target.write(piece)

    # --- what this site leaves -----------------------------------------------------------------------------

    def ours(self) -> State | None:
        """Return the state that this site left here before, None if there is none that is whole."""
        if not self._is_ours_read:
            # What was sealed with a former passphrase is written anew.
            with contextlib.suppress(DamagedState, DocumentError, SealClosed):
                self._ours = self._state(self._outbox, self._own, self._other)
            self._is_ours_read = True
        return self._ours

    def keep(
        self,
        table: str,
        choose: Callable[[Sequence[Page], Callable[[Page], bool]], list[Page]],
        by_size: bool = False,
    ) -> list[Page]:
        """Return the pages of a table that stay.

        Args:
            table: name of the table.
            choose: returns them from those that are there, and a test whether the file of one is as it was written.
            by_size: whether a file of the right size counts as whole.
        """
        ours = self.ours()
        there: Sequence[Page] = () if ours is None else ours.pages.get(table, ())
        # A run may come back to a table: what it has written before is there, but no state names it yet.
        there = self._pages.get(table, there)
        kept = choose(there, lambda page: self._is_whole(table, page, by_size))
        self._pages[table] = kept
        if ours is not None:
            for page in kept:
                self._files.update({name: ours.files[name] for name in page.files if name in ours.files})
        return kept

    def write_page(self, table: str, document: Path, page: Page) -> Page:
        """Write a page after those of its table; return it with its number, size and digest.

        Args:
            table: name of the table.
            document: S3XML.
            page: what is known of it.
        """
        folder = f"{self._outbox}/{table}"
        self._make(folder)
        if table not in self._numbers:
            entries = self._storage.list(folder)
            self._numbers[table] = max((_number(entry.name) for entry in entries), default=0)
        seq = self._numbers[table] = self._numbers[table] + 1
        packed = document.with_suffix(".gz")
        try:
            with document.open("rb") as source, packed.open("wb") as out:
                gzip.pack(source, out)
            stored = self._write(f"{self._outbox}/{page_name(table, seq)}", packed)
        finally:
            packed.unlink(missing_ok=True)
        written = replace(page, seq=seq, size=stored.size, sha256=stored.sha256)
        self._pages.setdefault(table, []).append(written)
        return written

    def write_file(self, stored: str, path: Path, by_size: bool = False) -> int:
        """Write an uploaded file unless it is there; return the bytes that were written.

        Args:
            stored: its stored name.
            path: the file here.
            by_size: whether a file of the right size counts as being there.
        """
        name, ours = f"{self._outbox}/{file_name(stored)}", self.ours()
        known = self._files.get(stored) or (ours.files.get(stored) if ours is not None else None)
        is_same = known is not None and known.size == path.stat().st_size
        if known is not None and is_same and (self._has_size if by_size else self._has)(name, known):
            self._files[stored] = known
            return 0
        self._make(f"{self._outbox}/{FILES}")
        self._files[stored] = self._write(name, path)
        return self._files[stored].size

    def leave(self, state: State) -> None:
        """Write a state with the pages and files that are there, then remove what it does not name."""
        pages = {table: tuple(each) for table, each in self._pages.items() if each}
        state = replace(state, pages=pages, files=dict(self._files))
        self._make(self._outbox)
        self._storage.write(f"{self._outbox}/{STATE}", io.BytesIO(state.to_bytes()))
        self._ours, self._is_ours_read = state, True
        named = {page_name(table, page.seq) for table, each in pages.items() for page in each}
        self._clean(named | {file_name(name) for name in self._files})

    def _clean(self, named: set[str]) -> None:
        for folder in self._storage.list(self._outbox):
            if not folder.is_folder:
                if folder.name != STATE:
                    self._storage.remove(f"{self._outbox}/{folder.name}")
                continue
            for entry in self._storage.list(f"{self._outbox}/{folder.name}"):
                name = f"{folder.name}/{entry.name}"
                if name not in named and not entry.is_folder:
                    self._storage.remove(f"{self._outbox}/{name}")

    # --- inside --------------------------------------------------------------------------------------------

    def _make(self, folder: str) -> None:
        if folder not in self._folders:
            self._storage.make_folder(folder)
            self._folders.add(folder)

    def _write(self, name: str, path: Path) -> Stored:
        digest = hashlib.sha256()
        with path.open("rb") as source:
            for chunk in iter(lambda: source.read(CHUNK), b""):
                digest.update(chunk)
            source.seek(0)
            size = self._storage.write(name, source)
        self._listed.pop(name.rpartition("/")[0], None)
        return Stored(size, digest.hexdigest())

    def _sizes(self, folder: str) -> dict[str, int]:
        return {each.name: each.size for each in self._storage.list(folder) if not each.is_folder}

    def _is_whole(self, table: str, page: Page, by_size: bool) -> bool:
        name = f"{self._outbox}/{page_name(table, page.seq)}"
        return (self._has_size if by_size else self._has)(name, Stored(page.size, page.sha256))

    def _has_size(self, name: str, told: Stored) -> bool:
        folder, _, last = name.rpartition("/")
        if folder not in self._listed:
            self._listed[folder] = self._sizes(folder)
        return self._listed[folder].get(last) == told.size

    def _has(self, name: str, told: Stored) -> bool:
        try:
            with self._checked(name, told.size, told.sha256) as chunks:
                for _ in chunks:
                    pass
        except (DocumentError, SealClosed):
            return False
        return True

    @contextlib.contextmanager
    def _checked(self, name: str, size: int, sha256: str) -> Iterator[Iterator[bytes]]:
        """Open a file whose content is compared while it is read."""
        source = self._storage.read(name)
        if source is None:
            raise _damaged(name, "it is not there")
        with source:
            yield _compared(source, name, size, sha256)

    def _state(self, folder: str, sender: str, receiver: str) -> State | None:
        text = self._text(f"{folder}/{STATE}")
        if text is None:
            return None
        state = State.from_bytes(text)
        if (state.sender, state.receiver) != (sender, receiver):
            raise DamagedState("it is about other sites")
        return state

    def _text(self, name: str) -> bytes | None:
        source = self._storage.read(name)
        if source is None:
            return None
        with source:
            return source.read(LARGEST)


def _compared(source: BinaryIO, name: str, size: int, sha256: str) -> Iterator[bytes]:
    digest, seen = hashlib.sha256(), 0
    while chunk := source.read(CHUNK):
        digest.update(chunk)
        seen += len(chunk)
        if seen > size:
            break
        yield chunk
    if seen != size or digest.hexdigest() != sha256:
        raise _damaged(name, "it is not as it was written")


def _damaged(name: str, why: str) -> DocumentError:
    return DocumentError(
        f"The file {name} cannot be read: {why}.",
        hint="Nothing of it was imported, and nothing is lost: once the other site has the folder again, it writes the "
        "file again.",
        remote=True,
    )


def _number(name: str) -> int:
    head = name.partition(".")[0]
    return int(head) if head.isascii() and head.isdigit() and len(head) < 18 else 0
