"""What stays in a process that serves is not looked at again, and what a request leaves is still found."""

from __future__ import annotations

import gc
import weakref
from collections.abc import Iterator

import pytest

from launcher.web.garbage import ALL, NEVER, NEW, SEEN_ONCE, WARM, Garbage


class Circle:
    """Refers to itself: only a look for garbage frees it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def restored() -> Iterator[None]:
    """Let the process of the tests be as it was."""
    thresholds = gc.get_threshold()
    yield
    gc.unfreeze()
    gc.set_threshold(*thresholds)


def after(garbage: Garbage, requests: int) -> int:
    """Return how many objects are left out of all looks after so many requests."""
    for _ in range(requests):
        garbage.count()
    garbage.look()
    return gc.get_freeze_count()


def test_what_stays_is_left_out_once_enough_requests_came() -> None:
    garbage = Garbage()
    assert after(garbage, int(WARM) - 1) == 0 and gc.get_threshold() != (NEW, SEEN_ONCE, ALL)
    frozen = after(garbage, 1)
    assert frozen > 10_000 and gc.get_threshold() == (NEW, SEEN_ONCE, ALL)


def test_it_is_done_once() -> None:
    garbage = Garbage()
    frozen = after(garbage, int(WARM))
    kept = [Circle() for _ in range(1000)]
    # What went meanwhile is no longer counted.
    assert after(garbage, 10 * int(WARM)) <= frozen and len(kept) == 1000


def test_what_was_garbage_before_is_freed_and_not_kept_for_good() -> None:
    circle = weakref.ref(Circle())
    after(Garbage(), int(WARM))
    assert circle() is None


def test_what_a_request_leaves_is_found_without_asking() -> None:
    after(Garbage(), int(WARM))
    circle = weakref.ref(Circle())
    kept = [[each] for each in range(NEW * SEEN_ONCE * 3)]
    assert circle() is None and kept


def test_a_process_that_does_other_things_too_leaves_nothing_out() -> None:
    thresholds = gc.get_threshold()
    assert after(Garbage(NEVER), 1000) == 0 and gc.get_threshold() == thresholds
