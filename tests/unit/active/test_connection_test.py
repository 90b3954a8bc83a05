"""The connection test: what each answer of a line or a peer means for the questions of an administrator."""

from __future__ import annotations

import socket
from datetime import datetime
from typing import Any

import pytest
import requests

from s3sync.adapters.base import Remote
from s3sync.adapters.connection_test import (
    OBSTACLES,
    OF_A_SITE,
    Answer,
    ConnectionTest,
    Finding,
    Question,
    complete,
    unusable,
    without_address,
)
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import one_line
from s3sync.core.clock import SystemClock
from s3sync.core.errors import (
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
from s3sync.exchange.line import Line as Measured
from s3sync.transport.client import Transport
from s3sync.transport.failures import _obstacle
from s3sync.web.screens.repository import connection_test as connection_test
from s3sync.web.screens.words.at_server import at_server
from s3sync.wire.protocol.offer import Offer

OWN = "urn:uuid:own"


class Line:
    """A line on which nothing is asked."""

    def __init__(self, skew: float | None) -> None:
        self.skew = skew
        self.line = Measured()

    def explain(self, error: SyncError) -> SyncError:
        return error


class Peer(EdenAdapter):
    """A peer that answers or fails as told."""

    def __init__(
        self,
        offer: "Offer | SyncError | None" = None,
        greets: SyncError | None = None,
        skew: float | None = 0.0,
        username: str = "x",
    ) -> None:
        entered = {"url": "http://other", "username": username}
        super().__init__(Remote(1, None, "other", OWN, "own", entered), one_line(Line(skew)))
        self._offer, self._greets = offer, greets

    def offer(self) -> Offer | None:
        if isinstance(self._offer, SyncError):
            raise self._offer
        return self._offer

    def greet(self) -> None:
        if self._greets is not None:
            raise self._greets


def ask(peer: Peer) -> ConnectionTest:
    return peer.test(clock_warning=60)


def answers(found: ConnectionTest) -> list[Answer]:
    assert [each.question for each in found.findings] == list(OF_A_SITE)
    return [each.answer for each in found.findings]


def test_one_of_ours() -> None:
    offer = Offer("other", "HQ", "Eden Sync", "1.0", frozenset(("cursor",)), datetime(2026, 1, 1), known=True)
    found = ask(Peer(offer))
    assert answers(found) == [Answer.ANSWERS, Answer.OURS, Answer.LET_IN, Answer.AGREES, Answer.KNOWN]
    assert found.passed and found.offer == offer
    assert found.findings[1].values == {"name": "HQ", "version": "1.0", "capabilities": ["cursor"]}
    assert answers(ask(Peer(Offer("other"))))[4] is Answer.NOT_YET
    itself = ask(Peer(Offer(OWN)))
    assert answers(itself)[4] is Answer.ITSELF and not itself.passed


def test_an_eden() -> None:
    found = ask(Peer())
    assert answers(found) == [
        Answer.ANSWERS,
        Answer.EDEN,
        Answer.LET_IN_ONLY,
        Answer.AGREES,
        Answer.CANNOT_TELL,
    ]
    assert found.passed


@pytest.mark.parametrize(
    ("skew", "answer", "seconds"),
    [
        (60, Answer.AGREES, 60),
        (61, Answer.AHEAD, 61),
        (-60, Answer.AGREES, 60),
        (-3600.4, Answer.BEHIND, 3600),
        (None, Answer.UNTOLD, None),
    ],
)
def test_clocks(skew: Any, answer: Answer, seconds: Any) -> None:
    found = ask(Peer(skew=skew))
    assert answers(found)[3] is answer and found.findings[3].values.get("seconds") == seconds
    assert found.passed


@pytest.mark.parametrize(
    ("error", "question", "answer"),
    [
        *[(PeerUnreachable("x", obstacle=each), Question.REACH, Answer(each.value)) for each in Obstacle],
        (TlsFailed("x"), Question.REACH, Answer.CERTIFICATE),
        (PeerBusy("x"), Question.REACH, Answer.BUSY),
        (ConfigurationError("x"), Question.REACH, Answer.UNUSABLE),
        (SyncError("x"), Question.REACH, Answer.LINE),
        (NotAuthenticated("x"), Question.LOGIN, Answer.PASSWORD),
        (NotPermitted("x"), Question.LOGIN, Answer.ROLE),
        (RedirectedElsewhere("x", target="https://y"), Question.KIND, Answer.ELSEWHERE),
        (
            RedirectedElsewhere("x", target="https://y/eden/sync/sync.xml?a=b"),
            Question.KIND,
            Answer.ELSEWHERE,
        ),
        (RedirectedElsewhere("x", target="http://portal/login?next=z"), Question.KIND, Answer.PORTAL),
        (NotS3XML("x"), Question.KIND, Answer.WEB_PAGE),
        (ProtocolError("x"), Question.KIND, Answer.WEB_PAGE),
        (PeerRefused("x"), Question.KIND, Answer.NO_INTERFACE),
        (PeerFailed("x"), Question.KIND, Answer.BROKEN),
    ],
)
@pytest.mark.parametrize("greeting", [False, True])
def test_what_is_in_the_way(error: SyncError, question: Question, answer: Answer, greeting: bool) -> None:
    found = ask(Peer(greets=error) if greeting else Peer(error))
    assert found.answer(question) is answer and not [
        each for each in found.findings if each.answer in OBSTACLES and each.question is not question
    ]
    reached = question is not Question.REACH
    assert (found.answer(Question.REACH) is Answer.ANSWERS) == reached
    assert (found.answer(Question.CLOCK) is Answer.NOT_ASKED) == (not reached)
    assert found.answer(Question.KNOWN) is Answer.NOT_ASKED
    said = next(each for each in found.findings if each.question is question).said
    assert said.startswith("x")


def test_without_an_account() -> None:
    found = ask(Peer(NotAuthenticated("x"), username=""))
    assert found.answer(Question.LOGIN) is Answer.NO_ACCOUNT


def every_probe() -> list[ConnectionTest]:
    offer = Offer("other", "HQ", version="1.0")
    errors: list[SyncError] = [PeerUnreachable("x", obstacle=each) for each in Obstacle]
    errors += [RedirectedElsewhere("x", target="https://y")]
    errors += [
        kind("x")
        for kind in (
            TlsFailed,
            PeerBusy,
            NotAuthenticated,
            NotPermitted,
            NotS3XML,
            PeerRefused,
            PeerFailed,
        )
    ]
    return [
        without_address(),
        unusable(ConfigurationError("x")),
        ask(Peer()),
        ask(Peer(offer)),
        ask(Peer(Offer("other", known=True, version="1"), skew=99)),
        ask(Peer(Offer(OWN, version="1"), skew=-99)),
        ask(Peer(skew=None)),
        ask(Peer(NotAuthenticated("x"), username="")),
        *[ask(Peer(error)) for error in errors],
        *[
            complete([Finding(question, answer)], questions=(question,))
            for question, answer in (
                (Question.READ, Answer.NO_FOLDER),
                (Question.READ, Answer.READABLE),
                (Question.READ, Answer.UNREADABLE),
                (Question.WRITE, Answer.WRITABLE),
                (Question.WRITE, Answer.READ_ONLY),
            )
        ],
    ]


def test_every_answer_has_words_and_every_obstacle_a_remedy() -> None:
    seen = set()
    at_servers = [
        complete(
            [Finding(Question.READ, answer, {"key": "SHA256:x", "count": 2})], questions=(Question.READ,)
        )
        for answer in (*at_server(str), Answer.KEY_NEW, Answer.LISTED)
    ]
    for found in (*every_probe(), *at_servers):
        for told, finding in zip(connection_test.told(str, EdenAdapter, found), found.findings):
            seen.add(finding.answer)
            assert told.sentence and told.state and told.question, finding
            assert (told.kind == "bad") == (finding.answer in OBSTACLES)
            assert told.remedy or told.kind != "bad", finding
    assert seen == set(Answer)


def test_another_repository_for_the_same_site_is_named() -> None:
    lines = connection_test.told(str, EdenAdapter, ask(Peer(Offer("other", version="1"))), "Headquarters")
    assert "Headquarters" in lines[4].sentence and lines[4].kind == "attention" and lines[4].remedy


def wrapped(inner: BaseException) -> BaseException:
    middle = OSError("middle")
    middle.__cause__ = inner
    return requests.exceptions.ConnectionError(middle)


@pytest.mark.parametrize(
    ("inner", "obstacle"),
    [
        (socket.gaierror(-2, "Name or service not known"), Obstacle.NAME),
        (ConnectionRefusedError(), Obstacle.REFUSED),
        (TimeoutError(), Obstacle.TIMEOUT),
        (ConnectionResetError(), Obstacle.LINE),
    ],
)
def test_the_obstacle_is_seen_through_what_libraries_wrap_around_it(
    inner: BaseException, obstacle: Obstacle
) -> None:
    assert _obstacle(wrapped(inner)) is obstacle


def test_a_port_where_nobody_listens() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        with Transport(f"http://127.0.0.1:{held.getsockname()[1]}/eden", clock=SystemClock()) as line:
            with pytest.raises(PeerUnreachable) as caught:
                line.get(f"{line.url}/x")
    assert caught.value.obstacle is Obstacle.REFUSED
