"""How good a line was: what is measured, and how it is kept."""

from __future__ import annotations

import pytest

from s3sync.exchange.line import TELLING, Line


def test_the_quickest_answer_and_the_speed_of_large_ones_count() -> None:
    line = Line()
    assert (line.quickest, line.rate) == (None, None)
    for seconds in (0.9, 0.6, 2.0):
        line.answered(seconds)
    line.brought(TELLING - 1, 0.001)
    line.brought(30_000, 1.0)
    line.brought(50_000, 3.0)
    assert (line.requests, line.quickest, line.rate) == (3, 0.6, 20_000.0)


def test_it_is_kept_as_json() -> None:
    line = Line(connections=2, lookup=0.2, connect=1.2, secure=0.61, quickest=0.6, requests=1)
    stored = line.to_json()
    assert Line.from_json({**stored, "of a later version": 1}) == line and line.connecting == pytest.approx(
        2.01
    )
    assert stored == {
        "connections": 2,
        "lookup": 0.2,
        "connect": 1.2,
        "secure": 0.61,
        "requests": 1,
        "quickest": 0.6,
    }
    assert Line.from_json(None) is None and Line().to_json() == {}
