"""Sites that delete and restore."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import SampleSite
from tests.support.two_sites import TwoSites


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path, users={"ann@example.org": 7})
    yield found
    found.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[TwoSites[SampleSite]]:
    found = TwoSites(tmp_path, SampleSite)
    yield found
    found.close()
