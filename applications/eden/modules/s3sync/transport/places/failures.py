"""What goes wrong with a place, as errors with a remedy."""

from __future__ import annotations

import socket
import ssl

from ...core.errors import (
    ConfigurationError,
    NotAuthenticated,
    NotPermitted,
    Obstacle,
    PeerRefused,
    PeerUnreachable,
    StoreFull,
    SyncError,
    TlsFailed,
    TruncatedDocument,
)
from ...core.text import legible, shown

LONGEST_TOLD = 300


def told_by(text: object) -> str:
    """Return what a server says, for a message."""
    return shown(legible(" ".join(str(text).split())), LONGEST_TOLD) or type(text).__name__


def no_room(where: str, said: object) -> StoreFull:
    """Return the error that a server has no more room for this account."""
    return StoreFull(
        f"There is no room left for {where}: {told_by(said)}",
        hint="Free space at the server, or ask its people for more. Nothing was lost: the next run goes on.",
        remote=True,
    )


def wrong_login(where: str, said: object) -> NotAuthenticated:
    """Return the error that a server does not let this account in."""
    return NotAuthenticated(
        f"{where} does not let this site in: {told_by(said)}",
        hint="Check user name and password, or the key, of the repository. Ask the people of the server whether the "
        "account is there and not blocked.",
        remote=True,
    )


def not_allowed(where: str, said: object) -> NotPermitted:
    """Return the error that this account may not do something with a file."""
    return NotPermitted(
        f"{where} may not be used like this: {told_by(said)}",
        hint="At the server, let this account read and write the folder and what lies in it.",
        remote=True,
    )


def no_folder(where: str) -> ConfigurationError:
    """Return the error that the folder of an address is not there."""
    return ConfigurationError(
        f"There is no folder {where} at the server.",
        hint="Make the folder at the server, or correct the address of the repository.",
        remote=True,
    )


def not_stored(where: str, sent: int, there: object) -> TruncatedDocument:
    """Return the error that a server has not stored what it got."""
    return TruncatedDocument(
        f"{where} was sent with {sent} bytes, and {there} of them are there.",
        hint="The line may have been cut, or the server is full. Nothing was lost: it is sent again.",
        remote=True,
    )


def refused(where: str, said: object) -> PeerRefused:
    """Return the error that a server does not do what it was asked, and does not say why in a way that is agreed."""
    return PeerRefused(
        f"{where}: the server refuses: {told_by(said)}",
        hint="Ask the people of the server: the folder may be full or write-protected, or a name there not allowed. "
        "Nothing was lost: the next run goes on.",
        remote=True,
    )


def line_broke(where: str, error: BaseException) -> SyncError:
    """Return the error of a connection: there is none, or it broke.

    Args:
        where: the address.
        error: of the socket.
    """
    if isinstance(error, ssl.SSLCertVerificationError):
        return TlsFailed(
            f"The certificate of {where} cannot be verified: {error.verify_message}",
            hint="Check the date of this computer, and whether the address has the name that is in the certificate. A "
            "certificate that nobody vouches for is made known by ca_bundle in section [sync].",
        )
    told = error.strerror if isinstance(error, OSError) and error.strerror else error
    return PeerUnreachable(f"The connection to {where} failed: {told_by(told)}", obstacle=_obstacle(error))


def _obstacle(error: BaseException) -> Obstacle:
    if isinstance(error, socket.gaierror):
        return Obstacle.NAME
    if isinstance(error, ConnectionRefusedError):
        return Obstacle.REFUSED
    # Python 3.9 tells the two apart.
    if isinstance(error, (TimeoutError, socket.timeout)):
        return Obstacle.TIMEOUT
    return Obstacle.TLS if isinstance(error, ssl.SSLError) else Obstacle.LINE
