"""Sites that are closed after a test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.merging import Sites
from tests.support.site import SampleSite


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    made: list[SampleSite] = []

    def make(name: str) -> SampleSite:
        made.append(SampleSite(tmp_path / name))
        return made[-1]

    yield make
    for each in made:
        each.close()
