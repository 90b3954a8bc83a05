"""How a page names the fields and values of versions."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from typing import Any

import pytest

from s3sync.deciding.cases import SiteWords
from tests.support.site import SampleSite


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    found = SampleSite(tmp_path_factory.mktemp("site"))
    yield found
    found.close()


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("start_date", datetime(2026, 1, 31, 18, 30), "2026-01-31 18:30:00 UTC"),
        ("name", "Flood", "Flood"),
        ("name", None, "empty"),
        ("comments", date(2026, 1, 31), "2026-01-31"),
    ],
)
def test_values_as_people_read_them(site: Any, name: str, value: Any, shown: str) -> None:
    table = site.schema.table("event_event")
    assert SiteWords(site, str, table).value(table.fields[name], value) == shown
