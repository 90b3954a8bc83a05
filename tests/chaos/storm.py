"""The storm: a line on which everything goes wrong, and processes that are killed."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import time
from collections import Counter
from collections.abc import Sequence

from tests.support.proxy import Fault, FaultProxy

from .backends import end_connections
from .sites import ChaosSite

PORTAL = "<html><head><title>Welcome to the airport</title></head><body>Log in to go on.</body></html>"
KINDS = ("worker", "web", "task", "runner", "supervisor")
#: A killed supervisor takes everything with it.
WEIGHTS = (3, 4, 4, 6, 1)


class BadLine:
    """A line, and what happens to its connections while there is a storm.

    Args:
        target: host and port at its other end.
        seed: decides everything.
        counts: counts the faults.
    """

    def __init__(self, target: "tuple[str, int]", seed: str, counts: "Counter[str]") -> None:
        self.proxy = FaultProxy(target, choose=self._choose)
        self.is_bad = False
        self._random = random.Random(seed)
        self._counts = counts

    def _choose(self) -> "Fault | None":
        """Return the fault of the next connection."""
        self._counts["connections"] += 1
        if not self.is_bad or self._random.random() < 0.5:
            return None
        rnd = self._random
        name, fault = rnd.choice(
            (
                ("refused", Fault(refuse=True)),
                ("delayed", Fault(delay=rnd.uniform(0.5, 4))),
                ("answers cut", Fault(cut_after=rnd.choice((0, 1, 200, 3000)))),
                ("answers lost", Fault(lose_answer=True)),
                ("repeated", Fault(repeat=True)),
                ("late", Fault(late=rnd.uniform(0.5, 8))),
                ("slow", Fault(rate=2000)),
                ("429", Fault(status=429, retry_after=1)),
                ("502", Fault(status=502, page=PORTAL)),
                ("503", Fault(status=503, retry_after=2)),
                ("captive portal", Fault(status=200, page=PORTAL)),
            )
        )
        self._counts[f"line: {name}"] += 1
        return fault

    def break_off(self) -> None:
        """Break what is under way."""
        self._counts["line: broken off"] += self.proxy.break_off()


def kill_something(sites: Sequence[ChaosSite], rnd: random.Random, counts: "Counter[str]") -> None:
    """Kill one process of one site with SIGKILL, or freeze it for a while, or end its database connections."""
    site = rnd.choice(list(sites))
    if site.uri and rnd.random() < 0.3:
        counts["database connections ended"] += end_connections(site.uri)
        return
    kind = rnd.choices(KINDS, WEIGHTS)[0]
    found = site.processes()[kind]
    if not found:
        return
    with contextlib.suppress(ProcessLookupError):
        pid = rnd.choice(found)
        if kind != "supervisor" and rnd.random() < 0.2:
            os.kill(pid, signal.SIGSTOP)
            time.sleep(rnd.uniform(1, 4))
            os.kill(pid, signal.SIGCONT)
            counts[f"frozen: {kind}"] += 1
        else:
            os.kill(pid, signal.SIGKILL)
            counts[f"killed: {kind}"] += 1


def blow(
    sites: Sequence[ChaosSite],
    lines: Sequence[BadLine],
    until: float,
    rnd: random.Random,
    counts: "Counter[str]",
) -> None:
    """Kill and freeze processes and break connections until the time is up; supervisors are started again.

    Args:
        sites: all sites.
        lines: all lines.
        until: when it ends (``time.monotonic``).
        rnd: decides everything.
        counts: counts what was done.
    """
    while time.monotonic() < until:
        time.sleep(min(rnd.uniform(0.5, 3), max(0.0, until - time.monotonic())))
        kill_something(sites, rnd, counts)
        rnd.choice(list(lines)).break_off()
        for site in sites:
            site.start_again_if_it_died()
