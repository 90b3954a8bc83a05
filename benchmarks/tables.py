"""A list of organisations is saved as a table, and a table of new ones is imported: time, and memory."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable

from .sites import Site
from .table import Row

MB = 1e6
FORMATS = ("csv", "xlsx")
WORDS = {"save": "a list", "take": "an import"}
#: Seconds that either may take for 20,000 rows.
TARGET = 10.0


def measure_tables(
    site: Callable[..., AbstractContextManager[Site]],
    fill: Callable[..., None],
    folder: Path,
    records: int,
) -> Iterator[Row]:
    """Measure tables in each format.

    Args:
        site: makes a site.
        fill: fills a site with organisations.
        folder: where the tables are.
        records: how many rows they have.
    """
    folder.mkdir(exist_ok=True)
    with site("tables") as one:
        fill(one, records)
        steps = [(what, name) for what in ("save", "take") for name in FORMATS]
        # What is saved for maps has to have places: those that were imported.
        for what, name in (*steps, ("take", "geojson"), ("save", "geojson")):
            told = one.script("tables", what=what, format=name, folder=str(folder), records=records)
            assert told["rows"] == records, told
            title = f"{WORDS[what]} of {records:,} rows as .{name}"
            target = TARGET if name in FORMATS else None
            yield Row(f"{title}: time", told["seconds"], "s", None, target, False)
            yield Row(f"{title}: memory beside the models", told["memory"] / MB, "MB")
