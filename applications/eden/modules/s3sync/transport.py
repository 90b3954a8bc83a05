"""HTTP to one peer: credentials, proxy, TLS, time limits, spooling, and every failure as a typed error.

Nothing here knows tables or documents; adapters say what to ask and read what comes back. Nothing is repeated
here either: ``patience`` does that, by the type of the error.
"""

from __future__ import annotations

import contextlib
import email.utils
import html
import json
import os
import re
import socket
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timezone
from pathlib import Path
from typing import IO, Any, Callable, NamedTuple
from urllib.parse import urljoin, urlsplit, urlunsplit

import requests
from requests.auth import HTTPBasicAuth
from urllib3 import exceptions as urllib3_errors

from .atomic_write import beside
from .compression import DamagedPacking, gzip
from .errors import (
    ConfigurationError,
    DocumentTooLarge,
    NotAuthenticated,
    NotPermitted,
    NotRegistered,
    NotS3XML,
    Obstacle,
    PeerBusy,
    PeerFailed,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    RedirectedElsewhere,
    StoreFull,
    SyncError,
    TlsFailed,
    TruncatedDocument,
)
from .limits import BEGINNING, CHUNK, CONNECT_TIMEOUT, DOCUMENT_SIZE, FILE_SIZE, MEGABYTE, READ_TIMEOUT
from .xmltext import shown

USER_AGENT = "EdenSync"
#: Bytes read at once where a person waits, so that the time limit of an answer is kept.
SMALL_CHUNK = 4096
REDIRECTS = (301, 302, 303, 307, 308)
MOST_REDIRECTS = 5
BUSY = (408, 425, 429, 502, 503, 504)
#: Characters of the other site's words in a message, and bytes of a plain text that are looked at for them.
LONGEST_TOLD, LOOKED_AT = 300, 2000
#: Bytes by which a web page is known.
PAGE_START = 512
#: Libraries wrap an error a few times; a chain that is longer than this is a circle.
DEEPEST_REASON = 8
_WANTED = "Enter the address of the other site's application, e.g. https://eden.example.org/eden."


class Origin(NamedTuple):
    """What makes two URLs belong to the same server: scheme, host and port."""

    scheme: str
    host: str
    port: int


def origin(url: str) -> Origin:
    """Return the origin of an http or https URL.

    Raises:
        ConfigurationError: it is not such a URL.
    """
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"{without_credentials(url)!r} is not a URL.", hint=_WANTED) from None
    if parts.scheme.lower() not in ("http", "https") or not parts.hostname:
        raise ConfigurationError(f"{without_credentials(url)!r} is not an http or https URL.", hint=_WANTED)
    scheme = parts.scheme.lower()
    return Origin(scheme, parts.hostname.lower(), port or (443 if scheme == "https" else 80))


def without_credentials(url: str) -> str:
    """Return the URL without a user name and password in it, fit for messages and logs."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return "(unreadable URL)"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def address_of(url: str) -> str:
    """Return the URL as a person knows it: what is asked there (cursor, filters ...) fills lines and helps nobody."""
    return without_credentials(url).partition("?")[0]


@dataclass(frozen=True)
class Limits:
    """What a peer may cost.

    Attributes:
        connect_timeout: seconds until a connection must stand.
        read_timeout: longest silence in seconds; a classic Eden computes long before its first byte.
        document_size: most bytes of a document, unpacked.
        file_size: most bytes of a file of an upload field.
        reply_size: most bytes of a JSON reply.
        answer_time: most seconds of a whole answer, None for no limit: a slow line that gets on is no failure.
    """

    connect_timeout: float = CONNECT_TIMEOUT
    read_timeout: float = READ_TIMEOUT
    document_size: int = DOCUMENT_SIZE
    file_size: int = FILE_SIZE
    reply_size: int = 64 * MEGABYTE
    answer_time: float | None = None


class Hurry(NamedTuple):
    """How long a line may take where a person waits for it; see ``Limits``.

    Attributes:
        connect_timeout, read_timeout, answer_time: seconds.
        document_size: bytes.
    """

    connect_timeout: float = 5.0
    read_timeout: float = 20.0
    answer_time: float = 20.0
    document_size: int = 16 * MEGABYTE

    def shorten(self, limits: Limits) -> Limits:
        """Return limits none of which is above these."""
        return replace(
            limits,
            connect_timeout=min(limits.connect_timeout, self.connect_timeout),
            read_timeout=min(limits.read_timeout, self.read_timeout),
            answer_time=self.answer_time,
            document_size=min(limits.document_size, self.document_size),
        )


@dataclass
class Reply:
    """An answer that was read completely.

    Attributes:
        url: what was asked, without credentials.
        status: HTTP status.
        headers: of the answer; look-up ignores case.
        body: its bytes, unpacked; empty where the answer was spooled.
        path: the spooled answer, None where it is in ``body``. Whoever asked removes the file.
        sent, received: bytes of the bodies on the line.
        skew: seconds by which the peer's clock is ahead of ours, None where it did not tell the time.
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
        """Return the JSON object of the answer, whatever its label (an Eden sends it as text/html).

        Raises:
            NotS3XML: the answer is an HTML page.
            ProtocolError: the answer is something else.
        """
        found = _json_object(self.body)
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


class Transport:
    """Requests to one peer.

    Args:
        url: address of the peer's application, e.g. https://eden.example.org/eden.
        username, password: for HTTP Basic, sent unasked with every request to the peer; none where empty.
        proxy: URL of an HTTP proxy, none where empty.
        limits: time and size limits.
        verify: True, or the path of a file with certificates to trust.
        spool: folder for spooled answers, the system's where None.
        clock: returns the seconds since the epoch; replaceable for tests.
    """

    def __init__(
        self,
        url: str,
        *,
        username: str | None = None,
        password: str | None = None,
        proxy: str | None = None,
        limits: Limits | None = None,
        verify: bool | str = True,
        spool: Path | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.origin = origin(url)
        self.url = without_credentials(url).rstrip("/")
        self.limits = limits or Limits()
        self.skew: float | None = None
        self._spool = spool
        self._clock = clock
        self._session = requests.Session()
        # The environment's proxies and .netrc would override what the administrator entered.
        self._session.trust_env = False
        self._session.verify = verify
        self._session.headers["User-Agent"] = USER_AGENT
        self._session.headers["Accept-Encoding"] = "gzip"
        if proxy:
            try:
                origin(proxy)
            except ConfigurationError as error:
                raise ConfigurationError(
                    f"The proxy {error.message}", hint="Correct or remove the proxy server URL."
                ) from None
            self._session.proxies = {"http": proxy, "https": proxy}
        self._proxy = proxy
        self._auth: HTTPBasicAuth | None = None
        if username:
            self._auth = HTTPBasicAuth(username.encode("utf-8"), (password or "").encode("utf-8"))

    def close(self) -> None:
        """Close the connections to the peer."""
        self._session.close()

    def __enter__(self) -> "Transport":
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()

    # --- requests ------------------------------------------------------------------------------------

    def download(self, url: str) -> Reply:
        """GET a document and spool it to a file; whole, or an error.

        Raises:
            SyncError: see the module; ``TruncatedDocument`` where the line was cut.
        """
        path = self._new_spool(".xml")
        try:
            with path.open("wb") as target, self._get(url) as answer:
                received = answer.copy_to(target, self.limits.document_size)
        except OSError as error:
            path.unlink()
            raise _disk(error) from error
        except BaseException:
            path.unlink()
            raise
        return answer.reply(path=path, received=received)

    def get(self, url: str) -> Reply:
        """GET a small answer into memory."""
        with self._get(url) as answer:
            body = answer.read(self.limits.reply_size)
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
            url: absolute, of the peer's origin.
            body: the bytes, or a file to stream.
            headers: added to the usual ones.
        """
        sent = len(body) if isinstance(body, bytes) else body.stat().st_size
        with contextlib.ExitStack() as stack:
            data: bytes | IO[bytes] = (
                body if isinstance(body, bytes) else stack.enter_context(body.open("rb"))
            )
            answer = stack.enter_context(self._ask(method, url, data=data, headers=headers))
            answer.refuse_redirect()
            answer.raise_for_status()
            text = answer.read(self.limits.reply_size)
        return answer.reply(body=text, received=answer.received, sent=sent)

    def fetch(self, url: str, target: Path) -> None:
        """Stream a file of the peer to ``target``; whole or not at all.

        Raises:
            ProtocolError: the URL is not of the peer's own origin.
            SyncError: it cannot be had; ``transient`` tells whether later may help.
        """
        absolute = urljoin(self.url + "/", url)
        self._own(absolute)
        temporary = beside(target)
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            with temporary.open("wb") as stream, self._get(absolute) as answer:
                answer.copy_to(stream, self.limits.file_size)
            os.replace(temporary, target)
        except OSError as error:
            raise _disk(error) from error
        finally:
            with contextlib.suppress(FileNotFoundError):
                temporary.unlink()

    # --- inside --------------------------------------------------------------------------------------

    def _new_spool(self, suffix: str) -> Path:
        try:
            if self._spool is not None:
                self._spool.mkdir(parents=True, exist_ok=True)
            handle, name = tempfile.mkstemp(prefix="sync-", suffix=suffix, dir=self._spool)
        except OSError as error:
            raise _disk(error) from error
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
    def _get(self, url: str) -> Iterator["_Answer"]:
        for _ in range(MOST_REDIRECTS + 1):
            with self._ask("GET", url) as answer:
                if answer.status not in REDIRECTS:
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

    @contextlib.contextmanager
    def _ask(
        self,
        method: str,
        url: str,
        data: bytes | IO[bytes] | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Iterator["_Answer"]:
        self._own(url)
        address = address_of(url)
        before = self._clock()
        with _line_errors(address, self._proxy):
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
        try:
            most = self.limits.answer_time
            answer = _Answer(
                response, address, self._proxy, None if most is None else time.monotonic() + most
            )
            answer.skew = _skew(response.headers.get("Date"), before, self._clock())
            if answer.skew is not None:
                self.skew = answer.skew
            yield answer
        finally:
            response.close()


@dataclass
class _Answer:
    """An answer whose body is still on the line."""

    response: requests.Response
    url: str
    proxy: str | None
    until: float | None = None
    skew: float | None = None
    received: int = 0

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
        """Return where a redirect leads.

        Raises:
            NotAuthenticated: to a login page.
            ProtocolError: nowhere.
        """
        location = self.response.headers.get("Location")
        if not location:
            raise ProtocolError(f"{self.url} redirects (status {self.status}) to nowhere.", remote=True)
        target = urljoin(self.url, location)
        if "/user/login" in urlsplit(target).path:
            raise NotAuthenticated(f"{self.url} asks to log in on a web page.", remote=True)
        return target

    def refuse_redirect(self) -> None:
        """Raise where the answer is a redirect: to follow it could hand what is sent to strangers."""
        if self.status in REDIRECTS:
            target = without_credentials(self.redirect_target())
            raise RedirectedElsewhere(
                f"{self.url} redirects to {target}; what is sent is not sent elsewhere.", target=target
            )

    def raise_for_status(self) -> None:
        """Raise the error that the status and the text of the answer tell of."""
        if 200 <= self.status < 300:
            return
        try:
            text = self.read(BEGINNING)
        except SyncError:
            # The status says enough: what went wrong is told also where the words about it did not arrive.
            text = b""
        raise error_of(self.status, self.url, text, self.response.headers)

    def read(self, most: int) -> bytes:
        parts = []
        size = 0
        for chunk in self._chunks():
            size += len(chunk)
            if size > most:
                raise DocumentTooLarge(f"The answer of {self.url} is larger than {most} bytes.", remote=True)
            parts.append(chunk)
        return b"".join(parts)

    def copy_to(self, target: IO[bytes], most: int) -> int:
        """Copy the unpacked body and return the number of bytes it had on the line."""
        size = 0
        for chunk in self._chunks():
            size += len(chunk)
            if size > most:
                raise DocumentTooLarge(
                    f"The answer of {self.url} is larger than {most} bytes.",
                    hint="Raise the limit in the section [sync] of the configuration.",
                )
            target.write(chunk)
        return self.received

    def _chunks(self) -> Iterator[bytes]:
        """Yield the unpacked body; raise ``TruncatedDocument`` where the line ends before the body does."""
        headers = self.response.headers
        encoding = headers.get("Content-Encoding", "identity").strip().lower()
        if encoding not in ("", "identity", "gzip", "x-gzip"):
            raise ProtocolError(
                f"{self.url} packed its answer as {encoding}, which nobody asked for.", remote=True
            )
        try:
            if encoding in ("gzip", "x-gzip"):
                yield from gzip.unpack(self._received())
            else:
                yield from self._received()
        except DamagedPacking as error:
            raise TruncatedDocument(
                f"The packed answer of {self.url} is damaged: {error}.", remote=True
            ) from error

    def _received(self) -> Iterator[bytes]:
        """Yield the body as it is on the line."""
        # With a limit in small pieces: a read lasts until its piece is complete.
        size = CHUNK if self.until is None else SMALL_CHUNK
        with _line_errors(self.url, self.proxy, reading=True):
            while True:
                raw = self.response.raw.read(size, decode_content=False)
                if not raw:
                    break
                self.received += len(raw)
                if self.until is not None and time.monotonic() > self.until:
                    raise PeerUnreachable(
                        f"{self.url} had not sent its answer in time.", obstacle=Obstacle.SILENCE
                    )
                yield raw
        expected = self.response.headers.get("Content-Length", "")
        if expected.isdecimal() and self.received < int(expected):
            raise TruncatedDocument(
                f"{self.url} announced {expected} bytes and sent {self.received}.", remote=True
            )


def error_of(status: int, url: str, body: bytes, headers: Mapping[str, str]) -> SyncError:
    """Return the error that an answer with a status outside 200-299 tells of.

    Args:
        status: HTTP status.
        url: what was asked, without credentials.
        body: beginning of the answer: JSON of an Eden's request handler, its plain texts, or a web page.
        headers: of the answer.
    """
    told = _json_object(body) or {}
    message = _told(told, body, headers)
    hint = told.get("hint") if isinstance(told.get("hint"), str) else None
    says = f"{url} answered {status}: {message}" if message else f"{url} answered with status {status}."

    def make(kind: type[SyncError]) -> SyncError:
        return kind(says, hint=hint, remote=True)

    if status == 401:
        return make(NotAuthenticated)
    if status == 407:
        return make(ConfigurationError)
    if status == 403:
        unregistered = told.get("error") == NotRegistered.code or "registration required" in message.lower()
        if unregistered:
            return make(NotRegistered)
        if told.get("error") not in (None, NotPermitted.code):
            return make(PeerRefused)
        return make(NotPermitted)
    if status == 413:
        return make(DocumentTooLarge)
    if status in BUSY or (status == 409 and told.get("transient")):
        return PeerBusy(says, hint=hint, remote=True, retry_after=_retry_after(headers.get("Retry-After")))
    if status == 404:
        return PeerRefused(
            f"{url} does not exist at the other site (404){': ' + message if message else '.'}",
            hint=hint
            or "Check the URL of the repository, and whether synchronisation is enabled at the other site.",
            remote=True,
        )
    if status == 400 and not message and not hint:
        # So an Eden answers where it does not have the resource.
        hint = (
            "The other site gave no reason. Probably it does not have this resource: enable its module there, "
            "or remove the resource from the repository."
        )
    if 400 <= status < 500:
        return make(PeerRefused)
    return make(PeerFailed)


def looks_like_html(body: bytes) -> bool:
    """Tell whether a text begins like a web page."""
    start = body[:PAGE_START].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def page_title(body: bytes) -> str:
    """Return the title of a web page, or its first heading, or ""."""
    text = body[:BEGINNING].decode("utf-8", "replace")
    for tag in ("title", "h1"):
        found = re.search(rf"<{tag}[^>]*>(.*?)</{tag}>", text, re.IGNORECASE | re.DOTALL)
        if found:
            plain = re.sub(r"<[^>]+>", " ", found.group(1))
            return " ".join(html.unescape(plain).split())[:LONGEST_TOLD]
    return ""


def a_web_page(url: str, body: bytes) -> NotS3XML:
    """Return the error that a web page is where something else was asked for.

    Args:
        url: what was asked, without credentials.
        body: beginning of the page.
    """
    title = page_title(body)
    named = f' with the title "{title}"' if title else ""
    return NotS3XML(f"{url} answered with a web page{named}.", remote=True)


def _json_object(body: bytes) -> dict[str, Any] | None:
    if body.lstrip()[:1] != b"{":
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _told(told: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> str:
    """Return what an answer says in words: Eden's JSON message, its ticket, a page's title, or plain text."""
    message = told.get("message")
    if isinstance(message, str) and message:
        return message
    repeated = headers.get("web2py_error")
    if repeated:
        return str(repeated)
    if looks_like_html(body):
        return page_title(body)
    text = " ".join(re.sub(r"<[^>]+>", " ", body[:LOOKED_AT].decode("utf-8", "replace")).split())
    return "" if told else text[:LONGEST_TOLD]


def _retry_after(value: str | None) -> float | None:
    """Return the seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    when = _http_date(value)
    return None if when is None else max(0.0, when - time.time())


def _http_date(value: str | None) -> float | None:
    if not value:
        return None
    try:
        when = email.utils.parsedate_to_datetime(value)
    except (TypeError, ValueError):
        return None
    if when.tzinfo is None:
        when = when.replace(tzinfo=timezone.utc)
    return when.timestamp()


def _skew(date: str | None, before: float, after: float) -> float | None:
    """Return by how many seconds the peer's clock is ahead, from the Date of its answer.

    The answer was dated somewhere between ``before`` and ``after``, in whole seconds; 0 if that explains it.
    """
    told = _http_date(date)
    if told is None:
        return None
    if told + 1 < before:
        return told - before
    if told > after:
        return told - after
    return 0.0


def _disk(error: OSError) -> SyncError:
    return StoreFull(
        f"A file cannot be written here: {error.strerror or error}: {error.filename or 'spool folder'}",
        hint="Free disk space or correct the rights of the folder; what was missed is asked for again.",
    )


@contextlib.contextmanager
def _line_errors(url: str, proxy: str | None, reading: bool = False) -> Iterator[None]:
    """Turn what requests and urllib3 raise into this project's errors, with the URL and in words."""
    through = f" through the proxy {without_credentials(proxy)}" if proxy else ""
    try:
        yield
    except requests.exceptions.SSLError as error:
        raise TlsFailed(f"The certificate of {url} could not be verified{through}: {_root(error)}") from error
    except requests.exceptions.ProxyError as error:
        raise PeerUnreachable(
            f"{url} cannot be reached{through}: {_root(error)}",
            hint="Check the proxy of the repository or of the site; it is tried again by itself.",
            obstacle=Obstacle.PROXY,
        ) from error
    except (requests.exceptions.ConnectTimeout, urllib3_errors.ConnectTimeoutError) as error:
        raise PeerUnreachable(
            f"{url} cannot be reached{through}: no connection in time.", obstacle=Obstacle.TIMEOUT
        ) from error
    except (requests.exceptions.ReadTimeout, urllib3_errors.ReadTimeoutError) as error:
        raise PeerUnreachable(
            f"{url} was silent for too long{through}.", obstacle=Obstacle.SILENCE
        ) from error
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        urllib3_errors.ProtocolError,
    ) as error:
        if reading:
            raise TruncatedDocument(
                f"The answer of {url} ends in the middle: {_root(error)}", remote=True
            ) from error
        raise PeerUnreachable(
            f"The connection to {url} failed{through}: {_root(error)}", obstacle=_obstacle(error)
        ) from error
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.MissingSchema,
        requests.exceptions.InvalidHeader,
    ) as error:
        raise ConfigurationError(f"{url} cannot be asked: {_root(error)}") from error
    except (requests.exceptions.RequestException, urllib3_errors.HTTPError) as error:
        raise PeerUnreachable(f"The exchange with {url} failed{through}: {_root(error)}") from error


def _obstacle(error: BaseException) -> Obstacle:
    """Return what kept a connection from being made, by the types of the errors that libraries have wrapped."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        if isinstance(each, socket.gaierror):
            return Obstacle.NAME
        if isinstance(each, ConnectionRefusedError):
            return Obstacle.REFUSED
        if isinstance(each, (TimeoutError, socket.timeout)):
            return Obstacle.TIMEOUT
        waiting += [each.__cause__, each.__context__, *_wrapped(each)]
    return Obstacle.LINE


def _wrapped(error: BaseException) -> list[BaseException]:
    """Return the errors that one was made from, as requests and urllib3 keep them."""
    named = [error.reason] if isinstance(error, urllib3_errors.MaxRetryError) else []
    return [each for each in (*named, *error.args) if isinstance(each, BaseException)]


def _root(error: BaseException) -> str:
    """Return the innermost reason of an error that libraries have wrapped several times."""
    reason = error
    for _ in range(DEEPEST_REASON):
        inner = _wrapped(reason)
        if not inner:
            break
        reason = inner[0]
    told = reason.strerror if isinstance(reason, OSError) else None
    text = re.sub(r"<[^<>]*object at 0x[0-9a-f]+>:?\s*", "", str(told or reason))
    return without_secrets(text) or type(reason).__name__


def without_secrets(text: str) -> str:
    """Return a text in which no URL carries a user name and password."""
    return re.sub(r"(?<=//)[^/@\s]+@", "", text)
