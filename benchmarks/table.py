"""The rows of the results: their names, their targets, how they are written."""

from __future__ import annotations

import json
import os
import platform
import sqlite3
from dataclasses import dataclass
from datetime import datetime, timezone
from importlib.metadata import version
from pathlib import Path

from s3sync.wire.compression import gzip


@dataclass(frozen=True)
class Row:
    """One measured figure.

    Attributes:
        name: what was measured.
        value: the figure.
        unit: its unit.
        floor: the bare loop's figure in the same unit, None if there is none.
        target: the figure to reach, None if there is none.
        at_least: whether more is better.
        floor_share: share of the floor to reach besides the target, from 0 to 1.
    """

    name: str
    value: float
    unit: str
    floor: float | None = None
    target: float | None = None
    at_least: bool = True
    floor_share: float | None = None

    @property
    def ratio(self) -> float | None:
        """The share of the floor that was reached, None without a floor."""
        return None if not self.floor else self.value / self.floor

    @property
    def met(self) -> bool | None:
        """Whether the target was reached, None if there is none."""
        if self.target is None:
            return None
        reached = self.value >= self.target if self.at_least else self.value <= self.target
        ratio = self.ratio
        return reached and (self.floor_share is None or ratio is None or ratio >= self.floor_share)

    def to_json(self) -> dict[str, object]:
        """Return the row as it is written to a file."""
        return {
            "name": self.name,
            "value": round(self.value, 4),
            "unit": self.unit,
            "floor": None if self.floor is None else round(self.floor, 4),
            "ratio": None if self.ratio is None else round(self.ratio, 4),
            "target": self.target,
            "met": self.met,
        }


def write_json(path: Path, rows: list[Row]) -> None:
    """Write the rows as JSON."""
    path.write_text(json.dumps({"rows": [row.to_json() for row in rows]}, indent=1) + "\n", encoding="utf-8")


def figure(value: float | None) -> str:
    """Return a figure with its significant digits."""
    if value is None:
        return ""
    if abs(value) >= 100:
        return f"{value:,.0f}"
    return f"{value:.3g}"


HEADINGS = ("what", "measured", "unit", "floor", "of the floor", "target", "met")


def line(row: Row) -> str:
    """Return a row of the table in Markdown."""
    sign = "at least" if row.at_least else "at most"
    target = "" if row.target is None else f"{sign} {figure(row.target)}"
    if row.floor_share is not None:
        target += f", {row.floor_share:.0%} of the floor"
    ratio = "" if row.ratio is None else f"{row.ratio:.0%}"
    met = {True: "yes", False: "NO", None: ""}[row.met]
    return f"| {row.name} | {figure(row.value)} | {row.unit} | {figure(row.floor)} | {ratio} | {target} | {met} |"


def heading() -> str:
    """Return the first two lines of the table."""
    return f"| {' | '.join(HEADINGS)} |\n|{'---|' * len(HEADINGS)}"


def machine(database: str) -> str:
    """Return on what was measured, and when: time, machine, versions."""
    cpu = next(
        (
            text.partition(":")[2].strip()
            for text in Path("/proc/cpuinfo").read_text().splitlines()
            if text.startswith("model name")
        ),
        platform.processor(),
    )
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") >> 30
    now = datetime.now(timezone.utc)
    return (
        f"{now:%Y-%m-%d %H:%M} UTC, {os.cpu_count()} cores ({cpu}), {memory} GiB, load {os.getloadavg()[0]:.1f}; "
        f"Python {platform.python_version()}, lxml {version('lxml')}, web2py {version('web2py-gluon')}, "
        f"{gzip.name}, "
        f"{database if not database.startswith('SQLite') else f'SQLite {sqlite3.sqlite_version}'}"
    )
