"""What the types behind a server with files share: the connection of a run, and the connection test."""

from __future__ import annotations

import contextlib
import io
from abc import abstractmethod
from dataclasses import replace
from typing import ClassVar, Protocol

from ...core.errors import (
    ConfigurationError,
    DocumentTooLarge,
    NotPermitted,
    PeerRefused,
    StoreFull,
    SyncError,
)
from ...transport.places.spool import Spool
from ...transport.storage import Storage
from ..base import Remote, T
from ..connection_test import Answer, ConnectionTest, Finding, Question, complete, obstructed
from ..lines import Lines
from ..settings import Kind, Setting
from .carried import CarriedAdapter
from .documents import DocumentsAdapter

#: Is written and taken away again by the connection test.
PROBE = ".eden-sync-test"
QUESTIONS = (Question.SERVER, Question.LOGIN, Question.READ, Question.WRITE)

USERNAME = Setting("username", T("Username"), T("Account at the server"))
PASSWORD = Setting(
    "password", T("Password"), T("Password of that account. It is stored encrypted."), Kind.SECRET
)
PROXY = Setting(
    "proxy",
    T("Proxy Server URL"),
    T("Only where this site reaches the other one through a proxy"),
    Kind.ADDRESS,
)

#: How two sites of ours are connected by a server.
GUIDE_OF_SITE = (
    T(
        "Agree with the people of the other site on a folder at a server that both reach. It may serve several sites."
    ),
    T("Test the connection: a small file is written there and taken away again, and nothing is saved."),
    T(
        "Save: this site leaves its name there. The other site adds a repository of this type for the same folder."
    ),
    T("Choose the resources that both sites shall have, and synchronize: each site reads what is new there."),
    T("Without a passphrase whoever can read the folder can read the records."),
)
#: How documents are exchanged with a program.
GUIDE_OF_FILES = (
    T("Choose a folder at the server that the other site, or the other program, reaches too."),
    T("Test the connection: a small file is written there and taken away again, and nothing is saved."),
    T("Save. No records travel yet."),
    T("Then choose the resources that both sites shall have."),
)


class Place(Storage, Protocol):
    """A place behind a connection."""

    def close(self) -> None:
        """End the connection."""
        ...


class AtServer:
    """Makes an adapter reach its place at a server; goes before it in the list of bases.

    Attributes:
        questions: those of the connection test.
        remote, lines: see ``Adapter``.
    """

    questions: ClassVar[tuple[Question, ...]] = QUESTIONS
    remote: Remote
    lines: Lines
    _reached: Place | None = None

    @abstractmethod
    def open_place(self) -> Place:
        """Return the place; nothing is asked yet.

        Raises:
            ConfigurationError: it cannot be used as it is entered.
        """

    def entered(self, name: str) -> str:
        """Return what is entered for a setting, "" for nothing."""
        return str(self.remote.settings.get(name) or "")

    @property
    def spool(self) -> Spool:
        """Where files lie on their way."""
        return Spool(self.lines.spool, self.lines.limits)

    def reached(self) -> Place:
        """Return the place, the same in one run."""
        if self._reached is None:
            self._reached = self.open_place()
        return self._reached

    def close(self) -> None:
        """See ``Adapter``."""
        place, self._reached = self._reached, None
        if place is not None:
            place.close()

    def test(self, clock_warning: float) -> ConnectionTest:
        """See ``Adapter``: what is there is listed, and a small file is written and taken away again."""
        try:
            place = self.reached()
            place.list("")
        except SyncError as error:
            return self._complete(self.obstacles(error))
        good = [
            Finding(Question.SERVER, Answer.ANSWERS),
            Finding(Question.LOGIN, Answer.ENTERED),
            Finding(Question.READ, Answer.READABLE),
        ]
        return self._complete([*self.found_before(), *good, _writing(place)])

    def found_before(self) -> list[Finding]:
        """Return what a connection shows beyond that it works."""
        return []

    def obstacles(self, error: SyncError) -> list[Finding]:
        """Return how far everything was right when an error came."""
        reached = Finding(Question.SERVER, Answer.ANSWERS)
        login = Finding(Question.LOGIN, Answer.ENTERED)
        if isinstance(error, ConfigurationError) and error.remote:
            return [reached, login, Finding(Question.READ, Answer.NO_FOLDER_THERE, said=error.message)]
        if isinstance(error, (NotPermitted, PeerRefused)):
            return [reached, Finding(Question.READ, Answer.UNREADABLE_THERE, said=error.message)]
        found = obstructed(error, has_account=bool(self.entered("username")))
        renamed = {Question.REACH: Question.SERVER, Question.KIND: Question.READ}
        words = {
            Answer.PASSWORD: Answer.KEPT_OUT,
            Answer.NO_ACCOUNT: Answer.KEPT_OUT,
            Answer.WEB_PAGE: Answer.NO_FILES_THERE,
            Answer.ELSEWHERE: Answer.NO_FILES_THERE,
        }
        return [
            replace(
                each,
                question=renamed.get(each.question, each.question),
                answer=words.get(each.answer, each.answer),
            )
            for each in found
        ]

    def _complete(self, findings: list[Finding]) -> ConnectionTest:
        return complete(findings, questions=self.questions)


def _writing(place: Place) -> Finding:
    try:
        place.write(PROBE, io.BytesIO(b"Eden Sync tests whether it can write here."))
    except SyncError as error:
        is_full = isinstance(error, (StoreFull, DocumentTooLarge))
        return Finding(Question.WRITE, Answer.FULL if is_full else Answer.READ_ONLY_THERE, said=error.message)
    with contextlib.suppress(SyncError):
        place.remove(PROBE)
        return Finding(Question.WRITE, Answer.WRITABLE)
    return Finding(Question.WRITE, Answer.NOT_REMOVABLE)


class SiteAtServer(AtServer, CarriedAdapter):
    """Another site of ours, at the other end of a server with files."""

    is_far: ClassVar[bool] = True
    guide: ClassVar[tuple[str, ...]] = GUIDE_OF_SITE

    def _storage(self) -> Storage:
        return self.reached()


class FilesAtServer(AtServer, DocumentsAdapter):
    """Documents at a server with files."""

    guide: ClassVar[tuple[str, ...]] = GUIDE_OF_FILES

    def _inbox(self) -> Storage:
        return self.reached()

    def _told(self, name: str) -> str:
        return f"{self.entered('url').rstrip('/')}/{name}"
