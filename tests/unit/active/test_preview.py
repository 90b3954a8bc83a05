"""What a preview says of all resources together: a number that is not known to its end is told as such."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.active.preview import Direction, Preview, ResourcePreview
from s3sync.core.errors import SyncError
from s3sync.exchange.peer import Exchange
from s3sync.exchange.run.ports import Task
from s3sync.wire.protocol.dry_run import DryRunResult


def looked(count: int, **more: Any) -> Direction:
    return Direction(DryRunResult(count, {"created": count}, 0, ()), **more)


@pytest.mark.parametrize(
    ("directions", "records", "is_all", "examined"),
    [
        ([looked(3), looked(4)], 7, True, 7),
        ([looked(500, more=True, total=5028), looked(3)], 5031, True, 503),
        ([looked(500, more=True), looked(3)], 503, False, 503),
        ([looked(3), None], 3, False, 3),
        ([looked(3), Direction(error=SyncError("broken"))], 3, False, 3),
        ([looked(500, more=True, total=5028), looked(500, more=True)], 5528, False, 1000),
        ([looked(2, total=2)], 2, True, 2),
    ],
)
def test_the_sum_is_of_what_waits_and_not_of_what_was_looked_at(
    directions: list[Direction | None], records: int, is_all: bool, examined: int
) -> None:
    parts = [
        ResourcePreview(Task(number, Exchange(f"t{number}"), pushes=False), each, in_time=each is not None)
        for number, each in enumerate(directions)
    ]
    incoming, outgoing = Preview(parts).sums()
    assert outgoing is None and incoming is not None
    assert (incoming.records, incoming.is_all, incoming.looked) == (records, is_all, examined)
    assert incoming.outcomes == {"created": examined}
