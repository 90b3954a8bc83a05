"""When people are told, as a table: which figure makes a rule true, and what follows from what held before."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from s3sync.monitoring.notices.rules import (
    THIS_SITE,
    Change,
    Figure,
    Kind,
    Raised,
    Rule,
    Step,
    changes,
    holds,
    is_about,
)

NOW = datetime(2026, 3, 1, 12)
BEFORE = NOW - timedelta(hours=5)


@pytest.mark.parametrize(
    ("kind", "limit", "figure", "fresh", "told"),
    [
        (Kind.FAILED, 3, 2, False, False),
        (Kind.FAILED, 3, 3, True, True),
        (Kind.SILENT, 24, 23.99, False, False),
        (Kind.SILENT, 24, 24, True, True),
        (Kind.CONFLICTS, 1, 0, False, False),
        (Kind.CONFLICTS, 1, 1, True, True),
        (Kind.CLOCK, 60, 60, False, True),
        (Kind.CLOCK, 60, -61, True, True),
        (Kind.CLOCK, 60, 55, False, True),
        (Kind.CLOCK, 60, 54, False, False),
        (Kind.DISK, 1000, 999, True, True),
        (Kind.DISK, 1000, 1000, False, True),
        (Kind.DISK, 1000, 1099, False, True),
        (Kind.DISK, 1000, 1100, False, False),
    ],
)
def test_a_figure_reaches_its_limit_and_one_that_wavers_has_to_get_well_away_from_it(
    kind: Kind, limit: float, figure: float, fresh: bool, told: bool
) -> None:
    rule = Rule(1, kind, limit)
    assert (holds(rule, figure, False), holds(rule, figure, True)) == (fresh, told)


@pytest.mark.parametrize(
    ("kind", "bound_to", "subject", "looked_at"),
    [
        (Kind.FAILED, None, 7, True),
        (Kind.FAILED, None, THIS_SITE, False),
        (Kind.FAILED, 7, 7, True),
        (Kind.FAILED, 7, 8, False),
        (Kind.CONFLICTS, None, THIS_SITE, True),
        (Kind.CONFLICTS, None, 7, False),
        (Kind.CONFLICTS, 7, 7, True),
        (Kind.CONFLICTS, 7, THIS_SITE, False),
        (Kind.DISK, 7, THIS_SITE, True),
    ],
)
def test_a_rule_is_about_one_repository_about_each_or_about_this_site(
    kind: Kind, bound_to: int | None, subject: int, looked_at: bool
) -> None:
    assert is_about(Rule(1, kind, 1, bound_to), Figure(kind, subject, 1)) is looked_at
    assert not is_about(Rule(1, kind, 1, bound_to), Figure(Kind.CLOCK, subject, 1))


def told(figure: float | None, raised: Raised | None, remind_hours: float = 4) -> list[Step]:
    rule = Rule(1, Kind.FAILED, 3, None, remind_hours)
    found = changes([rule], [Figure(Kind.FAILED, 7, figure)], {(1, 7): raised} if raised else {}, NOW)
    return [each.step for each in found]


@pytest.mark.parametrize(
    ("figure", "told_on", "remind_hours", "steps"),
    [
        (2, None, 4, []),
        (3, None, 4, [Step.RAISED]),
        (None, None, 4, []),
        (3, NOW - timedelta(hours=3), 4, []),
        (3, NOW - timedelta(hours=4), 4, [Step.REMINDED]),
        (3, NOW - timedelta(hours=400), 0, []),
        (0, NOW - timedelta(hours=1), 4, [Step.OVER]),
        (None, NOW - timedelta(hours=400), 4, []),
    ],
)
def test_it_is_told_once_then_after_the_pause_and_once_that_it_is_over(
    figure: float | None, told_on: datetime | None, remind_hours: float, steps: list[Step]
) -> None:
    assert told(figure, Raised(BEFORE, told_on) if told_on else None, remind_hours) == steps


def test_what_is_told_names_since_when() -> None:
    rule, raised = Rule(1, Kind.SILENT, 24, None, 4), {(1, 7): Raised(BEFORE, BEFORE)}
    figures = [Figure(Kind.SILENT, 7, 29.0), Figure(Kind.SILENT, 8, 24.0)]
    assert changes([rule], figures, raised, NOW) == [
        Change(1, 7, Step.REMINDED, 29.0, BEFORE),
        Change(1, 8, Step.RAISED, 24.0, NOW),
    ]


def test_what_nobody_looks_at_any_more_is_dropped_without_a_word() -> None:
    raised = {(1, 7): Raised(BEFORE, NOW), (2, 7): Raised(BEFORE, NOW)}
    rule = Rule(1, Kind.FAILED, 3)
    assert changes([rule], [], raised, NOW) == [
        Change(1, 7, Step.DROPPED, None, BEFORE),
        Change(2, 7, Step.DROPPED, None, BEFORE),
    ]
