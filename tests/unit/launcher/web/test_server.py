"""The web server, with an application of the test's own: what a connection may do, and what it costs the others."""

from __future__ import annotations

import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from waitress import wasyncore

from launcher.web import connections as connections
from launcher.web import server as server_module
from launcher.web.server import listener, make_server
from s3sync.web.front import limits as limits
from s3sync.web.front.answers import busy
from s3sync.web.front.listeners import Begun, Listener


class Turn:
    """A turn that begins at once."""

    left = 0
    waits = False

    def when_begun(self, then: Callable[[], object]) -> None:
        if not self.waits:
            then()

    def give_up(self) -> float | None:
        return 5.0 if self.waits else None

    def leave(self) -> None:
        self.left += 1


class Application:
    """Answers with what it got, takes bodies of 1 MB from those who say that they are friends, and may be full."""

    limits = limits

    def __init__(self) -> None:
        self.asked: list[str] = []
        #: Path, query and address of each request that was answered.
        self.requested: list[tuple[str, str, str]] = []
        self.full = False
        self.turns: list[Turn] = []
        self.threads: set[str] = set()
        self.hold = threading.Event()
        self.hold.set()
        self.listeners = SimpleNamespace(most=100)
        #: What waits, and the turns that were left by then.
        self.waiting: list[Listener] = []

    def turn(self, environ: dict[str, Any]) -> Any:
        if self.full and environ["PATH_INFO"] != "/person":
            return busy(7, True)
        self.turns.append(Turn())
        self.turns[-1].waits = environ["PATH_INFO"] == "/queue"
        return self.turns[-1]

    def may_listen(self, method: str, path: str) -> bool:
        return path.startswith("/listen")

    def listen(self, environ: dict[str, Any]) -> Any:
        if environ["PATH_INFO"] == "/listen/fails":
            raise ValueError("no database")
        if environ["PATH_INFO"] == "/listen/not":
            return busy(3, True)
        self.waiting.append(Listener(Begun(1, 5, "j"), 0.0))
        return self.waiting[-1]

    def busy(self, path: str, seconds: float) -> Any:
        return busy(seconds, True)

    def ask(self, environ: dict[str, Any]) -> Any:
        self.asked.append(environ["PATH_INFO"])
        if environ.get("HTTP_X") == "friend":
            return 1 << 20
        return "401 UNAUTHORIZED", [("Content-Type", "text/plain"), ("WWW-Authenticate", "Basic")], b"log in"

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        if limits.ANSWER in environ:
            answer = environ[limits.ANSWER]
            start_response(answer[0], answer[1])
            return [answer[2]]
        if environ["PATH_INFO"] == "/slow":
            assert self.hold.wait(20)
        path = environ["PATH_INFO"].encode("latin-1").decode("utf-8")
        self.requested.append((path, environ["QUERY_STRING"], environ["REQUEST_URI"]))
        body = environ["wsgi.input"].read()
        text = b"%s %s %d" % (environ["REQUEST_METHOD"].encode(), environ["PATH_INFO"].encode(), len(body))
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(text)))])
        return [text]


class Running:
    """A server that runs in a thread."""

    def __init__(self) -> None:
        self.application = Application()
        sock = listener("127.0.0.1", 0)
        self.port: int = sock.getsockname()[1]
        self.server, self.map = make_server(self.application, [sock])
        self.going = True
        self.thread = threading.Thread(target=self._loop, daemon=True)
        self.thread.start()

    def _loop(self) -> None:
        while self.going:
            wasyncore.loop(timeout=0.05, map=self.map, use_poll=True, count=1)

    def stop(self) -> None:
        self.going = False
        self.thread.join(10)
        self.server.task_dispatcher.shutdown(timeout=5)
        wasyncore.close_all(self.map)

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.port), timeout=20)

    def talk(self, *parts: bytes) -> bytes:
        """Send parts, and return everything that comes back until the server closes the connection."""
        with self.connect() as line:
            for part in parts:
                try:
                    line.sendall(part)
                except OSError:
                    break
                time.sleep(0.05)
            return received(line)


def received(line: socket.socket) -> bytes:
    got = b""
    try:
        while data := line.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    return got


def statuses(answer: bytes) -> list[int]:
    return [int(each) for each in re.findall(rb"HTTP/1\.[01] (\d+)", answer)]


@pytest.fixture
def running(monkeypatch: pytest.MonkeyPatch) -> Iterator[Running]:
    monkeypatch.setattr(server_module, "LOOK", 0)
    found = Running()
    try:
        yield found
    finally:
        found.application.hold.set()
        found.stop()


CLOSE = b"Host: x\r\nConnection: close\r\n"


def test_a_request_is_answered_and_its_turn_ends(running: Running) -> None:
    assert running.talk(b"GET /page HTTP/1.1\r\n%s\r\n" % CLOSE).endswith(b"GET /page 0")
    assert [each.left > 0 for each in running.application.turns] == [True]


def test_a_body_in_chunks_arrives(running: Running) -> None:
    head = b"POST /page HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n" % CLOSE
    assert statuses(running.talk(head, b"4\r\nabcd\r\n", b"3\r\nefg\r\n0\r\n\r\n")) == [401]
    head = head.replace(b"\r\n\r\n", b"\r\nX: friend\r\n\r\n")
    assert running.talk(head, b"4\r\nabcd\r\n", b"3\r\nefg\r\n0\r\n\r\n").endswith(b"POST /page 7")


SMUGGLED = b"GET /smuggled HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"Content-Length: %d\r\nContent-Length: 0\r\n" % len(SMUGGLED), 400),
        (b"Content-Length: 0\r\nContent-Length: %d\r\n" % len(SMUGGLED), 400),
        (b"Content-Length: +0\r\n", 400),
        (b"Content-Length: 0\r\nTransfer-Encoding: chunked\r\n", 400),
        (b"Transfer-Encoding: identity\r\n", 501),
        (b"Transfer-Encoding: xchunked\r\n", 501),
        (b"X: 1\r\n Content-Length: 5\r\n", 400),
        (b"X: 1\nContent-Length: 5\r\n", 400),
    ],
)
def test_what_leaves_open_where_a_request_ends_is_refused_and_the_line_closed(
    running: Running, head: bytes, status: int
) -> None:
    assert statuses(running.talk(b"POST /page HTTP/1.1\r\nHost: x\r\n%s\r\n" % head, SMUGGLED)) == [status]


def test_chunks_of_an_old_client_are_refused(running: Running) -> None:
    head = b"POST /page HTTP/1.0\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n"
    assert statuses(running.talk(head, SMUGGLED)) == [400]


def test_an_unknown_method_is_refused_and_the_line_closed(running: Running) -> None:
    assert statuses(running.talk(b"FOO /page HTTP/1.1\r\nHost: x\r\n\r\n", SMUGGLED)) == [501]


def test_a_line_is_kept_for_the_next_request(running: Running) -> None:
    with running.connect() as line:
        for _ in range(3):
            line.sendall(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
            got = b""
            while not got.endswith(b"GET /page 0"):
                got += line.recv(65536)


def test_headers_have_an_end(running: Running) -> None:
    pieces = [b"a" * 65536] * 8
    assert statuses(running.talk(b"GET /page HTTP/1.1\r\nX: ", *pieces)) in ([431], [])
    lines = [b"X: 1\r\n" * 10000] * 8
    assert statuses(running.talk(b"GET /page HTTP/1.1\r\n", *lines)) in ([431], [])
    assert running.application.turns == []


@pytest.mark.parametrize(
    ("head", "most"),
    [
        (b"GET /page HTTP/1.1\r\nX: ", limits.HEADERS),
        (b"GET /", limits.HEADERS),
        (b"POST /page HTTP/1.1\r\nContent-Length: 99999999\r\n\r\n", limits.UNASKED + connections.DRAINED),
    ],
)
def test_what_is_refused_is_not_read_however_much_a_client_sends(
    running: Running, monkeypatch: pytest.MonkeyPatch, head: bytes, most: int
) -> None:
    # The systems of both ends take some megabytes from the client before anybody reads.
    read: list[int] = []
    original = connections.Channel.recv

    def recv(channel: connections.Channel, size: int) -> Any:
        data = original(channel, size)
        read.append(len(data))
        return data

    monkeypatch.setattr(connections.Channel, "recv", recv)
    running.talk(head, *[b"a" * (1 << 20)] * 8)
    assert 0 < sum(read) <= most + 2 * 65536


def test_a_large_body_is_refused_before_it_comes(running: Running) -> None:
    size = 300 << 20
    head = b"POST /page HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n" % size
    answer = running.talk(head, b"x" * 100_000)
    assert statuses(answer) == [401] and answer.endswith(b"log in")
    assert running.application.asked == ["/page"] and [
        each.left > 0 for each in running.application.turns
    ] == [True]


def test_a_client_that_waits_for_permission_gets_it_or_the_refusal(running: Running) -> None:
    head = b"POST /page HTTP/1.1\r\nContent-Length: 100000\r\nExpect: 100-continue\r\n%s" % CLOSE
    assert statuses(running.talk(head + b"\r\n")) == [401]
    answer = running.talk(head + b"X: friend\r\n\r\n", b"x" * 100_000)
    assert statuses(answer) == [100, 200] and answer.endswith(b"POST /page 100000")


def test_a_client_that_waits_for_permission_but_sends_no_body_is_answered(running: Running) -> None:
    for head in (b"GET /page HTTP/1.1\r\n", b"PUT /page HTTP/1.1\r\nContent-Length: 0\r\n"):
        with running.connect() as line:
            line.settimeout(5)
            line.sendall(head + b"Expect: 100-continue\r\n" + CLOSE + b"\r\n")
            assert statuses(received(line)) == [200]


def test_an_address_that_is_not_encoded_is_read_as_utf_8(running: Running) -> None:
    # So curl sends what was typed.
    answer = running.talk("GET /hôtel?name=ü* HTTP/1.1\r\n".encode() + CLOSE + b"\r\n")
    assert statuses(answer) == [200]
    assert running.application.requested[-1] == ("/hôtel", "name=%C3%BC*", "/h%C3%B4tel?name=%C3%BC*")


def test_chunks_end_where_the_application_says(running: Running) -> None:
    head = b"POST /page HTTP/1.1\r\nHost: x\r\nX: friend\r\nTransfer-Encoding: chunked\r\n\r\n"
    chunk = b"%x\r\n%s\r\n" % (1 << 18, b"x" * (1 << 18))
    assert statuses(running.talk(head, *[chunk] * 8)) == [413]


def test_connections_that_say_nothing_or_little_keep_nobody_waiting(running: Running) -> None:
    lines = [running.connect() for _ in range(400)]
    for number, line in enumerate(lines[:200]):
        line.sendall(
            b"GET /page HTTP/1.1\r\nX: "
            if number % 2
            else b"POST /page HTTP/1.1\r\nContent-Length: 9\r\n\r\n"
        )
    threads = threading.active_count()
    assert running.talk(b"GET /page HTTP/1.1\r\n%s\r\n" % CLOSE).endswith(b"GET /page 0")
    assert threading.active_count() == threads and len(running.application.turns) == 1
    for line in lines:
        line.close()


def test_a_request_that_never_ends_is_given_up(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "HEADER_SECONDS", 0.3)
    with running.connect() as line:
        line.sendall(b"GET /page HTTP/1.1\r\nX: ")
        line.settimeout(20)
        with pytest.raises(OSError):
            while True:
                line.sendall(b"a")
                time.sleep(0.05)


def test_a_silent_connection_is_given_up(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connections, "SILENT_SECONDS", 0.3)
    with running.connect() as line:
        assert received(line) == b""


def test_one_connection_too_many_takes_the_place_of_one_that_waits(running: Running) -> None:
    running.server.most_connections = 20
    lines = [running.connect() for _ in range(40)]
    assert running.talk(b"GET /page HTTP/1.1\r\n%s\r\n" % CLOSE).endswith(b"GET /page 0")
    assert len(running.server.active_channels) <= 20
    for line in lines:
        line.close()


def test_who_gets_no_turn_is_told_so_at_once_while_all_threads_are_busy(running: Running) -> None:
    running.application.hold.clear()
    slow = [running.connect() for _ in range(limits.THREADS)]
    for line in slow:
        line.sendall(b"GET /slow HTTP/1.1\r\n%s\r\n" % CLOSE)
    while len(running.application.turns) < len(slow):
        time.sleep(0.01)
    running.application.full = True
    answer = running.talk(b"GET /peer HTTP/1.1\r\n%s\r\n" % CLOSE)
    assert statuses(answer) == [503] and b"Retry-After: 7" in answer
    running.application.hold.set()
    for line in slow:
        assert received(line).endswith(b"GET /slow 0")
        line.close()


def test_a_refusal_is_sent_at_once(running: Running, monkeypatch: pytest.MonkeyPatch) -> None:
    sent: list[bytes] = []
    send = connections.Channel.send

    def note(channel: Any, data: bytes, do_close: bool = True) -> Any:
        sent.append(bytes(data))
        return send(channel, data, do_close)

    monkeypatch.setattr(connections.Channel, "send", note)
    running.application.full = True
    answer = running.talk(b"GET /peer HTTP/1.1\r\n%s\r\n" % CLOSE)
    # Each further call lets all threads that compute go first.
    assert sent == [answer] and b"\r\n\r\n{" in answer


def test_a_turn_that_does_not_come_in_time_is_given_up(running: Running) -> None:
    answer = running.talk(b"GET /queue HTTP/1.1\r\n%s\r\n" % CLOSE)
    assert statuses(answer) == [503] and b"Retry-After: 5" in answer
    answer = running.talk(b"POST /queue HTTP/1.1\r\nContent-Length: 100000\r\n%s\r\n" % CLOSE, b"x" * 100)
    assert statuses(answer) == [503] and running.application.asked == []


def test_the_turn_of_a_client_that_has_gone_ends(running: Running) -> None:
    running.application.hold.clear()
    lines = [running.connect() for _ in range(limits.THREADS + 1)]
    for line in lines:
        line.sendall(b"GET /slow HTTP/1.1\r\n%s\r\n" % CLOSE)
    while len(running.application.turns) < len(lines):
        time.sleep(0.01)
    for line in lines:
        line.close()
    running.application.hold.set()
    deadline = time.monotonic() + 10
    while not all(each.left for each in running.application.turns):
        assert time.monotonic() < deadline
        time.sleep(0.01)


def upto(line: socket.socket, end: bytes) -> bytes:
    """Return what comes until an end of it."""
    got = b""
    while not got.endswith(end):
        data = line.recv(65536)
        assert data, got
        got += data
    return got


LISTEN = b"POST /listen HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n"


def until(is_so: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_whoever_listens_costs_no_thread_and_no_turn(running: Running) -> None:
    lines = [running.connect() for _ in range(limits.THREADS * 3)]
    for line in lines:
        line.sendall(LISTEN)
    application = running.application
    until(lambda: len(application.waiting) == len(lines) and all(each.left for each in application.turns))
    assert running.talk(b"GET /page HTTP/1.1\r\n%s\r\n" % CLOSE).endswith(b"GET /page 0")
    for each in application.waiting:
        each.end(each.begun.answer(6, changed=True))
    for line in lines:
        assert b'"heard": "j.6", "changed": true' in upto(line, b"}")
        # The connection is there for the next question.
        line.sendall(b"GET /page HTTP/1.1\r\nHost: x\r\n\r\n")
        assert upto(line, b"GET /page 0")
        line.close()


@pytest.mark.parametrize(("path", "status"), [(b"/listen/not", 503), (b"/listen/fails", 500)])
def test_whoever_cannot_listen_is_told_so_at_once(running: Running, path: bytes, status: int) -> None:
    head = b"POST %s HTTP/1.1\r\nContent-Length: 0\r\n%s\r\n" % (path, CLOSE)
    assert statuses(running.talk(head)) == [status]
    assert all(each.left for each in running.application.turns)


def test_a_listener_that_has_gone_is_no_matter(running: Running) -> None:
    with running.connect() as line:
        line.sendall(LISTEN)
        until(lambda: len(running.application.waiting) == 1)
    (waiting,) = running.application.waiting
    waiting.end(waiting.begun.answer(5))
    until(lambda: not running.server.active_channels)
    assert running.talk(b"GET /page HTTP/1.1\r\n%s\r\n" % CLOSE).endswith(b"GET /page 0")


def test_few_open_files_leave_place_for_few_listeners(running: Running) -> None:
    assert running.application.listeners.most == min(100, running.server.most_connections // 10)
