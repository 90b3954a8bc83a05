"""Compares URLs of other sites, and removes secrets from them."""

from __future__ import annotations

import ipaddress
import re
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

from ..core.errors import ConfigurationError

_WANTED = "Enter the address of the other site's application, e.g. https://eden.example.org/eden."


class Origin(NamedTuple):
    """Scheme, host and port of a URL: two URLs with the same origin belong to the same server."""

    scheme: str
    host: str
    port: int


#: Schemes of addresses that this site can ask, and their usual ports.
PORTS = {"http": 80, "https": 443, "ftp": 21, "ftps": 21, "sftp": 22}
WEB = ("http", "https")


def origin(url: str, schemes: tuple[str, ...] = WEB) -> Origin:
    """Return the origin of a URL.

    Args:
        url: the URL.
        schemes: those that it may have.

    Raises:
        ConfigurationError: it is not such a URL.
    """
    wanted = _WANTED if schemes == WEB else f"Enter an address that begins with {in_words(schemes)}."
    try:
        parts = urlsplit(url.strip())
        port = parts.port
    except ValueError:
        raise ConfigurationError(f"{without_credentials(url)!r} is not a URL.", hint=wanted) from None
    scheme = parts.scheme.lower()
    if scheme not in schemes or not parts.hostname:
        named = " or ".join(schemes)
        raise ConfigurationError(f"{without_credentials(url)!r} is not an {named} URL.", hint=wanted)
    return Origin(scheme, parts.hostname.lower(), port or PORTS[scheme])


def in_words(schemes: tuple[str, ...]) -> str:
    """Return the beginnings of addresses, e.g. ``ftps:// or ftp://``."""
    return " or ".join(f"{each}://" for each in schemes)


#: The application in the path of one of its pages, or of an address of the protocol. An application may have any name,
#: but not below another one.
_PAGE = re.compile(r"(/[^/]+(?:/[^/]+)*?)/(?:sync|default)(?:/.+)?")


def application_url(url: str) -> str:
    """Return the address of an application from that of one of its pages, which people copy from a browser.

    Args:
        url: as a person entered it.
    """
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return url.strip()
    path = re.sub(r"/{2,}", "/", parts.path).rstrip("/")
    page = _PAGE.fullmatch(path)
    return urlunsplit(parts._replace(path=page[1] if page else path, query="", fragment=""))


#: How names of machines end that only a local network knows.
_LOCAL = ("localhost", "local", "lan", "internal", "home.arpa", "intranet", "private")


def travels_in_clear(url: str | None) -> bool:
    """Return whether what is sent to a URL can be read on its way through the network.

    Not on this machine, nor in a network that is private by its addresses or names.

    Args:
        url: the URL, None for none.
    """
    try:
        parts = urlsplit((url or "").strip())
        host = (parts.hostname or "").rstrip(".")
    except ValueError:
        return False
    if parts.scheme.lower() not in ("http", "ftp") or not host:
        return False
    try:
        return not ipaddress.ip_address(host).is_private
    except ValueError:
        return "." in host and not any(host.endswith(f".{each}") for each in _LOCAL)


def without_credentials(url: str) -> str:
    """Return the URL without user name and password, for messages and logs."""
    try:
        parts = urlsplit(url.strip())
    except ValueError:
        return "(unreadable URL)"
    return urlunsplit(parts._replace(netloc=parts.netloc.rpartition("@")[2]))


def address_of(url: str) -> str:
    """Return the URL without its query, for people: cursor and filters fill lines and are no help."""
    return without_credentials(url).partition("?")[0]


def without_secrets(text: str) -> str:
    """Return a text without user names and passwords in URLs."""
    return re.sub(r"(?<=//)[^/@\s]+@", "", text)
