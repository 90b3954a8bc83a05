"""HTTP to one peer: credentials, proxy, TLS, time limits, spooling, and every failure as a typed error.

Nothing here knows tables or documents: adapters make the requests and read the answers. Nothing is retried here
either: ``core.retry`` does that, by the type of the error.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import IO
from urllib.parse import urljoin

import requests
from requests.auth import AuthBase, HTTPBasicAuth

from ..core.atomic_write import beside, owner_mark
from ..core.clock import Clock
from ..core.errors import (
    ConfigurationError,
    Obstacle,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
    TlsFailed,
)
from ..core.limits import CHUNK
from ..exchange.line import Line
from ..wire.protocol.names import PeerCapability
from .answer import Reply, Response, Watch, clock_skew
from .failures import disk_error, line_errors, speaks_otherwise
from .limits import MOST_REDIRECTS, REDIRECTS, Limits, Pace
from .measuring import MeasuringAdapter, connecting
from .pinning import pin
from .received_files import refuse_page
from .resuming import Resuming
from .scheme import is_certificate, speaks_other
from .urls import address_of, origin, without_credentials

USER_AGENT = "EdenSync"


class Transport:
    """Requests to one peer.

    Args:
        url: address of the peer's application, e.g. https://eden.example.org/eden.
        clock: the site's clock.
        username, password: for HTTP Basic, sent with every request to the peer without a challenge; none if empty.
        proxy: URL of an HTTP proxy, none if empty.
        limits: time and size limits.
        verify: True, or the path of a file with certificates to trust.
        spool: folder for spooled answers, the system's if None.
        certificate: SHA-256 of the only certificate that is accepted, in place of ``verify``; none if empty.

    Attributes:
        resuming: keeps what broke off, None if nothing is kept.
        has_dictionary: whether the peer has the dictionary of this version, so that small bodies are packed with it.
        line: how good the line was so far.
    """

    resuming: Resuming | None = None
    has_dictionary = False

    def __init__(
        self,
        url: str,
        *,
        clock: Clock,
        username: str | None = None,
        password: str | None = None,
        proxy: str | None = None,
        limits: Limits | None = None,
        verify: bool | str = True,
        spool: Path | None = None,
        certificate: str | None = None,
    ) -> None:
        self.origin = origin(url)
        self.url = without_credentials(url).rstrip("/")
        self.limits = limits or Limits()
        self.skew: float | None = None
        self._spool = spool
        self._clock = clock
        self._session = requests.Session()
        # The environment's proxies and .netrc would override the administrator's settings.
        self._session.trust_env = False
        self._session.verify = verify
        self.line = Line()
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, MeasuringAdapter(self.line))
        self._certificate = certificate
        if certificate:
            pin(self._session, certificate, self.line)
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.headers["Accept-Encoding"] = "gzip"
        del self._session.headers["Accept"]
        if proxy:
            try:
                origin(proxy)
            except ConfigurationError as error:
                raise ConfigurationError(
                    f"The proxy {error.message}", hint="Correct or remove the proxy server URL."
                ) from None
            self._session.proxies = {"http": proxy, "https": proxy}
        self._proxy = proxy
        self._auth: AuthBase | None = None
        if username:
            self._auth = HTTPBasicAuth(username.encode("utf-8"), (password or "").encode("utf-8"))

    def authenticate(self, auth: AuthBase) -> None:
        """Let every request be authenticated in this way, in place of HTTP Basic."""
        self._auth = auth

    def use_dictionary(self) -> None:
        """Let small bodies be packed with the dictionary in both directions, and leave out what one of ours knows."""
        self.has_dictionary = True
        self._session.headers["Accept-Encoding"] = f"gzip, {PeerCapability.DICTIONARY.value}"
        # HTTP/1.1 keeps connections unless it is told otherwise.
        del self._session.headers["Connection"]

    def forget_dictionary(self) -> None:
        """Do without the dictionary: the peer does not have it any more."""
        self.has_dictionary = False
        self._session.headers["Accept-Encoding"] = "gzip"

    def close(self) -> None:
        """Close the connections to the peer."""
        self._session.close()
        if self.resuming is not None:
            self.resuming.close()

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- requests ------------------------------------------------------------------------------------

    def download(self, url: str, *, resumes: bool = False, watch: Watch | None = None) -> Reply:
        """GET a document and spool it to a file, completely or not at all.

        Args:
            url: absolute URL with the peer's origin.
            resumes: whether the peer goes on where its answer to the same URL broke off.
            watch: watches how it is received, None for nobody.

        Raises:
            SyncError: the request failed; ``TruncatedDocument`` if the connection was cut.
        """
        path = self._new_spool(".xml")
        try:
            with path.open("wb") as target:
                answer, received = self._receive(
                    url, target, self.limits.document_size, resumes, watch, is_document=True
                )
        except OSError as error:
            path.unlink()
            raise disk_error(error) from error
        except BaseException:
            path.unlink()
            raise
        if resumes and self.resuming is not None:
            self.resuming.drop(url)
        return answer.reply(path=path, received=received)

    def _receive(
        self,
        url: str,
        target: IO[bytes],
        most: int,
        resumes: bool,
        watch: Watch | None = None,
        is_document: bool = False,
    ) -> tuple["Response", int]:
        """GET an answer into a file; return it, with the bytes that it had on the line.

        Where the peer goes on with an answer that broke off, it is first received as it is on the line: that is what
        the peer counts.
        """
        resuming = self.resuming if resumes else None
        asked = {} if resuming is None else resuming.asking(url)
        with self._get(url, asked) as answer:
            if watch is not None:
                watch.began(answer.response.headers)
            answer.watch, answer.is_document = watch, is_document
            part = None if resuming is None else resuming.receive(url, asked, answer, most)
            if part is None:
                return answer, answer.copy_to(target, most)
            with part.open("rb") as source:
                answer.copy_to(target, most, iter(lambda: source.read(CHUNK), b""))
            return answer, part.stat().st_size

    def get(self, url: str) -> Reply:
        """GET a small answer into memory."""
        with self._get(url) as answer:
            body = answer.read(self.limits.reply_size)
        return answer.reply(body=body, received=answer.received)

    def get_if_changed(self, url: str, most: int, etag: str = "", modified: str = "") -> Reply | None:
        """GET an answer into memory, None if it is the one that is known (304).

        Args:
            url: absolute URL with the peer's origin.
            most: maximum bytes.
            etag, modified: what the headers ETag and Last-Modified of that one had, "" for nothing.
        """
        known = {"If-None-Match": etag, "If-Modified-Since": modified}
        headers = {name: value for name, value in known.items() if value}
        with self._get(url, headers, also=frozenset((304,)) if headers else frozenset()) as answer:
            if answer.status == 304:
                return None
            body = answer.read(most)
        return answer.reply(body=body, received=answer.received)

    def send(
        self,
        method: str,
        url: str,
        body: bytes | Path,
        headers: Mapping[str, str] | None = None,
    ) -> Reply:
        """POST or PUT a body and return the answer; a redirect is an error, never followed.

        Args:
            method: "POST" or "PUT".
            url: absolute URL with the peer's origin.
            body: the bytes, or a file to stream.
            headers: additional headers.
        """
        sent = len(body) if isinstance(body, bytes) else body.stat().st_size
        with contextlib.ExitStack() as stack:
            data: bytes | IO[bytes] = (
                body if isinstance(body, bytes) else stack.enter_context(body.open("rb"))
            )
            answer = stack.enter_context(self.ask(method, url, data=data, headers=headers))
            answer.refuse_redirect()
            answer.raise_for_status()
            text = answer.read(self.limits.reply_size)
        return answer.reply(body=text, received=answer.received, sent=sent)

    def fetch(self, url: str, target: Path, *, resumes: bool = False, most: int | None = None) -> None:
        """Stream a file of the peer to ``target``, completely or not at all.

        Args:
            url: its URL, relative to the peer's.
            target: where to store it.
            resumes: whether the peer goes on where the file broke off; then it also says by which digest to check it.
            most: maximum bytes, None for those of a file of a record.

        Raises:
            ProtocolError: the URL has not the peer's own origin.
            NotS3XML: a web page came in its place, as from a network that asks to log in.
            SyncError: it cannot be fetched; ``transient`` tells whether a retry can help.
        """
        absolute = urljoin(self.url + "/", url)
        self._own(absolute)
        temporary = beside(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream:
                answer, _ = self._receive(absolute, stream, most or self.limits.file_size, resumes)
            refuse_page(answer, temporary)
            os.replace(temporary, target)
            if resumes and self.resuming is not None:
                self.resuming.drop(absolute)
        except OSError as error:
            raise disk_error(error) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()
            if resumes and self.resuming is not None:
                self.resuming.keep(absolute)

    @contextlib.contextmanager
    def ask(
        self,
        method: str,
        url: str,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator["Response"]:
        """Yield the answer to any request while it comes, whatever its status; no redirect is followed.

        Args:
            method: of HTTP, or of a protocol over it.
            url: absolute URL with the peer's origin.
            data: a body.
            headers: additional headers.
        """
        self._own(url)
        address = address_of(url)
        before = self._clock.now()
        began, connected = time.monotonic(), connecting()
        with line_errors(address, self._proxy, pinned=bool(self._certificate)):
            response = self._session.request(
                method,
                without_credentials(url),
                data=data,
                headers=dict(headers or {}),
                auth=self._auth,
                stream=True,
                allow_redirects=False,
                timeout=(self.limits.connect_timeout, self.limits.read_timeout),
            )
        first = time.monotonic()
        self.line.answered(max(0.0, first - began - (connecting() - connected)))
        try:
            most = self.limits.answer_time
            answer = Response(
                response,
                address,
                self._proxy,
                self._clock,
                None if most is None else time.monotonic() + most,
                Pace(self.limits),
            )
            answer.skew = clock_skew(response.headers.get("Date"), before, self._clock.now())
            if answer.skew is not None:
                self.skew = answer.skew
            yield answer
            self.line.brought(answer.received, (answer.ended or first) - first)
        finally:
            response.close()

    def explain(self, error: SyncError) -> SyncError:
        """Return what an error comes from, where the port turns out to speak the other one of http and https.

        For a connection test: it opens a connection of its own, without the account. Through a proxy it does not know.
        """
        if self._proxy or not _may_hide_scheme(error) or not speaks_other(self.origin):
            return error
        obstacle = Obstacle.PLAIN if self.origin.scheme == "https" else Obstacle.TLS
        return speaks_otherwise(self.url, obstacle)

    # --- inside --------------------------------------------------------------------------------------

    def _new_spool(self, suffix: str) -> Path:
        try:
            if self._spool is not None:
                self._spool.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix=f"sync-{owner_mark()}", suffix=suffix, dir=self._spool)
        except OSError as error:
            raise disk_error(error) from error
        os.close(handle)
        return Path(name)

    def _own(self, url: str) -> None:
        if origin(url) != self.origin:
            raise ProtocolError(
                f"{without_credentials(url)} is not at {self.url}; nothing is fetched from elsewhere.",
                hint="Set the public URL of the other site to the address that is entered here as its URL.",
                remote=True,
            )

    @contextlib.contextmanager
    def _get(
        self, url: str, headers: Mapping[str, str] | None = None, also: frozenset[int] = frozenset()
    ) -> Iterator["Response"]:
        for _ in range(MOST_REDIRECTS + 1):
            with self.ask("GET", url, headers=headers) as answer:
                if answer.status not in REDIRECTS:
                    if answer.status not in also:
                        answer.raise_for_status()
                    yield answer
                    return
                url = answer.redirect_target()
                if origin(url) != self.origin:
                    raise RedirectedElsewhere(
                        f"{answer.url} redirects to {without_credentials(url)}; nothing is asked elsewhere.",
                        target=without_credentials(url),
                    )
        raise ProtocolError(f"{without_credentials(url)} redirects without end.", remote=True)


def _may_hide_scheme(error: SyncError) -> bool:
    """Return whether an error may come from the wrong scheme; others say plainly what is wrong."""
    if isinstance(error, TlsFailed):
        return not is_certificate(error)
    if isinstance(error, PeerUnreachable):
        return error.obstacle in (Obstacle.LINE, Obstacle.SILENCE)
    return isinstance(error, (PeerRefused, ProtocolError))
