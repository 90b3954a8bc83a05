"""What places behind HTTP share: their answers are read within limits, and told by their status."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import IO
from urllib.parse import quote

from ...core.errors import PeerBusy, PeerFailed, ProtocolError, SyncError
from ...core.limits import BEGINNING, MEGABYTE
from ..answer import Response
from ..client import Transport
from ..failures import BUSY, a_web_page, looks_like_html, page_title
from .failures import no_room, not_allowed, refused, wrong_login
from .spool import Spool

#: Maximum bytes of a list.
LARGEST_LIST = 16 * MEGABYTE
FULL = (413, 507)


class WebPlace:
    """A place behind HTTP.

    Args:
        line: the line to it.
        spool: for files on their way.
    """

    def __init__(self, line: Transport, spool: Spool) -> None:
        self._line = line
        self._spool = spool

    def close(self) -> None:
        """End the connection."""
        self._line.close()

    def _url(self, name: str) -> str:
        return f"{self._line.url}/{quote(name, errors='surrogateescape')}" if name else self._line.url

    def _where(self, name: str) -> str:
        return f"{self._line.url}/{name}" if name else self._line.url

    @contextlib.contextmanager
    def _asked(
        self,
        method: str,
        url: str,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator[Response]:
        """Yield an answer, whatever its status, but for a redirect: it is never followed."""
        # A file is what its bytes are: some servers say of one in gzip that it is the packed form of another one.
        given = {"Accept-Encoding": "identity", **(headers or {})}
        with self._line.ask(method, url, data=data, headers=given) as answer:
            answer.refuse_redirect()
            yield answer

    def _text(self, answer: Response) -> bytes:
        """Return a list, or another small answer."""
        text = answer.read(LARGEST_LIST)
        if looks_like_html(text):
            raise a_web_page(answer.url, text)
        return text

    def _wrong(self, answer: Response, where: str) -> SyncError:
        """Return the error of an answer."""
        try:
            text = answer.read(BEGINNING)
        except SyncError:
            # The status is sufficient.
            text = b""
        return self._told(answer.status, where, text, answer)

    def _told(self, status: int, where: str, text: bytes, answer: Response) -> SyncError:
        said = f"{status} {answer.response.reason or ''} {page_title(text)}".strip()
        if status == 401:
            return wrong_login(where, said)
        if status == 403:
            return not_allowed(where, said)
        if status in FULL:
            return no_room(where, said)
        if status in BUSY or status == 423:
            return PeerBusy(f"{where} cannot be used just now: {said}", remote=True)
        if status >= 500 and status != 501:
            return PeerFailed(f"{where} failed: {said}", remote=True)
        if status in (405, 501):
            return ProtocolError(
                f"{where} does not know what it was asked: {said}",
                hint="Check the address: it has to be that of a folder which other programs may use, too.",
                remote=True,
            )
        return refused(where, said)
