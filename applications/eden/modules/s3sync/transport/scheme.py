"""Whether a port speaks the other one of http and https than its address says."""

from __future__ import annotations

import contextlib
import http.client
import socket
import ssl
from collections.abc import Iterator

from urllib3 import exceptions as urllib3_errors

from .urls import Origin

#: What OpenSSL calls an answer that is none of TLS: the codes of its errors.
_NOT_TLS = frozenset(
    (
        "WRONG_VERSION_NUMBER",
        "HTTP_REQUEST",
        "UNKNOWN_PROTOCOL",
        "PACKET_LENGTH_TOO_LONG",
        "RECORD_LAYER_FAILURE",
        "RECORD_TOO_SMALL",
    )
)
#: How a message of TLS begins that breaks off a connection.
_TLS_ALERT = "\x15\x03"

#: Seconds that a port has to show what it speaks.
PATIENCE = 5.0


def wrapped(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that it wraps, of requests and urllib3 too."""
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        waiting += [each.__cause__, each.__context__, *inside(each)]


def inside(error: BaseException) -> list[BaseException]:
    """Return the errors that an error of requests or urllib3 wraps in its arguments."""
    named = [error.reason] if isinstance(error, urllib3_errors.MaxRetryError) else []
    return [each for each in (*named, *error.args) if isinstance(each, BaseException)]


def is_plain(error: BaseException) -> bool:
    """Return whether an error of TLS says that the other end does not speak it."""
    return any(isinstance(each, ssl.SSLError) and each.reason in _NOT_TLS for each in wrapped(error))


def is_tls(error: BaseException) -> bool:
    """Return whether an error of HTTP says that the other end speaks TLS."""
    lines = [
        getattr(each, "line", "") for each in wrapped(error) if isinstance(each, http.client.BadStatusLine)
    ]
    return any(str(line).startswith(_TLS_ALERT) for line in lines)


def is_certificate(error: BaseException) -> bool:
    """Return whether an error says that a certificate is not valid."""
    return any(isinstance(each, ssl.SSLCertVerificationError) for each in wrapped(error))


def speaks_http(origin: Origin, patience: float = PATIENCE) -> bool:
    """Return whether a port answers HTTP without TLS; nothing of the account is sent.

    Args:
        origin: host and port.
        patience: seconds to wait.
    """
    line = http.client.HTTPConnection(origin.host, origin.port, timeout=patience)
    with contextlib.closing(line):
        try:
            line.request("HEAD", "/")
            line.getresponse()
        except (OSError, http.client.HTTPException):
            return False
    return True


def speaks_tls(origin: Origin, patience: float = PATIENCE) -> bool:
    """Return whether a port begins TLS; nothing is sent over it, so its certificate does not matter.

    Args:
        origin: host and port.
        patience: seconds to wait.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((origin.host, origin.port), patience) as line,
            context.wrap_socket(line, server_hostname=origin.host),
        ):
            return True
    except ssl.SSLError as error:
        # An alert is TLS, too: whoever asks for a name or a version that we do not have.
        return "ALERT" in (error.reason or "")
    except OSError:
        return False


def speaks_other(origin: Origin) -> bool:
    """Return whether a port speaks the scheme that its address does not say."""
    return speaks_http(origin) if origin.scheme == "https" else speaks_tls(origin)
