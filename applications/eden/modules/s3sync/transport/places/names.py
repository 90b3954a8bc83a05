"""Addresses of servers with files, and names that stay inside the folder of an address."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ...core.errors import ConfigurationError
from ..urls import PORTS, origin

#: The end of the name of a file that is being written, where a server lets others see that.
PART = ".part"


class Server(NamedTuple):
    """Where a place is.

    Attributes:
        scheme, host, port: of its address.
        folder: path of its folder, without a slash at its end.
    """

    scheme: str
    host: str
    port: int
    folder: str

    @property
    def told(self) -> str:
        """The address, for messages."""
        port = "" if self.port == PORTS[self.scheme] else f":{self.port}"
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{self.scheme}://{host}{port}{self.folder}"


def server_of(url: str, schemes: tuple[str, ...]) -> Server:
    """Return where the place of an address is.

    Args:
        url: as a person entered it.
        schemes: those that it may have.

    Raises:
        ConfigurationError: it is no such address.
    """
    found = origin(url, schemes)
    folder = unquote(urlsplit(url.strip()).path).rstrip("/")
    if any(ord(each) < 32 for each in folder) or ".." in folder.split("/"):
        raise ConfigurationError(
            "The folder in the address cannot be used.",
            hint="Write the whole path of the folder, without '..'.",
        )
    return Server(found.scheme, found.host, found.port, folder)


def inside(name: str) -> str:
    """Return a name below a place.

    Raises:
        ConfigurationError: it leads outside, or is none.
    """
    parts = name.split("/")
    if name and (any(part in ("", ".", "..") for part in parts) or any(ord(each) < 32 for each in name)):
        raise ConfigurationError(
            f"{name!r} is no name of a file there.", hint="Give the file another name at the server."
        )
    return name


def part_of(name: str) -> str:
    """Return the name under which a file is written, in the same folder: whoever lists that leaves it alone.

    It is always the same: what a broken line left is replaced by the next attempt.
    """
    folder, slash, last = name.rpartition("/")
    return f"{folder}{slash}.{last}{PART}"
