"""Which addresses send in clear."""

from __future__ import annotations

import pytest

from s3sync.transport.urls import travels_in_clear


@pytest.mark.parametrize(
    "url",
    [
        "http://eden.example.org/eden",
        " HTTP://8.8.8.8:8000/eden",
        "http://[2a00::1]/eden",
        "http://localhost.example.org",
    ],
)
def test_passwords_travel_in_clear_across_the_network(url: str) -> None:
    assert travels_in_clear(url)


@pytest.mark.parametrize(
    "url",
    [
        None,
        "",
        "https://eden.example.org/eden",
        "http://127.0.0.1:8000/eden",
        "http://[::1]/eden",
        "http://localhost:8000/eden",
        "http://192.168.1.7/eden",
        "http://10.0.0.1",
        "http://hq/eden",
        "http://eden.local./eden",
        "http://eden.office.lan",
        "http://[",
        "/folder",
    ],
)
def test_not_on_this_machine_nor_in_a_private_network(url: str | None) -> None:
    assert not travels_in_clear(url)
