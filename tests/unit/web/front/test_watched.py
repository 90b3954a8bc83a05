"""The addresses for monitoring, in front of an application that may fail."""

from __future__ import annotations

import io
import json
from typing import Any

import pytest

from s3sync.web.front.application import Front
from s3sync.web.front.turns import Turn
from s3sync.web.front.watched import FRESH, FRESH_AFTER_FAILURE, Watched, watched_function

WELL = ("200 OK", "application/json", b'{"alive": true, "database": true}')
NO_DATABASE = ("503 SERVICE UNAVAILABLE", "text/plain", b"The database does not answer.")
TICKET = ("500 INTERNAL SERVER ERROR", "text/html", b"ticket")


class Site:
    """An application that answers as it is told."""

    def __init__(self) -> None:
        self.now = 0.0
        self.says = WELL
        self.seen: list[dict[str, Any]] = []

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.seen.append(environ)
        status, kind, body = self.says
        start_response(status, [("Content-Type", kind), ("Set-Cookie", "x=1"), ("Content-Length", "999")])
        return [body]


@pytest.fixture
def site() -> Site:
    return Site()


def environ(path: str, **more: Any) -> dict[str, Any]:
    return {"REQUEST_METHOD": "GET", "PATH_INFO": path, "wsgi.input": io.BytesIO(), **more}


@pytest.mark.parametrize(
    ("path", "function"),
    [
        ("/health", "health"),
        ("/metrics/", "metrics"),
        ("/eden/sync/health", "health"),
        ("/eden/sync/metrics", "metrics"),
        ("/eden/health", None),
        ("/eden/sync/index", None),
        ("/sync", None),
        ("/eden/sync/metrics/1", None),
        ("", None),
    ],
)
def test_addresses_for_monitoring(path: str, function: str | None) -> None:
    assert watched_function(path) == function


def test_the_application_answers_without_cookie_body_or_range(site: Site) -> None:
    seen: list[Any] = []
    front = Front(site, "relief")
    body = front(
        environ("/metrics", HTTP_COOKIE="a=b", HTTP_RANGE="bytes=1-", HTTP_AUTHORIZATION="Bearer k"),
        lambda *head: seen.extend(head),
    )
    assert b"".join(body) == WELL[2] and seen[0] == "200 OK"
    assert dict(seen[1]) == {"Content-Type": "application/json", "Content-Length": str(len(WELL[2]))}
    (asked,) = site.seen
    assert asked["PATH_INFO"] == "/relief/sync/metrics" and asked["HTTP_AUTHORIZATION"] == "Bearer k"
    assert "HTTP_COOKIE" not in asked and "HTTP_RANGE" not in asked


def test_whoever_asks_often_costs_nothing(site: Site) -> None:
    watched = Watched(site, "eden", lambda: site.now)
    for _ in range(3):
        assert watched.answer(environ("/health"), "health").body == WELL[2]
    assert len(site.seen) == 1
    site.now += FRESH
    watched.answer(environ("/health"), "health")
    assert len(site.seen) == 2
    watched.answer(environ("/metrics"), "metrics")
    watched.answer(environ("/metrics"), "metrics")
    assert len(site.seen) == 4, "figures depend on who asks"


@pytest.mark.parametrize("says", [NO_DATABASE, TICKET])
def test_an_application_that_fails_is_told_as_such_and_left_alone_for_a_while(site: Site, says: Any) -> None:
    site.says = says
    watched = Watched(site, "eden", lambda: site.now)
    found = watched.answer(environ("/health"), "health")
    assert found.status.startswith("503")
    assert json.loads(found.body) == {
        "alive": True, "database": False, "workers": None, "oldest_waiting_seconds": None
    }  # fmt: skip
    site.now += FRESH_AFTER_FAILURE - 1
    site.says = WELL
    assert watched.answer(environ("/health"), "health") == found
    site.now += 1
    assert watched.answer(environ("/health"), "health").body == WELL[2]


def test_a_site_without_a_worker_is_told_as_the_application_does(site: Site) -> None:
    site.says = ("503 SERVICE UNAVAILABLE", "application/json", b'{"workers": 0}')
    assert Watched(site, "eden").answer(environ("/health"), "health").body == b'{"workers": 0}'


def test_figures_of_a_site_that_fails_are_no_page_with_a_report(site: Site) -> None:
    site.says = TICKET
    found = Watched(site, "eden").answer(environ("/metrics"), "metrics")
    assert found.status.startswith("503") and b"ticket" not in found.body


def test_a_crowd_of_people_keeps_monitoring_from_nothing(site: Site) -> None:
    front = Front(site)
    taken = []
    while isinstance(turn := front.turn(environ("/eden/default/index")), Turn):
        taken.append(turn)
    assert isinstance(front.turn(environ("/health")), Turn)
