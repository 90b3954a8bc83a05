"""The result of a connection test, question by question, as values (see ``Adapter.test``).

The screen of the connection test puts them into words, with remedies.
"""

from __future__ import annotations

import enum
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Callable
from urllib.parse import urlsplit

from ..core.errors import (
    ConfigurationError,
    NotAuthenticated,
    NotPermitted,
    NotS3XML,
    Obstacle,
    PeerBusy,
    PeerFailed,
    PeerRefused,
    PeerUnreachable,
    ProtocolError,
    RedirectedElsewhere,
    SyncError,
    TlsFailed,
)
from ..transport.urls import application_url
from ..wire.protocol.names import OFFER_PATH, REGISTER_PATH, SYNC_PATH
from ..wire.protocol.offer import Offer


class Question(enum.Enum):
    """What an administrator wants to know before saving, in the order in which it can be tested."""

    REACH = "reach"
    KIND = "kind"
    LOGIN = "login"
    CLOCK = "clock"
    KNOWN = "known"
    SERVER = "server"
    SECRECY = "secrecy"
    KEY = "key"
    READ = "read"
    WRITE = "write"
    ALERTS = "alerts"


class Answer(enum.Enum):
    """The answers. Each one belongs to one question, except ``NOT_ASKED``: an earlier question failed."""

    ANSWERS = "answers"
    NO_ADDRESS = "no_address"
    NAME = "name"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    PROXY = "proxy"
    LINE = "line"
    PLAIN = "plain"
    TLS = "tls"
    PORTAL = "portal"
    BUSY = "busy"
    CERTIFICATE = "certificate"
    UNUSABLE = "unusable"

    OURS = "ours"
    EDEN = "eden"
    ELSEWHERE = "elsewhere"
    WEB_PAGE = "web_page"
    NO_INTERFACE = "no_interface"
    BROKEN = "broken"

    LET_IN = "let_in"
    LET_IN_ONLY = "let_in_only"
    PASSWORD = "password"
    NO_ACCOUNT = "no_account"
    ROLE = "role"

    AGREES = "agrees"
    AHEAD = "ahead"
    BEHIND = "behind"
    UNTOLD = "untold"

    KNOWN = "known"
    NOT_YET = "not_yet"
    CANNOT_TELL = "cannot_tell"
    ITSELF = "itself"

    NO_FOLDER = "no_folder"
    READABLE = "readable"
    UNREADABLE = "unreadable"
    WRITABLE = "writable"
    READ_ONLY = "read_only"

    #: Of a server with files.
    ENCRYPTED = "encrypted"
    IN_CLEAR = "in_clear"
    KEY_CONFIRMED = "key_confirmed"
    KEY_NEW = "key_new"
    KEY_CHANGED = "key_changed"
    ENTERED = "entered"
    KEPT_OUT = "kept_out"
    NO_FOLDER_THERE = "no_folder_there"
    NO_FILES_THERE = "no_files_there"
    UNREADABLE_THERE = "unreadable_there"
    READ_ONLY_THERE = "read_only_there"
    NOT_REMOVABLE = "not_removable"
    FULL = "full"

    #: Of a feed of alerts.
    LISTED = "listed"
    NO_FEED = "no_feed"
    WRONG_ALERT = "wrong_alert"

    NOT_ASKED = "not_asked"


#: With one of these answers no exchange is possible.
OBSTACLES = frozenset(
    (
        Answer.NO_ADDRESS,
        Answer.NAME,
        Answer.REFUSED,
        Answer.TIMEOUT,
        Answer.SILENCE,
        Answer.PROXY,
        Answer.LINE,
        Answer.PLAIN,
        Answer.TLS,
        Answer.PORTAL,
        Answer.BUSY,
        Answer.CERTIFICATE,
        Answer.UNUSABLE,
        Answer.ELSEWHERE,
        Answer.WEB_PAGE,
        Answer.NO_INTERFACE,
        Answer.BROKEN,
        Answer.PASSWORD,
        Answer.NO_ACCOUNT,
        Answer.ROLE,
        Answer.ITSELF,
        Answer.NO_FOLDER,
        Answer.UNREADABLE,
        Answer.READ_ONLY,
        Answer.KEY_NEW,
        Answer.KEY_CHANGED,
        Answer.KEPT_OUT,
        Answer.NO_FOLDER_THERE,
        Answer.NO_FILES_THERE,
        Answer.UNREADABLE_THERE,
        Answer.READ_ONLY_THERE,
        Answer.NOT_REMOVABLE,
        Answer.FULL,
        Answer.NO_FEED,
    )
)


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Attributes:
        question, answer: see these classes.
        values: values for the sentence about it: version, capabilities, seconds, target.
        said: the message of the connection or the other site, "" for none.
    """

    question: Question
    answer: Answer
    values: dict[str, Any] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True)
class ConnectionTest:
    """A connection test.

    Attributes:
        findings: one for each question of the type.
        offer: the offer of the other site, None from an Eden or if it could not be requested.
    """

    findings: tuple[Finding, ...]
    offer: Offer | None = None

    @property
    def passed(self) -> bool:
        """Whether an exchange can begin."""
        return not any(each.answer in OBSTACLES for each in self.findings)

    def answer(self, question: Question) -> Answer:
        """Return the answer to a question."""
        return next(each.answer for each in self.findings if each.question is question)


#: The default questions of a type.
OF_A_SITE = (Question.REACH, Question.KIND, Question.LOGIN, Question.CLOCK, Question.KNOWN)


def without_address() -> ConnectionTest:
    """Return the test of a repository without an address."""
    return complete([Finding(Question.REACH, Answer.NO_ADDRESS)])


def unusable(error: ConfigurationError) -> ConnectionTest:
    """Return the test of a repository with invalid settings."""
    return complete([Finding(Question.REACH, Answer.UNUSABLE, said=error.explain())])


_OBSTACLES = {
    Obstacle.NAME: Answer.NAME,
    Obstacle.REFUSED: Answer.REFUSED,
    Obstacle.TIMEOUT: Answer.TIMEOUT,
    Obstacle.SILENCE: Answer.SILENCE,
    Obstacle.PROXY: Answer.PROXY,
    Obstacle.LINE: Answer.LINE,
    Obstacle.PLAIN: Answer.PLAIN,
    Obstacle.TLS: Answer.TLS,
    Obstacle.PORTAL: Answer.PORTAL,
}


def obstructed(error: SyncError, has_account: bool) -> list[Finding]:
    """Return the findings from an error: how far connection, site and account were right.

    Args:
        error: the error of the request.
        has_account: whether a user name was entered.
    """
    said = error.message
    if isinstance(error, PeerUnreachable):
        return [Finding(Question.REACH, _OBSTACLES[error.obstacle], said=said)]
    if isinstance(error, TlsFailed):
        return [Finding(Question.REACH, Answer.CERTIFICATE, said=said)]
    if isinstance(error, PeerBusy):
        return [Finding(Question.REACH, Answer.BUSY, said=said)]
    if isinstance(error, ConfigurationError):
        return [Finding(Question.REACH, Answer.UNUSABLE, said=error.explain())]
    reached = Finding(Question.REACH, Answer.ANSWERS)
    if isinstance(error, NotAuthenticated):
        refused = Answer.PASSWORD if has_account else Answer.NO_ACCOUNT
        return [reached, Finding(Question.LOGIN, refused, said=said)]
    if isinstance(error, NotPermitted):
        return [reached, Finding(Question.LOGIN, Answer.ROLE, said=said)]
    if isinstance(error, RedirectedElsewhere):
        return [reached, Finding(Question.KIND, *_moved(error.target), said)]
    if isinstance(error, (NotS3XML, ProtocolError)):
        return [reached, Finding(Question.KIND, Answer.WEB_PAGE, said=said)]
    if isinstance(error, PeerRefused):
        return [reached, Finding(Question.KIND, Answer.NO_INTERFACE, said=said)]
    if isinstance(error, PeerFailed):
        return [reached, Finding(Question.KIND, Answer.BROKEN, said=said)]
    return [Finding(Question.REACH, Answer.LINE, said=error.explain())]


def _moved(target: str) -> tuple[Answer, dict[str, Any]]:
    """Return what a redirect to another host means: the site has moved, or a log-in page is in the way."""
    path = urlsplit(target).path
    if path.strip("/") and not path.endswith((f"/{OFFER_PATH}", f"/{SYNC_PATH}", f"/{REGISTER_PATH}")):
        return Answer.PORTAL, {}
    return Answer.ELSEWHERE, {"target": application_url(target)}


def clock(skew: float | None, warning: float) -> Finding:
    """Return the finding about the clocks.

    Args:
        skew: seconds by which the other site's clock is ahead, None if it did not tell the time.
        warning: seconds that cause a warning.
    """
    if skew is None:
        return Finding(Question.CLOCK, Answer.UNTOLD)
    if abs(skew) <= warning:
        return Finding(Question.CLOCK, Answer.AGREES, {"seconds": round(abs(skew))})
    answer = Answer.AHEAD if skew > 0 else Answer.BEHIND
    return Finding(Question.CLOCK, answer, {"seconds": round(abs(skew))})


def complete(
    findings: list[Finding], offer: Offer | None = None, questions: tuple[Question, ...] = OF_A_SITE
) -> ConnectionTest:
    """Return a connection test with an answer to every question, in order.

    Args:
        findings: the findings so far.
        offer: the offer of the other site.
        questions: the questions of the type; those without a finding were not asked.
    """
    found = {each.question: each for each in findings}
    ordered = tuple(found.get(question, Finding(question, Answer.NOT_ASKED)) for question in questions)
    return ConnectionTest(ordered, offer)


def in_folders(inbox: Callable[[], Path], outbox: Callable[[], Path]) -> ConnectionTest:
    """Test whether folders of this machine can be used.

    Args:
        inbox, outbox: return the folder to read from, and the one to write to; they raise ConfigurationError where it
            is not there, or not allowed.
    """
    try:
        reads, writes = os.access(inbox(), os.R_OK | os.X_OK), os.access(outbox(), os.W_OK | os.X_OK)
    except ConfigurationError as error:
        findings = [Finding(Question.READ, Answer.NO_FOLDER, said=error.explain())]
    else:
        findings = [
            Finding(Question.READ, Answer.READABLE if reads else Answer.UNREADABLE),
            Finding(Question.WRITE, Answer.WRITABLE if writes else Answer.READ_ONLY),
        ]
    return complete(findings, questions=(Question.READ, Question.WRITE))


def introduced(offer: Offer | None, own_uuid: str) -> list[Finding]:
    """Return the findings from the offer of a site that granted access."""
    if offer is None:
        return [
            Finding(Question.KIND, Answer.EDEN),
            Finding(Question.LOGIN, Answer.LET_IN_ONLY),
            Finding(Question.KNOWN, Answer.CANNOT_TELL),
        ]
    if offer.uuid == own_uuid:
        known = Answer.ITSELF
    else:
        known = Answer.KNOWN if offer.known else Answer.NOT_YET
    kind = {"name": offer.name, "version": offer.version or "", "capabilities": sorted(offer.capabilities)}
    return [
        Finding(Question.KIND, Answer.OURS, kind),
        Finding(Question.LOGIN, Answer.LET_IN),
        Finding(Question.KNOWN, known),
    ]
