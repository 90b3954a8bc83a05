"""What a site provides for an adapter: connections, folders, limits. Nothing is opened before it is needed."""

from __future__ import annotations

import enum
import hashlib
import os
import stat
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from ..core.atomic_write import owner_mark
from ..core.clock import Clock
from ..core.errors import ConfigurationError, DocumentError, DocumentTooLarge
from ..core.limits import CHUNK
from ..transport.client import Transport
from ..transport.limits import Limits
from ..transport.stylesheets import Stylesheets
from ..wire.part_store import PartStore
from ..wire.s3json import to_xml
from ..wire.s3xml import DocumentLimits, DocumentReader

#: An empty document.
NOTHING = b'<s3xml success="false" results="0"/>'


class FolderProblem(enum.Enum):
    """Why a folder of this machine cannot be used, each with what happened and what to do."""

    NO_ROOTS = (
        "This site lets no repository use folders of its machine.",
        "The operator of this machine has to name the allowed folders: setting folder_roots in section [sync] of "
        "private/appconfig.ini.",
    )
    NOT_ALLOWED = (
        "The folder {path} is not one that this site may use.",
        "Enter the whole path of a folder below {roots}, or ask the operator of this machine to add yours to "
        "folder_roots.",
    )
    NOT_THERE = (
        "There is no folder {path} on this machine.",
        "Make the folder, or connect the drive on which it is.",
    )
    NO_RIGHTS = (
        "This site may not look at the folder {path}.",
        "Let the account under which the site and its worker run read and write the folder.",
    )


@dataclass(frozen=True)
class Lines:
    """What an adapter may use.

    Attributes:
        spool: the spool folder, for documents in transit.
        clock: the site's clock.
        limits: time and size limits for a peer.
        verify: whether certificates are verified, or the file with the authorities to trust.
        proxy: URL of the site's HTTP proxy, for a repository without its own.
        parts: where what broke off on the line is kept, None if nothing is.
        folder_roots: folders of this machine below which the operator allows repositories to read and write.
    """

    spool: Path
    clock: Clock
    limits: Limits = field(default_factory=Limits)
    verify: bool | str = True
    proxy: str | None = None
    parts: PartStore | None = None
    folder_roots: tuple[Path, ...] = ()

    def http(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        proxy: str | None = None,
        certificate: str | None = None,
    ) -> Transport:
        """Return a connection to an http or https address; the caller closes it.

        Args:
            url: the address.
            username, password: for HTTP Basic, none if empty.
            proxy: URL of an HTTP proxy; the site's own if empty.
            certificate: SHA-256 of the only certificate that is accepted, whoever vouches for it; none if empty.

        Raises:
            ConfigurationError: it is no such address.
        """
        return Transport(
            url,
            username=username,
            password=password,
            proxy=proxy or self.proxy,
            limits=self.limits,
            verify=self.verify,
            spool=self.spool,
            clock=self.clock,
            certificate=certificate,
        )

    def folder(self, path: str) -> Path:
        """Return a folder of this machine, with links followed.

        Args:
            path: as a person entered it.

        Raises:
            ConfigurationError: the operator does not allow it, or it does not exist.
        """
        problem = self.folder_problem(path)
        if problem is not None:
            told, hint = (text.format(path=path, roots=self.roots_in_words) for text in problem.value)
            raise ConfigurationError(told, hint=hint)
        return Path(path).resolve()

    def folder_problem(self, path: str) -> FolderProblem | None:
        """Return why a folder cannot be used, None if it can; links are followed.

        Args:
            path: as a person entered it.
        """
        if not self.folder_roots:
            return FolderProblem.NO_ROOTS
        found = Path(path)
        try:
            if not found.is_absolute() or not _below(found.resolve(), self.folder_roots):
                return FolderProblem.NOT_ALLOWED
            return None if stat.S_ISDIR(found.stat().st_mode) else FolderProblem.NOT_THERE
        except PermissionError:
            return FolderProblem.NO_RIGHTS
        except (OSError, RuntimeError, ValueError):
            # There is nothing, the name is none, or a link leads back to itself.
            return FolderProblem.NOT_THERE

    @property
    def roots_in_words(self) -> str:
        """The folders below which repositories may read and write, as text."""
        return ", ".join(str(root) for root in self.folder_roots)

    # --- documents -----------------------------------------------------------------------------------

    def spooled(self, source: BinaryIO, name: str) -> tuple[Path, str]:
        """Return a copy of a document in the spool folder, and the SHA-256 of the file.

        Args:
            source: the file; all of it is read.
            name: its name, for messages.

        Raises:
            DocumentTooLarge: it is larger than a document may be; the error names the file.
            OSError: it cannot be read.
        """
        most, size, digest = self.limits.document_size, 0, hashlib.sha256()
        copy = self._spool_file()
        try:
            with copy.open("wb") as out:
                while chunk := source.read(CHUNK):
                    size += len(chunk)
                    if size > most:
                        raise _unusable(name, DocumentTooLarge(f"it has more than {most} bytes"))
                    digest.update(chunk)
                    out.write(chunk)
        except BaseException:
            copy.unlink()
            raise
        return copy, digest.hexdigest()

    @property
    def stylesheets(self) -> Stylesheets:
        """The formats that the operator of this site has set up."""
        return Stylesheets.beside(self.spool)

    def as_document(self, copy: Path, name: str, told: Mapping[str, str] | None = None) -> Path:
        """Return a copy in the spool folder as S3XML; all of it is read: no broken one is imported.

        Args:
            copy: the copy, which is replaced, and removed where it is no document.
            name: the name of the file, for messages; S3JSON ends with ``.s3json``, a format of the operator with its
                name.
            told: what a stylesheet of the operator is told.

        Raises:
            DocumentError: it is no complete document, or too large; the error names the file.
        """
        document = copy
        try:
            end = name.rpartition(".")[2]
            own = self.stylesheets.find(end)
            if end == "s3json" or own is not None:
                document = self._spool_file()
                with copy.open("rb") as source, document.open("wb") as out:
                    if own is None:
                        to_xml(source, out)
                    else:
                        self.stylesheets.to_s3xml(end, source, out, told or {})
                copy.unlink()
            with document.open("rb") as source:
                for _ in DocumentReader(source, DocumentLimits(max_bytes=self.limits.document_size)):
                    pass
        except BaseException as error:
            document.unlink(missing_ok=True)
            copy.unlink(missing_ok=True)
            if isinstance(error, DocumentError):
                raise _unusable(name, error) from error
            raise
        return document

    def spooled_nothing(self) -> Path:
        """Return an empty document in the spool folder, for a pull without changes."""
        copy = self._spool_file()
        copy.write_bytes(NOTHING)
        return copy

    def _spool_file(self) -> Path:
        handle, name = tempfile.mkstemp(prefix=f"sync-{owner_mark()}", suffix=".xml", dir=self.spool)
        os.close(handle)
        return Path(name)


def _unusable(name: str, error: DocumentError) -> DocumentError:
    return type(error)(
        f"The file {name} cannot be taken: {error.message}",
        hint="Nothing of it was imported. Move it away, or ask whoever wrote it for a new one.",
        remote=True,
    )


def _below(path: Path, roots: tuple[Path, ...]) -> bool:
    return any(root == path or root in path.parents for root in (each.resolve() for each in roots))
