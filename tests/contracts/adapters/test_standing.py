"""What the adapter of an Eden tells after a run, and what it makes of the answer."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Callable

import pytest

from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import one_line
from s3sync.core.clock import SystemClock
from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from s3sync.wire.protocol.standing import OpenList, StandingReport
from tests.support.peer import PASSWORD, USER, UUID, Answer, FakePeer, as_json, authenticated

OWN = "urn:uuid:00000000-0000-4000-8000-0000000000aa"
REPORT = StandingReport(
    "journal", 7, True, fetches=("org_office",), open=OpenList({OpenKind.REJECTED: 1}, [])
)


@pytest.fixture()
def peer() -> Iterator[FakePeer]:
    with FakePeer() as server:
        yield server


@pytest.fixture()
def told_by(peer: FakePeer, tmp_path: Path) -> Iterator[Callable[[Answer], EdenAdapter]]:
    """Returns an adapter whose peer gives an answer."""
    opened = []

    def connected(answer: Answer) -> EdenAdapter:
        peer.role = authenticated(lambda asked: answer)
        transport = Transport(
            peer.url,
            username=USER,
            password=PASSWORD,
            clock=SystemClock(),
            spool=tmp_path / "spool",
            limits=Limits(),
        )
        remote = Remote(1, UUID, "peer", OWN, "here", {"url": peer.url})
        opened.append(EdenAdapter(remote, one_line(transport)))
        return opened[-1]

    yield connected
    for each in opened:
        each.close()


def test_what_is_told_after_a_run_and_what_is_answered(
    peer: FakePeer, told_by: Callable[[Answer], EdenAdapter]
) -> None:
    listed = [["rejected", "org_office", "u", "The name is missing."]]
    answer = as_json({"status": "success", "open": {"counts": {"rejected": 2}, "records": listed}})
    told = told_by(answer).standing(REPORT)
    assert told is not None and told.unlisted == {OpenKind.REJECTED: 1}
    assert list(told.records) == [OpenRecord(OpenKind.REJECTED, "org_office", "u", "The name is missing.")]
    asked = peer.asked[-1]
    assert (asked.path, asked.value("repository")) == ("/eden/sync/standing.json", OWN)
    assert StandingReport.from_body(asked.body) == REPORT


@pytest.mark.parametrize(
    "answer",
    [
        Answer(404, b"invalid function (sync/standing)", "text/html"),
        Answer(body=b"<html><body>x</body></html>", content_type="text/html"),
        as_json({"status": "failed", "message": "no"}),
    ],
)
def test_a_site_of_before_tells_nothing(told_by: Callable[[Answer], EdenAdapter], answer: Answer) -> None:
    assert told_by(answer).standing(REPORT) is None
