"""Run many histories: ``python -m tests.simulation --histories 1000000``.

Prints what happened in all of them, and for a failing one its seed and the smallest history that still fails.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.features import CONVERGING, FEATURES, never_happened
from tests.simulation.history import History, described, make_history, shrink
from tests.simulation.trace import Trace
from tests.simulation.world import World

Failure = tuple[int, list[str], list[str]]
#: Histories in a row that one process runs at a time, with sites that are made once for them.
SHARE = 100
#: So many histories have everything in them.
MANY = 200


def run_seeds(
    first: int, count: int, stop_at: int = 1, features: Sequence[str] = (), together: bool = False
) -> tuple[dict[str, int], list[Failure]]:
    """Run the histories of consecutive seeds.

    Args:
        first: the first seed.
        count: how many.
        stop_at: give up after so many failures.
        features, together: as in ``make_history``.

    Returns:
        what happened, by kind; and (seed, problems, smallest failing history) of each failure.
    """
    # Faults are what this is about; each would be a line.
    logging.getLogger("eden.sync").setLevel(logging.CRITICAL)
    world = World()
    failures: list[Failure] = []
    try:
        for seed in range(first, first + count):
            history = make_history(seed, features, together)
            if not world.run(history):
                continue
            smallest = shrink(history, lambda smaller: bool(world.run(smaller)))
            failures.append((seed, world.run(smallest), described(smallest)))
            if len(failures) >= stop_at:
                break
        return dict(world.happened), failures
    finally:
        world.close()


def chosen(text: str) -> list[str]:
    """Return the features that are named, with commas between them."""
    names = list(CONVERGING) if text == "all" else [name.strip() for name in text.split(",") if name.strip()]
    unknown = sorted({*names} - {*FEATURES})
    if unknown:
        raise argparse.ArgumentTypeError(f"no such feature: {', '.join(unknown)}")
    return names


def trace(history: History, records: Sequence[tuple[str, str]]) -> int:
    """Print what becomes of records in a history."""
    logging.getLogger("eden.sync").setLevel(logging.CRITICAL)
    world = World()
    try:
        if world.run(history):
            history = shrink(history, lambda smaller: bool(world.run(smaller)))
        print(*described(history), sep="\n")
        problems = Trace(world, records).run(history)
        print(*problems, sep="\n")
        return 1 if problems else 0
    finally:
        world.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--processes", type=int, default=1, help="how many at the same time (default: 1)")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many (default: 1)")
    parser.add_argument(
        "--features",
        type=chosen,
        default=[],
        help=f"what else may happen, with commas between them, or all that converge: {', '.join(FEATURES)}",
    )
    parser.add_argument(
        "--together",
        action="store_true",
        help="let each history have all of these features, not some of them",
    )
    parser.add_argument(
        "--trace",
        type=lambda text: tuple(text.split(":", 1)),
        action="append",
        metavar="TABLE:UUID",
        help="print what becomes of this record in the history of the first seed, made as small as it fails",
    )
    options = parser.parse_args(arguments)
    if options.trace:
        return trace(make_history(options.seed, options.features, options.together), options.trace)
    began = time.monotonic()
    happened: "Counter[str]" = Counter()
    failures: list[Failure] = []
    share = min(SHARE, max(1, options.histories // options.processes))
    with ProcessPoolExecutor(options.processes) as pool:
        jobs = [
            pool.submit(
                run_seeds,
                start,
                min(share, options.seed + options.histories - start),
                options.failures,
                options.features,
                options.together,
            )
            for start in range(options.seed, options.seed + options.histories, share)
        ]
        for job in jobs:
            counts, failed = job.result()
            happened.update(counts)
            failures += failed
            for seed, problems, smallest in failed:
                print(
                    f"seed {seed} fails:",
                    *problems,
                    "The smallest history that fails:",
                    *smallest,
                    sep="\n  ",
                )
            if len(failures) >= options.failures:
                pool.shutdown(cancel_futures=True)
                break
    print(json.dumps(dict(sorted(happened.items()))))
    print(f"{happened['histories']} histories in {time.monotonic() - began:.0f} s, {len(failures)} failed")
    never = never_happened(happened, options.features) if options.histories >= MANY else []
    if never:
        print("They say nothing about what never happened in them:", ", ".join(never))
    return 1 if failures or never else 0


if __name__ == "__main__":
    sys.exit(main())
