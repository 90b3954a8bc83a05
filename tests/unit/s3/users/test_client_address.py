"""The address of a client cannot be invented by the client."""

from __future__ import annotations

import pytest
from gluon.storage import Storage

from s3.users.client_address import client_address, networks


@pytest.mark.parametrize(
    ("remote", "said", "proxies", "address"),
    [
        ("192.0.2.1", "", "", "192.0.2.1"),
        ("192.0.2.1", "203.0.113.9", "", "192.0.2.1"),
        ("127.0.0.1", "203.0.113.9", "", "127.0.0.1"),
        ("127.0.0.1", "203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "1.1.1.1, 203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "1.1.1.1, 203.0.113.9, 10.1.2.3", "127.0.0.1, 10.0.0.0/8", "203.0.113.9"),
        ("127.0.0.1", "not an address", "127.0.0.1", "127.0.0.1"),
        ("192.0.2.1", "203.0.113.9", "127.0.0.1", "192.0.2.1"),
        ("::1", "2001:db8::5", "::1", "2001:db8::5"),
        ("", "203.0.113.9", "127.0.0.1", ""),
        # A socket for both families names clients of IPv4 like this.
        ("::ffff:127.0.0.1", "203.0.113.9", "127.0.0.1", "203.0.113.9"),
        ("::ffff:192.0.2.1", "203.0.113.9", "127.0.0.1", "192.0.2.1"),
        # Some proxies tell the port as well.
        ("127.0.0.1", "1.1.1.1, 203.0.113.9:50123", "127.0.0.1", "203.0.113.9"),
        ("127.0.0.1", "[2001:db8::5]:50123, 10.1.2.3:4", "127.0.0.1, 10.0.0.0/8", "2001:db8::5"),
        ("127.0.0.1", "[2001:db8::5]", "127.0.0.1", "2001:db8::5"),
        ("127.0.0.1", "203.0.113.9:x", "127.0.0.1", "127.0.0.1"),
    ],
)
def test_only_known_proxies_are_believed(remote: str, said: str, proxies: str, address: str) -> None:
    environment = Storage(remote_addr=remote, http_x_forwarded_for=said)
    assert client_address(environment, networks(proxies)) == address


def test_a_name_is_no_proxy() -> None:
    with pytest.raises(ValueError, match="proxy"):
        networks("proxy.example.org")
