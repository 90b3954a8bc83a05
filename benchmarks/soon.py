"""How soon a change is at the other site, where the schedule says "as soon as something changes"."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Callable

from .line import RATE, ROUND_TRIP, Line, at
from .sites import Site, connect_sites
from .table import Row

TABLE = "org_organisation"
#: Rate and round trip of a line, by what it is called.
LINES = {"20 Mbit/s, 50 ms": (2_500_000, 0.05), "16 kB/s, 600 ms": (RATE, ROUND_TRIP)}
#: Seconds from one change to the next: each one is a run of its own. And the target, to which a slow line adds its own.
APART, TARGET = 15, 5.0
#: Seconds in which the bytes of listening are counted.
COUNTED = 110


def measure_soon(
    site: Callable[[str], AbstractContextManager[Site]],
    fill: Callable[[Site, int], None],
    folder: Path,
    changes: int,
) -> Iterator[Row]:
    """Measure in both directions, over a good line and over a satellite's, from commit to commit.

    Args:
        site: makes a site.
        fill, folder: not used.
        changes: how many changes at each end.
    """
    for number, (name, (rate, round_trip)) in enumerate(LINES.items()):
        with site(f"headquarters-{number}") as headquarters, site(f"field-{number}") as field:
            line = Line(headquarters.url, rate, round_trip)
            with line.open():
                repository = connect_sites(field, at(headquarters, line), [TABLE])
                field.script("synchronise", repository=repository, times=2)
                field.script("listen", repository=repository, within=60)
                for here, there, way in (
                    (headquarters, field, "made where nobody begins: it is heard of"),
                    (field, headquarters, "made where runs begin"),
                ):
                    took = _changes(here, there, changes, way)
                    what = f"a change is at the other site, {name}, {way}"
                    yield Row(
                        f"{what}: median of {changes}", statistics.median(took), "s", None, TARGET, False
                    )
                    yield Row(f"{what}: longest", max(took), "s")
                field.script("listen", repository=repository, within=60)
                before = line.traffic.sent + line.traffic.received
                time.sleep(COUNTED)
                passed = line.traffic.sent + line.traffic.received - before
                yield Row(
                    f"listening while nothing changes, {name}: MB a day", passed / COUNTED * 86400 / 1e6, "MB"
                )


def _changes(here: Site, there: Site, count: int, mark: str) -> list[float]:
    """Return the seconds from each of some changes until it is at the other site."""
    names = [f"{mark} {number}" for number in range(count)]
    with ThreadPoolExecutor(1) as pool:
        arrivals = pool.submit(there.script, "arrivals", names=names, within=(APART + 60) * count)
        made = here.script("changes", names=names, apart=APART)
        came = arrivals.result()
    return [there_at - here_at for here_at, there_at in zip(made, came)]
