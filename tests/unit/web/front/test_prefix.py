"""A site below a path of a proxy: what the application sees, and what a browser gets."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.web.front.application import Front

PUBLIC = "https://example.org/relief"


class Site:
    """An application that sets a cookie and notes what it was asked."""

    def __init__(self) -> None:
        self.path = self.cookies = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.path, self.cookies = environ["PATH_INFO"], environ.get("HTTP_COOKIE", "")
        start_response("200 OK", [("Set-Cookie", " session_id_eden=abc; HttpOnly; Path=/; SameSite=Lax")])
        return [b""]


def visit(
    path: str, host: str = "example.org", cookies: str = "", public: str = PUBLIC, method: str = "GET"
) -> tuple[Site, dict[str, str], bytes]:
    """Return the application, the headers of the answer, and its body."""
    site, said = Site(), {}
    environ = {"REQUEST_METHOD": method, "PATH_INFO": path, "HTTP_HOST": host, "HTTP_COOKIE": cookies}
    body = b"".join(Front(site, "eden", public)(environ, lambda status, headers: said.update(headers)))
    return site, said, body


@pytest.mark.parametrize(
    ("path", "seen"),
    [
        ("/relief/eden/org/office", "/eden/org/office"),
        ("/eden/org/office", "/eden/org/office"),
        ("/relief", "/"),
        ("/relief/", "/"),
        ("/reliefs/eden", "/reliefs/eden"),
        ("/", "/"),
    ],
)
def test_the_application_never_sees_the_path(path: str, seen: str) -> None:
    assert visit(path)[0].path == seen


@pytest.mark.parametrize(
    "public", ["", "https://example.org", "https://example.org/eden", "https://example.org/a b", "relief"]
)
def test_without_a_path_that_a_proxy_can_have_nothing_is_taken_off(public: str) -> None:
    site, said, _ = visit("/eden/org/office", public=public)
    assert site.path == "/eden/org/office" and "Path=/;" in said["Set-Cookie"]


@pytest.mark.parametrize(
    ("path", "host", "bound"),
    [
        ("/relief/eden/x/y", "10.0.0.1", True),  # the proxy keeps it
        ("/eden/x/y", "example.org", True),  # it strips it
        ("/eden/x/y", "10.0.0.1:8000", False),  # nobody knows: who asks this computer itself has no path
    ],
)
def test_cookies_go_to_this_site_alone_where_it_is_sure_to_get_them(
    path: str, host: str, bound: bool
) -> None:
    sent = visit(path, host)[1]["Set-Cookie"]
    assert ("Path=/relief; " in sent) == bound and ("Path=/;" in sent) != bound


def test_a_cookie_of_the_path_goes_before_one_of_the_whole_host() -> None:
    # Browsers send the longer path first.
    site, _, _ = visit("/relief/eden/x/y", cookies="session_id_eden=new; other=1; session_id_eden=old")
    assert site.cookies == "session_id_eden=new; other=1"


def test_an_answer_of_the_layer_itself_finds_its_style() -> None:
    _, said, body = visit("/relief/eden/x/y", method="BREW")
    assert b'href="/relief/eden/static/sync/plain.css"' in body and said["Content-Length"] == str(len(body))


def test_a_question_before_the_body_and_the_turn_of_a_request_know_whose_it_is() -> None:
    # Below the path as without it: a program gets JSON, and waits for a turn of programs.
    front = Front(Site(), "eden", PUBLIC)
    asked = {"REQUEST_METHOD": "BREW", "PATH_INFO": "/relief/eden/sync/sync.xml"}
    refused = front.ask(asked)
    assert not isinstance(refused, int) and refused.body.startswith(b"{")
    assert front.busy("/relief/eden/sync/sync.xml", 1.0).body.startswith(b"{")
    assert b"/relief/eden/static" in front.busy("/relief/eden/org/office", 1.0).body
