"""modified_on: a later edit is always newer than what it edited, and a chosen time stays."""

from __future__ import annotations

import datetime
from pathlib import Path
from typing import Any

import pytest

from s3.data_model.clock import default_time, next_modified_on, utcnow
from tests.support.eden import open_environment

NOON = datetime.datetime(2025, 3, 1, 12, 0, 0)
SECOND = datetime.timedelta(seconds=1)


@pytest.mark.parametrize(
    ("old", "now", "expected"),
    [
        (None, NOON, NOON),
        (NOON - SECOND, NOON, NOON),
        (NOON, NOON, NOON + SECOND),
        (NOON + 60 * SECOND, NOON, NOON + 61 * SECOND),
        (None, NOON.replace(microsecond=5), NOON),
    ],
)
def test_next_modified_on(old: Any, now: datetime.datetime, expected: datetime.datetime) -> None:
    assert next_modified_on(old, now) == expected


def test_the_clock_gives_whole_seconds_of_utc() -> None:
    now = utcnow()
    assert now.microsecond == 0 and now.tzinfo is None
    zone = datetime.timezone.utc
    assert abs(now.replace(tzinfo=zone) - datetime.datetime.now(zone)) < datetime.timedelta(seconds=5)
    assert default_time(now) == now


class Clock:
    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime.datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def sectors(tmp_path: Path, clock: Clock) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory", families=("org",), now=clock)["s3db"][
        "org_sector"
    ]


def test_each_edit_in_the_same_second_is_newer(sectors: Any) -> None:
    sector = sectors.insert(name="Health")
    assert sectors(sector).modified_on == NOON
    for number in (1, 2, 3):
        sectors._db(sectors.id == sector).update(abrv=str(number))
        assert sectors(sector).modified_on == NOON + number * SECOND


def test_an_edit_of_a_record_from_the_future_is_newer(sectors: Any) -> None:
    ahead = NOON + datetime.timedelta(hours=3)
    sector = sectors.insert(name="Health", modified_on=ahead)
    sectors(sector).update_record(abrv="H")
    assert sectors(sector).modified_on == ahead + SECOND


def test_an_edit_later_on_has_the_time_of_the_clock(sectors: Any, clock: Clock) -> None:
    sector = sectors.insert(name="Health")
    clock.now = NOON + datetime.timedelta(hours=1)
    sectors(sector).update_record(abrv="H")
    assert sectors(sector).modified_on == clock.now


def test_a_chosen_time_stays(sectors: Any) -> None:
    chosen = NOON - datetime.timedelta(days=400)
    sector = sectors.insert(name="Health")
    sectors._db(sectors.id == sector).update(abrv="H", modified_on=chosen)
    assert sectors(sector).modified_on == chosen
