"""When administrators are written to."""

from __future__ import annotations

import pytest

from s3sync.monitoring.failure_mail import failures_in_a_row


@pytest.mark.parametrize(
    ("states", "count"),
    [
        ([], 0),
        (["completed", "failed"], 0),
        (["failed", "failed", "completed", "failed"], 2),
        (["failed", "cancelled", "failed"], 2),
        (["cancelled"], 0),
    ],
)
def test_failures_are_counted_back_to_the_last_success(states: list[str], count: int) -> None:
    assert failures_in_a_row(states) == count
