"""Cookies of several sites on one host."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.web.front.application import Front

PAGE = "/eden/default/index"


class Site:
    """An application that sets cookies and notes those that it gets."""

    def __init__(self) -> None:
        self.got = ""

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.got = environ.get("HTTP_COOKIE", "")
        start_response(
            "200 OK",
            [
                ("Set-Cookie", " session_id_eden=10.0.0.1-abc; HttpOnly; Path=/; SameSite=Lax"),
                ("Set-Cookie", "eden_known=se=aled; Path=/"),
                ("Set-Cookie", "eden_language=de; Path=/"),
                ("X-Other", "session_id_eden=1"),
            ],
        )
        return [b""]


def visit(site: Site, host: str, cookies: str = "") -> list[str]:
    """Return the cookies that a site sets."""
    said: list[tuple[str, str]] = []
    environ = {"REQUEST_METHOD": "GET", "PATH_INFO": PAGE, "HTTP_HOST": host, "HTTP_COOKIE": cookies}
    b"".join(Front(site)(environ, lambda status, headers: said.extend(headers)))
    assert ("X-Other", "session_id_eden=1") in said
    return [value for name, value in said if name == "Set-Cookie"]


@pytest.mark.parametrize("host", ["127.0.0.1:8001", "[::1]:8001", "eden.example.org:8001"])
def test_cookies_by_which_a_site_knows_a_browser_have_its_port(host: str) -> None:
    assert visit(Site(), host) == [
        "session_id_eden_8001=10.0.0.1-abc; HttpOnly; Path=/; SameSite=Lax",
        "eden_known_8001=se=aled; Path=/",
        "eden_language=de; Path=/",
    ]


@pytest.mark.parametrize("host", ["eden.example.org", "[2001:db8::8001]", "", "eden.example.org:"])
def test_at_the_usual_port_they_are_called_as_ever(host: str) -> None:
    site = Site()
    sent = visit(site, host, "session_id_eden=a; session_id_eden_8001=b")
    assert (
        sent[0].strip().startswith("session_id_eden=")
        and site.got == "session_id_eden=a; session_id_eden_8001=b"
    )


@pytest.mark.parametrize(
    ("cookies", "expected"),
    [
        ("session_id_eden_8000=a; session_id_eden_8001=b", "session_id_eden_8000=a; session_id_eden=b"),
        ("session_id_eden=old; session_id_eden_8001=b", "session_id_eden=b"),
        ("session_id_eden=old; eden_language=de", "session_id_eden=old; eden_language=de"),
        ("eden_known_8001=se=aled;eden_known=x", "eden_known=se=aled"),
        ("", ""),
        ("; =; junk", "=; junk"),
    ],
)
def test_a_site_gets_its_own_cookies_under_their_names(cookies: str, expected: str) -> None:
    site = Site()
    visit(site, "127.0.0.1:8001", cookies)
    assert sorted(site.got.split("; ")) == sorted(expected.split("; "))
