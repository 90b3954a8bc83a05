"""A server of databases is started again and again: everybody is told to come back, and there is no report of it."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.chaos.backends import database_at, end_connections
from tests.support.databases import POSTGRES_URI
from tests.support.places import CHECKOUT
from tests.support.ports import free_port
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = [pytest.mark.integration, pytest.mark.database]

#: Seconds for which connections are ended, and clients that ask meanwhile.
SECONDS, CLIENTS = 12.0, 4
ASKED = (
    "/org/organisation",
    "/org/organisation/create",
    "/org/organisation.xml",
    "/sync/sync.xml?resource=org_organisation&repository=urn:unknown",
    "/sync/offer.json",
    "/default/index",
)


@pytest.fixture
def database() -> Iterator[str]:
    with database_at(POSTGRES_URI, f"eden_ended_{os.getpid()}") as uri:
        if not uri:
            pytest.skip(f"no PostgreSQL at {POSTGRES_URI}")
        yield uri


@pytest.fixture
def site(tmp_path: Path, database: str) -> Iterator[WebSite]:
    home = tmp_path / "site"
    options = ["--admin-email", EMAIL, "--admin-password", PASSWORD, "--database", database, "--exit"]
    subprocess.run(
        [str(CHECKOUT / "run"), "--instance", str(home), *options],
        env={**os.environ, "EDEN_PYTHON": sys.executable},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=True,
        timeout=180,
    )
    running = WebSite(home, free_port())
    running.start()
    yield running
    running.stop()


class Client(threading.Thread):
    """Somebody who reads and writes as fast as the site answers."""

    def __init__(self, site: WebSite, number: int, until: float) -> None:
        super().__init__(daemon=True)
        self.told: Counter[int] = Counter()
        self.odd: list[str] = []
        self._site, self._until = site, until
        self._random = random.Random(number)
        self._line = requests.Session()
        self._line.trust_env = False
        self._line.auth = (EMAIL, PASSWORD)

    def run(self) -> None:
        """Ask until the time is up."""
        while time.monotonic() < self._until:
            answer = self._post() if self._random.random() < 0.4 else self._get()
            self.told[answer.status_code] += 1
            if answer.status_code not in (200, 503):
                self.odd.append(f"{answer.url}: {answer.status_code} {answer.text[:300]}")
            if answer.status_code == 503:
                assert int(answer.headers["Retry-After"]) > 0

    def _get(self) -> requests.Response:
        return self._line.get(self._site.url + self._random.choice(ASKED), timeout=60)

    def _post(self) -> requests.Response:
        uuid = f"urn:uuid:{self._random.randrange(20)}"
        record = (
            f'<resource name="org_organisation" uuid="{uuid}"><data field="name">{uuid}</data></resource>'
        )
        return self._line.post(
            f"{self._site.url}/org/organisation.xml", data=f"<s3xml>{record}</s3xml>", timeout=60
        )


def test_who_asks_while_connections_end_is_told_to_come_back(site: WebSite, database: str) -> None:
    until = time.monotonic() + SECONDS
    clients = [Client(site, number, until) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    ended, pauses = 0, random.Random(1)
    while time.monotonic() < until:
        time.sleep(pauses.random() * 0.2)
        ended += end_connections(database)
    for client in clients:
        client.join(90)
    told: Counter[int] = sum((client.told for client in clients), Counter())
    assert ended > 20 and told[200] > 20 and told[503] > 0, (ended, told)
    assert [each for client in clients for each in client.odd] == []
    assert site.tickets() == []
