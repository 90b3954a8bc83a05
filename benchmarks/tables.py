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
        for what, words in (("save", "a list"), ("take", "an import")):
            for name in FORMATS:
                told = one.script("tables", what=what, format=name, folder=str(folder), records=records)
                assert told["rows"] == records, told
                yield Row(
                    f"{words} of {records:,} rows as .{name}: time", told["seconds"], "s", None, TARGET, False
                )
                yield Row(
                    f"{words} of {records:,} rows as .{name}: memory beside the models",
                    told["memory"] / MB,
                    "MB",
                )
