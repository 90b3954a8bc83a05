"""Failures of the connection or the other site, as errors with a remedy."""

from __future__ import annotations

import contextlib
import email.utils
import html
import json
import re
import socket
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from typing import Any

import requests
from urllib3 import exceptions as urllib3_errors

from ..core.errors import (
    ConfigurationError,
    DocumentTooLarge,
    LateRequest,
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
    StoreFull,
    SyncError,
    TlsFailed,
    TruncatedDocument,
)
from ..core.limits import BEGINNING
from ..core.messages import Sentence, Text
from ..core.text import legible, shown
from ..exchange.scope import NotApproved, NotInScope, Revoked
from .limits import DEEPEST_REASON
from .pinning import is_another
from .scheme import inside, is_plain, is_tls, wrapped
from .urls import without_credentials, without_secrets

BUSY = (408, 425, 429, 502, 503, 504)

#: Maximum characters of the other site's text in a message, and bytes of a plain text that are searched for it.
LONGEST_TOLD, LOOKED_AT = 300, 2000
#: Maximum characters of a message and of a hint that the other site gives as JSON.
LONGEST_MESSAGE = 2000

#: Bytes at the beginning by which a web page is recognised.
PAGE_START = 512


def error_of(status: int, url: str, body: bytes, headers: Mapping[str, str], now: datetime) -> SyncError:
    """Return the error for an answer with a status outside 200-299.

    Args:
        status: HTTP status.
        url: the requested URL, without credentials.
        body: beginning of the answer: JSON of an Eden's request handler, its plain text, or a web page.
        headers: headers of the answer.
        now: the current time (UTC).
    """
    told = json_object(body) or {}
    message = _told(told, body, headers)
    hint: Text | None = told.get("hint") if isinstance(told.get("hint"), str) else None
    if message:
        says = Sentence.STATUS_SAYING.say(url=url, status=status, reason=message)
    else:
        says = Sentence.STATUS.say(url=url, status=status)

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
        for kind in (NotInScope, NotApproved, Revoked):
            if told.get("error") == kind.code:
                return make(kind)
        if told.get("error") not in (None, NotPermitted.code):
            return make(PeerRefused)
        return make(NotPermitted)
    if status == 413:
        return make(DocumentTooLarge)
    last = told.get("number")
    if status == LateRequest.http_status and told.get("error") == LateRequest.code and isinstance(last, int):
        return LateRequest(says, hint=hint, remote=True, last=last)
    if status == 511:
        return PeerUnreachable(says, hint=Sentence.LOG_IN_TO_NETWORK.say(), obstacle=Obstacle.PORTAL)
    if status in BUSY or (status == 409 and told.get("transient")):
        retry_after = _retry_after(headers.get("Retry-After"), now)
        return PeerBusy(says, hint=hint, remote=True, retry_after=retry_after)
    if status == 404:
        if message:
            says = Sentence.NOT_THERE_SAYING.say(url=url, reason=message)
        else:
            says = Sentence.NOT_THERE.say(url=url)
        return PeerRefused(says, hint=hint or Sentence.CHECK_URL_AND_MODULE.say(), remote=True)
    if status == 400 and not message and not hint:
        # An Eden answers like this if it does not have the resource.
        hint = Sentence.RESOURCE_PROBABLY_MISSING.say()
    if 400 <= status < 500:
        return make(PeerRefused)
    return make(PeerFailed)


def looks_like_html(body: bytes) -> bool:
    """Return whether a text begins like a web page."""
    start = body[:PAGE_START].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<body"))


def page_title(body: bytes) -> str:
    """Return the title of a web page, else its first heading, else ""."""
    page = body[:BEGINNING]
    folded = page.lower()
    for tag in (b"title", b"h1"):
        start = folded.find(b"<" + tag)
        start = folded.find(b">", start) + 1 if start >= 0 else 0
        end = folded.find(b"</" + tag, start)
        if start and end >= 0:
            inside = page[start : min(end, start + LOOKED_AT)].decode("utf-8", "replace")
            return " ".join(html.unescape(_without_tags(inside)).split())[:LONGEST_TOLD]
    return ""


def _without_tags(text: str) -> str:
    return re.sub(r"<[^<>]+>", " ", text)


def a_web_page(url: str, body: bytes) -> NotS3XML:
    """Return the error for a web page in place of the requested data.

    Args:
        url: the requested URL, without credentials.
        body: beginning of the page.
    """
    title = page_title(body)
    if title:
        return NotS3XML(Sentence.WEB_PAGE_TITLED.say(url=url, title=title), remote=True)
    return NotS3XML(Sentence.WEB_PAGE.say(url=url), remote=True)


def json_object(body: bytes) -> dict[str, Any] | None:
    if body.lstrip()[:1] != b"{":
        return None
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None


def _told(told: Mapping[str, Any], body: bytes, headers: Mapping[str, str]) -> str:
    """Return the message of an answer: Eden's JSON message, its ticket, a page's title, or plain text."""
    for said in (told.get("message"), headers.get("web2py_error")):
        if isinstance(said, str) and said:
            return shown(legible(said), LONGEST_MESSAGE)
    if looks_like_html(body):
        return page_title(body)
    text = " ".join(_without_tags(body[:LOOKED_AT].decode("utf-8", "replace")).split())
    return "" if told else text[:LONGEST_TOLD]


def _retry_after(value: str | None, now: datetime) -> float | None:
    """Return the seconds of a Retry-After header, which is a number or a date (RFC 9110, 10.2.3)."""
    if not value:
        return None
    if value.strip().isdecimal():
        return float(value)
    when = http_date(value)
    return None if when is None else max(0.0, (when - now).total_seconds())


def http_date(value: str | None) -> datetime | None:
    """Return the time of a header (UTC, without time zone), None if it has none."""
    if not value:
        return None
    try:
        when = email.utils.parsedate_to_datetime(value)
        return when if when.tzinfo is None else when.astimezone(timezone.utc).replace(tzinfo=None)
    except (TypeError, ValueError, OverflowError):
        return None


def disk_error(error: OSError) -> SyncError:
    return StoreFull(
        f"A file cannot be written here: {error.strerror or error}: {error.filename or 'spool folder'}",
        hint="Free disk space or correct the rights of the folder; what was missed is asked for again.",
    )


@contextlib.contextmanager
def line_errors(url: str, proxy: str | None, reading: bool = False, pinned: bool = False) -> Iterator[None]:
    """Convert errors of requests and urllib3 to this project's errors, with the URL and a message.

    Args:
        url: the requested URL, without credentials and query.
        proxy: URL of the proxy, None without.
        reading: whether an answer is being read.
        pinned: whether one certificate is accepted only.
    """
    through = Sentence.THROUGH_PROXY.say(proxy=without_credentials(proxy)) if proxy else ""
    where = {"url": url, "through": through}
    try:
        yield
    except requests.exceptions.SSLError as error:
        if is_plain(error):
            raise speaks_otherwise(url, Obstacle.PLAIN) from error
        if pinned and is_another(error):
            raise TlsFailed(
                Sentence.CERTIFICATE_CHANGED.say(**where), hint=Sentence.COMPARE_CERTIFICATE.say()
            ) from error
        raise TlsFailed(Sentence.CERTIFICATE_NOT_VERIFIED.say(**where, reason=_root(error))) from error
    except requests.exceptions.ProxyError as error:
        raise PeerUnreachable(
            Sentence.NOT_REACHED.say(**where, reason=_root(error)),
            hint=Sentence.CHECK_PROXY.say(),
            obstacle=Obstacle.PROXY,
        ) from error
    except (requests.exceptions.ConnectTimeout, urllib3_errors.ConnectTimeoutError) as error:
        raise PeerUnreachable(
            Sentence.NO_CONNECTION_IN_TIME.say(**where), obstacle=Obstacle.TIMEOUT
        ) from error
    except (requests.exceptions.ReadTimeout, urllib3_errors.ReadTimeoutError) as error:
        raise PeerUnreachable(Sentence.SILENT.say(**where), obstacle=Obstacle.SILENCE) from error
    except (
        requests.exceptions.ConnectionError,
        requests.exceptions.ChunkedEncodingError,
        urllib3_errors.ProtocolError,
    ) as error:
        if reading:
            raise TruncatedDocument(
                Sentence.ANSWER_CUT.say(url=url, reason=_root(error)), remote=True
            ) from error
        if is_tls(error):
            raise speaks_otherwise(url, Obstacle.TLS) from error
        raise PeerUnreachable(
            Sentence.CONNECTION_FAILED.say(**where, reason=_root(error)), obstacle=_obstacle(error)
        ) from error
    except (
        requests.exceptions.InvalidURL,
        requests.exceptions.InvalidSchema,
        requests.exceptions.MissingSchema,
    ) as error:
        raise ConfigurationError(Sentence.CANNOT_BE_ASKED.say(url=url, reason=_root(error))) from error
    except requests.exceptions.InvalidHeader as error:
        raise not_http(url, error) from error
    except (requests.exceptions.RequestException, urllib3_errors.HTTPError) as error:
        raise PeerUnreachable(Sentence.EXCHANGE_FAILED.say(**where, reason=_root(error))) from error
    except ValueError as error:
        # Numbers and addresses in headers that http.client, requests and urllib3 take without looking at them.
        raise not_http(url, error) from error


def speaks_otherwise(url: str, obstacle: Obstacle) -> PeerUnreachable:
    """Return the error that an address names the wrong one of http and https.

    Args:
        url: the requested URL, without credentials.
        obstacle: PLAIN where http is spoken, else TLS.
    """
    spoken, named = ("http", "https") if obstacle is Obstacle.PLAIN else ("https", "http")
    return PeerUnreachable(
        Sentence.SPEAKS_OTHERWISE.say(url=url, spoken=spoken, named=named),
        hint=Sentence.BEGIN_ADDRESS.say(scheme=f"{spoken}://"),
        obstacle=obstacle,
    )


def not_http(url: str, error: Exception) -> ProtocolError:
    """Return the error that an answer breaks the rules of HTTP.

    Args:
        url: the requested URL, without credentials.
        error: what a library found wrong.
    """
    return ProtocolError(
        f"{url} answered against the rules of HTTP: {shown(_root(error), LONGEST_TOLD)}", remote=True
    )


def _obstacle(error: BaseException) -> Obstacle:
    """Return what prevented a connection, from the types of the wrapped errors."""
    for each in wrapped(error):
        if isinstance(each, socket.gaierror):
            return Obstacle.NAME
        if isinstance(each, ConnectionRefusedError):
            return Obstacle.REFUSED
        if isinstance(each, (TimeoutError, socket.timeout)):
            return Obstacle.TIMEOUT
    return Obstacle.LINE


def _root(error: BaseException) -> str:
    """Return the text of the innermost wrapped error."""
    reason = error
    for _ in range(DEEPEST_REASON):
        inner = inside(reason)
        if not inner:
            break
        reason = inner[0]
    told = reason.strerror if isinstance(reason, OSError) else None
    # urllib3 begins with the connection, in one of two forms.
    text = re.sub(r"(<[^<>]*object at 0x[0-9a-f]+>|\b\w+\(host=[^()]*\)):?\s*", "", str(told or reason))
    return without_secrets(text) or type(reason).__name__
