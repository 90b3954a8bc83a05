"""Whatever a peer answers, it ends as a typed error."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.errors import PeerRefused, ProtocolError, SyncError
from s3sync.transport.client import Transport
from s3sync.transport.failures import page_title
from s3sync.transport.limits import Limits
from tests.support.growth import grows_no_faster_than_its_input


@contextmanager
def answering(raw: bytes) -> Iterator[str]:
    """Answer one request with these bytes; give the URL."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(raw)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.getsockname()[1]}/eden"
        thread.join(5)


def failure(raw: bytes, method: str, spool: Path) -> SyncError:
    """Return the error in which an answer ends."""
    with answering(raw) as url:
        limits = Limits(connect_timeout=2, read_timeout=2)
        with (
            Transport(url, clock=SystemClock(), spool=spool, limits=limits) as line,
            pytest.raises(SyncError) as found,
        ):
            if method == "GET":
                line.download(f"{url}/sync/sync.xml")
            else:
                line.send(method, f"{url}/sync/sync.xml", b"<s3xml/>")
    return found.value


def redirect(location: bytes) -> bytes:
    return b"HTTP/1.1 302 Found\r\nLocation: " + location + b"\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5, 6\r\n\r\n<s3xml/>",
        redirect(b"http://[::1"),
        redirect(b"//[x]/"),
        redirect(b"http://h:99999999/"),
        redirect(b"http://h:x/"),
        redirect(b"http://\xff\xfe/"),
        redirect("http://\u2100.com/".encode()),
    ],
    ids=["lengths", "IPv6", "brackets", "port", "no port", "bytes", "NFKC"],
)
def test_what_breaks_the_rules_of_http_is_an_error_of_the_protocol(
    raw: bytes, method: str, tmp_path: Path
) -> None:
    error = failure(raw, method, tmp_path)
    assert isinstance(error, ProtocolError)
    assert error.remote
    assert len(error.explain()) < 1000
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "raw",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n<s3xml/>",
        b"HTTP/1.1 999999 x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 5000 + b"\r\nabc",
        b"HTTP/1.1 200 OK\r\n" + b"A: b\r\n" * 300 + b"\r\n",
        b"HTTP/1.1 503 Busy\r\nRetry-After: " + b"9" * 4000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"\x00\xff\x16\x03\r\n\r\n",
    ],
    ids=["digits", "status", "negative chunk", "chunk", "headers", "patience", "garbage"],
)
def test_other_rubbish_ends_as_a_typed_error(raw: bytes, tmp_path: Path) -> None:
    assert type(failure(raw, "GET", tmp_path)) is not SyncError


def test_words_of_a_peer_are_bounded_and_can_be_stored(tmp_path: Path) -> None:
    words = b'{"message": "\\u0000\\ud800' + b"m" * 50_000 + b'", "hint": "\\ud800' + b"h" * 50_000 + b'"}'
    error = failure(b"HTTP/1.1 400 No\r\n\r\n" + words, "GET", tmp_path)
    assert isinstance(error, PeerRefused)
    assert len(error.explain()) < 5000
    error.explain().encode("utf-8")
    assert "\0" not in error.message


@pytest.mark.parametrize("part", ["<title", "<title>", "<h1", "<", "<title></title>", "</title>"])
def test_titles_are_found_in_linear_time(part: str) -> None:
    for before in (b"<html>", b"<html><title>"):
        grows_no_faster_than_its_input(
            page_title, lambda size, before=before: before + (part * size).encode()[:size], 1 << 12
        )


def test_titles_and_headings_of_pages() -> None:
    assert page_title(b"<html><TITLE lang='en'> Log &amp; in\n <b>now</b></TITLE>") == "Log & in now"
    assert page_title(b"<html><h1>Internal error</h1>") == "Internal error"
    assert page_title(b"<html><title>") == page_title(b"<html>") == ""
