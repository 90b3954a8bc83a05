"""Addresses as people enter them: of a page, with the wrong scheme, behind the log-in page of a network."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from s3sync.adapters.base import Remote
from s3sync.adapters.connection_test import Answer, Question
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.lines import Lines
from s3sync.core.errors import Obstacle, PeerUnreachable, SyncError
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from s3sync.transport.urls import application_url
from tests.support.peer import Answer as Reply
from tests.support.peer import FakePeer
from tests.support.site import Clock


@pytest.mark.parametrize(
    ("entered", "meant"),
    [
        ("https://host/eden", "https://host/eden"),
        (" https://host/eden// ", "https://host/eden"),
        ("https://host/eden/sync/sync.xml", "https://host/eden"),
        ("https://host/eden/sync/sync.xml/?resource=org_office#x", "https://host/eden"),
        ("https://host:81/eden//sync/repository/register.json", "https://host:81/eden"),
        ("https://host/eden/sync/offer.json", "https://host/eden"),
        ("https://host/eden/default/user/login?_next=/eden/sync/index", "https://host/eden"),
        ("https://host/apps/eden/sync/repository/1/now", "https://host/apps/eden"),
        ("https://host/sync", "https://host/sync"),
        ("https://host/eden/sync", "https://host/eden"),
        ("https://host/eden/default/", "https://host/eden"),
        ("https://host/sync/sync/sync.xml", "https://host/sync"),
        ("https://host/", "https://host"),
        ("https://host/sync/sync.xml", "https://host/sync/sync.xml"),
        ("http://[::1", "http://[::1"),
    ],
)
def test_the_address_of_a_page_is_that_of_its_application(entered: str, meant: str) -> None:
    assert application_url(entered) == meant


@pytest.fixture
def peer() -> Iterator[FakePeer]:
    with FakePeer() as server:
        yield server


@contextlib.contextmanager
def answering(talk: Callable[[socket.socket], None]) -> Iterator[int]:
    """Serve a port whose connections are handed to a function."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            while True:
                try:
                    line, _ = server.accept()
                except OSError:
                    return
                with line, contextlib.suppress(OSError):
                    line.settimeout(5)
                    talk(line)

        threading.Thread(target=serve, daemon=True).start()
        yield server.getsockname()[1]
        server.close()


def of_a_tls_server(line: socket.socket) -> None:
    """Do what a server without a certificate that fits does: TLS, and never HTTP."""
    ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).wrap_socket(line, server_side=True)


def of_nginx_with_tls(line: socket.socket) -> None:
    """Answer TLS with TLS, and anything else with 400, as nginx and Apache do."""
    first = line.recv(1, socket.MSG_PEEK)
    if first == b"\x16":
        of_a_tls_server(line)
    else:
        line.recv(4096)
        line.sendall(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def of_a_server_that_hangs_up(line: socket.socket) -> None:
    """Answer HTTP, and close whatever else begins."""
    if line.recv(4096).startswith((b"GET", b"HEAD")):
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")


def reach_of(url: str, folder: Path) -> Answer:
    """Return what the connection test says of the reach of an address."""
    limits = Limits(connect_timeout=5, read_timeout=5)
    remote = Remote(1, None, "other", "urn:uuid:own", "own", {"url": url, "username": "x", "password": "y"})
    with EdenAdapter(remote, Lines(folder, Clock(), limits)) as peer:
        return peer.test(60).answer(Question.REACH)


@pytest.mark.parametrize("talk", [of_a_tls_server, of_nginx_with_tls])
def test_https_where_http_is_asked_is_told(talk: Callable[[socket.socket], None], tmp_path: Path) -> None:
    with answering(talk) as port:
        assert reach_of(f"http://127.0.0.1:{port}/eden", tmp_path) is Answer.TLS


def test_http_where_https_is_asked_is_told(peer: FakePeer, tmp_path: Path) -> None:
    assert reach_of(peer.url.replace("http:", "https:"), tmp_path) is Answer.PLAIN
    with answering(of_a_server_that_hangs_up) as port:
        assert reach_of(f"https://127.0.0.1:{port}/eden", tmp_path) is Answer.PLAIN


def test_a_run_is_told_so_too(peer: FakePeer) -> None:
    url = peer.url.replace("http:", "https:")
    with pytest.raises(PeerUnreachable, match="is asked by https, but http is spoken there") as caught:
        Transport(url, clock=Clock()).get(url + "/x")
    assert caught.value.obstacle is Obstacle.PLAIN and "http://" in str(caught.value.remedy)
    with answering(of_a_tls_server) as port, pytest.raises(PeerUnreachable) as caught:
        Transport(f"http://127.0.0.1:{port}", clock=Clock()).get(f"http://127.0.0.1:{port}/x")
    assert caught.value.obstacle in (Obstacle.TLS, Obstacle.LINE)


@pytest.mark.parametrize("status", [503, 502, 504, 429])
def test_who_is_busy_has_not_passed_the_test(peer: FakePeer, tmp_path: Path, status: int) -> None:
    peer.queue += [Reply(status)] * 3
    assert reach_of(peer.url, tmp_path) is Answer.BUSY


def test_the_log_in_page_of_a_network_is_told(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue += [Reply(511, b"<html>Welcome</html>", "text/html")] * 3
    assert reach_of(peer.url, tmp_path) is Answer.PORTAL
    with pytest.raises(SyncError) as caught:
        Transport(peer.url, clock=Clock()).get(peer.url + "/x")
    assert "network" in str(caught.value.remedy) and caught.value.transient


def test_a_page_of_the_other_site_is_as_good_as_its_address(peer: FakePeer, tmp_path: Path) -> None:
    remote = Remote(1, None, "other", "urn:uuid:own", "own", {"url": f"{peer.url}/sync/sync.xml"})
    with EdenAdapter(remote, Lines(tmp_path, Clock())) as other:
        assert other.transport.url == peer.url
