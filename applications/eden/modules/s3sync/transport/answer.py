"""The answer of another site, read within limits."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO, Any, Protocol
from urllib.parse import urljoin, urlsplit

import requests

from ..core.clock import Clock
from ..core.errors import (
    DocumentTooLarge,
    NotAuthenticated,
    Obstacle,
    PeerUnreachable,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
    TruncatedDocument,
)
from ..core.limits import BEGINNING, CHUNK
from ..core.messages import Sentence
from ..core.text import shown
from ..wire import dictionary as dictionary
from ..wire.columns import DamagedColumns, unfold
from ..wire.compression import DamagedPacking, gzip
from ..wire.protocol.names import PeerCapability
from .failures import a_web_page, error_of, http_date, json_object, line_errors, looks_like_html, not_http
from .limits import REDIRECTS, Pace
from .urls import without_credentials

#: Digits of a length that an answer can have.
_MOST_DIGITS = 18


@dataclass
class Reply:
    """An answer that was read completely.

    Attributes:
        url: the requested URL, without credentials.
        status: HTTP status.
        headers: headers of the answer, with case-insensitive look-up.
        body: its bytes, decompressed; empty if the answer was spooled.
        path: file of the spooled answer, None if it is in ``body``. The caller removes the file.
        sent, received: bytes of the bodies on the line.
        skew: seconds by which the peer's clock is ahead of ours, None if it did not tell the time.
    """

    url: str
    status: int
    headers: Mapping[str, str]
    body: bytes = b""
    path: Path | None = None
    sent: int = 0
    received: int = 0
    skew: float | None = None

    def json(self) -> dict[str, Any]:
        """Return the JSON object of the answer, whatever its content type (an Eden sends it as text/html).

        Raises:
            NotS3XML: the answer is an HTML page.
            ProtocolError: the answer is something else.
        """
        found = json_object(self.body)
        if found is not None:
            return found
        if looks_like_html(self.body):
            raise a_web_page(self.url, self.body)
        begins = shown(self.body[:BEGINNING].decode("utf-8", "replace"))
        raise ProtocolError(f"{self.url} answered with something that is not JSON: {begins!r}", remote=True)

    def discard(self) -> None:
        """Remove the spooled answer, if there is one."""
        if self.path is not None:
            with contextlib.suppress(FileNotFoundError):
                self.path.unlink()


class Watch(Protocol):
    """Somebody who watches an answer while it is received."""

    def began(self, headers: Mapping[str, str]) -> None:
        """Take note that the answer begins; its body is still on the way.

        Args:
            headers: its headers, with case-insensitive look-up.
        """
        ...

    def received(self, size: int) -> None:
        """Take note of what has arrived; called again and again while the answer is received.

        Args:
            size: bytes of the body so far, as it is on the line.

        Raises:
            Exception: whatever ends the download, if the answer is not wanted any more.
        """
        ...


@dataclass
class Response:
    """An answer whose body has not been read yet."""

    response: requests.Response
    url: str
    proxy: str | None
    clock: Clock
    until: float | None = None
    pace: Pace | None = None
    skew: float | None = None
    received: int = 0
    watch: Watch | None = None
    #: Whether it is a document, which may come column by column.
    is_document: bool = False
    #: When the last piece had arrived (monotonic).
    ended: float | None = None

    @property
    def status(self) -> int:
        return self.response.status_code

    def reply(
        self, *, body: bytes = b"", path: Path | None = None, received: int = 0, sent: int = 0
    ) -> Reply:
        return Reply(
            url=self.url,
            status=self.status,
            headers=self.response.headers,
            body=body,
            path=path,
            sent=sent,
            received=received,
            skew=self.skew,
        )

    def redirect_target(self) -> str:
        """Return the target of a redirect.

        Raises:
            NotAuthenticated: it is a login page.
            ProtocolError: there is no target, or it is not an address.
        """
        location = self.response.headers.get("Location")
        if not location:
            raise ProtocolError(f"{self.url} redirects (status {self.status}) to nowhere.", remote=True)
        try:
            target = urljoin(self.url, location)
            parts = urlsplit(target)
            # An address with a port that is none is found out only here.
            _ = parts.port
        except ValueError as error:
            raise not_http(self.url, error) from error
        if "/user/login" in parts.path:
            raise NotAuthenticated(f"{self.url} asks to log in on a web page.", remote=True)
        return target

    def refuse_redirect(self) -> None:
        """Raise an error if the answer is a redirect: following it could send the data to strangers."""
        if self.status in REDIRECTS:
            target = without_credentials(self.redirect_target())
            raise RedirectedElsewhere(
                f"{self.url} redirects to {target}; what is sent is not sent elsewhere.", target=target
            )

    def raise_for_status(self) -> None:
        """Raise the error for the status and the text of the answer, if it is one."""
        if 200 <= self.status < 300:
            return
        try:
            text = self.read(BEGINNING)
        except SyncError:
            # The status is sufficient: it is reported also if the text did not arrive.
            text = b""
        raise error_of(self.status, self.url, text, self.response.headers, self.clock.now())

    def read(self, most: int) -> bytes:
        parts = []
        size = 0
        for chunk in self._chunks():
            size += len(chunk)
            if size > most:
                raise DocumentTooLarge(f"The answer of {self.url} is larger than {most} bytes.", remote=True)
            parts.append(chunk)
        return b"".join(parts)

    def copy_to(self, target: IO[bytes], most: int, body: Iterator[bytes] | None = None) -> int:
        """Copy the decompressed body; return the number of bytes on the line.

        Args:
            target: where to.
            most: maximum bytes.
            body: the body as it was on the line, where it has been received.

        Raises:
            DocumentTooLarge: it has more bytes.
            TruncatedDocument: it is not whole.
        """
        size = 0
        for chunk in self._chunks(body):
            size += len(chunk)
            if size > most:
                raise DocumentTooLarge(
                    f"The answer of {self.url} is larger than {most} bytes.",
                    hint="Raise the limit in the section [sync] of the configuration.",
                )
            target.write(chunk)
        return self.received

    def _chunks(self, body: Iterator[bytes] | None = None) -> Iterator[bytes]:
        """Yield the decompressed body; raise ``TruncatedDocument`` if the connection ends before the body."""
        headers = self.response.headers
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip", PeerCapability.DICTIONARY):
            raise ProtocolError(
                f"{self.url} packed its answer as {encoding}, which nobody asked for.", remote=True
            )
        try:
            if encoding in ("gzip", "x-gzip"):
                plain = gzip.unpack(body or self.raw())
                yield from unfold(plain) if self.is_document else plain
            elif encoding == PeerCapability.DICTIONARY:
                yield from dictionary.unpack(body or self.raw())
            else:
                yield from body or self.raw()
        except (DamagedPacking, DamagedColumns) as error:
            raise TruncatedDocument(
                f"The packed answer of {self.url} is damaged: {error}.", remote=True
            ) from error

    def raw(self) -> Iterator[bytes]:
        """Yield the body as it is on the line.

        Raises:
            SyncError: the line broke, is too slow, or ended before the body.
        """
        # What is there by now: to wait for a whole piece could take for ever. urllib3 1 cannot do that.
        read = getattr(self.response.raw, "read1", self.response.raw.read)
        with line_errors(self.url, self.proxy, reading=True):
            while True:
                raw = read(CHUNK, decode_content=False)
                if not raw:
                    break
                self.received += len(raw)
                self.ended = time.monotonic()
                if self.watch is not None:
                    self.watch.received(self.received)
                if self.pace is not None and self.pace.is_too_slow(len(raw)):
                    raise PeerUnreachable(Sentence.TOO_SLOW.say(url=self.url), obstacle=Obstacle.SILENCE)
                if self.until is not None and time.monotonic() > self.until:
                    raise PeerUnreachable(
                        f"{self.url} had not sent its answer in time.", obstacle=Obstacle.SILENCE
                    )
                yield raw
        expected = self.response.headers.get("Content-Length", "")
        if expected.isdecimal() and (len(expected) > _MOST_DIGITS or self.received < int(expected)):
            raise TruncatedDocument(
                f"{self.url} announced {shown(expected)} bytes and sent {self.received}.", remote=True
            )


def clock_skew(date: str | None, before: datetime, after: datetime) -> float | None:
    """Return the seconds by which the peer's clock is ahead, from the Date of its answer.

    The date was set between ``before`` and ``after``, in whole seconds; 0 if the clocks may agree.
    """
    told = http_date(date)
    if told is None:
        return None
    if told + timedelta(seconds=1) < before:
        return (told - before).total_seconds()
    if told > after:
        return (told - after).total_seconds()
    return 0.0
