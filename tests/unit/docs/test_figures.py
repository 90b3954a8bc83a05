"""The figures that documents name are those that were measured."""

from __future__ import annotations

import re

import pytest

from tests.support.markdown import text_of


def number(text: str) -> float:
    return float(text.replace(",", ""))


def measured(database: str, row: str) -> float:
    """The figure of a row in the tables of a database; the last one where it was measured again."""
    tables = text_of("docs/BENCHMARKS.md").partition(f"\n## {database}")[2].partition("\n## ")[0]
    return number(re.findall(rf"^\| {re.escape(row)} \| ([\d.,]+) \|", tables, re.MULTILINE)[-1])


def test_scaling_computes_from_what_was_measured() -> None:
    costs = re.findall(
        r"^\| .* \| ([\d.]+) µs \| (\w+): (.+): ([\d,]+) a second \|$",
        text_of("docs/SCALING.md"),
        re.MULTILINE,
    )
    assert len(costs) >= 4
    for microseconds, database, row, a_second in costs:
        assert float(microseconds) == pytest.approx(1e6 / number(a_second), rel=0.01)
        # Another run on another day is no reason to compute everything again.
        assert number(a_second) == pytest.approx(measured(database, row), rel=0.25), row
    request = re.search(
        r"^\| .* \| ([\d.]+) ms \| (nothing to do.+) \|$", text_of("docs/SCALING.md"), re.MULTILINE
    )
    assert request
    assert float(request[1]) == pytest.approx(measured("SQLite", request[2]), rel=0.25)


def test_scaling_can_count() -> None:
    lines = re.findall(r"([\d.,]+(?: [×/] [\d.,]+)+)\s=\s([\d.,]*\d)", text_of("docs/SCALING.md"))
    assert len(lines) > 20
    for left, right in lines:
        value = 1.0
        for sign, factor in re.findall(r"(^|[×/]) ?([\d.,]+)", left):
            value = value / number(factor) if sign == "/" else value * number(factor)
        assert value == pytest.approx(number(right), rel=0.04), f"{left} = {right}"


def test_the_version_is_in_the_changelog() -> None:
    from s3sync import VERSION

    assert f"\n## {VERSION}\n" in text_of("CHANGELOG.md")
    assert f'version = "{VERSION}"' in text_of("pyproject.toml")
