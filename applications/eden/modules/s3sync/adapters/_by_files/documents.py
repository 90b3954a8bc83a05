"""Repositories that are places in which documents lie, each site and each program with its own files.

A file is one document, named ``<table>-<anything>.xml`` or ``<table>.xml``; one in S3JSON ends with ``.s3json``, one in
a format of this site's operator with the name of that. Each
site writes its own files and reads those of the others.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import json
import re
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from ...core.errors import ConfigurationError
from ...exchange.peer import Asking, Capability, Exchange, PullResult, PushResult, Sending
from ...transport.storage import Entry, Storage
from ...transport.stylesheets import parameters
from ...wire.s3json import to_json
from ...wire.stylesheets.formats import is_name
from ..base import Adapter, Remote, T
from ..lines import Lines
from ..settings import Kind, Setting

S3JSON = "s3json"
#: The formats of files, the usual one first.
FORMATS = ("xml", S3JSON)
#: The end of the name of a file that is being written into a place that cannot be asked for it to be whole.
PART = ".part"
#: Maximum number of files per resource; each of them is stored in the cursor.
MOST_FILES = 5000

FORMAT = Setting(
    "format",
    T("Format of what is sent"),
    T("S3XML for sites of this kind and Edens, S3JSON for other programs; both are read"),
    Kind.CHOICE,
    choices=(("xml", "S3XML"), ("s3json", "S3JSON")),
)


def _no_name(entered: str) -> str:
    """Return what is wrong with the name of a format."""
    return "" if is_name(entered) else T("Enter the name of a format: small letters and digits")


OWN_FORMAT = Setting(
    "own_format",
    T("Format of this site"),
    T(
        "Name of a format that the operator of this machine has set up, in place of those above. Usually empty."
    ),
    check=_no_name,
)


class DocumentsAdapter(Adapter):
    """Documents in a place, as described above."""

    capabilities: ClassVar[frozenset[Capability]] = frozenset(
        (Capability.PULL, Capability.PUSH, Capability.PREVIEW, Capability.TEST)
    )
    #: Nobody knows who has read a file.
    confirms: ClassVar[bool] = False

    def __init__(self, remote: Remote, lines: Lines) -> None:
        super().__init__(remote, lines)
        #: What was there at the first look of a run: a list costs many questions at some servers.
        self._entries: list[Entry] | None = None
        self._taken_names: set[str] | None = None

    @abstractmethod
    def _inbox(self) -> Storage:
        """Return where the documents of the others are.

        Raises:
            ConfigurationError: it cannot be used as it is entered.
        """

    def _outbox(self) -> Storage:
        """Return where this site writes its documents; see ``_inbox``."""
        return self._inbox()

    @abstractmethod
    def _told(self, name: str) -> str:
        """Return where a file of the others is, for messages; "" for their folder."""

    def greet(self) -> None:
        """See ``Adapter``."""
        self._inbox().list("")

    def pull(self, exchange: Exchange, asking: Asking) -> PullResult:
        """See port ``Peer``. The cursor names the imported files, with size, mark and digest of each."""
        taken: dict[str, Any] = json.loads(asking.cursor) if asking.cursor else {}
        place, left, document, waits = self._inbox(), {}, None, False
        if self._entries is None:
            self._entries = place.list("")
        for entry in self._files(self._entries, exchange.resource):
            former = taken.get(entry.name)
            # Where a place does not tell versions apart the digest does.
            if former is not None and entry.mark and [former[0], str(former[1])] == [entry.size, entry.mark]:
                left[entry.name] = former
                continue
            if document is not None:
                # It is read when what comes before is imported: a place may be at the end of a slow line.
                waits = True
                if former is not None:
                    left[entry.name] = former
                continue
            document, digest = self._taken(place, entry.name, former)
            if digest:
                left[entry.name] = [entry.size, entry.mark, digest]
        document = document or self.lines.spooled_nothing()
        size = document.stat().st_size
        return PullResult(document, cursor=json.dumps(left), more=waits, received=size, size=size)

    def _taken(self, place: Storage, name: str, former: Sequence[Any] | None) -> tuple[Path | None, str]:
        """Return a document, None if it was taken before; and the digest of the file, "" if it is gone."""
        with _explained(f"{self._told(name)} cannot be read"):
            source = place.read(name)
            if source is None:
                return None, ""
            with source:
                copy, digest = self.lines.spooled(source, self._told(name))
        if former is not None and former[2] == digest:
            copy.unlink()
            return None, digest
        return self.lines.as_document(copy, self._told(name), self._parameters(name)), digest

    def push(self, exchange: Exchange, document: Path, sending: Sending) -> PushResult:
        """See port ``Peer``. Readers of the place see a complete file or none."""
        place = self._outbox()
        there = self._names_in(place)
        moment = self.lines.clock.now().strftime("%Y%m%dT%H%M%S")
        names = (f"{exchange.resource}-{moment}-{number:04d}{self._own}" for number in itertools.count())
        name = next(each for each in names if each not in there)
        with _explained(f"{document} cannot be read"), self._as_sent(document, exchange.resource) as sent:
            with sent.open("rb") as source:
                size = place.write(name, source)
        there.add(name)
        return PushResult(sent=size)

    def _names_in(self, place: Storage) -> set[str]:
        """Return the names that are taken, after what a line that broke has left half is gone."""
        if self._taken_names is None:
            found = {entry.name for entry in place.list("")}
            for name in found:
                if name.startswith(".") and name.endswith(f"{self._own}{PART}"):
                    place.remove(name)
            self._taken_names = found
        return self._taken_names

    @contextlib.contextmanager
    def _as_sent(self, document: Path, resource: str) -> Iterator[Path]:
        if self._format == FORMATS[0]:
            yield document
            return
        converted = document.with_suffix(f".{self._format}")
        try:
            with document.open("rb") as source, converted.open("wb") as out:
                if self._format == S3JSON:
                    to_json(source, out, self.lines.spool)
                else:
                    told = self._parameters(document.name, resource)
                    self.lines.stylesheets.from_s3xml(self._format, source, out, told)
            yield converted
        finally:
            converted.unlink(missing_ok=True)

    @property
    def _format(self) -> str:
        own = self.remote.settings.get("own_format")
        return str(own or self.remote.settings.get("format") or FORMATS[0])

    def _parameters(self, name: str, resource: str = "") -> dict[str, str]:
        """Return what a stylesheet is told of a file."""
        table = resource or re.split(r"[-.]", name)[0]
        return parameters(table, self.remote.own_uuid, "", self.lines.clock.now())

    @property
    def _sign(self) -> str:
        """What stands at the end of the names of this site's files, before the format."""
        return f"-{hashlib.sha256(self.remote.own_uuid.encode()).hexdigest()[:8]}"

    @property
    def _own(self) -> str:
        return f"{self._sign}.{self._format}"

    def _files(self, entries: Sequence[Entry], resource: str) -> list[Entry]:
        """Return the files of others for a resource, sorted by name; a file that is being written has another name."""
        own_ones = [each.name for each in self.lines.stylesheets.all() if each.reads]
        ends = tuple(f".{each}" for each in (*FORMATS, *own_ones, self._format))
        own = tuple(f"{self._sign}{each}" for each in ends)
        found = [
            entry
            for entry in entries
            if entry.name.startswith((f"{resource}-", f"{resource}."))
            and entry.name.endswith(ends)
            and not entry.name.endswith(own)
            and not entry.is_folder
        ]
        if len(found) > MOST_FILES:
            raise ConfigurationError(
                f"{self._told('')} has {len(found)} files of {resource}; at most {MOST_FILES} are looked at.",
                hint="Move those away that all sites have read.",
            )
        return sorted(found)


@contextlib.contextmanager
def _explained(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ConfigurationError(
            f"{what}: {error}",
            hint="Let the account under which the worker runs read and write the folder.",
        ) from error
