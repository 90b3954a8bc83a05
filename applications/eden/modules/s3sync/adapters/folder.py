"""Repositories that are a folder of this machine: a shared drive, or where another program puts its documents.

Each site that uses the folder writes its own files and reads those of the others. A file is one document, named
``<table>-<anything>.xml`` or ``<table>.xml``; one in S3JSON ends with ``.s3json``. This is also the smallest example
of a type, see docs/ADAPTERS.md.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any, ClassVar

from ..core.atomic_write import beside
from ..core.errors import ConfigurationError
from ..exchange.peer import Asking, Capability, Exchange, PullResult, PushResult, Sending
from ..wire.s3json import to_json
from .base import Adapter, T
from .connection_test import ConnectionTest, in_folders
from .settings import Kind, Setting

S3JSON = "s3json"
#: The formats of files, the usual one first.
FORMATS = ("xml", S3JSON)
#: Maximum number of files per resource; each of them is stored in the cursor.
MOST_FILES = 5000


class FolderAdapter(Adapter):
    """A folder of this machine, as described above."""

    apitype: ClassVar[str] = "folder"
    label: ClassVar[str] = T("Folder on this machine")
    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        (Capability.PULL, Capability.PUSH, Capability.PREVIEW, Capability.TEST)
    )
    #: Nobody knows who has read a file.
    confirms: ClassVar[bool] = False
    settings: ClassVar[tuple[Setting, ...]] = (
        Setting(
            "path",
            T("Folder"),
            T("Whole path of the folder in which the documents of the other sites are"),
            Kind.PATH,
            required=True,
        ),
        Setting(
            "outbox",
            T("Folder for what is sent"),
            T("Where this site writes its documents. Leave it empty to write into the same folder."),
            Kind.PATH,
        ),
        Setting(
            "format",
            T("Format of what is sent"),
            T("S3XML for sites of this kind and Edens, S3JSON for other programs; both are read"),
            Kind.CHOICE,
            choices=(("xml", "S3XML"), ("s3json", "S3JSON")),
        ),
    )
    guide: ClassVar[tuple[str, ...]] = (
        T("Choose a folder that the other site, or the other program, reaches too."),
        T("Test the connection: nothing is saved, and nothing is written."),
        T("Save. No records travel yet."),
        T("Then choose the resources that both sites shall have."),
    )

    def greet(self) -> None:
        """See ``Adapter``."""
        self._inbox()

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``."""
        return in_folders(self._inbox, self._outbox)

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``. The cursor names the imported files, with size, time and digest of each."""
        taken: dict[str, Any] = json.loads(asking.cursor) if asking.cursor else {}
        folder = self._inbox()
        with _explained(f"The folder {folder} cannot be read"):
            files = self._files(folder, exchange.resource)
            known = {path.name: _mark(path, taken.get(path.name)) for path in files}
            fresh = [path for path in files if known[path.name] != taken.get(path.name)]
            document = self.lines.spooled(fresh[0]) if fresh else self.lines.spooled_nothing()
        waiting = {path.name for path in fresh[1:]}
        left = {name: mark for name, mark in known.items() if name not in waiting}
        size = document.stat().st_size
        return PullResult(document, cursor=json.dumps(left), more=bool(waiting), received=size, size=size)

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        """See port ``Peer``. Readers of the folder see a complete file or none."""
        folder = self._outbox()
        moment = self.lines.clock.now().strftime("%Y%m%dT%H%M%S")
        names = (f"{exchange.resource}-{moment}-{number:04d}{self._own}" for number in itertools.count())
        as_json = self._format == S3JSON
        with _explained(f"Nothing can be written into the folder {folder}"):
            target = next(folder / name for name in names if not (folder / name).exists())
            part = beside(target)
            try:
                with document.open("rb") as source, part.open("wb") as out:
                    if as_json:
                        to_json(source, out, self.lines.spool)
                    else:
                        shutil.copyfileobj(source, out)
                    out.flush()
                    os.fsync(out.fileno())
                os.replace(part, target)
            finally:
                part.unlink(missing_ok=True)
        return PushResult(sent=target.stat().st_size)

    def _inbox(self) -> Path:
        return self.lines.folder(self.remote.settings["path"])

    def _outbox(self) -> Path:
        return self.lines.folder(self.remote.settings.get("outbox") or self.remote.settings["path"])

    @property
    def _format(self) -> str:
        return str(self.remote.settings.get("format") or FORMATS[0])

    @property
    def _sign(self) -> str:
        """What stands at the end of the names of this site's files, before the format."""
        return f"-{hashlib.sha256(self.remote.own_uuid.encode()).hexdigest()[:8]}"

    @property
    def _own(self) -> str:
        return f"{self._sign}.{self._format}"

    def _files(self, folder: Path, resource: str) -> list[Path]:
        """Return the files of others for a resource, sorted by name; a file that is being written has another name."""
        ends = tuple(f".{each}" for each in FORMATS)
        with os.scandir(folder) as entries:
            names = [
                entry.name
                for entry in entries
                if entry.name.startswith((f"{resource}-", f"{resource}."))
                and entry.name.endswith(ends)
                and not entry.name.endswith(tuple(f"{self._sign}{each}" for each in ends))
                and entry.is_file(follow_symlinks=False)
            ]
        if len(names) > MOST_FILES:
            raise ConfigurationError(
                f"{folder} has {len(names)} files of {resource}; at most {MOST_FILES} are looked at.",
                hint="Move those away that all sites have read.",
            )
        return [folder / name for name in sorted(names)]


def _mark(path: Path, taken: list[Any] | None) -> list[Any]:
    """Return the entry of a file for the cursor: the former one if its content is the same."""
    found = path.stat()
    if taken is not None and taken[:2] == [found.st_size, found.st_mtime_ns]:
        return taken
    digest = hashlib.sha256()
    with path.open("rb") as source:
        while chunk := source.read(1024 * 1024):
            digest.update(chunk)
    if taken is not None and taken[2] == digest.hexdigest():
        return taken
    return [found.st_size, found.st_mtime_ns, digest.hexdigest()]


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{what}: {error}",
            hint="Let the account under which the worker runs read and write the folder.",
        ) from error
