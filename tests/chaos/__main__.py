"""Lay a bad line between real sites, kill their processes while they are edited, then compare everything.

    python -m tests.chaos --minutes 10

Rounds of a storm and of quiet after it follow each other until the time is up. Prints what was done in each round, what
was found, and how long it took until all were equal; the exit status is 1 if anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Thread
from typing import Any

from s3sync.core.atomic_write import SETTLED
from s3sync.core.limits import READ_TIMEOUT

from .editing import Ledger, LocalEditor, RestEditor, Runner
from .sites import ChaosSite, wait_until_all_answer
from .storm import BadLine, blow
from .verdict import (
    MOST,
    broken_promises,
    differences,
    leftovers,
    states,
    tickets,
    untrue_words,
    waiting,
)

TOGETHER = 5
#: Seconds of a storm, and how long sites may take to be equal after it: a run may wait for an answer that never comes.
STORM, PATIENCE = 40.0, READ_TIMEOUT + 60.0


class Chaos:
    """Sites with bad lines between them: one hub, and spokes that begin the exchange.

    Args:
        folder: where everything is made.
        spokes: how many sites begin.
        seed: decides what is killed, and what happens on the lines.
        uri: database of the hub, SQLite where it is empty.
    """

    def __init__(self, folder: Path, spokes: int, seed: int, uri: str = "") -> None:
        self.counts: "Counter[str]" = Counter()
        self.ledger = Ledger()
        self._random = random.Random(seed)
        self._seed = seed
        self.hub = ChaosSite("H", folder / "H", uri)
        self.spokes = [ChaosSite(name, folder / name) for name in "ABCDEF"[:spokes]]
        self.sites = [self.hub, *self.spokes]
        self.lines = [
            BadLine(("127.0.0.1", self.hub.port), f"{seed} {site.name}", self.counts) for site in self.spokes
        ]
        self.quiet_after: list[float] = []

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """Make all sites and connect them; stop them at the end."""
        with contextlib.ExitStack() as stack:
            for site in self.sites:
                site.prepare()
            for site in self.sites:
                stack.callback(site.stop)
                site.start()
            wait_until_all_answer(self.sites)
            self.hub.ask("begin", str(TOGETHER))
            for site, line in zip(self.spokes, self.lines):
                stack.enter_context(line.proxy)
                site.connect(self.hub, f"http://127.0.0.1:{line.proxy.port}/eden")
            yield

    def round(self, number: int, seconds: float) -> list[str]:
        """Let a storm blow, wait until it is quiet, and return what is wrong then."""
        until = time.monotonic() + seconds
        for line in self.lines:
            line.is_bad = True
        threads: list[Thread] = [RestEditor(site, self.ledger, number, until) for site in self.sites]
        threads += [LocalEditor(number, site, self.ledger, until) for site in self.sites]
        threads += [Runner(site, self.ledger, until) for site in self.spokes]
        for thread in threads:
            thread.start()
        blow(self.sites, self.lines, until, self._random, self.counts)
        for line in self.lines:
            line.is_bad = False
        for thread in threads:
            thread.join(90)
        return self._settle()

    def _settle(self) -> list[str]:
        """Wait until all sites are equal; return what is wrong then, or after the longest wait."""
        began = time.monotonic()
        told = self._told()
        lies: list[str] = []
        while True:
            earlier, told = told, self._told()
            lies += untrue_words(self.sites, earlier, told)
            problems = differences(self.sites, told) + waiting(self.sites, told)
            took = time.monotonic() - began
            if not problems:
                self.quiet_after.append(took)
                return lies + broken_promises(self.ledger, told[0])
            if took > PATIENCE:
                return lies + problems
            tell_progress(took, problems, self.sites, told)

    def _told(self) -> list[dict[str, Any]]:
        """Return what all sites tell, after a pause."""
        time.sleep(2)
        for site in self.sites:
            site.start_again_if_it_died()
        with contextlib.suppress(TimeoutError):
            wait_until_all_answer(self.sites)
        return states(self.sites)

    def left(self) -> list[str]:
        """Stop all sites, tidy them up as they do every day, and return what is left lying about."""
        for site in self.sites:
            site.stop()
        # What a killed process left may be somebody's for a while.
        time.sleep(SETTLED + 1)
        for site in self.sites:
            site.ask("tidy")
            self.counts["tickets"] += len(tickets(site))
        return [
            each for site, state in zip(self.sites, states(self.sites)) for each in leftovers(site, state)
        ]


def run(options: argparse.Namespace, folder: Path) -> int:
    """Run rounds until the time is up; return the exit status."""
    ends = time.monotonic() + options.minutes * 60
    chaos = Chaos(folder, options.spokes, options.seed, options.database)
    problems: list[str] = []
    rounds = 0
    with chaos.running():
        while not problems and (rounds == 0 or time.monotonic() + STORM < ends):
            rounds += 1
            problems = chaos.round(rounds, STORM)
            tell(f"round {rounds}", problems, chaos)
        problems += chaos.left()
    tell("at the end", problems, chaos)
    longest = max(chaos.quiet_after, default=0.0)
    print(f"{rounds} rounds, quiet after {longest:.0f} s at most, {len(problems)} problems")
    return 1 if problems else 0


def tell_progress(
    took: float, problems: Sequence[str], sites: Sequence[ChaosSite], told: Sequence[dict[str, Any]]
) -> None:
    """Print what is still waited for."""
    print(f"  after {took:.0f} s of quiet {len(problems)} are left, the first: {problems[0]}")
    for site, state in zip(sites, told):
        for name, run in state["runs"].items():
            print(f"    {site.name} says of {name}: {' '.join(state['says'][name])}; run: {run}", flush=True)


def tell(when: str, problems: Sequence[str], chaos: Chaos) -> None:
    """Print what was done so far and what is wrong."""
    counts: dict[str, Any] = dict(sorted((chaos.counts + chaos.ledger.counts).items()))
    counts["quiet after"] = [round(each, 1) for each in chaos.quiet_after]
    print(f"{when}: {json.dumps(counts)}", flush=True)
    for problem in problems[:MOST]:
        print(f"  {problem}", flush=True)
    if len(problems) > MOST:
        print(f"  and {len(problems) - MOST} more", flush=True)


def main(arguments: "list[str] | None" = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__.splitlines()[0])
    parser.add_argument(
        "--minutes", type=float, default=10, help="how long (default: 10; one round at least)"
    )
    parser.add_argument("--spokes", type=int, default=2, help="sites that begin the exchange (default: 2)")
    parser.add_argument("--seed", type=int, default=0, help="decides what is killed and when (default: 0)")
    parser.add_argument("--database", default="", help="an empty database for the hub (default: SQLite)")
    parser.add_argument(
        "--folder", type=Path, help="keep everything there (default: a folder that is removed)"
    )
    options = parser.parse_args(arguments)
    if options.folder is not None:
        return run(options, options.folder.resolve())
    with tempfile.TemporaryDirectory(prefix="eden-chaos-") as folder:
        return run(options, Path(folder))


if __name__ == "__main__":
    sys.exit(main())
