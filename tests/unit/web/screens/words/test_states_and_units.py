"""Amounts as people say them."""

from __future__ import annotations

from s3sync.web.screens.words import states_and_units as states_and_units


def test_sizes_in_words() -> None:
    sizes = [states_and_units.size(str, each) for each in (0, 1023, 1024, 380_000, 2_340_000, 79 * 1024**3)]
    assert sizes == ["0 bytes", "1023 bytes", "1 kB", "371 kB", "2.2 MB", "79.0 GB"]


def test_the_line_of_a_run_in_words() -> None:
    line = {"connections": 1, "lookup": 0.2, "connect": 0.6, "secure": 1.2, "requests": 2, "quickest": 0.61}
    told = states_and_units.line(str, line)
    assert told.startswith("Connected in 2.0 s, of which the name took 0.2 s and encryption 1.2 s.")
    assert told.endswith("took 0.61 s.")
    told = states_and_units.line(str, {**line, "received": 160_000, "receiving": 10.0})
    assert told.endswith("came with 16 kB a second.")
    assert states_and_units.line(str, None) == states_and_units.line(str, {"connections": 3}) == ""


def test_spans_of_time_in_words() -> None:
    spans = [states_and_units.span(str, each) for each in (0.4, 1, 59, 70, 5399, 7200, 36 * 3600, 10 * 86400)]
    assert spans == [
        "less than a second",
        "1 second",
        "59 seconds",
        "1 minute",
        "90 minutes",
        "2 hours",
        "2 days",
        "10 days",
    ]


def test_numbers_have_a_blank_that_no_language_takes_for_a_point() -> None:
    assert [states_and_units.number(each) for each in (0, 9999, 10_000, 1_234_567)] == [
        "0",
        "9999",
        "10\u202f000",
        "1\u202f234\u202f567",
    ]
