"""Settings that the types share which speak to a site over HTTP, and the connection that they open by them."""

from __future__ import annotations

from urllib.parse import urljoin

from ...transport.client import Transport
from ...transport.pinning import is_fingerprint, normal
from ...transport.resuming import Resuming
from ...transport.urls import application_url
from ...wire.protocol.names import DOWNLOAD_PATH
from ..base import Remote, T
from ..lines import Lines
from ..settings import Kind, Setting


def check_fingerprint(text: str) -> str:
    """Return what is wrong with a fingerprint, in English, "" for nothing."""
    return "" if is_fingerprint(text) else T("Enter the SHA-256 of the certificate: 64 digits from 0 to f")


USERNAME = Setting(
    "username",
    T("Username"),
    T("Account at the other site that has the role Synchronization there"),
)
PASSWORD = Setting(
    "password",
    T("Password"),
    T("Password of that account. It is stored encrypted."),
    Kind.SECRET,
)
PROXY = Setting(
    "proxy",
    T("Proxy Server URL"),
    T("Only where this site reaches the other one through a proxy"),
    Kind.ADDRESS,
)
CERTIFICATE = Setting(
    "certificate",
    T("Certificate (SHA-256)"),
    T(
        "Only where the other site has made its certificate itself: its fingerprint, as the people there tell "
        "it. No other certificate is accepted then."
    ),
    check=check_fingerprint,
    correct=normal,
)
SYNCHRONISE_UUIDS = Setting(
    "synchronise_uuids",
    T("Synchronize UUIDs"),
    T("Records that mean the same take over the identifier of the other site"),
    Kind.BOOLEAN,
)


def connection(remote: Remote, lines: Lines) -> Transport:
    """Return the connection to a site, by the settings above and its address; the caller closes it."""
    entered = remote.settings
    found = lines.http(
        application_url(entered["url"]),
        username=entered.get("username"),
        password=entered.get("password"),
        proxy=entered.get("proxy"),
        certificate=entered.get("certificate"),
    )
    if lines.parts is not None and remote.id:
        found.resuming = Resuming(lines.parts, remote.id)
    return found


def file_address(transport: Transport, url: str) -> str:
    """Return where a file of a record is, under the address entered here, whatever host name the document has.

    Args:
        transport: the connection.
        url: the file's URL in the document.
    """
    _, found, stored = url.rpartition(f"/{DOWNLOAD_PATH}/")
    return f"{transport.url}/{DOWNLOAD_PATH}/{stored}" if found else urljoin(transport.url + "/", url)
