"""200 sites that pull for minutes: what is served and refused, who waits longest, and how a person fares meanwhile."""

from __future__ import annotations

import contextlib
import os
import selectors
import socket
from collections import defaultdict
from collections.abc import Callable, Iterator
from typing import NamedTuple

from launcher.places import CHECKOUT
from launcher.processes import Service

from .load import Answered, Crowd, Told, percentile, replace_server
from .sites import PYTHON, Site
from .table import Row

CLIENTS = 200
#: Seconds without a turn after which a site counts as starved.
STARVED = 120.0
#: Seconds in which the server that does nothing is asked.
FLOOR_SECONDS = 15.0
_REFUSAL = (
    b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 7\r\nContent-Length: 2\r\nConnection: close\r\n\r\n{}"
)
Tell = Callable[[Row], None]


class Shares(NamedTuple):
    """What each of the sites had of it.

    Attributes:
        never: how many were never served.
        longest: seconds of the longest time without being served, the beginning and the end included.
    """

    never: int
    longest: float


def shares(answers: list[Answered], clients: int, took: float) -> Shares:
    """Return what each site had.

    Args:
        answers: what they were told, with the seconds since the beginning.
        clients: how many there are.
        took: seconds of all of it.
    """
    served: dict[int, list[float]] = defaultdict(lambda: [0.0])
    for each in sorted(answers, key=lambda answer: answer.at):
        if each.status == 200:
            served[each.client].append(each.at)
    gaps = [later - at for times in served.values() for at, later in zip(times, [*times[1:], took])]
    never = clients - len(served)
    return Shares(never, max([*gaps, took if never else 0.0]))


def measure_crowd(site: Site, tell: Tell, seconds: float) -> None:
    """Measure a crowd at the web server of ``./run``, or at gunicorn where there is a database server.

    Args:
        site: the site, with records.
        tell: is called with each row.
        seconds: how long they ask.
    """
    crowd = Crowd(site, CLIENTS)
    crowd.find_the_end()
    name = "crowd"
    if not site.configuration.database.startswith("sqlite"):
        name = "crowd, gunicorn"
        replace_server(site, gunicorn(site))
    peers, people = crowd.run(crowd.page, CLIENTS, seconds, person=True)
    _tell(tell, name, peers, people, _floor(crowd))


def gunicorn(site: Site) -> Service:
    """Return gunicorn as ``deploy/gunicorn.conf.py`` has it."""
    configuration = site.configuration
    address = f"{configuration.host}:{configuration.port}"
    os.environ["EDEN_HOME"] = str(site.home)
    config = str(CHECKOUT / "deploy" / "gunicorn.conf.py")
    command = [str(PYTHON), "-m", "gunicorn", "--config", config, "-b", address]
    return Service("gunicorn", command, site.home, site.home / "logs" / "gunicorn.log")


def _floor(crowd: Crowd) -> Told:
    """Ask a server that refuses everybody and does nothing else, as the crowd asked: what client and machine need."""
    with refuser() as port:
        told, _ = crowd.elsewhere(port).run(crowd.page, CLIENTS, FLOOR_SECONDS)
    return told


@contextlib.contextmanager
def refuser() -> Iterator[int]:
    """Run a process that answers each connection with the same 503; give its port."""
    with socket.create_server(("127.0.0.1", 0), backlog=1024) as listening:
        port = int(listening.getsockname()[1])
        child = os.fork()
        if not child:
            _refuse(listening)
    try:
        yield port
    finally:
        os.kill(child, 9)
        os.waitpid(child, 0)


def _refuse(listening: socket.socket) -> None:
    chosen = selectors.DefaultSelector()
    listening.setblocking(False)
    chosen.register(listening, selectors.EVENT_READ)
    while True:
        for key, _ in chosen.select():
            if key.fileobj is listening:
                with contextlib.suppress(BlockingIOError):
                    while True:
                        chosen.register(listening.accept()[0], selectors.EVENT_READ)
                continue
            client = key.fileobj
            assert isinstance(client, socket.socket)
            with client, contextlib.suppress(OSError):
                chosen.unregister(client)
                if client.recv(65536):
                    client.sendall(_REFUSAL)


def _tell(tell: Tell, name: str, peers: Told, people: Told, floor: Told) -> None:
    served, refused = peers.seconds(served=True), peers.seconds(served=False)
    waited = sorted(each.seconds for each in people.answers)
    share = shares(peers.answers, CLIENTS, peers.took)
    none = sum(1 for each in peers.answers if each.status not in (200, 503))
    tell(Row(f"{name}: served", len(served) / peers.took, "requests/s"))
    tell(Row(f"{name}: served, half within", percentile(served, 0.5), "s"))
    tell(Row(f"{name}: served, 99% within", percentile(served, 0.99), "s", None, 5.0, False))
    tell(Row(f"{name}: refused", len(refused) / peers.took, "requests/s"))
    tell(Row(f"{name}: refused, half within", percentile(refused, 0.5), "s"))
    bare = floor.seconds(served=False)
    tell(
        Row(
            f"{name}: refused, 99% within", percentile(refused, 0.99), "s", percentile(bare, 0.99), 0.1, False
        )
    )
    tell(Row(f"{name}: neither served nor told to come again", none, "", None, 0.0, False))
    tell(Row(f"{name}: sites never served", share.never, "", None, 0.0, False))
    tell(Row(f"{name}: longest time of a site without a turn", share.longest, "s", None, STARVED, False))
    tell(Row(f"{name}: a person's page, half within", percentile(waited, 0.5), "s"))
    tell(Row(f"{name}: a person's page, 99% within", percentile(waited, 0.99), "s", None, 1.0, False))
