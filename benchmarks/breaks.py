"""A line that drops again and again: whether a first pull with a large file ends, and what is sent twice."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Callable

from .line import Ends, Line, at
from .sites import Site, connect_sites
from .table import Row

TABLES = ("org_organisation", "doc_document")


@dataclasses.dataclass(frozen=True)
class Case:
    """What is exchanged, and over which line.

    Attributes:
        records: organisations.
        size: bytes of the file of a document.
        rate: bytes a second.
        every: seconds from one drop to the next.
        runs: how often the worker tries at most.
    """

    records: int = 20_000
    size: int = 5_000_000
    rate: int = 8_000
    every: float = 30.0
    runs: int = 3


#: Bytes a second of the good line: documents are packed as over a bad one.
GOOD = 400_000
QUICK = Case(records=3_000, size=600_000, rate=8_000, every=10.0, runs=2)


class DroppingLine(Line):
    """A line whose connections are all broken again and again.

    Args:
        target: URL of the answering site.
        case: its speed, and how often it drops.
    """

    def __init__(self, target: str, case: Case) -> None:
        super().__init__(target, case.rate)
        self._every = case.every
        self._ends: set[asyncio.StreamWriter] = set()
        self._carrying: set[asyncio.Task[None]] = set()
        self.drops = 0
        self._dropping: asyncio.Task[None] | None = None

    async def _drop(self) -> None:
        while True:
            await asyncio.sleep(self._every)
            self.drops += bool(self._ends)
            for end in list(self._ends):
                end.transport.abort()
            # What had arrived at this end of the line is lost, too.
            for each in list(self._carrying):
                each.cancel()

    async def _pass_on(self, near: Ends, far: Ends) -> None:
        if self._dropping is None:
            self._dropping = asyncio.ensure_future(self._drop())
        ends = {near[1], far[1]}
        carrying = asyncio.ensure_future(super()._pass_on(near, far))
        self._ends |= ends
        self._carrying.add(carrying)
        try:
            with contextlib.suppress(asyncio.CancelledError):
                await carrying
        finally:
            self._ends -= ends
            self._carrying.discard(carrying)


def measure_breaks(
    site: Callable[[str], AbstractContextManager[Site]], fill: Callable[[Site, int], None], case: Case
) -> Iterator[Row]:
    """Measure a first pull over a line that drops, with and without going on where it broke off.

    Args:
        site: makes a site.
        fill: fills a site with organisations.
        case: what is exchanged.
    """
    with site("headquarters") as headquarters:
        fill(headquarters, case.records)
        headquarters.script("attach", size=case.size)
        needed = 0
        for name, resumes, case_of in (
            ("good line", True, dataclasses.replace(case, every=3600.0, rate=GOOD)),
            ("from the beginning each time, as before", False, case),
            ("going on where it broke off", True, case),
        ):
            with site(f"field-{resumes:d}-{case_of.every:.0f}") as field:
                seconds, passed, drops, here = _pull(field, headquarters, resumes, case_of)
            what = f"{case.records:,} records and {case.size / 1e6:.1f} MB, {name}"
            if not needed:
                needed = passed
                yield Row(f"{what}: bytes", passed, "bytes")
                continue
            ended = here["records"] == case.records and here["files"] == case.size
            yield Row(f"{what}: it ends", int(ended), "", None, 1 if resumes else None, True)
            yield Row(f"{what}: drops", drops, "")
            yield Row(f"{what}: time", seconds, "s")
            yield Row(f"{what}: bytes", passed, "bytes")
            if ended:
                twice = 100 * (passed - needed) / needed
                yield Row(f"{what}: sent twice", twice, "%", None, 10 if resumes else None, False)


def _pull(
    field: Site, headquarters: Site, resumes: bool, case: Case
) -> tuple[float, int, int, dict[str, int]]:
    line = DroppingLine(headquarters.url, case)
    with line.open():
        repository = connect_sites(field, at(headquarters, line), TABLES, mode=1)
        began = time.perf_counter()
        for _ in range(case.runs):
            # The other site tells with each run what it can do.
            field.script("capability", repository=repository, capability="resume", has=resumes)
            field.script("try_to_synchronise", repository=repository)
            here = field.script("attach")
            if here == {"records": case.records, "files": case.size}:
                break
        return time.perf_counter() - began, line.traffic.sent + line.traffic.received, line.drops, here
