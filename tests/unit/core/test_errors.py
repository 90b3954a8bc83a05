"""The tree of errors: what its docstring draws is what the classes are, and what an error knows it declares."""

from __future__ import annotations

import inspect
import re

from s3sync.core import errors as errors
from s3sync.core.errors import PeerBusy, PeerRefused, SyncError
from s3sync.core.task import Activity
from s3sync.exchange.run.failures import Failure, RunFailed


def tree_of(error: type[SyncError], depth: int = 0) -> list[tuple[int, str]]:
    """Return the classes of the module below one, as the docstring draws them: (depth, name)."""
    own = [each for each in error.__subclasses__() if each.__module__ == errors.__name__]
    own.sort(key=lambda each: inspect.getsourcelines(each)[1])
    return [(depth, error.__name__), *(line for each in own for line in tree_of(each, depth + 1))]


def drawn() -> list[tuple[int, str]]:
    lines = re.findall(r"^ {4}((?: {2})*)([A-Z]\w+)$", errors.__doc__ or "", re.MULTILINE)
    return [(len(blanks) // 2, name) for blanks, name in lines]


def test_the_drawn_tree_is_the_tree_of_the_classes() -> None:
    assert drawn() == tree_of(SyncError)


def test_a_busy_peer_that_names_no_time_asks_for_none() -> None:
    assert PeerBusy("later").retry_after is None
    assert PeerBusy("later", retry_after=12.0).retry_after == 12.0


def test_a_failed_run_names_the_tasks_that_failed() -> None:
    failure = Failure("org_office", Activity.PULL, PeerRefused("no"))
    assert RunFailed("Failed.", failures=(failure,)).failures == (failure,)
