"""How values are written for PostgreSQL: lines of COPY, and arrays. That it reads them is shown in tests/contracts."""

from __future__ import annotations

from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from s3sync.database.store.pg_copy import array, copy_lines


@pytest.mark.parametrize(
    "values, line",
    [
        ((1, "Red Cross", None), "1\tRed Cross\t\\N\n"),
        (("a\tb", "c\nd\r", "e\\N"), "a\\tb\tc\\nd\\r\te\\\\N\n"),
        ((True, False, 1.5), "t\tf\t1.5\n"),
        ((Decimal("1.50"), date(2026, 3, 1), time(8, 5)), "1.50\t2026-03-01\t08:05:00\n"),
        ((datetime(2026, 3, 1, 8), "", "\u00e9"), "2026-03-01 08:00:00\t\t\u00e9\n"),
    ],
)
def test_a_row_for_copy(values: tuple[Any, ...], line: str) -> None:
    assert copy_lines([values]) == line


def test_columns_of_several_types_and_with_gaps() -> None:
    rows = [(1, "a", None), (2.5, None, None), (None, "b\\", None)]
    assert copy_lines(rows) == "1\ta\t\\N\n2.5\t\\N\t\\N\n\\N\tb\\\\\t\\N\n"


@pytest.mark.parametrize(
    "values, text",
    [
        ([1, 2, None], "{1,2,NULL}"),
        (["a", "NULL", "", None], '{"a","NULL","",NULL}'),
        (['say "x"', "back\\slash", "a,b{c}"], '{"say \\"x\\"","back\\\\slash","a,b{c}"}'),
        ([None, None], "{NULL,NULL}"),
        ([], "{}"),
    ],
)
def test_an_array(values: list[Any], text: str) -> None:
    assert array(values) == text


@pytest.mark.parametrize("values", [[[1, 2]], [b"x"], [1, "1"], [object()]])
def test_other_values_have_no_text(values: list[Any]) -> None:
    assert array(values) is None
    assert copy_lines([(value,) for value in values]) is None
