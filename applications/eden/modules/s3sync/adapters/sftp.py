"""Repositories behind an SFTP server, whose key a person has confirmed."""

from __future__ import annotations

from typing import ClassVar

from ..core.errors import SyncError
from ..transport.places.names import server_of
from ..transport.places.sftp import HostKey, SftpFolder, is_host_key, is_installed
from ._by_files.at_server import AtServer, FilesAtServer, Place, SiteAtServer
from ._by_files.carried import PASSPHRASE
from ._by_files.documents import FORMAT, OWN_FORMAT
from .base import T
from .connection_test import Answer, ConnectionTest, Finding, Question
from .settings import Kind, Setting

REQUIREMENTS = "requirements-sftp.txt"
SCHEMES = ("sftp",)


def _key_problem(text: str) -> str:
    """Return what is wrong with the key of a server, "" for nothing."""
    return "" if is_host_key(text) else T("Leave it empty and test the connection: the test fills it in")


SETTINGS = (
    Setting(
        "url",
        T("Address (URL)"),
        T(
            "Address of the folder, for example sftp://files.example.org/srv/exchange. With /~/ before it a folder is "
            "below that of the account."
        ),
        Kind.ADDRESS,
        required=True,
        schemes=SCHEMES,
    ),
    Setting("username", T("Username"), T("Account at the server"), required=True),
    Setting(
        "password",
        T("Password"),
        T("Password of that account, or of the private key. It is stored encrypted."),
        Kind.SECRET,
    ),
    Setting(
        "private_key",
        T("Private key"),
        T("In place of a password: the whole text of the file, from BEGIN to END. It is stored encrypted."),
        Kind.SECRET,
    ),
    Setting(
        "host_key",
        T("Key of the server"),
        T(
            "The connection test fills it in. Compare it with what the people of the server say: to save it means to "
            "confirm it. No other server gets the password or a record."
        ),
        check=_key_problem,
    ),
)


class SftpServer(AtServer):
    """Reaches an SFTP server."""

    questions: ClassVar[tuple[Question, ...]] = (Question.SERVER, Question.KEY, *AtServer.questions[1:])

    @classmethod
    def lacks(cls) -> str:
        """See ``Adapter``."""
        return "" if is_installed() else REQUIREMENTS

    def open_place(self) -> Place:
        """See ``AtServer``."""
        return SftpFolder(
            server_of(self.entered("url"), SCHEMES),
            self.entered("username"),
            self.entered("password"),
            self.entered("private_key"),
            self.entered("host_key"),
            self.spool,
        )

    def found_before(self) -> list[Finding]:
        """See ``AtServer``."""
        return [Finding(Question.KEY, Answer.KEY_CONFIRMED)]

    def obstacles(self, error: SyncError) -> list[Finding]:
        """See ``AtServer``: nothing is sent to a server whose key is not the confirmed one."""
        if isinstance(error, HostKey):
            answer = Answer.KEY_NEW if error.is_new else Answer.KEY_CHANGED
            key = Finding(Question.KEY, answer, {"key": error.shown}, said=error.message)
            return [Finding(Question.SERVER, Answer.ANSWERS), key]
        found = super().obstacles(error)
        reached = any(each.answer is Answer.ANSWERS for each in found)
        return [*self.found_before(), *found] if reached else found

    def suggested(self, test: ConnectionTest) -> dict[str, str]:
        """See ``Adapter``."""
        key = next((each for each in test.findings if each.answer is Answer.KEY_NEW), None)
        return {"host_key": str(key.values["key"])} if key is not None else {}


class SftpSiteAdapter(SftpServer, SiteAtServer):
    """Another site of ours, at the other end of an SFTP server."""

    apitype: ClassVar[str] = "sftp_site"
    label: ClassVar[str] = T("Another site, by an SFTP server")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, PASSPHRASE)


class SftpFilesAdapter(SftpServer, FilesAtServer):
    """Documents at an SFTP server."""

    apitype: ClassVar[str] = "sftp_files"
    label: ClassVar[str] = T("Files at an SFTP server")
    settings: ClassVar[tuple[Setting, ...]] = (*SETTINGS, FORMAT, OWN_FORMAT)
