"""Parts of forms."""

from __future__ import annotations

import pytest

from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.settings import Kind
from s3sync.web.screens.widgets import web_address

check = web_address(lambda text: text)


@pytest.mark.parametrize(
    "address",
    [
        "http://user:secret@eden.example.org/eden",
        "https://user@eden.example.org/eden",
        "http://:secret@eden.example.org/eden",
        " https://user:secret@[::1]:8000/eden ",
        "HTTP://user:s%40cret@eden.example.org",
    ],
)
def test_a_password_in_an_address_is_refused(address: str) -> None:
    value, problem = check(address)
    assert value == address and "Leave user name and password out" in problem


@pytest.mark.parametrize(
    "address", ["", "eden.example.org", "ftp://eden.example.org", "http://", "http://[::1"]
)
def test_other_addresses_are_refused(address: str) -> None:
    assert "begins with http:// or https://" in check(address)[1]


def test_a_good_one_is_taken_without_blanks_around_it() -> None:
    assert check(" https://eden.example.org/eden ") == ("https://eden.example.org/eden", None)


def test_all_addresses_of_a_repository_are_looked_at() -> None:
    # The form checks settings of this kind.
    kinds = {each.name: each.kind for each in EdenAdapter.settings}
    assert (kinds["url"], kinds["proxy"]) == (Kind.ADDRESS, Kind.ADDRESS)
