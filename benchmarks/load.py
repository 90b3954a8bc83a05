"""Many clients at once: what is served, what is refused, and how long a person waits meanwhile."""

from __future__ import annotations

import asyncio
import base64
import copy
import gzip
import random
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import quote, urlsplit
from uuid import uuid4

import requests

from launcher.preparation import web2py_command
from launcher.processes import Service
from launcher.supervisor import wait_for_answer

from .sites import ADMINISTRATOR, PYTHON, Site, peak_memory, reset_peak_memory
from .table import Row

PAGE = 2000
LOGIN = "/default/user/login"
#: Seconds between two looks of a person, and after which a client gives up.
LOOK, GIVE_UP = 0.5, 120.0
CLIENTS = (1, 20, 200)
#: How packed content begins.
GZIP = b"\x1f\x8b"
Tell = Callable[[Row], None]


class Answered(NamedTuple):
    """One request: who asked, its status (0: none came), the seconds until the answer was there, and when that was."""

    client: int
    status: int
    seconds: float
    at: float


@dataclass
class Told:
    """What a number of clients were told."""

    answers: list[Answered] = field(default_factory=list)
    took: float = 0.0
    began: float = field(default_factory=time.monotonic)

    def seconds(self, served: bool) -> list[float]:
        return sorted(each.seconds for each in self.answers if (each.status == 200) == served)

    def served_clients(self) -> set[int]:
        return {each.client for each in self.answers if each.status == 200}


def percentile(seconds: Sequence[float], share: float) -> float:
    """Return the value below which a share of sorted values lies, 0 of none."""
    return seconds[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else 0.0


class Crowd:
    """Clients of one site, each a repository of its own that keeps to Retry-After.

    Args:
        site: the site.
        count: how many are registered.
    """

    def __init__(self, site: Site, count: int) -> None:
        self._host, self._port = str(urlsplit(site.url).hostname), int(urlsplit(site.url).port or 80)
        self._path = urlsplit(site.url).path
        account = f"{ADMINISTRATOR.email}:{ADMINISTRATOR.password}".encode()
        self._head = f"Host: {self._host}\r\nAuthorization: Basic {base64.b64encode(account).decode()}\r\n"
        self._head += "Accept-Encoding: gzip\r\nConnection: close\r\n"
        self._uuids = [f"urn:uuid:{uuid4()}" for _ in range(count)]
        address, auth = (
            f"{site.url}/sync/repository/register.json",
            (ADMINISTRATOR.email, ADMINISTRATOR.password),
        )
        for uuid in self._uuids:
            requests.post(
                address, auth=auth, json={"uuid": uuid, "name": uuid[-12:]}, timeout=60
            ).raise_for_status()
        self.cursor = ""

    def elsewhere(self, port: int) -> Crowd:
        """Return the same clients, who ask at another port."""
        found = copy.copy(self)
        found._port = port
        return found

    def page(self, client: int) -> str:
        """Return the address of the first page of 2,000 records."""
        return (
            f"/sync/sync.xml?resource=org_organisation&repository={self._uuids[client]}&cursor=&limit={PAGE}"
        )

    def nothing(self, client: int) -> str:
        """Return the address of a pull by a site that has everything."""
        return f"{self.page(client)}".replace("&cursor=", f"&cursor={quote(self.cursor)}")

    def login(self, client: int) -> str:
        """Return the address of the page where people log in."""
        return LOGIN

    def find_the_end(self) -> None:
        """Pull everything once, so that there is a cursor with nothing behind it."""
        while True:
            _, _, packed = asyncio.run(self._ask(self.nothing(0)))
            body = gzip.decompress(packed) if packed[:2] == GZIP else packed
            found = re.search(rb'cursor="([^"]*)"', body[:2000])
            more = b'more="true"' in body[:2000]
            self.cursor = found.group(1).decode() if found else self.cursor
            if not more:
                return

    def run(
        self, ask: Callable[[int], str], clients: int, seconds: float, person: bool = False
    ) -> tuple[Told, Told]:
        """Let clients ask without pause; return what they were told, and what a person at the login page was."""
        return asyncio.run(self._run(ask, clients, seconds, person))

    async def _run(
        self, ask: Callable[[int], str], clients: int, seconds: float, person: bool
    ) -> tuple[Told, Told]:
        peers, people = Told(), Told()
        began = time.monotonic()
        until = began + seconds
        tasks = [self._client(each, ask, until, peers) for each in range(clients)]
        if person:
            tasks.append(self._client(0, self.login, until, people, LOOK))
        await asyncio.gather(*tasks)
        peers.took = time.monotonic() - began
        return peers, people

    async def _client(
        self, client: int, ask: Callable[[int], str], until: float, told: Told, pause: float = 0.0
    ) -> None:
        await asyncio.sleep(random.random() * 0.2)
        while time.monotonic() < until:
            began = time.monotonic()
            try:
                status, retry, _ = await asyncio.wait_for(self._ask(ask(client)), GIVE_UP)
            except (OSError, asyncio.TimeoutError, asyncio.IncompleteReadError):
                status, retry = 0, 1.0
            now = time.monotonic()
            told.answers.append(Answered(client, status, now - began, now - told.began))
            await asyncio.sleep(min(retry or pause, max(0.0, until - time.monotonic())))

    async def _ask(self, path: str) -> tuple[int, float, bytes]:
        reader, writer = await asyncio.open_connection(self._host, self._port)
        try:
            writer.write(f"GET {self._path}{path} HTTP/1.1\r\n{self._head}\r\n".encode())
            head, _, body = (await reader.read(-1)).partition(b"\r\n\r\n")
        finally:
            writer.close()
        if not head:
            raise asyncio.IncompleteReadError(b"", None)
        # Nothing is unpacked: all clients share one thread, and the others would wait for it.
        wait = re.search(rb"(?i)\r\nretry-after: (\d+)", head)
        return int(head.split(b" ", 2)[1]), float(wait.group(1)) if wait else 0.0, body


def measure_load(site: Site, tell: Tell, seconds: float) -> None:
    """Measure the server of ``./run`` and web2py's own beside each other, at a site with records.

    Args:
        site: the site.
        tell: is called with each row.
        seconds: how long each number of clients asks.
    """
    crowd = Crowd(site, max(CLIENTS))
    crowd.find_the_end()
    ours, alternative = site.web, web2pys_own(site)
    kinds = {f"page of {PAGE:,}": crowd.page, "nothing to do": crowd.nothing, "log-in page": crowd.login}
    for what, ask in kinds.items():
        for clients in CLIENTS:
            for name, server in (("", ours), (", web2py's own", alternative)):
                replace_server(site, server)
                peers, people = crowd.run(ask, clients, seconds, person=ask != crowd.login)
                _tell(tell, f"{what}, {clients} clients{name}", peers, people, clients, not name)
                memory = peak_memory(site.web_pid) / 1e6
                tell(Row(f"{what}, {clients} clients{name}: peak memory", memory, "MB"))
    replace_server(site, ours)


def web2pys_own(site: Site) -> Service:
    """Return the web server that ``python web2py.py`` starts."""
    configuration = site.configuration
    options = ["-a", "", "-i", configuration.host, "-p", str(configuration.port), "--no_gui"]
    command = web2py_command(PYTHON, site.home, *options)
    return Service("web2py's own", command, site.home, site.home / "logs" / "rocket.log")


def replace_server(site: Site, server: Service) -> None:
    """Stop the web server of a site and start another one in its place, until it answers."""
    if site.web.is_running():
        site.web.ask_to_stop()
        site.web.wait_until(time.monotonic() + 15)
        site.web.kill_group()
    site.web = server
    server.start()
    wait_for_answer(server, site.url)
    requests.get(f"{site.url}{LOGIN}", timeout=60).raise_for_status()
    reset_peak_memory(site.web_pid)


def _tell(tell: Tell, name: str, peers: Told, people: Told, clients: int, bound: bool) -> None:
    served, refused = peers.seconds(served=True), peers.seconds(served=False)
    many = bound and clients == max(CLIENTS)
    tell(Row(f"{name}: served", len(served) / peers.took, "requests/s"))
    tell(Row(f"{name}: served, half within", percentile(served, 0.5), "s"))
    tell(
        Row(f"{name}: served, 99% within", percentile(served, 0.99), "s", None, 5.0 if many else None, False)
    )
    tell(Row(f"{name}: clients never served", clients - len(peers.served_clients()), ""))
    if refused:
        target = 0.1 if many else None
        tell(Row(f"{name}: refused", len(refused) / peers.took, "requests/s"))
        tell(Row(f"{name}: refused, 99% within", percentile(refused, 0.99), "s", None, target, False))
    if people.answers:
        waited = sorted(each.seconds for each in people.answers)
        target = 1.0 if many else None
        tell(Row(f"{name}: a person's page, 99% within", percentile(waited, 0.99), "s", None, target, False))
