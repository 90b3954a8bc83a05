"""Sends bodies to one of ours: where a line breaks off, part by part, so that only the rest is sent again."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO, ClassVar
from urllib.parse import quote

from ..core.errors import (
    DocumentTooLarge,
    NotS3XML,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
    TruncatedDocument,
)
from ..core.limits import MEGABYTE, WORTH_RESUMING
from ..transport.answer import Reply
from ..transport.client import Transport
from ..wire.part_store import digest_of
from ..wire.protocol.names import PART_PATH
from ._answers import checked

#: What a site says that takes no parts, or not of this body.
REFUSED = (PeerRefused, NotS3XML, ProtocolError, DocumentTooLarge)


class BodySender:
    """Sends the bodies of one run to one peer.

    Args:
        transport: the line to it.
        own_uuid: identifier under which this site is known there.
        now: returns seconds.

    Attributes:
        part: bytes of the next part.
        large: bytes from which on a body goes in parts also over a line that has not broken yet.
        smallest, largest: bytes of a part.
        seconds: that a part shall take.
    """

    large: ClassVar[int] = MEGABYTE
    smallest: ClassVar[int] = 16 * 1024
    largest: ClassVar[int] = 4 * MEGABYTE
    seconds: ClassVar[float] = 3.0

    def __init__(
        self, transport: Transport, own_uuid: str, now: Callable[[], float] = time.monotonic
    ) -> None:
        self._transport = transport
        self._own_uuid = own_uuid
        self._now = now
        self._broke_off = False
        self.part = WORTH_RESUMING
        #: Digest of a body -> how many bytes of it the peer has said to have.
        self._reached: dict[str, int] = {}

    def send(self, method: str, url: str, body: Path, headers: Mapping[str, str], *, resumes: bool) -> Reply:
        """Send a body and return the answer, as ``Transport.send`` does.

        Args:
            method, url, headers: of the request.
            body: the body. One that is small, or not large on a line that was good so far, goes as a whole.
            resumes: whether the peer takes parts.

        Raises:
            SyncError: as by ``Transport.send``; ``brought`` says how much more the peer has now.
        """
        size = body.stat().st_size
        digest = None
        if resumes and size >= (WORTH_RESUMING if self._broke_off else self.large):
            digest = self._sent_in_parts(body, size)
        if digest is None:
            try:
                return self._transport.send(method, url, body, headers)
            except PeerUnreachable:
                self._broke_off = True
                raise
        try:
            reply = self._transport.send(method, f"{url}&body={digest}", b"", headers)
        except PeerRefused as refusal:
            if self._there(digest) == size:
                raise
            raise TruncatedDocument(
                f"{refusal.message} What was sent in parts is not there any more.", remote=True
            ) from refusal
        return replace(reply, sent=size)

    def _sent_in_parts(self, body: Path, size: int) -> str | None:
        """Send a body in parts; return its digest, or None if the peer does not take it so."""
        with body.open("rb") as source:
            digest = digest_of(source)
            before = self._reached.get(digest, 0)
            try:
                self._send_parts(source, digest, size)
            except RedirectedElsewhere:
                raise
            except REFUSED:
                return None
            except SyncError as error:
                self._broke_off = True
                error.brought = self._reached.get(digest, 0) - before
                raise
        return digest

    def _send_parts(self, source: BinaryIO, digest: str, size: int) -> None:
        there = self._there(digest)
        while there < size:
            source.seek(there)
            data = source.read(self.part)
            began = self._now()
            now_there = self._ask(digest, "PUT", f"&offset={there}&size={size}", data)
            if now_there <= there:
                raise ProtocolError("The other site takes no more of a body in parts.", remote=True)
            self.part = self._fitting(len(data), self._now() - began)
            there = now_there

    def _fitting(self, size: int, seconds: float) -> int:
        """Return the bytes of the next part, by what the last one took."""
        fits = int(size * self.seconds / max(seconds, 0.01))
        return max(self.smallest, min(self.largest, 4 * size, fits))

    def _there(self, digest: str) -> int:
        return self._ask(digest, "GET")

    def _ask(self, digest: str, method: str, more: str = "", data: bytes = b"") -> int:
        """Send a part, or none; return how many bytes of the body the peer has."""
        url = f"{self._transport.url}/{PART_PATH}/{digest}?repository={quote(self._own_uuid)}{more}"
        if method == "GET":
            reply = self._transport.get(url)
        else:
            reply = self._transport.send(method, url, data, {"Content-Type": "application/octet-stream"})
        there = checked(reply).get("have")
        if isinstance(there, bool) or not isinstance(there, int):
            raise ProtocolError(f"{reply.url} does not say what it has.", remote=True)
        self._reached[digest] = max(there, self._reached.get(digest, 0))
        return there
