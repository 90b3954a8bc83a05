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
from concurrent.futures import ProcessPoolExecutor

from tests.simulation.history import History, make_history, shrink
from tests.simulation.world import World

Failure = tuple[int, list[str], list[str]]


def run_seeds(
    first: int, count: int, stop_at: int = 1, hand_over: bool = False
) -> tuple[dict[str, int], list[Failure]]:
    """Run the histories of consecutive seeds.

    Args:
        first: the first seed.
        count: how many.
        stop_at: give up after so many failures.
        hand_over: as in ``make_history``.

    Returns:
        what happened, by kind; and (seed, problems, smallest failing history) of each failure.
    """
    # Faults are what this is about; each would be a line.
    logging.getLogger("eden.sync").setLevel(logging.CRITICAL)
    world = World()
    failures: list[Failure] = []
    try:
        for seed in range(first, first + count):
            history = make_history(seed, hand_over=hand_over)
            problems = world.run(history)
            if problems:

                def fails(smaller: History) -> bool:
                    return bool(world.run(smaller))

                smallest = shrink(history, fails)
                told = [f"{smallest.sites} sites, {smallest.topology}, clocks {smallest.skews}"]
                told += [str(operation) for operation in smallest.operations]
                failures.append((seed, world.run(smallest), told))
                if len(failures) >= stop_at:
                    break
        return dict(world.happened), failures
    finally:
        world.close()


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__.splitlines()[0])
    parser.add_argument("--histories", type=int, default=1000, help="how many (default: 1000)")
    parser.add_argument("--seed", type=int, default=0, help="the first seed (default: 0)")
    parser.add_argument("--processes", type=int, default=1, help="how many at the same time (default: 1)")
    parser.add_argument("--failures", type=int, default=1, help="stop after so many (default: 1)")
    parser.add_argument("--hand-over", action="store_true", help="let unique values change hands as well")
    options = parser.parse_args(arguments)
    began = time.monotonic()
    happened: "Counter[str]" = Counter()
    failures: list[Failure] = []
    share = min(500, max(1, options.histories // options.processes))
    with ProcessPoolExecutor(options.processes) as pool:
        jobs = [
            pool.submit(
                run_seeds,
                start,
                min(share, options.seed + options.histories - start),
                options.failures,
                options.hand_over,
            )
            for start in range(options.seed, options.seed + options.histories, share)
        ]
        for job in jobs:
            counts, failed = job.result()
            happened.update(counts)
            failures += failed
            if len(failures) >= options.failures:
                pool.shutdown(cancel_futures=True)
                break
    for seed, problems, smallest in failures:
        print(f"seed {seed} fails:", *problems, "The smallest history that fails:", *smallest, sep="\n  ")
    print(json.dumps(dict(sorted(happened.items()))))
    print(f"{happened['histories']} histories in {time.monotonic() - began:.0f} s, {len(failures)} failed")
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
