"""Takes the archive of a data set in place of the first pull of a resource: one download for all resources of a set."""

from __future__ import annotations

import contextlib
import ipaddress
import os
import socket
import tempfile
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path

from ...core.atomic_write import owner_mark
from ...core.cursor import Cursor
from ...core.errors import SyncError
from ...core.limits import CHUNK
from ...core.messages import Message, Sentence
from ...exchange.peer import Exchange, PullResult, Remark
from ...transport.client import Transport
from ...transport.failures import disk_error
from ...transport.urls import origin
from ...wire.archive import ArchivedDocument, ArchiveFile, deletions_of, entry_of
from ...wire.data_sets import PublishedSet, PublishedTask
from ...wire.s3xml import FOOTER, DocumentLimits, DocumentReader, Element, fragment, header, with_domain
from ...wire.values.datetimes import parse_datetime
from ..lines import Lines

#: The token of a cursor that an archive tells: a site that does not know who asks looks at the position alone.
TOKEN = "archive"
#: Bytes in which the root element of a document ends.
_BEGINNING = 64 * 1024


#: How often an archive is asked for again after the line broke and had brought nothing.
MOST_FAILURES = 1


class NotTaken(Exception):
    """An archive cannot be taken; all records are asked for instead.

    Args:
        why: the reason.
        remedy: what to do, "" for nothing.
    """

    def __init__(self, why: Message, remedy: Message | str = "") -> None:
        super().__init__(str(why))
        self.why = why
        self.remedy = remedy


class Archives:
    """The archives of one run.

    Args:
        lines: what this site provides.
        transport: the connection to the other site, with its account.
    """

    def __init__(self, lines: Lines, transport: Transport) -> None:
        self._lines = lines
        self._transport = transport
        #: By code: the file, or why there is none.
        self._found: dict[str, ArchiveFile | NotTaken] = {}
        self._paths: list[Path] = []
        #: By code: how often the line broke, one after another, without bringing anything.
        self._failures: dict[str, int] = {}

    def close(self) -> None:
        """Remove what was downloaded."""
        for found in self._found.values():
            if isinstance(found, ArchiveFile):
                found.close()
        for path in self._paths:
            with contextlib.suppress(FileNotFoundError):
                path.unlink()
        self._found.clear()
        self._paths.clear()

    def document(
        self, of: PublishedSet, task: PublishedTask, exchange: Exchange, domain: str | None
    ) -> tuple[PullResult | None, Remark]:
        """Return the records of a task from the archive of its set.

        Args:
            of, task: the set and its task, as the other site tells them now.
            exchange: what is to be fetched.
            domain: the domain before the other site's bare identifiers, which its archive does not name.

        Returns:
            the document, None where it has to be asked for; and what people are told of that.

        Raises:
            SyncError: the line broke; another attempt goes on there.
        """
        try:
            return self._document(of, task, exchange, domain), Remark(
                Sentence.ARCHIVE_TAKEN.say(code=of.code)
            )
        except NotTaken as refusal:
            said = Sentence.ARCHIVE_NOT_TAKEN.say(code=of.code, reason=refusal.why)
            return None, Remark(said, warns=True, remedy=refusal.remedy)

    def _document(
        self, of: PublishedSet, task: PublishedTask, exchange: Exchange, domain: str | None
    ) -> PullResult:
        changed = task.changed_on
        if of.archived_on is not None and changed is not None and of.archived_on < changed:
            raise NotTaken(Sentence.ARCHIVE_OLDER.say())
        archive = self._archive(of)
        name = entry_of(task.stamp.uuid)
        if not archive.has(name):
            raise NotTaken(Sentence.ARCHIVE_LACKS.say())
        manifest = archive.manifest
        if manifest is None:
            with _told():
                return _by_time(
                    self._extracted(archive, name, None), domain, self._lines.limits.document_size
                )
        told = manifest.documents.get(name)
        if told is None or not _is_for(told, task, exchange):
            raise NotTaken(Sentence.ARCHIVE_OLDER.say())
        with _told():
            path = self._extracted(archive, name, told.sha256)
            try:
                if told.deletions:
                    gone = self._extracted(archive, deletions_of(task.stamp.uuid), told.deletions)
                    try:
                        _append(path, gone)
                    finally:
                        gone.unlink()
                _read_through(path, self._lines.limits.document_size)
            except BaseException:
                path.unlink()
                raise
        cursor = str(Cursor(manifest.journal, manifest.position, TOKEN))
        return PullResult(path, cursor=cursor, more=True, size=path.stat().st_size, total=told.records)

    def _extracted(self, archive: ArchiveFile, name: str, digest: str | None) -> Path:
        """Return an entry as a file in the spool.

        Raises:
            NotTaken: it is not what its digest says, or not there.
            SyncError: it is damaged or too large, or cannot be written.
        """
        if not archive.has(name):
            raise NotTaken(Sentence.ARCHIVE_LACKS.say())
        path = self._new(".xml")
        try:
            with path.open("wb") as out:
                found = archive.extract(name, out, self._lines.limits.document_size)
            if digest is not None and found != digest:
                raise NotTaken(Sentence.ARCHIVE_DIFFERS.say(), Sentence.ASK_FOR_ARCHIVE.say())
        except OSError as error:
            path.unlink()
            raise disk_error(error) from error
        except BaseException:
            path.unlink()
            raise
        return path

    def _new(self, suffix: str) -> Path:
        handle, name = tempfile.mkstemp(prefix=f"sync-{owner_mark()}", suffix=suffix, dir=self._lines.spool)
        os.close(handle)
        return Path(name)

    # --- the download ----------------------------------------------------------------------------------

    def _archive(self, of: PublishedSet) -> ArchiveFile:
        """Return the archive of a set, downloaded once.

        Raises:
            NotTaken: it cannot be taken.
            SyncError: the line broke; the next attempt goes on there. One that brings nothing, again, is the last.
        """
        found = self._found.get(of.code)
        if found is None:
            try:
                with _told():
                    found = self._download(of.archive_url)
            except NotTaken as refusal:
                error = refusal.__cause__
                if isinstance(error, SyncError) and error.transient and _is_below(of.archive_url):
                    self._failures[of.code] = 0 if error.brought else self._failures.get(of.code, 0) + 1
                    if self._failures[of.code] <= MOST_FAILURES:
                        raise error from refusal
                found = refusal
            self._found[of.code] = found
        if isinstance(found, NotTaken):
            raise found
        return found

    def _download(self, url: str) -> ArchiveFile:
        path = self._new(".zip")
        self._paths.append(path)
        most = self._lines.limits.document_size
        if _is_below(url):
            self._transport.fetch(f"{self._transport.url}{url}", path, resumes=True, most=most)
        else:
            self._check_elsewhere(url)
            # Nobody else gets the account of the other site.
            with self._lines.http(url) as elsewhere:
                elsewhere.fetch(url, path, most=most)
        return ArchiveFile(path)

    def _check_elsewhere(self, url: str) -> None:
        """Check the address of an archive that is not below the other site's.

        Raises:
            NotTaken: it leads into a network from where the other site could not offer it to everybody: this site asks
                nobody there in its name.
            SyncError: it is no address.
        """
        host = origin(url).host
        if host == self._transport.origin.host:
            return
        for address in _addresses(host):
            if not address.is_global:
                raise NotTaken(Sentence.ARCHIVE_INSIDE.say(host=host))


def _is_below(url: str) -> bool:
    """Return whether the address of an archive is a path below the other site's application."""
    return url.startswith("/") and not url.startswith("//")


def _addresses(host: str) -> Sequence[ipaddress.IPv4Address | ipaddress.IPv6Address]:
    """Return the addresses of a host; none where its name is not known, which the request tells."""
    try:
        found = socket.getaddrinfo(host, None)
    except (OSError, UnicodeError):
        return ()
    return [ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found]


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Turn every failure into a reason for which an archive is not taken: the run goes on without it."""
    try:
        yield
    except SyncError as error:
        raise NotTaken(error.said, error.remedy or "") from error


def _is_for(told: ArchivedDocument, task: PublishedTask, exchange: Exchange) -> bool:
    """Return whether a document of an archive has the records that are to be fetched now."""
    return (
        told.resource == exchange.resource
        and told.components == task.components
        and told.conditions == tuple(sorted(each.text for each in task.conditions))
    )


def _append(path: Path, deletions: Path) -> None:
    """Write the deletions of a document of ours behind its records."""
    with deletions.open("rb") as source, path.open("r+b") as out:
        begins = source.read(_BEGINNING)
        at = begins.find(b"<resource")
        if at < 0:
            return
        # One that does not end so is none of ours, and is found broken when it is read through.
        out.truncate(max(0, out.seek(0, os.SEEK_END) - len(FOOTER)))
        out.seek(0, os.SEEK_END)
        out.write(begins[at:])
        while chunk := source.read(CHUNK):
            out.write(chunk)


def _read_through(path: Path, most: int) -> datetime | None:
    """Read a document to its end: no broken one is imported; return the time of its newest main record (UTC).

    Raises:
        DocumentError: it is no complete document.
    """
    newest: datetime | None = None
    with path.open("rb") as source:
        for element in DocumentReader(source, DocumentLimits(max_bytes=most)):
            newest = _newer(newest, element)
    return newest


def _by_time(path: Path, domain: str | None, most: int) -> PullResult:
    """Return a document of an Eden: the next one is asked for from the time of its newest record on.

    Raises:
        NotTaken: no time is known from which on to ask.
        DocumentError: it is no complete document.
    """
    try:
        newest = _named(path, domain, most) if domain else _read_through(path, most)
        if newest is None:
            raise NotTaken(Sentence.ARCHIVE_LACKS.say())
    except BaseException:
        path.unlink()
        raise
    return PullResult(path, more=True, size=path.stat().st_size, since=newest)


def _named(path: Path, domain: str, most: int) -> datetime | None:
    """Let a document name its bare identifiers as a pull does; return the time of its newest main record (UTC).

    An Eden that makes an archive writes no domain before them. They would be other records than those of its answers.

    Args:
        path: the document, which is replaced.
        domain: the domain that the Eden writes in its answers.
        most: maximum bytes.

    Raises:
        DocumentError: it is no complete document.
    """
    whole, newest = path.with_name(f"{path.name}.part"), None
    try:
        with path.open("rb") as source, whole.open("wb") as out:
            reader = DocumentReader(source, DocumentLimits(max_bytes=most))
            told = reader.header
            out.write(header(results=told.results, domain=domain, url=told.url).encode())
            for element in reader:
                newest = _newer(newest, element)
                if not told.domain:
                    for each in element.iter("resource"):
                        uuid = each.get("uuid")
                        if uuid:
                            each.set("uuid", with_domain(uuid, domain))
                out.write(fragment(element))
            out.write(FOOTER.encode())
        whole.replace(path)
    finally:
        with contextlib.suppress(FileNotFoundError):
            whole.unlink()
    return newest


def _newer(newest: datetime | None, element: Element) -> datetime | None:
    try:
        moment = parse_datetime(element.get("modified_on") or "")
    except ValueError:
        return newest
    return moment if newest is None else max(newest, moment)
