"""Lists are asked for by anybody: what cannot be is ignored."""

from __future__ import annotations

from datetime import datetime

import pytest

from s3sync.database.paging import day


@pytest.mark.parametrize(
    "text", ["9999-12-31", "0001-01-01", "1066-10-14", "2026-02-30", "x" * 9000, "", None]
)
def test_a_day_that_no_database_knows_is_none(text: str | None) -> None:
    assert day(text) is None and day(text, 1) is None


def test_the_day_after() -> None:
    assert day("2026-12-31") == datetime(2026, 12, 31) and day("2026-12-31", 1) == datetime(2027, 1, 1)
