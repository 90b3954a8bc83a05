"""Tests measure how work grows, and none bounds how long something takes."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from tests.support.growth import grows_no_faster_than_its_input
from tests.support.places import CHECKOUT

CLOCKS = {"time", "monotonic", "perf_counter", "process_time", "thread_time"}


def zeros(size: int) -> list[int]:
    return [0] * size


def test_work_that_grows_with_its_input_is_accepted() -> None:
    grows_no_faster_than_its_input(len, zeros, 1000)
    grows_no_faster_than_its_input(sum, zeros, 1000)


def test_quadratic_work_is_found() -> None:
    def count_again_and_again(numbers: list[int]) -> int:
        return sum(sum(numbers) for _ in numbers)

    with pytest.raises(AssertionError, match="16 times the input"):
        grows_no_faster_than_its_input(count_again_and_again, zeros, 100)


def bounds(source: str) -> list[int]:
    """Return the lines of the assertions that compare what a clock says now with what it said before."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Assert) and any(is_duration(each) for each in ast.walk(node.test))
    ]


def is_duration(node: ast.AST) -> bool:
    if (
        not isinstance(node, ast.BinOp)
        or not isinstance(node.op, ast.Sub)
        or not isinstance(node.left, ast.Call)
    ):
        return False
    asked = node.left.func
    return (asked.attr if isinstance(asked, ast.Attribute) else getattr(asked, "id", "")) in CLOCKS


@pytest.mark.parametrize(
    "path", sorted((CHECKOUT / "tests").rglob("*.py")), ids=lambda path: str(path.relative_to(CHECKOUT))
)
def test_no_test_bounds_seconds(path: Path) -> None:
    # A busy machine breaks them; to wait until something has happened is another matter.
    assert bounds(path.read_text(encoding="utf-8")) == []


def test_a_bound_is_found() -> None:
    source = "assert x and time.monotonic() - began < 5\nassert process_time() - began < 1\n"
    assert bounds(source) == [1, 2]
    assert bounds("assert time.monotonic() < deadline") == []
