"""What a connection test found, question by question. An adapter answers with these values (``Adapter.test``).

The screen of the connection test puts them into words with what to do.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

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
from ..wire.protocol.offer import Offer


class Question(enum.Enum):
    """What an administrator wants to know before saving, in the order in which it can be found out."""

    REACH = "reach"
    KIND = "kind"
    LOGIN = "login"
    CLOCK = "clock"
    KNOWN = "known"
    READ = "read"
    WRITE = "write"


class Answer(enum.Enum):
    """What was found. Each belongs to one question, but ``NOT_ASKED``: something before it failed."""

    ANSWERS = "answers"
    NO_ADDRESS = "no_address"
    NAME = "name"
    REFUSED = "refused"
    TIMEOUT = "timeout"
    SILENCE = "silence"
    PROXY = "proxy"
    LINE = "line"
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

    NOT_ASKED = "not_asked"


#: With one of these an exchange cannot work as it is.
OBSTACLES = frozenset(
    (
        Answer.NO_ADDRESS,
        Answer.NAME,
        Answer.REFUSED,
        Answer.TIMEOUT,
        Answer.SILENCE,
        Answer.PROXY,
        Answer.LINE,
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
    )
)


@dataclass(frozen=True)
class Finding:
    """The answer to one question.

    Attributes:
        question, answer: see there.
        values: what a sentence about it names: version, capabilities, seconds, target.
        said: the line's or the other site's own words, "" where there is nothing to add.
    """

    question: Question
    answer: Answer
    values: dict[str, Any] = field(default_factory=dict)
    said: str = ""


@dataclass(frozen=True)
class ConnectionTest:
    """A connection test.

    Attributes:
        findings: one for each question that the type asks.
        offer: what the other site offers, None from an Eden or where it could not be asked.
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


#: What one asks of another site, as far as a type asks no other questions.
OF_A_SITE = (Question.REACH, Question.KIND, Question.LOGIN, Question.CLOCK, Question.KNOWN)


def without_address() -> ConnectionTest:
    """Return the test of a repository that has no address: there is nobody to ask."""
    return complete([Finding(Question.REACH, Answer.NO_ADDRESS)])


def unusable(error: ConfigurationError) -> ConnectionTest:
    """Return the test of a repository that cannot be asked as it is entered."""
    return complete([Finding(Question.REACH, Answer.UNUSABLE, said=error.explain())])


_OBSTACLES = {
    Obstacle.NAME: Answer.NAME,
    Obstacle.REFUSED: Answer.REFUSED,
    Obstacle.TIMEOUT: Answer.TIMEOUT,
    Obstacle.SILENCE: Answer.SILENCE,
    Obstacle.PROXY: Answer.PROXY,
    Obstacle.LINE: Answer.LINE,
}


def obstructed(error: SyncError, has_account: bool) -> list[Finding]:
    """Return what an error tells: up to where the line, the site, and the account were good.

    Args:
        error: with which another site was asked.
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
        return [reached, Finding(Question.KIND, Answer.ELSEWHERE, {"target": error.target}, said)]
    if isinstance(error, (NotS3XML, ProtocolError)):
        return [reached, Finding(Question.KIND, Answer.WEB_PAGE, said=said)]
    if isinstance(error, PeerRefused):
        return [reached, Finding(Question.KIND, Answer.NO_INTERFACE, said=said)]
    if isinstance(error, PeerFailed):
        return [reached, Finding(Question.KIND, Answer.BROKEN, said=said)]
    return [Finding(Question.REACH, Answer.LINE, said=error.explain())]


def clock(skew: float | None, warning: float) -> Finding:
    """Return whether the clocks agree.

    Args:
        skew: seconds by which the other site's clock is ahead, None where it did not tell the time.
        warning: seconds that are worth a word.
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
    """Return a connection test with an answer to every question, in their order.

    Args:
        findings: what was found out.
        offer: what the other site offers.
        questions: those of the type; what none of the findings answers was not asked.
    """
    found = {each.question: each for each in findings}
    ordered = tuple(found.get(question, Finding(question, Answer.NOT_ASKED)) for question in questions)
    return ConnectionTest(ordered, offer)
