"""What an active Sahana Eden was recorded to send, sent again byte by byte: we answer as it expects.

Only what cannot be the same is replaced: the credentials, and bodies of which the recording shows the
beginning (they are cut behind the last complete record). The ``Host`` stays as recorded, as behind a relay.
"""

from __future__ import annotations

import base64
import json
import re
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from lxml import etree

from tests.support.places import RECORDINGS
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

RECORDED = RECORDINGS / "active"
pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(not RECORDED.is_dir(), reason="the recordings are not beside this checkout"),
]

_EXCHANGE = re.compile(
    rb"--- REQUEST: head, verbatim [^\n]*\n(?P<head>.*?)\n"
    rb"--- REQUEST: body \((?P<size>\d+) bytes[^\n]*\n(?P<body>.*?)\n\n--- RESPONSE: head",
    re.DOTALL,
)
_END_OF_RECORD = re.compile(rb'</resource>|deleted="True" modified_on="[^"]*"/>')


@dataclass
class Request:
    """A recorded request. ``head`` has no credentials, ``body`` may have been shortened."""

    head: bytes
    body: bytes

    def on_the_wire(self, credentials: str | None = f"{EMAIL}:{PASSWORD}") -> bytes:
        """Return the bytes to send."""
        lines = []
        for line in self.head.split(b"\n"):
            name = line.partition(b":")[0].lower()
            if name == b"authorization":
                if credentials is None:
                    continue
                line = b"Authorization: Basic " + base64.b64encode(credentials.encode())
            elif name == b"content-length":
                line = b"Content-Length: %d" % len(self.body)
            lines.append(line)
        return b"\r\n".join(lines) + b"\r\n\r\n" + self.body

    def with_body(self, body: bytes) -> Request:
        return Request(self.head, body)

    def without(self, text: bytes) -> Request:
        assert text in self.head
        return Request(self.head.replace(text, b""), self.body)


@dataclass
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Any:
        return json.loads(self.body)

    @property
    def document(self) -> etree._Element:
        """The document, after checking all that an Eden takes for granted about it."""
        assert self.status == 200, self.body
        assert self.headers["content-type"].partition(";")[0] == "text/xml"
        root = etree.fromstring(self.body)
        assert root.tag == "s3xml"
        main = [each for each in root if each.get("name") == "org_organisation"]
        if root.get("success") == "false":
            assert (root.get("results"), len(root)) == ("0", 0)
        else:
            assert root.get("success") == "true"
            assert int(root.get("results", "")) <= len(main)
        return root


def recorded(name: str) -> list[Request]:
    """Return the requests of a recording."""
    text = (RECORDED / name).read_bytes()
    found = []
    for match in _EXCHANGE.finditer(text):
        body, size = match["body"], int(match["size"])
        if size == 0:
            body = b""
        elif len(body) != size:
            # Only the beginning is there.
            ends = [end.end() for end in _END_OF_RECORD.finditer(body)]
            body = body[: ends[-1]] + b"</s3xml>"
        found.append(Request(match["head"], body))
    return found


def send(site: WebSite, data: bytes) -> Answer:
    """Send bytes over a line of their own and read until the site closes it."""
    with socket.create_connection(("127.0.0.1", site.port), timeout=60) as line:
        line.sendall(data)
        received = bytearray()
        while True:
            chunk = line.recv(1 << 16)
            if not chunk:
                break
            received += chunk
    head, _, body = bytes(received).partition(b"\r\n\r\n")
    first, *rest = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in rest)}
    assert "content-encoding" not in headers, "packed without being asked"
    assert "location" not in headers, "an Eden follows a redirected push with a GET and calls it a success"
    if headers.get("transfer-encoding") == "chunked":
        body = _unchunked(body)
    else:
        assert len(body) == int(headers["content-length"])
    return Answer(int(first.split()[1]), headers, body)


def _unchunked(body: bytes) -> bytes:
    parts, at = [], 0
    while True:
        end = body.index(b"\r\n", at)
        size = int(body[at:end], 16)
        if not size:
            return b"".join(parts)
        parts.append(body[end + 2 : end + 2 + size])
        at = end + 4 + size


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("active") / "site") as found:
        yield found
        assert not found.tickets()


@pytest.fixture(scope="module")
def registered(site: WebSite) -> Answer:
    (request,) = recorded("01_registration.txt")
    return send(site, request.on_the_wire())


@pytest.fixture(scope="module")
def pushed(site: WebSite, registered: Answer) -> Answer:
    (request,) = recorded("08_push_first.txt")
    return send(site, request.on_the_wire())


def uuids(root: etree._Element) -> set[str]:
    return {each.get("uuid", "") for each in root if each.get("name") == "org_organisation"}


FIRST = {"urn:uuid:27272727-0000-4000-8000-000000008201", "vm/P27-FROM-8201-A"}


def test_registration(site: WebSite, registered: Answer) -> None:
    assert registered.status == 200
    assert registered.headers["content-type"].partition(";")[0] == "application/json"
    told = registered.json
    assert (told["status"], told["statuscode"]) == ("success", "200")
    assert told["message"] == "Registration successful"
    assert isinstance(told["sender"], str) and told["sender"]
    (request,) = recorded("01_registration.txt")
    again = send(site, request.on_the_wire()).json
    assert (again["message"], again["sender"]) == ("Registration update successful", told["sender"])


@pytest.mark.parametrize("body", [b"{}", b'{"apitype": "eden", "uuid": "", "name": "x"}'])
def test_registration_without_a_name_fails_inside_a_200(site: WebSite, body: bytes) -> None:
    (request,) = recorded("01_registration.txt")
    answer = send(site, request.with_body(body).on_the_wire())
    told = answer.json
    assert (answer.status, told["status"], told["statuscode"]) == (200, "failed", "400")
    assert told["message"] == "No repository identifier specified"


@pytest.mark.parametrize("name", ["01_registration.txt", "03_pull_first.txt", "09_push_second_msince.txt"])
@pytest.mark.parametrize("credentials", [None, f"{EMAIL}:wrong", "nobody@example.com:wrong"])
def test_who_is_not_known_here_is_told_so(site: WebSite, name: str, credentials: str | None) -> None:
    (request,) = recorded(name)
    answer = send(site, request.on_the_wire(credentials))
    assert (answer.status, answer.headers["www-authenticate"]) == (401, 'Basic realm="eden"')


def test_a_push_needs_a_registration(site: WebSite, registered: Answer) -> None:
    (request,) = recorded("09_push_second_msince.txt")
    stranger = request.without(b"&repository=urn:uuid:0067e05a-869c-4fab-ba00-7ddffb8a8f02")
    answer = send(site, stranger.on_the_wire())
    assert (answer.status, answer.json["status"]) == (403, "failed")


def test_first_push_with_the_label_of_a_form(pushed: Answer) -> None:
    told = pushed.json
    assert pushed.status == 200
    assert (told["status"], told["statuscode"], told["records"]) == ("success", "200", 2)
    assert len(told["created"]) == 2
    assert "updated" not in told and "deleted" not in told and "tree" not in told


def test_first_pull(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("03_pull_first.txt")
    root = send(site, request.on_the_wire()).document
    assert root.get("url", "").endswith("/eden")
    # Without msince it wants everything, also what it brought: perhaps it lost it.
    assert uuids(root) >= FIRST


def test_pull_of_a_stranger_brings_everything(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("03_pull_first.txt")
    stranger = request.without(b"&repository=urn:uuid:0067e05a-869c-4fab-ba00-7ddffb8a8f02")
    root = send(site, stranger.on_the_wire()).document
    assert uuids(root) >= FIRST
    (sent_on,) = (each for each in root if each.get("uuid") == "vm/P27-FROM-8201-A")
    assert sent_on.get("mci") == "5"
    assert sent_on.get("created_on") == sent_on.get("modified_on") == "2026-11-22T15:24:30"
    (comments,) = (each for each in sent_on if each.get("field") == "comments")
    stored = comments.get("value")
    assert (json.loads(stored) if stored else comments.text) == 'Zoë & "quotes" 日本'


def test_push_with_msince_then_the_same_again(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("09_push_second_msince.txt")
    told = send(site, request.on_the_wire()).json
    assert (told["status"], told["records"]) == ("success", 1)
    (created,) = told["created"]
    told = send(site, request.on_the_wire()).json
    assert (told["status"], told["records"], told["updated"]) == ("success", 1, [created])
    assert "created" not in told


def test_push_of_a_deletion(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("10_push_deleted.txt")
    told = send(site, request.on_the_wire()).json
    assert (told["status"], told["records"]) == ("success", 1)
    assert "deleted" not in told, "nobody has that record yet"
    there = b"<s3xml><resource name='org_organisation' uuid='P27-FROM-8202-%s' modified_on='%s'/></s3xml>"
    there = there.replace(b"/></s3xml>", b"><data field='name'>P27 from 8202 %s</data></resource></s3xml>")
    (created,) = send(
        site, request.with_body(there % (b"C", b"2026-11-22T15:27:01", b"C")).on_the_wire()
    ).json["created"]
    gone = request.with_body(request.body.replace(b"8202-B", b"8202-C"))
    told = send(site, gone.on_the_wire()).json
    assert (told["status"], told["records"], told["deleted"]) == ("success", 1, [created])


def test_pull_with_msince(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("04_pull_second_msince.txt")
    root = send(site, request.on_the_wire()).document
    assert root.get("success") == "false", "what came from this repository is not sent back to it"
    stranger = request.without(b"&repository=urn:uuid:0067e05a-869c-4fab-ba00-7ddffb8a8f02")
    root = send(site, stranger.on_the_wire()).document
    assert all(each.get("modified_on", "") >= "2026-11-22T15:20:35" for each in root)


def test_pull_of_offices(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("06_pull_office_components.txt")
    root = send(site, request.on_the_wire()).document
    assert (root.get("success"), root.get("results")) == ("false", "0")


def test_other_policies_and_a_filter(site: WebSite, pushed: Answer) -> None:
    pull, push, again = recorded("17_policies_components.txt")
    send(site, pull.on_the_wire()).document  # noqa: B018 - reading it checks it
    answer = send(site, push.on_the_wire())
    told = answer.json
    assert (answer.status, told["status"], told["statuscode"]) == (200, "success", "200")
    root = send(site, again.on_the_wire()).document
    assert not uuids(root) & FIRST
    stranger = pull.without(b"&repository=urn:uuid:0067e05a-869c-4fab-ba00-7ddffb8a8f02")
    root = send(site, stranger.on_the_wire()).document
    assert uuids(root) >= FIRST


def test_a_broken_document_is_refused_with_a_reason(site: WebSite, pushed: Answer) -> None:
    (request,) = recorded("09_push_second_msince.txt")
    answer = send(site, request.with_body(request.body[:-20]).on_the_wire())
    assert (answer.status, answer.json["status"]) == (400, "failed")
    assert answer.json["message"]
