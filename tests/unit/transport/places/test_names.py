"""Addresses of servers with files, and names in their folders."""

from __future__ import annotations

import pytest

from s3sync.core.errors import ConfigurationError
from s3sync.transport.places.names import Server, inside, part_of, server_of


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("ftp://files.example.org", Server("ftp", "files.example.org", 21, "")),
        (" FTPS://Files.Example.org:990/a%20b/ ", Server("ftps", "files.example.org", 990, "/a b")),
        ("ftp://[::1]:2121/x", Server("ftp", "::1", 2121, "/x")),
    ],
)
def test_an_address_says_where_a_place_is(url: str, expected: Server) -> None:
    assert server_of(url, ("ftps", "ftp")) == expected


def test_a_place_is_told_without_its_usual_port() -> None:
    assert server_of("ftp://h:21/x/", ("ftp",)).told == "ftp://h/x"
    assert server_of("ftp://[::1]:2121/x", ("ftp",)).told == "ftp://[::1]:2121/x"


@pytest.mark.parametrize(
    "url",
    ["", "files.example.org", "sftp://h/x", "ftp:///x", "ftp://h:x/", "ftp://h/a/../b", "ftp://h/a%0Ab"],
)
def test_other_addresses_are_refused_with_a_remedy(url: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        server_of(url, ("ftps", "ftp"))
    assert caught.value.hint


@pytest.mark.parametrize("name", ["../a", "a/../b", "/a", "a//b", "a/", ".", "a\nb", "a\0b"])
def test_a_name_that_leads_outside_or_is_none_is_refused(name: str) -> None:
    with pytest.raises(ConfigurationError):
        inside(name)


def test_a_file_is_written_beside_its_place() -> None:
    assert part_of("a/b.xml") == "a/.b.xml.part" and part_of("b.xml") == ".b.xml.part"
