"""The layer around an application that notes what reaches it."""

from __future__ import annotations

import io
import json
from typing import Any
from urllib.parse import urlencode

import pytest

from s3sync.ui.passing import PASSING
from s3sync.web.front.application import Front
from s3sync.web.front.limits import (
    ASKED,
    ASKS,
    HEADERS,
    MOST_FIELDS,
    MOST_HEADERS,
    PEERS_AT_ONCE,
    REQUEST_LINE,
    TAKES,
    UNASKED,
)
from s3sync.web.front.sent_again import SENT
from s3sync.web.front.turns import Turn
from tests.support.browser import forms

PAGE, PULL = "/eden/default/user/login", "/eden/sync/sync.xml"
URLENCODED = "application/x-www-form-urlencoded"


class Site:
    """An application that takes 100,000 bytes from whom is logged in, and fails where it is told."""

    def __init__(self) -> None:
        self.seen: list[dict[str, Any]] = []
        self.bodies: list[bytes] = []
        self.fails: set[str] = set()
        self.ticket = "eden/1.2.3"
        self.turned_away: set[str] = set()

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.seen.append(dict(environ))
        path = environ["PATH_INFO"]
        if path in self.turned_away:
            start_response("401 UNAUTHORIZED", [("Content-Type", "text/plain")])
            return [b"log in"]
        if environ.get(ASKS):
            if "HTTP_COOKIE" not in environ:
                start_response("401 UNAUTHORIZED", [("Content-Type", "text/plain")])
                return [b"log in"]
            start_response("204 NO CONTENT", [(TAKES, "100000")])
            return [b""]
        self.bodies.append(environ["wsgi.input"].read())
        if "HTTP_RANGE" in environ:
            part = [("Content-Length", "-5"), ("Content-Range", "bytes 15-9/10")]
            start_response("206 PARTIAL CONTENT", part)
            return [b""]
        if path in self.fails:
            start_response("500 INTERNAL SERVER ERROR", [("web2py_error", f"ticket {self.ticket}")])
            return [b"ticket"]
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [path.encode()]


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def front(site: Site) -> Front:
    return Front(site)


def ask(
    front: Any, path: str, body: bytes = b"", method: str = "GET", **more: Any
) -> tuple[str, dict[str, str], bytes]:
    environ = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path,
        "QUERY_STRING": "",
        "REMOTE_ADDR": "10.0.0.1",
        "wsgi.input": io.BytesIO(body),
        **({"CONTENT_LENGTH": str(len(body))} if body else {}),
        **more,
    }
    said: list[Any] = []
    answer = b"".join(front(environ, lambda status, headers: said.extend((status, headers))))
    return said[0][:3], {name.lower(): value for name, value in said[1]}, answer


def test_a_request_within_the_limits_reaches_the_application(front: Front, site: Site) -> None:
    assert ask(front, PAGE, b"a=1&b=2", "POST", CONTENT_TYPE=URLENCODED)[0] == "200"
    assert site.bodies == [b"a=1&b=2"]


@pytest.mark.parametrize("path", ["/eden/static/styles/\0", "/eden/sync/file/\0.txt"])
def test_an_address_with_a_nul_is_refused(front: Front, site: Site, path: str) -> None:
    assert ask(front, path)[0] == "400" and site.seen == []


@pytest.mark.parametrize(
    ("status", "more"),
    [
        ("501", {"method": "FOO"}),
        ("414", {"QUERY_STRING": "x" * REQUEST_LINE}),
        ("431", {"HTTP_X": "x" * HEADERS}),
        ("431", {f"HTTP_X{number}": "x" for number in range(MOST_HEADERS + 1)}),
        ("400", {"CONTENT_LENGTH": "5, 0"}),
        ("400", {"CONTENT_LENGTH": "-1"}),
        ("400", {"CONTENT_LENGTH": "٣"}),
        ("400", {"CONTENT_LENGTH": "5", "HTTP_TRANSFER_ENCODING": "chunked"}),
        ("411", {"HTTP_TRANSFER_ENCODING": "chunked"}),
    ],
)
@pytest.mark.parametrize("path", [PAGE, PULL])
def test_what_is_too_long_or_open_at_its_end_is_refused_before(
    front: Front, site: Site, path: str, status: str, more: dict[str, Any]
) -> None:
    told, headers, body = ask(front, path, **more)
    assert told == status and site.seen == []
    if path == PULL:
        assert (
            headers["content-type"].startswith("application/json")
            and json.loads(body)["statuscode"] == status
        )


def test_a_form_of_many_fields_never_reaches_the_parser(front: Front, site: Site) -> None:
    body = b"&".join(b"a%d=1" % number for number in range(MOST_FIELDS + 1))
    assert ask(front, PAGE, body, "POST", CONTENT_TYPE=URLENCODED)[0] == "413"
    assert site.seen == []


def test_a_page_takes_no_documents(front: Front, site: Site) -> None:
    # web2py fails for them, and writes a report each time.
    assert ask(front, PAGE, b"<x/>", "POST", CONTENT_TYPE="text/xml")[0] == "415"
    assert ask(front, PAGE, b"a=1", "PUT", CONTENT_TYPE="")[0] == "200"
    assert ask(front, PAGE, b"<x/>", "GET", CONTENT_TYPE="text/xml")[0] == "200", "not looked at"
    assert ask(front, PULL, b"<x/>", "POST", CONTENT_TYPE="text/xml")[0] == "200"
    assert site.bodies == [b"a=1", b"<x/>", b"<x/>"] and site.seen[0]["CONTENT_TYPE"] == URLENCODED


def test_a_part_of_a_file_that_web2py_would_misread_is_not_asked_of_it(front: Front) -> None:
    assert ask(front, "/eden/static/x.css", HTTP_RANGE="bytes=-5")[0] == "200"
    status, headers, _ = ask(front, "/eden/static/x.css", HTTP_RANGE="bytes=15-")
    assert (status, headers["content-range"]) == ("416", "bytes */10")


def test_before_a_large_form_is_read_the_application_is_asked(front: Front, site: Site) -> None:
    body = b"a=" + b"x" * UNASKED
    unread = io.BytesIO(body)
    status, _, told = ask(front, PAGE, body, "POST", **{"wsgi.input": unread})
    assert (status, told) == ("401", b"log in") and unread.tell() == 0
    assert ask(front, PAGE, body, "POST", HTTP_COOKIE="session")[0] == "200"
    assert ask(front, PAGE, b"x" * 100_001, "POST", HTTP_COOKIE="session")[0] == "413"
    assert site.bodies == [body]


def may_send(front: Front, length: int = 99_999, **more: Any) -> Any:
    """Ask as a server does before it reads the body of another site's request; return the bytes that it may have."""
    said = front.ask(
        {
            "REQUEST_METHOD": "POST",
            "PATH_INFO": PULL,
            "QUERY_STRING": "resource=a&repository=b&checkpoint=1",
            "REMOTE_ADDR": "10.0.0.1",
            "HTTP_AUTHORIZATION": "Basic x",
            "HTTP_COOKIE": "session",
            "CONTENT_LENGTH": str(length),
            **more,
        }
    )
    return said if isinstance(said, int) else said.status[:3]


def test_a_site_that_sends_page_after_page_is_asked_about_once(front: Front, site: Site) -> None:
    assert may_send(front) == 100_000
    assert may_send(front, QUERY_STRING="resource=a&repository=b&checkpoint=2") == 100_000
    assert len(site.seen) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"HTTP_AUTHORIZATION": "Basic y"},
        {"HTTP_ORIGIN": "https://example.org"},
        {"REMOTE_ADDR": "10.0.0.2"},
        {"QUERY_STRING": "resource=a&repository=c"},
        {"PATH_INFO": "/eden/sync/file"},
        {"REQUEST_METHOD": "PUT"},
        {"length": 100_001},
    ],
)
def test_another_site_or_request_is_asked_about(front: Front, site: Site, other: dict[str, Any]) -> None:
    may_send(front)
    may_send(front, **other)
    assert len(site.seen) == 2


@pytest.mark.parametrize("who", [{"PATH_INFO": PAGE}, {"HTTP_AUTHORIZATION": ""}])
def test_pages_and_strangers_are_asked_about_each_time(front: Front, site: Site, who: dict[str, Any]) -> None:
    assert [may_send(front, **who), may_send(front, **who)] == [100_000, 100_000]
    assert len(site.seen) == 2


def test_a_refusal_is_not_remembered(front: Front, site: Site) -> None:
    site.turned_away.add(PULL)
    assert may_send(front, HTTP_AUTHORIZATION="Basic z") == "401"
    site.turned_away.clear()
    assert may_send(front, HTTP_AUTHORIZATION="Basic z") == 100_000


def test_whose_request_is_refused_is_asked_about_again(front: Front, site: Site) -> None:
    same = {"HTTP_AUTHORIZATION": "Basic x", "HTTP_COOKIE": "session", "QUERY_STRING": "repository=b"}
    may_send(front)
    assert ask(front, PULL, b"<s3xml/>", "POST", **same)[0] == "200"
    assert may_send(front) == 100_000 and len(site.seen) == 2
    site.turned_away.add(PULL)
    assert ask(front, PULL, b"<s3xml/>", "POST", **same)[0] == "401"
    assert may_send(front) == "401"


def test_a_server_that_has_asked_is_not_asked_again(front: Front, site: Site) -> None:
    assert ask(front, PAGE, b"x" * 99_999, "POST", **{ASKED: True})[0] == "200"
    assert len(site.seen) == 1


def test_a_form_in_chunks_gets_its_length(front: Front, site: Site) -> None:
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "HTTP_COOKIE": "session"}
    assert ask(front, PAGE, method="POST", **{**chunked, "wsgi.input": io.BytesIO(b"a=1")})[0] == "200"
    assert site.bodies == [b"a=1"] and site.seen[-1]["CONTENT_LENGTH"] == "3"
    assert (
        ask(front, PAGE, method="POST", **{**chunked, "wsgi.input": io.BytesIO(b"x" * 100_001)})[0] == "413"
    )


def test_a_body_that_is_cut_is_refused(front: Front, site: Site) -> None:
    assert ask(front, PAGE, b"a=1", "POST", CONTENT_LENGTH="10")[0] == "400"
    assert site.seen == []


def test_the_body_of_a_program_is_left_to_the_interface(front: Front, site: Site) -> None:
    assert ask(front, PULL, b"&" * 100_000, "POST", CONTENT_TYPE=URLENCODED)[0] == "200"
    assert site.bodies == [b"&" * 100_000]


def test_a_page_that_fails_is_told_by_a_page_that_does_not_see_the_body(front: Front, site: Site) -> None:
    site.fails.add(PAGE)
    assert ask(front, PAGE, b"a=1", "POST")[2] == b"/eden/default/problem"
    assert site.bodies == [b"a=1", b""]
    question = site.seen[-1]
    assert question["REQUEST_METHOD"] == "GET" and "CONTENT_LENGTH" not in question
    assert "ticket=eden%2F1.2.3" in question["QUERY_STRING"]


def multipart(**fields: str) -> tuple[bytes, str]:
    """Return a form as a browser sends it, with a file, and its content type."""
    parts = [f'form-data; name="{name}"\r\n\r\n{value}' for name, value in fields.items()]
    parts.append('form-data; name="file"; filename="a.txt"\r\nContent-Type: text/plain\r\n\r\nof a file')
    body = "".join(f"--xyz\r\nContent-Disposition: {part}\r\n" for part in parts) + "--xyz--\r\n"
    return body.encode(), "multipart/form-data; boundary=xyz"


TYPED = {
    "name": "<Ärzte>",
    "comments": "two\r\nlines",
    "password": "hidden",
    "_formname": "org/create",
    "empty": "",
}


@pytest.mark.parametrize("way", ["multipart", "urlencoded"])
def test_a_form_whose_page_failed_can_be_sent_again_without_files_and_passwords(
    front: Front, site: Site, way: str
) -> None:
    site.fails.add(PAGE)
    body, kind = multipart(**TYPED) if way == "multipart" else (urlencode(TYPED).encode(), URLENCODED)
    ask(front, PAGE, body, "POST", CONTENT_TYPE=kind, QUERY_STRING="a=1")
    address, fields, _ = site.seen[-1][SENT]
    assert address == f"{PAGE}?a=1"
    assert dict(fields) == {name: value for name, value in TYPED.items() if name != "password"}


def test_where_even_the_page_for_failures_fails_a_plain_one_has_what_was_typed(
    front: Front, site: Site
) -> None:
    site.fails |= {PAGE, "/eden/default/problem"}
    body, kind = multipart(**TYPED)
    status, headers, text = ask(front, PAGE, body, "POST", CONTENT_TYPE=kind)
    assert status == "500" and headers["content-type"].startswith("text/html") and b"1.2.3" in text
    (form,) = forms(text.decode()).values()
    assert form == {name: value for name, value in TYPED.items() if name != "password"}


def test_web2py_does_not_stop_the_process_to_look_for_garbage(front: Front, site: Site) -> None:
    ask(front, PAGE)
    ask(front, "/health")
    assert [each["web2py_disable_garbage_collect"] for each in site.seen] == [True, True]


def test_a_failure_that_passes_is_told_as_one(front: Front, site: Site) -> None:
    site.fails, site.ticket = {PAGE, PULL}, PASSING
    assert ask(front, PAGE)[2] == b"/eden/default/problem"
    assert "code=503&ticket=passing" in site.seen[-1]["QUERY_STRING"]
    site.fails.add("/eden/default/problem")
    status, headers, text = ask(front, PAGE)
    assert (status, headers["retry-after"]) == ("503", "5") and b"is not known" not in text
    body, kind = multipart(**TYPED)
    status, headers, text = ask(front, PAGE, body, "POST", CONTENT_TYPE=kind)
    assert status == "503" and b"is not known" in text and b"was stored. Try" not in text
    (form,) = forms(text.decode()).values()
    assert form["name"] == TYPED["name"]
    # A button alone, or a form that is too large to be repeated, may have been stored as well.
    status, headers, text = ask(front, PAGE, b"run=now", "POST", CONTENT_TYPE=URLENCODED)
    assert status == "503" and b"is not known" in text and site.seen[-1][SENT][1:] == ([], True)
    status, headers, text = ask(front, PULL)
    told = json.loads(text)
    assert (status, headers["retry-after"], told["error"], told["transient"]) == (
        "503",
        "5",
        "store_busy",
        True,
    )


@pytest.mark.parametrize("body", [b"a=1", b"", b"_formname=" + b"x" * 1_100_000])
def test_nothing_is_repeated_that_is_no_form_or_very_large(front: Front, site: Site, body: bytes) -> None:
    site.fails.add(PAGE)
    environ = {ASKED: True, "CONTENT_TYPE": URLENCODED}
    ask(front, PAGE, body, "POST", **environ)
    assert site.seen[-1][SENT][1] == []


def test_a_program_is_told_of_a_failure_in_json(front: Front, site: Site) -> None:
    site.fails.add(PULL)
    status, headers, body = ask(front, PULL, b"<s3xml/>", "POST")
    assert status == "500" and headers["content-type"].startswith("application/json")
    assert "1.2.3" in json.loads(body)["message"]
    assert len(site.seen) == 1


def test_web2py_is_told_not_to_show_another_page_itself(front: Front, site: Site) -> None:
    ask(front, PULL)
    assert site.seen[0]["__ROUTES_ONERROR__"]


def held(front: Front, count: int, **more: Any) -> list[Any]:
    """Ask for turns of other sites and keep them."""
    environ = {"PATH_INFO": PULL, "REMOTE_ADDR": "10.0.0.1"}
    return [front.turn({**environ, "QUERY_STRING": f"repository={number}"}) for number in range(count)]


def test_where_more_is_asked_than_can_be_done_other_sites_are_told_when_to_come_again(front: Front) -> None:
    turns = held(front, 200)
    refused = [each for each in turns if not isinstance(each, Turn)]
    assert PEERS_AT_ONCE < len(turns) - len(refused) < 30
    for answer in refused:
        headers = dict(answer.headers)
        assert answer.status.startswith("503") and 1 <= int(headers["Retry-After"]) <= 40
        told = json.loads(answer.body)
        assert told["error"] == "peer_busy" and told["transient"] is True


def test_people_have_turns_of_their_own(front: Front, site: Site) -> None:
    turns = held(front, 200)
    assert ask(front, PAGE)[0] == "200"
    for turn in turns:
        if isinstance(turn, Turn):
            turn.leave()
    assert ask(front, PULL)[0] == "200"


def test_a_turn_ends_with_the_answer_also_where_the_application_fails(site: Site) -> None:
    def broken(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        raise RuntimeError("broken")

    front = Front(broken)
    for _ in range(50):
        with pytest.raises(RuntimeError):
            ask(front, PULL)


BROWSERS = {
    "Cache-Control": "no-store, no-cache, must-revalidate",
    "Content-Security-Policy": "default-src 'self'",
    "Expires": "now",
    "Pragma": "no-cache",
    "Referrer-Policy": "same-origin",
    "Vary": "Accept-Encoding",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


@pytest.mark.parametrize(
    "path, method, left",
    [
        (PAGE, "GET", BROWSERS),
        (PULL, "POST", {"X-Content-Type-Options": "nosniff"}),
        (
            PULL,
            "GET",
            {
                "X-Content-Type-Options": "nosniff",
                "Cache-Control": "no-store",
                "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
            },
        ),
    ],
)
def test_programs_get_no_headers_for_browsers(path: str, method: str, left: dict[str, str]) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "text/xml"), *BROWSERS.items()])
        return [b""]

    _, headers, _ = ask(Front(application), path, method=method)
    assert headers == {name.lower(): value for name, value in {"Content-Type": "text/xml", **left}.items()}


@pytest.mark.parametrize("method, left", [("POST", {}), ("GET", {"cache-control": "no-store"})])
def test_one_of_ours_gets_the_headers_that_it_reads(method: str, left: dict[str, str]) -> None:
    def application(environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Type", "application/json; charset=utf-8"), *BROWSERS.items()])
        return [b"{}"]

    accepts = "gzip, dict-00000000"
    _, headers, _ = ask(Front(application), PULL, method=method, HTTP_ACCEPT_ENCODING=accepts)
    assert headers == {"content-type": "application/json", **left}
    _, page, _ = ask(Front(application), PAGE, HTTP_ACCEPT_ENCODING=accepts)
    assert page["x-content-type-options"] == "nosniff", "a page for people keeps them"
