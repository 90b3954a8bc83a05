"""An active and a passive site with one clock, and a fixture that lets them exchange by several policies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Callable, Generic, TypeVar

import pytest

from s3sync.core.policy import Policy
from tests.support.site import Clock, SampleSite

S = TypeVar("S", bound=SampleSite)


class TwoSites(Generic[S]):
    """The active site ``a`` and the passive site ``b``.

    Args:
        folder: where they write.
        kind: the class of both.
    """

    def __init__(self, folder: Path, kind: type[S]) -> None:
        self.clock = Clock()
        self.a, self.b = (kind(folder / name, clock=self.clock) for name in "ab")

    def close(self) -> None:
        """Close both sites."""
        self.a.close()
        self.b.close()


def by_policies(make: Callable[..., TwoSites[Any]], policies: Sequence[tuple[Policy, Policy]]) -> Any:
    """Return a fixture: two sites for each update policy and conflict policy.

    Args:
        make: makes them in a folder with an update policy and a conflict policy.
        policies: update policy and conflict policy.
    """

    @pytest.fixture(params=policies, ids=lambda each: f"{each[0].value}-{each[1].value}")
    def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[TwoSites[Any]]:
        found = make(tmp_path, *request.param)
        yield found
        found.close()

    return world
