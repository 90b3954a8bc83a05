"""The address of a client: what a proxy says counts only if the operator has named the proxy."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Sequence
from typing import Any, Union

Network = Union[ipaddress.IPv4Network, ipaddress.IPv6Network]
#: An address as some proxies write it: with a port, or in brackets.
_WITH_PORT = re.compile(r"^(?:\[([^\]]*)\]|([0-9.]+))(?::[0-9]+)?$")


def networks(text: str) -> list[Network]:
    """Return the networks of a setting: addresses or networks with commas between them.

    Raises:
        ValueError: one of them is none.
    """
    return [ipaddress.ip_network(each.strip()) for each in text.split(",") if each.strip()]


def client_address(environment: Any, proxies: Sequence[Network]) -> str:
    """Return the address from which a request came.

    ``X-Forwarded-For`` is read from its end: each proxy appends the address that it saw, and what stands before the
    first one that is no known proxy can be anybody's invention.

    Args:
        environment: web2py's ``request.env``.
        proxies: networks of the proxies in front of this site.
    """
    address = _plain(str(environment.remote_addr or ""))
    said = str(environment.http_x_forwarded_for or "").split(",")
    while said and _within(address, proxies):
        before = _plain(_WITH_PORT.sub(r"\1\2", said.pop().strip()))
        if not _is_address(before):
            break
        address = before
    return address


def _plain(address: str) -> str:
    """Return an address of IPv4 as such, also where a socket for both families says ``::ffff:192.0.2.1``."""
    mapped = getattr(ipaddress.ip_address(address), "ipv4_mapped", None) if _is_address(address) else None
    return str(mapped or address)


def _is_address(text: str) -> bool:
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


def _within(address: str, proxies: Sequence[Network]) -> bool:
    return _is_address(address) and any(ipaddress.ip_address(address) in each for each in proxies)
