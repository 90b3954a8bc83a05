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
#: How it is called that so many pages are asked for before the first one is stored; the capabilities of each, in order.
WAYS = ("one page after the other, as before", "one page ahead", "two pages ahead")
CAPABILITIES = ("ahead", "two-ahead")


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
#: Percent of what the slower one of line and database allows.
ALLOWED = 90


def measure_first_pull(
    site: Callable[[str], AbstractContextManager[Site]], fill: Callable[[Site, int], None], records: int
) -> Iterator[Row]:
    """Measure a first pull over several lines, with one page after the other and with the next ones asked for ahead.

    Args:
        site: makes a site.
        fill: fills a site with organisations.
        records: how many.
    """
    with site("headquarters") as headquarters:
        fill(headquarters, records)
        for number, case in enumerate(CASES):
            for ahead, how in enumerate(WAYS):
                with site(f"field-{number}-{ahead}") as field:
                    seconds, busy, peak = _pull(field, headquarters, case, ahead)
                what = f"first pull of {records:,} records, {case.name}, {how}"
                target = case.target if ahead == len(CAPABILITIES) else None
                yield Row(f"{what}: time", seconds, "s")
                yield Row(f"{what}: the line is busy", 100 * busy / seconds, "%", None, target)
                yield Row(f"{what}: peak memory of the worker", peak / 1e6, "MB")
                if ahead == len(CAPABILITIES) and case.target is None:
                    yield from _allowed(site, headquarters, f"{what}: of what is allowed", seconds, busy)


def _allowed(
    site: Callable[[str], AbstractContextManager[Site]],
    headquarters: Site,
    what: str,
    seconds: float,
    busy: float,
) -> Iterator[Row]:
    """Measure the same without a line; tell how much slower it is with one."""
    with site("field-near") as field:
        repository = connect_sites(field, headquarters, [TABLE], mode=1)
        (run,) = field.script("synchronise", repository=repository)
    yield Row(what, 100 * max(run["seconds"], busy) / seconds, "%", None, ALLOWED)


def _pull(field: Site, headquarters: Site, case: Case, ahead: int) -> tuple[float, float, int]:
    """Return the seconds of a first pull, those in which the line was busy, and the peak memory of the worker.

    Args:
        field, headquarters: the two sites.
        case: the line between them.
        ahead: how many pages are asked for before the first one is stored.
    """
    line = Line(headquarters.url, case.rate, case.round_trip)
    with line.open():
        repository = connect_sites(field, at(headquarters, line), [TABLE], mode=1)
        for number, capability in enumerate(CAPABILITIES):
            field.script("capability", repository=repository, capability=capability, has=number < ahead)
        line.down.busy = 0.0
        (run,) = field.script("synchronise", repository=repository)
        return run["seconds"], line.down.busy, run["peak"]
