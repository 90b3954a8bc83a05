"""The connection test: what stands between this site and another one, question by question. It changes nothing.

Answers are values; ``screens.connection`` puts them into words with what to do.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from typing import Any

from .adapters.base import Adapter
from .errors import (
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
from .peer import Offer


class Question(enum.Enum):
    """What an administrator wants to know before saving, in the order in which it can be found out."""

    REACH = "reach"
    KIND = "kind"
    LOGIN = "login"
    CLOCK = "clock"
    KNOWN = "known"


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
class Probe:
    """A connection test.

    Attributes:
        findings: one for each question.
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


def without_address() -> Probe:
    """Return the test of a repository that has no address: there is nobody to ask."""
    return _complete([Finding(Question.REACH, Answer.NO_ADDRESS)])


def unusable(error: ConfigurationError) -> Probe:
    """Return the test of a repository that cannot be asked as it is entered."""
    return _complete([Finding(Question.REACH, Answer.UNUSABLE, said=error.explain())])


def probe(peer: Adapter, *, has_account: bool, clock_warning: float) -> Probe:
    """Ask another site what an administrator has to know.

    Args:
        peer: the other site, with a line that does not wait long.
        has_account: whether a user name was entered.
        clock_warning: seconds between the clocks that are worth a word.
    """
    offer: Offer | None = None
    findings: list[Finding] = []
    try:
        offer = peer.offer()
        if offer is None:
            peer.greet()
    except SyncError as error:
        findings = _obstructed(error, has_account)
    else:
        findings = [Finding(Question.REACH, Answer.ANSWERS), *_introduced(offer, peer.remote.own_uuid)]
    if findings[0].answer is Answer.ANSWERS:
        findings.append(_clock(peer.transport.skew, clock_warning))
    return _complete(findings, offer)


def _introduced(offer: Offer | None, own_uuid: str) -> list[Finding]:
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
    capabilities: frozenset[str] = offer.capabilities
    kind = {"name": offer.name, "version": offer.version or "", "capabilities": sorted(capabilities)}
    return [
        Finding(Question.KIND, Answer.OURS, kind),
        Finding(Question.LOGIN, Answer.LET_IN),
        Finding(Question.KNOWN, known),
    ]


_OBSTACLES = {
    Obstacle.NAME: Answer.NAME,
    Obstacle.REFUSED: Answer.REFUSED,
    Obstacle.TIMEOUT: Answer.TIMEOUT,
    Obstacle.SILENCE: Answer.SILENCE,
    Obstacle.PROXY: Answer.PROXY,
    Obstacle.LINE: Answer.LINE,
}


def _obstructed(error: SyncError, has_account: bool) -> list[Finding]:
    """Return what an error tells: up to where the line, the site, and the account were good."""
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


def _clock(skew: float | None, warning: float) -> Finding:
    if skew is None:
        return Finding(Question.CLOCK, Answer.UNTOLD)
    if abs(skew) <= warning:
        return Finding(Question.CLOCK, Answer.AGREES, {"seconds": round(abs(skew))})
    answer = Answer.AHEAD if skew > 0 else Answer.BEHIND
    return Finding(Question.CLOCK, answer, {"seconds": round(abs(skew))})


def _complete(findings: list[Finding], offer: Offer | None = None) -> Probe:
    found = {each.question: each for each in findings}
    ordered = tuple(found.get(question, Finding(question, Answer.NOT_ASKED)) for question in Question)
    return Probe(ordered, offer)
