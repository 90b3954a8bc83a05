"""A first pull over a line: how long it takes, and how much of that time the line is busy."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Callable

from .line import Line, at
from .sites import Site, connect_sites
from .table import Row

TABLE = "org_organisation"


@dataclasses.dataclass(frozen=True)
class Case:
    """A line, and what is pulled over it.

    Attributes:
        name: what the line is called.
        rate: bytes a second.
        round_trip: seconds of a round trip.
        target: percent of the time in which the line shall be busy, None where the database may be slower.
    """

    name: str
    rate: int
    round_trip: float
    target: int | None = None


CASES = (Case("1 Mbit/s, 600 ms", 125_000, 0.6, 95), Case("20 Mbit/s, 50 ms", 2_500_000, 0.05))


def measure_first_pull(
    site: Callable[[str], AbstractContextManager[Site]], fill: Callable[[Site, int], None], records: int
) -> Iterator[Row]:
    """Measure a first pull over several lines, with one page after the other and with the next one asked for ahead.

    Args:
        site: makes a site.
        fill: fills a site with organisations.
        records: how many.
    """
    with site("headquarters") as headquarters:
        fill(headquarters, records)
        for number, case in enumerate(CASES):
            for ahead in (False, True):
                with site(f"field-{number}-{ahead:d}") as field:
                    seconds, busy = _pull(field, headquarters, case, ahead)
                how = "asking ahead" if ahead else "one page after the other, as before"
                what = f"first pull of {records:,} records, {case.name}, {how}"
                yield Row(f"{what}: time", seconds, "s")
                target = case.target if ahead else None
                yield Row(f"{what}: the line is busy", 100 * busy / seconds, "%", None, target)


def _pull(field: Site, headquarters: Site, case: Case, ahead: bool) -> tuple[float, float]:
    """Return the seconds of a first pull, and those in which the line was busy."""
    line = Line(headquarters.url, case.rate, case.round_trip)
    with line.open():
        repository = connect_sites(field, at(headquarters, line), [TABLE], mode=1)
        field.script("capability", repository=repository, capability="ahead", has=ahead)
        line.down.busy = 0.0
        (run,) = field.script("synchronise", repository=repository)
        return run["seconds"], line.down.busy
