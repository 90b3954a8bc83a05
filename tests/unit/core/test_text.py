"""Stored enumerations are their texts; what is asked for is bounded; texts that look the same are compared as such."""

from __future__ import annotations

import json
import unicodedata
from typing import Any

import pytest

from s3sync.core.cursor import CheckpointKind
from s3sync.core.kept import UNDECIDED, KeptKind, KeptState, Resolution, Rule, Side
from s3sync.core.task import Activity, LogAction, Result, RunState, Transmission, log_mode
from s3sync.core.text import BLANKS, UNSEEN, TextEnum, asked_text, is_legal, normalised, squeezed


class Colour(TextEnum):
    RED = "deep red"


def test_a_member_is_its_text_wherever_it_is_written() -> None:
    written = (str(Colour.RED), f"{Colour.RED}", f"{Colour.RED:>9}", "".join([Colour.RED]))
    assert written == ("deep red", "deep red", " deep red", "deep red")
    assert json.dumps({Colour.RED: Colour.RED}) == '{"deep red": "deep red"}'


def test_a_member_is_found_by_its_text() -> None:
    assert {Colour.RED: 1}["deep red"] == 1 and {"deep red": 1}[Colour.RED] == 1  # type: ignore[index]
    assert Colour("deep red") is Colour.RED


@pytest.mark.parametrize(
    ("kind", "stored"),
    [
        (KeptKind, ["conflict", "rejected", "refused", "waiting"]),
        (KeptState, ["open", "left", "resolved", "superseded"]),
        (Side, ["ours", "theirs", "now"]),
        (Resolution, ["keep", "ours", "theirs", "fields"]),
        (
            CheckpointKind,
            [
                "serve",
                "receive",
                "eden",
                "pull",
                "push",
                "standing",
                "retry",
                "question",
                "asked",
                "fields",
                "whole",
                "carried",
            ],
        ),
        (Activity, ["pull", "push", "register", "decide", "file"]),
        (Transmission, ["outgoing", "incoming"]),
        (LogAction, ["fetch", "send", "receive", "request", "decide"]),
        (Result, ["success", "warning", "error", "fatal"]),
        (RunState, ["running", "completed", "failed", "cancelled"]),
        (Rule, ["keep", "ours", "theirs", "newer", "again"]),
    ],
)
def test_what_databases_hold_stays(kind: type[TextEnum], stored: list[str]) -> None:
    assert [each.value for each in kind] == stored


def test_what_the_policy_refused_or_still_waits_needs_no_decision() -> None:
    assert set(KeptKind) - set(UNDECIDED) == {KeptKind.REFUSED, KeptKind.WAITING}


def test_the_log_names_activity_and_side_as_an_eden_does() -> None:
    assert log_mode(Activity.PULL, Transmission.OUTGOING) == "pull/outgoing"
    assert log_mode(Activity.REGISTER, Transmission.INCOMING) == "register/incoming"


@pytest.mark.parametrize(
    ("given", "read"),
    [
        (None, ""),
        ("  Red Cross ", "Red Cross"),
        ("a" * 60_000, "a" * 255),
        ("\0", ""),
        ("a\0b\x1b\ud800c", "abc"),
        (["first", "second"], "first"),
        ([], ""),
    ],
)
def test_what_somebody_searches_for_is_short_and_legal(given: Any, read: str) -> None:
    assert asked_text({"q": given}, "q") == read
    assert asked_text({}, "q") == ""


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Red Cross", "red cross"),
        ("  Red \t Cross\n", "red cross"),
        ("Zoe\u0301\u00a0\u00c9lodie", "zo\u00e9 \u00e9lodie"),
        ("\u0130zmir", "i\u0307zmir"),
        ("\u200bRed\u2009\u2003Cro\u00adss\ufeff", "red cross"),
        ("\u039f\u0394\u039f\u03a3", "\u03bf\u03b4\u03bf\u03c3"),
        ("\u03bf\u03b4\u03bf\u03c2", "\u03bf\u03b4\u03bf\u03c3"),
        ("", ""),
        (" ", ""),
    ],
)
def test_a_normalised_text_stays_as_it_is(text: str, form: str) -> None:
    assert normalised(text) == normalised(form) == form
    assert squeezed(normalised(text)) == form.replace(" ", "")


def test_case_counts_where_it_is_said_to() -> None:
    assert normalised("Zoe\u0301  X ", ignore_case=False) == "Zo\u00e9 X"


def test_blanks_that_databases_take_out_are_those_of_normalised_texts() -> None:
    every = map(chr, range(0x110000))
    assert [*BLANKS] == [each for each in every if normalised(f"a{each}b") == "a b" and is_legal(each)]


def test_what_nobody_sees_is_of_no_width_and_no_letter() -> None:
    assert all(normalised(f"a{each}b") == "ab" for each in UNSEEN)
    assert {unicodedata.category(each) for each in UNSEEN} <= {"Cf", "Mn", "Cn"}
    assert not set(UNSEEN) & set(BLANKS)
