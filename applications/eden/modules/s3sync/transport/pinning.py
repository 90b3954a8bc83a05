"""A certificate that a person vouches for, by its fingerprint, in place of an authority."""

from __future__ import annotations

import hashlib
import re
import socket
import ssl
from typing import Any, NamedTuple

import requests
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3 import exceptions as urllib3_errors

from ..exchange.line import Line
from .measuring import MeasuringAdapter
from .scheme import is_certificate, wrapped
from .urls import origin

#: SHA-256 as hexadecimal digits.
_DIGITS = re.compile(r"[0-9a-f]{64}")
#: Seconds to look at a certificate.
PATIENCE = 5.0


class Presented(NamedTuple):
    """The certificate of a server.

    Attributes:
        fingerprint: its SHA-256, as 64 hexadecimal digits.
        is_trusted: whether an authority that this site trusts vouches for it and for the name of the server.
    """

    fingerprint: str
    is_trusted: bool


def normal(text: str) -> str:
    """Return a fingerprint as 64 small digits, however it was written (``openssl x509 -fingerprint`` has colons)."""
    return re.sub(r"[\s:]", "", text).lower()


def is_fingerprint(text: str) -> bool:
    """Return whether a text is a SHA-256 fingerprint, however it is written."""
    return bool(_DIGITS.fullmatch(normal(text)))


def readable(fingerprint: str) -> str:
    """Return a fingerprint in pairs with colons, as browsers and openssl show it, to be compared by eye."""
    digits = normal(fingerprint).upper()
    return ":".join(digits[place : place + 2] for place in range(0, len(digits), 2))


class PinnedAdapter(MeasuringAdapter):
    """Connections to servers with one certificate, whoever vouches for it; checked before a request is sent.

    Args:
        fingerprint: its SHA-256.
        line: where is noted how long they took.
    """

    def __init__(self, fingerprint: str, line: Line) -> None:
        self._fingerprint = normal(fingerprint)
        super().__init__(line)

    def init_poolmanager(self, *given: Any, **options: Any) -> None:
        """See requests."""
        super().init_poolmanager(*given, assert_fingerprint=self._fingerprint, **options)

    def proxy_manager_for(self, proxy: Any, **options: Any) -> Any:
        """See requests: what goes through a proxy is checked at its other end, and the proxy itself as always."""
        usual = ssl.create_default_context(cafile=DEFAULT_CA_BUNDLE_PATH)
        return super().proxy_manager_for(
            proxy, assert_fingerprint=self._fingerprint, proxy_ssl_context=usual, **options
        )


def pin(session: requests.Session, fingerprint: str, line: Line) -> None:
    """Let a session accept the certificate with this fingerprint, and no other one."""
    session.mount("https://", PinnedAdapter(fingerprint, line))
    # No authority is asked: the fingerprint says more, and nobody vouches for such a certificate.
    session.verify = False


def is_another(error: BaseException) -> bool:
    """Return whether an error of a pinned session says that the server has another certificate.

    urllib3 raises an error of its own then; all others of TLS wrap one of the module ssl.
    """
    found = list(wrapped(error))
    return any(isinstance(each, urllib3_errors.SSLError) for each in found) and not any(
        isinstance(each, ssl.SSLError) for each in found
    )


def presented(url: str, authorities: str | None = None, patience: float = PATIENCE) -> Presented | None:
    """Return the certificate of a server; None where it cannot be reached or speaks no TLS.

    Args:
        url: an https address.
        authorities: file with the certificates to trust, None for the usual ones.
        patience: seconds to wait, twice at most.

    Raises:
        ConfigurationError: it is no such address.
    """
    place = origin(url)
    if place.scheme != "https":
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    try:
        with (
            socket.create_connection((place.host, place.port), patience) as line,
            context.wrap_socket(line, server_hostname=place.host) as secured,
        ):
            certificate = secured.getpeercert(binary_form=True)
    except OSError:
        return None
    if certificate is None:
        return None
    return Presented(hashlib.sha256(certificate).hexdigest(), _is_trusted(url, authorities, patience))


def _is_trusted(url: str, authorities: str | None, patience: float) -> bool:
    """Return whether a request to the address would be made: by the same library, with the same authorities."""
    with requests.Session() as session:
        session.trust_env = False
        session.verify = authorities or True
        try:
            session.head(url, timeout=patience, allow_redirects=False).close()
        except requests.exceptions.SSLError as error:
            return not is_certificate(error)
        except requests.exceptions.RequestException:
            return True
    return True
