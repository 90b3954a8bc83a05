"""How work grows with its input: the same work for an input and for a multiple of it, whatever the machine.

A test that bounds seconds fails on a busy machine, and says nothing on a fast one.
"""

from __future__ import annotations

import contextlib
import gc
import math
from collections.abc import Iterator
from time import thread_time
from typing import Callable, TypeVar

#: How much larger the large input is. Linear work takes 16 times as long, quadratic work 256 times.
TIMES = 16
#: Half-way between both, as factors count: a processor whose caches are full is four times as slow.
MOST = TIMES**1.5
#: Seconds of this thread that are measured at least, and how often: the best counts.
SHORTEST, ROUNDS = 0.002, 5

Input = TypeVar("Input")


def grows_no_faster_than_its_input(
    work: Callable[[Input], object], make: Callable[[int], Input], size: int
) -> None:
    """Check that work takes time in proportion to its input, or less.

    Args:
        work: does it; is called several times with the same input.
        make: returns the input of a size; takes no part in what is measured.
        size: of the small input. Quadratic work has to show at it, beside what takes always the same time;
            the large input should still fit into the caches of a processor.

    Raises:
        AssertionError: it grows faster, towards the square of its input.
    """
    with _without_garbage_collection():
        small, large = (_seconds(work, make(each)) for each in (size, size * TIMES))
    assert large < small * MOST, f"{TIMES} times the input takes {large / small:.0f} times as long"


def _seconds(work: Callable[[Input], object], data: Input) -> float:
    """Return how long the work takes, without what other threads and processes do."""
    began = thread_time()
    work(data)
    repeated = math.ceil(SHORTEST / max(thread_time() - began, SHORTEST / 10_000))
    best = math.inf
    for _ in range(ROUNDS):
        began = thread_time()
        for _ in range(repeated):
            work(data)
        best = min(best, thread_time() - began)
    return best / repeated


@contextlib.contextmanager
def _without_garbage_collection() -> Iterator[None]:
    """Do not look through everything that earlier tests left in memory."""
    was_enabled = gc.isenabled()
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        if was_enabled:
            gc.enable()
