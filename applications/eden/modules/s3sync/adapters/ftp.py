"""Repositories behind an FTP server: with TLS, or in clear where nothing else is to be had."""

from __future__ import annotations

import ssl
from typing import ClassVar

from ..core.errors import SyncError
from ..transport.places.ftp import FtpFolder
from ..transport.places.names import server_of
from ._by_files.at_server import PASSWORD, USERNAME, AtServer, FilesAtServer, Place, SiteAtServer
from ._by_files.carried import PASSPHRASE
from ._by_files.documents import FORMAT, OWN_FORMAT
from .base import T
from .connection_test import Answer, Finding, Question
from .settings import Kind, Setting

TLS, CLEAR = "ftps", "ftp"
SETTINGS = (
    Setting(
        "url",
        T("Address (URL)"),
        T(
            "Address of the folder, for example ftps://files.example.org/exchange. One that begins with ftp:// is not "
            "encrypted: the password and all records can be read on the way."
        ),
        Kind.ADDRESS,
        required=True,
        schemes=(TLS, CLEAR),
    ),
    USERNAME,
    PASSWORD,
)


class FtpServer(AtServer):
    """Reaches an FTP server."""

    questions: ClassVar[tuple[Question, ...]] = (Question.SERVER, Question.SECRECY, *AtServer.questions[1:])

    def open_place(self) -> Place:
        """See ``AtServer``."""
        server = server_of(self.entered("url"), (TLS, CLEAR))
        verifies = self._verified() if server.scheme == TLS else None
        return FtpFolder(server, self.entered("username"), self.entered("password"), verifies, self.spool)

    def _verified(self) -> ssl.SSLContext:
        authorities = self.lines.verify
        found = ssl.create_default_context(cafile=authorities if isinstance(authorities, str) else None)
        if authorities is False:
            # The operator has switched it off for all repositories.
            found.check_hostname, found.verify_mode = False, ssl.CERT_NONE
        return found

    def found_before(self) -> list[Finding]:
        """See ``AtServer``."""
        return [Finding(Question.SECRECY, Answer.IN_CLEAR if self._is_clear else Answer.ENCRYPTED)]

    def obstacles(self, error: SyncError) -> list[Finding]:
        """See ``AtServer``: what travels in clear does so whether or not the server lets this site in."""
        return [*(self.found_before() if self._is_clear else []), *super().obstacles(error)]

    @property
    def _is_clear(self) -> bool:
        return self.entered("url").strip().lower().startswith(f"{CLEAR}:")


class FtpSiteAdapter(FtpServer, SiteAtServer):
    """Another site of ours, at the other end of an FTP server."""

    apitype: ClassVar[str] = "ftp_site"
    label: ClassVar[str] = T("Another site, by an FTP server")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, PASSPHRASE)


class FtpFilesAdapter(FtpServer, FilesAtServer):
    """Documents at an FTP server."""

    apitype: ClassVar[str] = "ftp_files"
    label: ClassVar[str] = T("Files at an FTP server")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, FORMAT, OWN_FORMAT)
