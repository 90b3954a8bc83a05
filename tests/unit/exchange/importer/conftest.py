"""The site that documents are imported into."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.site import SampleSite


@pytest.fixture
def site(tmp_path: Path) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path, users={"ann@example.org": 7})
    yield found
    found.close()


@pytest.fixture
def a_month_later(site: SampleSite) -> None:
    """Turn the clock on, so that times some days after ``NOW`` are not in the future."""
    site.clock.step(30 * 86400)
