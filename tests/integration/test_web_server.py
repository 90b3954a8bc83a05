"""The web server of a site before strangers, slow clients and crowds: what they may send, and what others notice."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.application import EMAIL, PASSWORD, Browser, served
from tests.support.places import CHECKOUT

pytestmark = pytest.mark.integration

PEER = ("peer@example.com", PASSWORD)
DOCUMENT = (
    b'<s3xml><resource name="org_organisation" uuid="urn:uuid:in-chunks">'
    b'<data field="name">Stream</data></resource></s3xml>'
)
PUSH = "/sync/sync.xml?resource=org_organisation&repository=urn:uuid:streaming"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("web") / "site"


@pytest.fixture(scope="module")
def site(folder: Path) -> Iterator[str]:
    with served(CHECKOUT, folder) as base:
        yield base


def port_of(site: str) -> int:
    found = re.search(r":(\d+)/", site)
    assert found
    return int(found.group(1))


def announce(site: str, path: str, megabytes: int, **headers: str) -> tuple[int, int]:
    """Announce a body and send it; return the megabytes that went onto the line, and the status of the answer."""
    with socket.create_connection(("127.0.0.1", port_of(site)), timeout=20) as line:
        more = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        line.sendall(
            f"POST {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {megabytes << 20}\r\n{more}\r\n".encode()
        )
        # The answer comes before the body does.
        status = int(line.recv(4096).split(b" ")[1])
        sent = 0
        try:
            while sent < megabytes:
                line.sendall(b"x" * (1 << 20))
                sent += 1
        except OSError:
            pass
        return sent, status


@pytest.mark.parametrize("path", ["/default/user/login", "/default/index", "/nosuch/page", "/sync/datasets"])
def test_a_form_of_many_fields_is_refused_before_it_is_parsed(site: str, path: str) -> None:
    form = "&".join(f"a{number:x}=1" for number in range(16_000))
    answer = requests.post(
        site + path, data=form, headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=30
    )
    assert answer.status_code in (404, 413)
    short = "&".join(f"{number:x}" for number in range(10_000))
    answer = requests.post(
        site + path, data=short, headers={"Content-Type": "application/x-www-form-urlencoded"}, timeout=30
    )
    assert answer.status_code in (404, 413)


@pytest.mark.parametrize(
    ("path", "headers", "status"),
    [
        ("/eden/sync/sync.xml?resource=org_organisation", {}, 401),
        ("/eden/sync/sync.xml?resource=org_organisation", {"Authorization": "Basic eDp5"}, 401),
        ("/eden/sync/repository/register.json", {}, 401),
        ("/eden/sync/file/doc_document.file.1.txt", {}, 401),
        ("/eden/org/organisation.xml", {}, 401),
        ("/eden/default/user/login", {"Content-Type": "application/x-www-form-urlencoded"}, 413),
        ("/eden/default/user/login", {"Cookie": "session_id_eden=127.0.0.1-12345678"}, 413),
        ("/eden/nosuch", {}, 404),
        ("/nosuch", {}, 404),
    ],
)
def test_strangers_are_answered_before_they_send_much(
    site: str, path: str, headers: dict[str, str], status: int
) -> None:
    sent, said = announce(site, path, 300, **headers)
    assert said == status and sent < 30


def test_who_is_logged_in_sends_forms_with_files(site: str) -> None:
    administrator = Browser(site).login(EMAIL)
    large = administrator.session.post(f"{site}/default/index", files={"a": b"x" * (3 << 20)}, timeout=30)
    assert large.status_code == 200
    too_large = administrator.session.post(f"{site}/default/index", data=b"x" * (110 << 20), timeout=30)
    assert too_large.status_code == 413


def test_a_document_in_chunks_is_taken(site: str) -> None:
    told = {"uuid": "urn:uuid:streaming", "name": "Streaming"}
    assert requests.post(f"{site}/sync/repository/register.json", auth=PEER, json=told, timeout=30).ok
    small = requests.post(site + PUSH, auth=PEER, data=iter([DOCUMENT[:50], DOCUMENT[50:]]), timeout=30)
    assert small.json()["records"] == 1
    padded = [DOCUMENT[:50], *[DOCUMENT[50:].replace(b"><", b">" + b" " * 1_000_000 + b"<")]]
    assert requests.post(site + PUSH, auth=PEER, data=iter(padded), timeout=30).json()["records"] == 1


def test_a_document_too_large_is_refused_by_the_words_of_the_interface(site: str) -> None:
    answer = requests.post(
        f"{site}/sync/repository/register.json", auth=PEER, data=b"x" * 200_000, timeout=30
    )
    assert answer.status_code == 413 and answer.json()["error"] == "document_too_large"


@pytest.mark.parametrize(
    ("path", "headers", "statuses"),
    [
        ("/sync/sync.xml?resource=org_organisation", "Content-Length: {length}", [401, 200]),
        ("/sync/sync.xml?resource=org_organisation", "Transfer-Encoding: chunked", [401, 200]),
        ("/default/index", "Content-Length: {length}\r\nContent-Length: 0", [400]),
        ("/default/index", "Content-Length: {length}\r\nTransfer-Encoding: chunked", [400]),
    ],
)
def test_nothing_of_a_body_is_taken_for_a_request(
    site: str, path: str, headers: str, statuses: list[int]
) -> None:
    hidden = b"GET /eden/static/sync/eden.svg HTTP/1.1\r\nHost: x\r\n\r\n"
    body = b"%x\r\n%s\r\n0\r\n\r\n" % (len(hidden), hidden) if "chunked" in headers else hidden
    head = f"POST /eden{path} HTTP/1.1\r\nHost: x\r\n{headers.format(length=len(hidden))}\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port_of(site)), timeout=20) as line:
        line.sendall(head.encode())
        got = b""
        try:
            line.sendall(body)
            # The next request, after which the server closes the connection.
            line.sendall(b"GET /eden/static/sync/plain.css HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            while data := line.recv(65536):
                got += data
        except (ConnectionResetError, BrokenPipeError):
            pass
    assert b"image/svg" not in got
    # Where the connection is closed, the answer may be lost, and the next request has none.
    answered = [int(each) for each in re.findall(rb"HTTP/1\.1 (\d+)", got)]
    assert answered == statuses[: len(answered)]


def test_requests_are_noted(site: str, folder: Path) -> None:
    requests.get(f"{site}/default/index", timeout=30)
    log = (folder / "logs" / "access.log").read_text(encoding="utf-8")
    assert re.search(
        r"^127\.0\.0\.1, [-0-9: ]+, GET, /eden/default/index, HTTP/1\.1, 200, [0-9.]+$", log, re.MULTILINE
    )


def test_nothing_tells_what_the_site_runs_on(site: str) -> None:
    for address in (site, f"{site}/sync/sync.xml", f"{site}/nowhere/at/all", f"{site}/static/sync/eden.css"):
        answer = requests.get(address, timeout=30)
        assert answer.headers["Server"] == "Eden", address
        assert not {"X-Powered-By"} & set(answer.headers), address
