"""What the adapter of an Eden tells after a run, and what it makes of the answer."""

from __future__ import annotations

from typing import Callable

import pytest

from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import OWN_UUID
from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.wire.protocol.standing import OpenList, StandingReport
from tests.support.peer import Answer, FakePeer, as_json

REPORT = StandingReport(
    "journal", 7, True, fetches=("org_office",), open=OpenList({OpenKind.REJECTED: 1}, [])
)


def test_what_is_told_after_a_run_and_what_is_answered(
    peer: FakePeer, connect: Callable[..., EdenAdapter]
) -> None:
    listed = [["rejected", "org_office", "u", "The name is missing."]]
    answer = as_json({"status": "success", "open": {"counts": {"rejected": 2}, "records": listed}})
    told = connect(lambda asked: answer).standing(REPORT)
    assert told is not None and told.open.unlisted == {OpenKind.REJECTED: 1}
    assert list(told.open.records) == [
        OpenRecord(OpenKind.REJECTED, "org_office", "u", "The name is missing.")
    ]
    asked = peer.asked[-1]
    assert (asked.path, asked.value("repository")) == ("/eden/sync/standing.json", OWN_UUID)
    assert StandingReport.from_body(asked.body) == REPORT


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"invalid function (sync/standing)", "text/html"),
        Answer(body=b"<html><body>x</body></html>", content_type="text/html"),
        as_json({"status": "failed", "message": "no"}),
    ],
)
def test_a_site_of_before_tells_nothing(connect: Callable[..., EdenAdapter], answer: Answer) -> None:
    assert connect(lambda asked: answer).standing(REPORT) is None
