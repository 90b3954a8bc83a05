"""A site whose database somebody else has locked: other sites are told soon, in words that they understand."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.peer import organisation, s3xml
from tests.support.rest import REGISTER, REGISTERED, SYNC, Line, answering_site, refused
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration

#: Seconds within which busy answers come; the lock lasts longer than anybody waits.
SOON = 10


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with answering_site(tmp_path_factory.mktemp("locked") / "site") as running:
        yield running


@pytest.fixture()
def locked(site: WebSite) -> Iterator[None]:
    database: Path = site.folder / "applications" / "eden" / "databases" / "storage.sqlite"
    connection = sqlite3.connect(database, isolation_level=None)
    connection.execute("BEGIN IMMEDIATE")
    yield
    connection.execute("ROLLBACK")
    connection.close()


@pytest.mark.parametrize(
    ("method", "url", "body"),
    [
        ("POST", f"{SYNC}?resource=org_organisation&repository={REGISTERED}", s3xml(organisation(1))),
        ("POST", REGISTER, b'{"uuid": "urn:stranger", "name": "New"}'),
        ("POST", "/org/organisation.xml", s3xml(organisation(2))),
    ],
)
def test_who_wants_to_write_is_told_to_come_back(
    site: WebSite, locked: None, method: str, url: str, body: bytes
) -> None:
    before = site.tickets()
    with Line(site) as line:
        answer = line.request(method, url, data=body, timeout=SOON)
    told = refused(answer, 503)
    assert (told["error"], told["transient"]) == ("store_busy", True)
    assert int(answer.headers["Retry-After"]) > 0 and site.tickets() == before


def test_who_only_asks_is_answered(site: WebSite, locked: None) -> None:
    with Line(site) as line:
        assert line.request("GET", f"{SYNC}?resource=org_organisation", timeout=SOON).status_code == 200


def test_afterwards_everything_goes_on(site: WebSite) -> None:
    with Line(site) as line:
        assert line.request("POST", REGISTER, data=b'{"uuid": "urn:stranger"}').status_code == 200
