"""What a connection takes is noted, and it is made as before."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.errors import PeerUnreachable
from s3sync.exchange.line import Line
from s3sync.transport.client import Transport

SLOW = 0.3


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        body = b"x" * (60_000 if self.path == "/large" else 10)
        time.sleep(SLOW if self.path == "/slow" else 0)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        return


@pytest.fixture
def server() -> Iterator[HTTPServer]:
    made = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield made
    made.shutdown()
    made.server_close()


def transport(server: HTTPServer, host: str = "127.0.0.1") -> Transport:
    return Transport(f"http://{host}:{server.server_address[1]}", clock=SystemClock())


def test_a_run_tells_of_its_line(server: HTTPServer) -> None:
    with transport(server) as asked:
        for path in ("/slow", "/small", "/large"):
            asked.get(f"{asked.url}{path}")
        line = asked.line
    assert (line.connections, line.requests) == (1, 3), "the connection is kept"
    assert line.quickest is not None and line.quickest < SLOW and line.connect > 0
    assert line.received == 60_000 and line.rate is not None


def test_the_connection_of_another_thread_is_not_taken_for_part_of_an_answer(server: HTTPServer) -> None:
    with transport(server) as asked:
        answers = threading.Thread(target=asked.get, args=(f"{asked.url}/slow",))
        answers.start()
        time.sleep(SLOW / 3)
        # Another thread has spent a while on a connection since the question.
        asked.line.connect += 10
        answers.join()
        assert asked.line.quickest is not None and asked.line.quickest >= SLOW


def names(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> None:
    """Let each name have these addresses, after a slow look-up."""
    look_up = socket.getaddrinfo

    def found(host: Any, port: Any, *given: Any, **options: Any) -> Any:
        if host != "hq.example.org":
            return look_up(host, port, *given, **options)
        time.sleep(SLOW)
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (each, port)) for each in addresses]

    monkeypatch.setattr(socket, "getaddrinfo", found)


def test_the_name_is_looked_up_once_and_counted_apart(
    server: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    names(monkeypatch, "127.0.0.1")
    with transport(server, "hq.example.org") as asked:
        asked.get(f"{asked.url}/small")
        assert SLOW <= asked.line.lookup < 2 * SLOW + 5 and asked.line.connect < asked.line.lookup
        assert asked.line.quickest is not None and asked.line.quickest < SLOW, "the connection is not counted"


def test_the_next_address_of_a_name_is_tried(server: HTTPServer, monkeypatch: pytest.MonkeyPatch) -> None:
    # Nobody listens at the first one.
    names(monkeypatch, "127.0.0.9", "127.0.0.1")
    with transport(server, "hq.example.org") as asked:
        assert asked.get(f"{asked.url}/small").status == 200
    names(monkeypatch, "127.0.0.9")
    with transport(server, "hq.example.org") as asked, pytest.raises(PeerUnreachable):
        asked.get(f"{asked.url}/small")


def test_a_name_that_is_none_fails_as_before() -> None:
    with Transport("http://no-such-host.invalid", clock=SystemClock()) as asked:
        with pytest.raises(PeerUnreachable):
            asked.get(f"{asked.url}/small")
        assert asked.line == Line()
