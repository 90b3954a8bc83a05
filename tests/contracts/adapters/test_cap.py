"""The contract of repository types, of a source of public alerts."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from s3sync.adapters.base import Adapter
from s3sync.adapters.cap import AlertsAdapter
from s3sync.adapters.testing import AdapterContract, SimulatedPeer
from s3sync.exchange.peer import Asking, Exchange, PullResult
from s3sync.wire.alerts.cap import key_of, moment
from s3sync.wire.alerts.incident import TABLE, uuid_of
from tests.support.alerts import SENDER, SENT, AlertServer, alert, alert_server, info, rss


class AlertPeer(SimulatedPeer):
    """A feed with an alert for each organisation that a test gives."""

    def __init__(self, server: AlertServer) -> None:
        self.server, self.links = server, list[str]()
        self.settings = {"url": f"{server.url}/feed"}
        server.pages["/feed"] = rss()

    def give(self, resource: str, document: bytes) -> None:
        given = re.findall(r' uuid="(.+?)"', document.decode())
        if not given or not document.endswith(b"</s3xml>"):
            self.server.pages["/feed"] = document
            return
        for each in given:
            self.links.append(f"/{len(self.links)}.xml")
            self.server.pages[self.links[-1]] = alert(each, info(each))
        self.server.pages["/feed"] = rss(*reversed(self.links))

    def received(self, resource: str) -> list[bytes]:
        return []

    def fail(self) -> None:
        self.server.pages["/feed"] = (500, "Internal error")


class TestAlerts(AdapterContract):
    kind = AlertsAdapter

    @pytest.fixture()
    def peer(self) -> Iterator[SimulatedPeer]:
        with alert_server() as server:
            yield AlertPeer(server)

    @staticmethod
    def pull(adapter: Adapter, cursor: str = "", look: bool = False) -> PullResult:
        """Pull incidents, which is all that there is."""
        return adapter.pull(Exchange(TABLE), Asking(cursor, limit=100, look=look))

    def pull_all(self, connect: Callable[[], Adapter], cursor: str = "") -> tuple[list[str], str]:
        """Pull until there is no more; return by which identifiers the alerts were given."""
        found, last = super().pull_all(connect, cursor)
        numbers = [f"urn:uuid:00000000-0000-4000-8000-{number:012d}" for number in range(10)]
        given = {uuid_of(key_of(SENDER, each, moment(SENT, "sent"))): each for each in numbers}
        return [given[each] for each in found], last
