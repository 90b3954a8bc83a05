"""What a site tells another one of the state of their exchange is read as it was said, and bounded."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.core.errors import BadRequest
from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.wire.protocol.standing import (
    MOST_LISTED,
    OpenList,
    StandingAnswer,
    StandingReport,
    read_standing_reply,
    standing_reply,
)

ORG = "org_organisation"


def test_a_report_says_what_it_said_and_more_is_counted() -> None:
    found = OpenList(
        {OpenKind.FILE: 3, OpenKind.REJECTED: 0}, [OpenRecord(OpenKind.FILE, ORG, "u", "file: a.txt")]
    )
    report = StandingReport("j", 7, True, None, (ORG,), {ORG: "j.1.t"}, found, {ORG: 3})
    read = StandingReport.from_body(report.to_body())
    assert (read.journal, read.number, read.complete, read.cursors) == ("j", 7, True, {ORG: "j.1.t"})
    assert read.open.records == list(found.records) and read.open.unlisted == {OpenKind.FILE: 2}
    assert read.changed == {ORG: 3}


@pytest.mark.parametrize("odd", [None, [], 7, {ORG: -1}, {ORG: "many"}, {ORG: 0}])
def test_what_changed_is_read_as_numbers(odd: Any) -> None:
    reply = standing_reply(StandingAnswer(changed={ORG: 2}))
    assert read_standing_reply(reply).changed == {ORG: 2}
    assert read_standing_reply({**reply, "changed": odd}).changed == {}


@pytest.mark.parametrize(
    "body",
    [b"", b"[]", b"{}", b"[" * 100_000, b'{"journal": 1, "number": 1}', b'{"journal": "j", "number": -1}'],
)
def test_a_report_that_cannot_be_read_is_refused(body: bytes) -> None:
    with pytest.raises(BadRequest):
        StandingReport.from_body(body)


def test_what_is_odd_in_a_report_is_left_out() -> None:
    rows = [["rejected", "t", "u", "r"], ["odd", "t", "u", "r"], ["file"], 7, ["file", 1, None, {}]]
    read = OpenList.from_json(
        {"counts": {"file": True, "odd": 3, "rejected": -1}, "records": rows * MOST_LISTED}
    )
    assert {each.kind for each in read.records} == {OpenKind.REJECTED, OpenKind.FILE}
    assert len(read.records) <= MOST_LISTED and set(read.counts.values()) == {0}


def test_a_site_that_does_not_tell_what_it_can_do_is_taken_as_before() -> None:
    assert read_standing_reply({"status": "success", "open": {}}).capabilities == frozenset()
