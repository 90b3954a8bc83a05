"""Who saves a form writes what they changed, and is asked only about fields that somebody else changed too."""

from __future__ import annotations

import datetime
from typing import Any

import pytest

from s3.pages.concurrent_edit import Merged, digest, merge, read_digests

TEN = datetime.datetime(2026, 3, 1, 10, 0, 0)


F = frozenset("f")


@pytest.mark.parametrize(
    ("shown", "typed", "now", "merged"),
    [
        pytest.param("a", "a", "a", Merged(F, (), False), id="nobody changed it"),
        pytest.param("a", "b", "a", Merged(frozenset(), (), True), id="the person did"),
        pytest.param("a", "a", "c", Merged(F, (), False, ("f",)), id="somebody else did"),
        pytest.param("a", "c", "c", Merged(F, (), False), id="both, to the same"),
        pytest.param("a", "b", "c", Merged(frozenset(), (("f",),), True), id="both, differently"),
        pytest.param(None, "b", "c", Merged(frozenset(), (), True), id="a form that does not say"),
    ],
)
def test_what_three_values_of_a_field_lead_to(
    shown: str | None, typed: str, now: str, merged: Merged
) -> None:
    assert merge({} if shown is None else {"f": shown}, {"f": typed}, {"f": now}, ()) == merged


def test_who_takes_the_stored_value_is_not_asked_again() -> None:
    assert merge({"f": "a"}, {"f": "b"}, {"f": "c"}, ["f"]) == Merged(F, (), False)


PLACE = {"name": "n", "lat": "1", "lon": "2"}


@pytest.mark.parametrize(
    ("typed", "now", "taken", "merged"),
    [
        # The one moves it north, the other one east: neither has seen the place that both together would give.
        ({"lat": "5"}, {"lon": "6"}, (), Merged(frozenset({"name"}), (("lat", "lon"),), True)),
        ({"lat": "5"}, {"lon": "6"}, ("lat",), Merged(frozenset(PLACE), (), False)),
        ({"lat": "5", "lon": "6"}, {"lon": "6"}, (), Merged(frozenset({"name", "lon"}), (("lat",),), True)),
        ({"lat": "5"}, {}, (), Merged(frozenset({"name", "lon"}), (), True)),
        ({"name": "m"}, {"lat": "5"}, (), Merged(frozenset({"lat", "lon"}), (), True, ("lat",))),
    ],
)
def test_fields_that_belong_together_are_one_value(
    typed: dict[str, str], now: dict[str, str], taken: tuple[str, ...], merged: Merged
) -> None:
    together = [("lat", "lon", "inherited")]
    assert merge(PLACE, {**PLACE, **typed}, {**PLACE, **now}, taken, together) == merged


@pytest.mark.parametrize(
    ("stored", "sent"),
    [
        (None, ""),
        ("one\ntwo", "one\r\ntwo"),
        (1, 1.0),
        (None, []),
        (False, None),
        (["a"], ("a",)),
        (TEN.replace(microsecond=7), TEN),
    ],
)
def test_what_a_browser_sends_back_of_a_value_is_no_change(stored: Any, sent: Any) -> None:
    assert digest(stored) == digest(sent)


@pytest.mark.parametrize(
    ("one", "other"), [("a", "b"), (0, None), (True, False), (1, 2), (["a", "b"], ["ab"])]
)
def test_another_value_is_one(one: Any, other: Any) -> None:
    assert digest(one) != digest(other)


@pytest.mark.parametrize("text", [None, "", "{", "[]", '{"f": 1}', "null"])
def test_what_cannot_be_read_says_nothing(text: str | None) -> None:
    assert read_digests(text) == {}
