"""A folder at a WebDAV server, e.g. a Nextcloud (RFC 4918)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO

from ...core.errors import ProtocolError, SyncError
from ...wire.places.dav import ASKED, Resource, resources
from ..storage import Entries, Entry
from .failures import no_folder, not_stored, refused
from .names import inside, part_of
from .web import WebPlace

LIST, NOT_THERE, IS_THERE, GONE = 207, 404, 405, 410


class WebDavFolder(WebPlace):
    """A folder at a WebDAV server: the address of its line."""

    def list(self, folder: str) -> Entries:
        """See port ``Storage``."""
        found = self._resources(inside(folder), depth=1, is_folder=True)
        if found is None:
            self._still_there()
            return []
        names = ((each.path.rpartition("/")[2], each) for each in found[1:])
        return sorted(
            Entry(name, 0, True) if each.is_folder else Entry(name, each.size or 0, False, each.mark)
            for name, each in names
        )

    def read(self, name: str) -> BinaryIO | None:
        """See port ``Storage``."""
        where = self._where(inside(name))
        with self._asked("GET", self._url(name)) as answer:
            if answer.status == 200:
                return self._spool.received(where, answer.raw())
            if answer.status not in (NOT_THERE, GONE):
                raise self._wrong(answer, where)
        self._still_there()
        return None

    def write(self, name: str, source: BinaryIO) -> int:
        """See port ``Storage``: it gets its name when all of it is there."""
        part, where = part_of(inside(name)), self._where(name)
        with self._spool.measured(source) as found:
            # requests sends a file without bytes in a way that many servers do not take.
            body = found.file if found.size else b""
            try:
                with self._asked("PUT", self._url(part), data=body) as answer:
                    if answer.status not in (200, 201, 204):
                        raise self._wrong(answer, where)
                there = self._resources(part, depth=0)
                if there is None or there[0].size not in (found.size, None if found.size else 0):
                    raise not_stored(where, found.size, there[0].size if there else 0)
                self._move(part, name)
            except SyncError:
                self._discard(part)
                raise
            return found.size

    def rename(self, name: str, to: str) -> None:
        """See port ``Storage``."""
        self._move(inside(name), inside(to))

    def remove(self, name: str) -> None:
        """See port ``Storage``."""
        # It would remove a folder with all that is in it.
        found = self._resources(inside(name), depth=1)
        if found is None:
            self._still_there()
            return
        if len(found) > 1:
            raise refused(self._where(name), "the folder is not empty")
        self._delete(name)

    def make_folder(self, name: str) -> None:
        """See port ``Storage``."""
        self._still_there()
        parts = inside(name).split("/")
        for count in range(1, len(parts) + 1):
            path = "/".join(parts[:count])
            with self._asked("MKCOL", f"{self._url(path)}/") as answer:
                if answer.status not in (200, 201, IS_THERE):
                    raise self._wrong(answer, self._where(path))

    # --- requests ------------------------------------------------------------------------------------------

    def _resources(self, name: str, depth: int, is_folder: bool = False) -> Sequence[Resource] | None:
        """Return a file or folder and, with depth 1, what is in it; None if it is not there."""
        headers = {"Depth": str(depth), "Content-Type": "application/xml; charset=utf-8"}
        # A folder has a slash at its end: many servers redirect to it.
        url = f"{self._url(name)}/" if is_folder else self._url(name)
        with self._asked("PROPFIND", url, data=ASKED, headers=headers) as answer:
            if answer.status in (NOT_THERE, GONE):
                return None
            if answer.status != LIST:
                raise self._wrong(answer, self._where(name))
            text = self._text(answer)
        try:
            found = resources(text)
        except ValueError as error:
            raise ProtocolError(
                f"{self._where(name)} answered with no list of a WebDAV server: {error}",
                hint="Check the address: that of a Nextcloud ends with /remote.php/dav/files/ACCOUNT/FOLDER.",
                remote=True,
            ) from error
        return found or None

    def _move(self, name: str, to: str) -> None:
        headers = {"Destination": self._url(to), "Overwrite": "T"}
        with self._asked("MOVE", self._url(name), headers=headers) as answer:
            if answer.status not in (200, 201, 204):
                raise self._wrong(answer, self._where(to))

    def _delete(self, name: str) -> None:
        with self._asked("DELETE", self._url(name)) as answer:
            if answer.status not in (200, 204, NOT_THERE, GONE):
                raise self._wrong(answer, self._where(name))

    def _discard(self, part: str) -> None:
        try:
            self._delete(part)
        except SyncError:
            # What went wrong before is what a person has to know; the next attempt replaces it.
            return

    def _still_there(self) -> None:
        if self._resources("", depth=0, is_folder=True) is None:
            raise no_folder(self._where(""))
