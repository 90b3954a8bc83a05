"""The example of a proxy: what strangers may cost it and the site is bounded as without it."""

from __future__ import annotations

import re

import pytest

from s3sync.core.limits import DOCUMENT_MEGABYTES, FILE_MEGABYTES
from s3sync.web.front import limits as limits
from tests.support.places import CHECKOUT

UNITS = {"": 1, "k": 1 << 10, "m": 1 << 20, "g": 1 << 30}


def blocks(text: str) -> list[tuple[str, str]]:
    """Return the blocks of a configuration: what each is for, and what it says itself, without those inside it."""
    found: list[tuple[str, str]] = []
    inner = re.compile(r"(?m)^\s*([^\s#;{}][^;{}]*?)\s*\{([^{}]*)\}")
    while match := inner.search(text):
        found.append((match[1], match[2]))
        text = text[: match.start()] + text[match.end() :]
    return found


def said(block: str, name: str) -> list[str]:
    return re.findall(rf"(?m)^\s*{name}\s+([^;]+);", block)


def size(text: str) -> int:
    return int(text.rstrip("kmg")) * UNITS[text.lstrip("0123456789")]


@pytest.fixture(scope="module")
def proxy() -> list[tuple[str, str]]:
    return blocks((CHECKOUT / "deploy" / "nginx.conf").read_text("utf-8"))


@pytest.fixture(scope="module")
def server(proxy: list[tuple[str, str]]) -> str:
    return next(block for kind, block in proxy if kind == "server" and said(block, "listen") == ["443 ssl"])


def test_a_slow_client_is_no_matter_of_the_site(proxy: list[tuple[str, str]], server: str) -> None:
    assert said(server, "proxy_request_buffering") == ["on"]
    assert not any(said(block, "proxy_request_buffering") for _, block in proxy if block != server)
    for name in ("client_header_timeout", "client_body_timeout", "send_timeout", "limit_conn"):
        assert said(server, name), name


def test_browsers_are_told_to_use_https_wherever_a_header_is_added(
    proxy: list[tuple[str, str]], server: str
) -> None:
    # A block that adds a header inherits none of those around it.
    adding = [block for _, block in proxy if said(block, "add_header")]
    assert server in adding
    assert [block for block in adding if "Strict-Transport-Security" not in block] == []


def test_requests_are_as_large_as_the_site_takes_them(proxy: list[tuple[str, str]], server: str) -> None:
    ((number, longest),) = [each.split() for each in said(server, "large_client_header_buffers")]
    assert size(longest) == limits.REQUEST_LINE and int(number) * size(longest) >= limits.HEADERS
    (form,) = said(server, "client_max_body_size")
    assert FILE_MEGABYTES << 20 < size(form) <= (FILE_MEGABYTES + 2) << 20
    peers = [block for kind, block in proxy if kind.startswith("location ~ ^/eden/(sync/")]
    assert [size(each) for block in peers for each in said(block, "client_max_body_size")] == [
        DOCUMENT_MEGABYTES << 20
    ]


def test_a_stranger_sends_nothing_to_other_sites_addresses(proxy: list[tuple[str, str]]) -> None:
    kinds = dict(proxy)
    assert "return 418" in kinds["if ($eden_stranger)"]
    assert said(kinds["location @stranger"], "return") == ['401 "Authentication Required"']


def test_the_address_of_a_client_is_what_the_proxy_saw(server: str) -> None:
    assert "X-Forwarded-For $remote_addr" in said(server, "proxy_set_header")
