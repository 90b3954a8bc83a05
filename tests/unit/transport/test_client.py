"""The transport against a server on loopback: what goes out, what comes back, failures by their type."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.errors import (
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
    SyncError,
    TruncatedDocument,
)
from s3sync.transport.client import Transport
from s3sync.transport.failures import page_title
from s3sync.transport.limits import InteractiveLimits, Limits, Pace
from s3sync.transport.urls import origin, without_credentials
from tests.support.peer import PASSWORD, TICKET, USER, Answer, FakePeer, as_json
from tests.support.proxy import Fault, FaultProxy
from tests.support.site import Clock


@pytest.fixture()
def peer() -> Iterator[FakePeer]:
    with FakePeer() as server:
        yield server


def line(peer: FakePeer, tmp_path: Path, **settings: object) -> Transport:
    limits = Limits(connect_timeout=2, read_timeout=2, document_size=100_000, file_size=1000)
    return Transport(
        peer.url,
        username=USER,
        password=PASSWORD,
        spool=tmp_path,
        **{"limits": limits, "clock": Clock(), **settings},  # type: ignore[arg-type]
    )


def test_an_answer_nested_without_end_is_no_json(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(body=b'{"a":' * 100_000, content_type="application/json"))
    with pytest.raises(ProtocolError):
        line(peer, tmp_path).get(peer.url + "/sync/offer.json").json()


def test_a_waiting_time_that_is_no_number_is_none(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(503, headers={"Retry-After": "²"}))
    with pytest.raises(PeerBusy) as caught:
        line(peer, tmp_path).get(peer.url + "/sync/offer.json")
    assert caught.value.retry_after is None


@pytest.mark.parametrize(
    "url", ["http://user:secret@host:99999/eden", "http://user:secret@[host/eden", "secret"]
)
def test_an_address_that_is_none_is_told_without_its_password(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        origin(url)
    assert "user" not in caught.value.explain() and "https://" in caught.value.hint


def test_credentials_go_out_unasked_in_utf8(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(as_json({}))
    line(peer, tmp_path).get(peer.url + "/sync/sync.xml")
    sent = base64.b64decode(peer.asked[0].headers["Authorization"].split()[1])
    assert sent == f"{USER}:{PASSWORD}".encode()
    assert peer.asked[0].headers["Accept-Encoding"] == "gzip"


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_is_spooled_unpacked(peer: FakePeer, tmp_path: Path, packed: bool) -> None:
    body = b"<s3xml>" + b"a" * 50_000 + b"</s3xml>"
    peer.queue.append(Answer(body=body, packed=packed))
    reply = line(peer, tmp_path).download(peer.url + "/sync/sync.xml")
    assert reply.path is not None and reply.path.read_bytes() == body
    assert (reply.received < 1000) is packed
    reply.discard()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "answer",
    [
        Answer(body=b"x" * 5000, cut=4000),
        Answer(body=b"x" * 5000, cut=0),
        Answer(body=bytes(range(256)) * 50, packed=True, cut=200),
        Answer(body=bytes(range(256)) * 50, packed=True, cut=200, length=False),
    ],
    ids=["short", "nothing", "packed", "packed without length"],
)
def test_a_cut_line_is_noticed_and_leaves_no_file(peer: FakePeer, tmp_path: Path, answer: Answer) -> None:
    peer.queue.append(answer)
    with pytest.raises(TruncatedDocument) as caught:
        line(peer, tmp_path).download(peer.url + "/sync/sync.xml")
    assert caught.value.transient
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("packed", [False, True])
def test_a_document_beyond_the_limit_is_refused(peer: FakePeer, tmp_path: Path, packed: bool) -> None:
    peer.queue.append(Answer(body=b"x" * 200_000, packed=packed))
    with pytest.raises(DocumentTooLarge):
        line(peer, tmp_path).download(peer.url + "/sync/sync.xml")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("answer", "kind", "part"),
    [
        (Answer(401, b"Authentication Required", "text/html"), NotAuthenticated, "Authentication Required"),
        (Answer(403, b"Insufficient Privileges", "text/html"), NotPermitted, "Insufficient Privileges"),
        (as_json({"message": "Registration required"}, 403), NotRegistered, "Registration required"),
        (
            as_json({"message": "no such table", "error": "resource_protected"}, 403),
            PeerRefused,
            "no such table",
        ),
        (as_json({"status": "failed", "statuscode": "400"}, 400), PeerRefused, "answered with status 400"),
        (as_json({"message": "XML Parse error: x"}, 400), PeerRefused, "XML Parse error"),
        (Answer(400, b"Invalid request", "text/html"), PeerRefused, "Invalid request"),
        (Answer(404, b"invalid application", "text/html"), PeerRefused, "does not exist"),
        (as_json({"message": "too large"}, 413), DocumentTooLarge, "too large"),
        (Answer(429), PeerBusy, "429"),
        (Answer(503), PeerBusy, "503"),
        (Answer(500, TICKET, "text/html"), PeerFailed, "Internal error"),
        (Answer(500, TICKET, "text/html", {"web2py_error": "ticket eden/x"}), PeerFailed, "ticket eden/x"),
    ],
)
def test_statuses_become_errors_in_the_peers_words(
    peer: FakePeer, tmp_path: Path, answer: Answer, kind: type[SyncError], part: str
) -> None:
    peer.queue.append(answer)
    with pytest.raises(kind) as caught:
        line(peer, tmp_path).download(peer.url + "/sync/sync.xml")
    assert type(caught.value) is kind
    assert part in caught.value.message and peer.url in caught.value.message
    assert caught.value.remote and caught.value.hint


def test_a_refusal_without_a_reason_is_explained(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(as_json({"status": "failed", "statuscode": "400"}, 400))
    with pytest.raises(PeerRefused, match="400") as caught:
        line(peer, tmp_path).download(peer.url + "/sync/sync.xml")
    assert "does not have this resource" in caught.value.hint


def test_the_wait_that_a_busy_peer_asks_for_is_kept(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(503, headers={"Retry-After": "17"}))
    with pytest.raises(PeerBusy) as caught:
        line(peer, tmp_path).get(peer.url + "/x")
    assert caught.value.retry_after == 17.0


def test_nobody_listens(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(PeerUnreachable) as caught:
        Transport(f"http://u:secret@127.0.0.1:{port}/eden", clock=Clock()).get(
            f"http://127.0.0.1:{port}/eden/x"
        )
    assert "Connection refused" in caught.value.message and "secret" not in caught.value.message
    assert "host=" not in caught.value.message, "a person reads it"
    assert caught.value.transient


def test_a_name_that_does_not_exist() -> None:
    with pytest.raises(PeerUnreachable):
        Transport("http://eden.invalid/eden", clock=Clock()).get("http://eden.invalid/eden/x")


def test_silence_ends(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(delay=1.0))
    with pytest.raises(PeerUnreachable, match="silent"):
        line(peer, tmp_path, limits=Limits(read_timeout=0.2)).get(peer.url + "/x")


def test_a_reset_connection_is_transient(peer: FakePeer, tmp_path: Path) -> None:
    host, port = peer.root[7:].split(":")
    with FaultProxy((host, int(port))) as proxy:
        proxy.faults = [Fault(refuse=True), Fault(status=503, retry_after=2), None]
        url = f"http://127.0.0.1:{proxy.port}/eden"
        transport = Transport(url, clock=Clock(), spool=tmp_path)
        with pytest.raises(PeerUnreachable):
            transport.get(url + "/x")
        with pytest.raises(PeerBusy):
            transport.get(url + "/x")
        peer.queue.append(as_json({"status": "success"}))
        assert transport.get(url + "/x").json() == {"status": "success"}


def test_no_tls_where_tls_is_wanted(peer: FakePeer) -> None:
    url = peer.url.replace("http:", "https:")
    with pytest.raises(PeerUnreachable) as caught:
        Transport(url, clock=Clock()).get(url + "/x")
    assert caught.value.obstacle is Obstacle.PLAIN


def test_a_proxy_that_is_down_is_named_without_its_password(peer: FakePeer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    with pytest.raises(PeerUnreachable) as caught:
        Transport(peer.url, clock=Clock(), proxy=f"http://u:secret@127.0.0.1:{port}").get(peer.url + "/x")
    assert f"through the proxy http://127.0.0.1:{port}" in caught.value.message
    assert "secret" not in caught.value.explain()


def test_requests_go_through_the_proxy(peer: FakePeer) -> None:
    peer.queue.append(as_json({}))
    Transport("http://eden.invalid/eden", clock=Clock(), proxy=peer.root).get("http://eden.invalid/eden/x")
    assert peer.asked[0].target == "http://eden.invalid/eden/x"


def test_a_get_follows_redirects_within_the_origin(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue += [Answer(302, headers={"Location": "/eden/other"}), as_json({"a": 1})]
    assert line(peer, tmp_path).get(peer.url + "/x").json() == {"a": 1}
    assert peer.asked[1].path == "/eden/other" and "Authorization" in peer.asked[1].headers


def test_a_get_does_not_follow_elsewhere_or_for_ever(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(302, headers={"Location": "http://127.0.0.1:1/x"}))
    with pytest.raises(RedirectedElsewhere) as caught:
        line(peer, tmp_path).get(peer.url + "/x")
    assert caught.value.target == "http://127.0.0.1:1/x" and "address it redirects to" in caught.value.hint
    peer.role = lambda asked: Answer(302, headers={"Location": "/eden/x"})
    with pytest.raises(ProtocolError, match="without end"):
        line(peer, tmp_path).get(peer.url + "/x")


def test_a_redirect_to_the_login_page_is_a_refusal(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(303, headers={"Location": "/eden/default/user/login?_next=/x"}))
    with pytest.raises(NotAuthenticated):
        line(peer, tmp_path).get(peer.url + "/x")


def test_an_answer_that_takes_longer_than_a_person_waits(peer: FakePeer, tmp_path: Path) -> None:
    # A line that gets on, slowly: no single pause is too long.
    stop = threading.Event()

    def drip(handler: Any, answer: Answer) -> None:
        handler.send_response(200)
        handler.send_header("Content-Length", str(100 * 4096))
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            while not stop.wait(0.02):
                handler.wfile.write(b"x" * 4096)

    peer._send = drip  # type: ignore[method-assign,assignment]
    interactive = InteractiveLimits(answer_time=0.2)
    limits = interactive.shorten(Limits(document_size=1024))
    assert limits.document_size == 1024 and limits.connect_timeout == interactive.connect_timeout
    with Transport(
        peer.url, clock=Clock(), limits=replace(limits, document_size=10**9), spool=tmp_path
    ) as slow:
        with pytest.raises(PeerUnreachable) as caught:
            slow.download(peer.url + "/x")
    stop.set()
    assert caught.value.obstacle is Obstacle.SILENCE
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("chunked", [False, True])
def test_an_answer_that_hardly_comes_is_given_up_and_asked_for_again(
    peer: FakePeer, tmp_path: Path, chunked: bool
) -> None:
    stop = threading.Event()

    def drip(handler: Any, answer: Answer) -> None:
        handler.protocol_version = "HTTP/1.1"
        handler.send_response(200)
        handler.send_header(*(("Transfer-Encoding", "chunked") if chunked else ("Content-Length", "100000")))
        handler.end_headers()
        with contextlib.suppress(ConnectionError):
            while not stop.wait(0.01):
                handler.wfile.write(b"1\r\nx\r\n" if chunked else b"x")

    peer._send = drip  # type: ignore[method-assign,assignment]
    with pytest.raises(PeerUnreachable, match="too slowly") as caught:
        line(peer, tmp_path, limits=Limits(least_rate=10_000, rate_window=0.1)).download(peer.url + "/x")
    stop.set()
    assert caught.value.transient and not list(tmp_path.iterdir())


def test_how_fast_an_answer_comes_is_measured_window_by_window() -> None:
    moments = iter([1000.0, 1100.0, 1300.0, 1500.0, 1600.0, 1900.0])
    pace = Pace(Limits(least_rate=10, rate_window=300), lambda: next(moments))
    brought = [100, 100, 2900, 10_000, 0, 2900]
    assert [pace.is_too_slow(count) for count in brought] == [False, False, False, False, False, True]
    any_rate = Pace(Limits(least_rate=0), iter(range(0, 10_000, 400)).__next__)
    assert not any(any_rate.is_too_slow(1) for _ in range(9))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_post_is_never_redirected(peer: FakePeer, tmp_path: Path, status: int) -> None:
    peer.queue.append(Answer(status, headers={"Location": "/eden/other"}))
    with pytest.raises(ProtocolError, match="/eden/other"):
        line(peer, tmp_path).send("POST", peer.url + "/x", b"<s3xml/>")
    assert len(peer.asked) == 1


def test_a_file_is_streamed_out(peer: FakePeer, tmp_path: Path) -> None:
    document = tmp_path / "out.xml"
    document.write_bytes(b"<s3xml/>" * 1000)
    peer.queue.append(as_json({"status": "success"}))
    reply = line(peer, tmp_path).send("PUT", peer.url + "/x", document, {"Content-Type": "text/xml"})
    assert peer.asked[0].body == document.read_bytes() and reply.sent == 8000
    assert peer.asked[0].headers["Content-Length"] == "8000"


def test_a_web_page_instead_of_json(peer: FakePeer, tmp_path: Path) -> None:
    peer.queue.append(Answer(body=b"<!DOCTYPE html><html><title>Hotel  WiFi</title></html>"))
    with pytest.raises(NotS3XML, match='"Hotel WiFi"'):
        line(peer, tmp_path).get(peer.url + "/x").json()


def test_files_come_whole_from_the_peer_only(peer: FakePeer, tmp_path: Path) -> None:
    target = tmp_path / "uploads" / "a.txt"
    transport = line(peer, tmp_path)
    peer.queue.append(Answer(body=b"hello", content_type="text/plain"))
    transport.fetch("/eden/default/download/a.txt", target)
    assert target.read_bytes() == b"hello"
    for elsewhere in (
        "http://localhost:1/a",
        peer.root.replace("http", "https") + "/a",
        "file:///etc/passwd",
    ):
        with pytest.raises((ProtocolError, ConfigurationError)):
            transport.fetch(elsewhere, tmp_path / "b")
    assert len(peer.asked) == 1


def test_a_file_that_fails_leaves_nothing(peer: FakePeer, tmp_path: Path) -> None:
    target = tmp_path / "uploads" / "a.txt"
    for answer in (Answer(body=b"x" * 2000), Answer(body=b"x" * 500, cut=100), Answer(404)):
        peer.queue.append(answer)
        with pytest.raises(SyncError):
            line(peer, tmp_path).fetch("/eden/default/download/a.txt", target)
    assert list(target.parent.iterdir()) == []


def test_the_clock_of_the_peer_is_compared(peer: FakePeer, tmp_path: Path) -> None:
    transport = line(peer, tmp_path, clock=Clock(datetime(2027, 1, 15, 8)))
    for date, skew in (
        ("Fri, 15 Jan 2027 08:00:00 GMT", 0.0),
        ("Fri, 15 Jan 2027 08:05:00 GMT", 300.0),
        ("Fri, 15 Jan 2027 07:00:00 GMT", -3600.0),
        ("yesterday", None),
    ):
        peer.queue.append(Answer(body=b"{}", date=date))
        assert transport.get(peer.url + "/x").skew == skew


@pytest.mark.parametrize("url", ["", "eden.example.org", "ftp://a/b", "http://", "http://a:b/c"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(ConfigurationError):
        Transport(url, clock=Clock())


def test_origins() -> None:
    assert origin("HTTP://A.example/x") == origin("http://a.example:80")
    assert origin("https://a.example") != origin("http://a.example:443")
    assert without_credentials("http://u:p@h:1/x?y=1") == "http://h:1/x?y=1"
    assert page_title(b"<h1>No <b>way</b> &amp; out</h1>") == "No way & out"
