"""Sites that listen wait without a thread each, so many of them, and not for ever."""

from __future__ import annotations

import io
import json
import threading
import time
from collections.abc import Collection
from typing import Any

import pytest

from s3sync.web.front.answers import Answer
from s3sync.web.front.application import Front
from s3sync.web.front.limits import ANSWER, LISTENER, LISTENS, LOOKS
from s3sync.web.front.listeners import Begun, Listener, Listeners
from s3sync.wire.protocol.listening import LISTEN_AGAIN, LISTENS_FOR


class World:
    """A clock, and an application in which something changes."""

    def __init__(self, most: int = 3) -> None:
        self.now = 100.0
        self.head, self.changed = 7, set[int]()
        self.asked: list[tuple[int, list[int]]] = []
        self.fails = False
        # It looks when the test says so.
        self.listeners = Listeners(self._look, most, every=3600.0, clock=lambda: self.now)
        self.heard: dict[int, list[dict[str, Any]]] = {}

    def _look(self, after: int, keys: Collection[int]) -> tuple[int, Collection[int]]:
        self.asked.append((after, list(keys)))
        if self.fails:
            raise ValueError("busy")
        return self.head, self.changed

    def listen(self, key: int, position: int = 5) -> Listener | None:
        found = self.listeners.add(Begun(key, position, "j"))
        if found is not None:
            told = self.heard.setdefault(key, [])
            found.when_over(lambda answer: told.append(json.loads(answer.body)))
        return found


@pytest.fixture
def world() -> World:
    return World()


OK = {"status": "success", "statuscode": "200"}


def test_only_those_are_told_for_whom_something_changed(world: World) -> None:
    world.listen(1)
    world.listen(2, position=6)
    world.changed = {2}
    world.listeners.look()
    assert world.asked == [(5, [1, 2])]
    assert world.heard == {1: [], 2: [{**OK, "heard": "j.7", "changed": True}]}
    world.head = 9
    world.listeners.look()
    assert world.asked[-1] == (7, [1]), "it looks behind what was looked at"


def test_nobody_waits_for_ever(world: World) -> None:
    world.listen(1)
    world.now += LISTENS_FOR - 1
    world.listeners.look()
    assert world.heard[1] == []
    world.now += 1
    world.listeners.look()
    assert world.heard[1] == [{**OK, "heard": "j.7"}] and len(world.listeners) == 0
    world.listeners.look()
    assert len(world.asked) == 2, "nobody is there to look for"


def test_there_are_so_many_places(world: World) -> None:
    assert [world.listen(key) is not None for key in (1, 2, 3, 4)] == [True, True, True, False]
    assert world.listen(1) is not None, "who comes again takes its own place"
    assert world.heard[1] == [{**OK, "heard": "j.5", "again": LISTEN_AGAIN}]


def test_a_look_that_fails_keeps_them_waiting_but_not_longer(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    world.listen(1)
    world.fails = True
    world.listeners.look()
    assert world.heard[1] == [] and "could not be looked" in caplog.text
    world.now += LISTENS_FOR
    world.listeners.look()
    assert world.heard[1] == [{**OK, "heard": "j.5"}]


def test_one_thread_looks_for_all_and_only_while_somebody_listens(world: World) -> None:
    # Those of other tests may not have ended yet.
    before = {*threading.enumerate()}

    def own() -> int:
        return sum(each.name == "listeners" and each not in before for each in threading.enumerate())

    listeners = Listeners(world._look, 10, every=0.01)
    for key in (1, 2, 3):
        listeners.add(Begun(key, 5, "j"))
    assert own() == 1
    world.changed = {1, 2, 3}
    deadline = time.monotonic() + 10
    while own():
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(listeners) == 0


class Application:
    """web2py's, which lets a site listen, or tells it something at once."""

    def __init__(self) -> None:
        self.listens = True
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.seen.append(dict(environ))
        headers = [("Content-Type", "application/json")]
        if LOOKS in environ:
            start_response("200 OK", headers)
            return [b'{"head": 9, "changed": [4]}']
        if self.listens and environ.get(LISTENS):
            headers.append((LISTENER, "4 8 j"))
        start_response("200 OK", headers)
        return [b'{"status": "success"}']


def request(**more: Any) -> dict[str, Any]:
    return {
        "REQUEST_METHOD": "POST",
        "PATH_INFO": "/eden/sync/listen.json",
        "QUERY_STRING": "repository=x",
        "REMOTE_ADDR": "10.0.0.1",
        "wsgi.input": io.BytesIO(),
        **more,
    }


def test_whoever_may_listen_waits_until_the_application_tells_of_a_change() -> None:
    application = Application()
    front = Front(application)
    front.listeners = Listeners(front._look, 1, every=3600.0)
    found = front.listen(request())
    assert isinstance(found, Listener) and found.begun == (4, 8, "j")
    told: list[Answer] = []
    found.when_over(told.append)
    front.listeners.look()
    assert application.seen[-1][LOOKS] == "8 4" and "HTTP_AUTHORIZATION" not in application.seen[-1]
    assert json.loads(told[0].body) == {**OK, "heard": "j.9", "changed": True}
    said: list[Any] = []
    body = b"".join(front(request(**{ANSWER: told[0]}), lambda *head: said.extend(head)))
    assert (said[0], body) == ("200 OK", told[0].body)


def test_whoever_has_something_already_or_finds_no_place_is_answered() -> None:
    application = Application()
    front = Front(application)
    front.listeners.most = 0
    full = front.listen(request())
    assert isinstance(full, Answer) and json.loads(full.body)["again"] == LISTEN_AGAIN
    application.listens = False
    told = front.listen(request())
    assert isinstance(told, Answer) and told.body == b'{"status": "success"}'
    assert isinstance(front.listen(request(REQUEST_METHOD="FOO")), Answer) and len(application.seen) == 2


@pytest.mark.parametrize(
    ("method", "path", "may"),
    [
        ("POST", "/eden/sync/listen.json", True),
        ("GET", "/eden/sync/listen.json", False),
        ("POST", "/eden/sync/news.json", False),
        ("POST", "/other/sync/listen.json", False),
    ],
)
def test_which_requests_may_wait(method: str, path: str, may: bool) -> None:
    assert Front(Application()).may_listen(method, path) is may


def test_below_a_prefix_they_may_as_well() -> None:
    application = Application()
    front = Front(application, "eden", "https://example.org/relief")
    path = "/relief/eden/sync/listen.json"
    assert front.may_listen("POST", path)
    assert isinstance(front.listen(request(PATH_INFO=path)), Listener)
    assert application.seen[0]["PATH_INFO"] == "/eden/sync/listen.json"
