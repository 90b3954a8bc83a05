"""A bad line between two sites: what a run takes on it, in round trips, bytes and seconds."""

from __future__ import annotations

import asyncio
import contextlib
import dataclasses
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

from .sites import Site, connect_sites
from .table import Row

#: Seconds of a round trip by satellite, and its bytes a second.
ROUND_TRIP, RATE = 0.6, 16_000
#: What is exchanged over a bad line; the first ones are edited.
LINE_RESOURCES = (
    "org_organisation",
    "org_organisation_type",
    "gis_location",
    "pr_person",
    "hms_hospital",
    "cr_shelter",
    "org_office",
    "hrm_human_resource",
    "doc_document",
)
#: Bytes that pass at once, and seconds that they take at least: on a good line many small pieces would cost processor.
PIECE, PIECE_SECONDS = 1400, 0.002
#: Seconds of what waits before the line, as in a modem: without it the line would rest whenever this program is late.
QUEUE = 0.05
#: Reader and writer of one end of a connection.
Ends = tuple[asyncio.StreamReader, asyncio.StreamWriter]
#: Resources in which one record is changed at both ends.
CHANGED = 5
#: Idle runs of which the processor time is measured.
IDLE = 100
#: Milliseconds of processor that the answering site takes for a question for all resources: the target.
PROCESSOR = 10
#: Bytes of a page of one edited record and what it answers, headers included: the target.
EDITED = 900


def processor_time(pid: int) -> float:
    """Return the processor time of a process in seconds (Linux: proc(5))."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Traffic:
    """What passed a line.

    Attributes:
        connections: how many were opened.
        round_trips: how often the direction turned from the asking to the answering site.
        sent, received: bytes in each direction, as the asking site sees them, headers included.
        turns: bytes of each question with its answer.
    """

    connections: int = 0
    round_trips: int = 0
    sent: int = 0
    received: int = 0
    turns: list[int] = dataclasses.field(default_factory=list)


@dataclasses.dataclass
class Direction:
    """One direction of a line, which all connections share.

    Attributes:
        rate: bytes a second.
        free: when the last piece that was sent so far has left, by the clock of the loop.
        busy: seconds in which something was sent.
    """

    rate: int
    free: float = 0.0
    busy: float = 0.0

    def send(self, size: int, now: float) -> float:
        """Send a piece after all that were sent before it; return when it has left.

        Args:
            size: its bytes.
            now: the time by the clock of the loop.
        """
        takes = size / self.rate
        self.free = max(self.free, now) + takes
        self.busy += takes
        return self.free


class Line:
    """Passes connections on, late and together no faster than the line is.

    Args:
        target: URL of the answering site.
        rate: bytes a second in each direction.
        round_trip: seconds of a round trip.

    Attributes:
        up, down: the direction of questions and that of answers.
    """

    def __init__(self, target: str, rate: int = RATE, round_trip: float = ROUND_TRIP) -> None:
        parts = urlsplit(target)
        self._target = (parts.hostname or "", parts.port or 80)
        self._path = parts.path
        self._loop = asyncio.new_event_loop()
        self._port = 0
        self.traffic = Traffic()
        self._round_trip = self._usual = round_trip
        self.up, self.down = Direction(rate), Direction(rate)

    @contextlib.contextmanager
    def fast(self) -> Iterator[None]:
        """Be a good line for a while: what is measured then has nothing to do with it."""
        self._round_trip = 0.0
        try:
            yield
        finally:
            self._round_trip = self._usual

    @property
    def url(self) -> str:
        """URL of the answering site at this end of the line."""
        return f"http://127.0.0.1:{self._port}{self._path}"

    @contextlib.contextmanager
    def open(self) -> Iterator[Line]:
        """Take connections until the end."""
        server = self._loop.run_until_complete(asyncio.start_server(self._serve, "127.0.0.1", 0))
        self._port = server.sockets[0].getsockname()[1]
        thread = threading.Thread(target=self._loop.run_forever)
        thread.start()
        try:
            yield self
        finally:
            self._loop.call_soon_threadsafe(self._loop.stop)
            thread.join()
            server.close()
            left = asyncio.all_tasks(self._loop)
            for each in left:
                each.cancel()
            if left:
                self._loop.run_until_complete(asyncio.gather(*left, return_exceptions=True))
            self._loop.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.traffic.connections += 1
        # The line may end before the connection does.
        with contextlib.suppress(asyncio.CancelledError):
            # What a connection costs before it carries anything.
            await asyncio.sleep(self._round_trip)
            await self._pass_on((reader, writer), await asyncio.open_connection(*self._target))

    async def _pass_on(self, near: Ends, far: Ends) -> None:
        """Carry both directions between the asking and the answering end of a connection."""
        turns = [False]

        def asked(count: int) -> None:
            self.traffic.sent += count
            if not turns[0]:
                self.traffic.turns.append(0)
            self.traffic.turns[-1] += count
            turns[0] = True

        def answered(count: int) -> None:
            self.traffic.received += count
            self.traffic.round_trips += turns[0]
            if self.traffic.turns:
                self.traffic.turns[-1] += count
            turns[0] = False

        late = self._round_trip / 2
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(
                _carry(near[0], far[1], asked, late, self.up),
                _carry(far[0], near[1], answered, late, self.down),
                return_exceptions=True,
            )


async def _carry(
    reader: asyncio.StreamReader,
    writer: asyncio.StreamWriter,
    told: Callable[[int], None],
    late: float,
    way: Direction,
) -> None:
    """Carry one direction: each piece takes its time on the line, then the half of a round trip.

    Args:
        reader, writer: the two ends.
        told: is called with the bytes of each piece.
        late: seconds of half a round trip, 0 for a line without limits.
        way: the direction.
    """
    loop = asyncio.get_running_loop()
    pieces: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue()

    async def deliver() -> None:
        while True:
            moment, piece = await pieces.get()
            await asyncio.sleep(max(0.0, moment - loop.time()))
            if not piece:
                writer.close()
                return
            writer.write(piece)
            try:
                await writer.drain()
            except ConnectionError:
                # The other end is gone.
                return

    delivery = asyncio.ensure_future(deliver())
    try:
        while True:
            piece = await reader.read(max(PIECE, int(PIECE_SECONDS * way.rate)))
            if piece:
                told(len(piece))
            free = way.send(len(piece), loop.time()) if late else loop.time()
            pieces.put_nowait((free + late, piece))
            if not piece:
                break
            await asyncio.sleep(max(0.0, free - QUEUE - loop.time()))
        await delivery
    finally:
        delivery.cancel()


def measure_line(field: Site, headquarters: Site, tables: Sequence[str]) -> Iterator[Row]:
    """Measure runs over a satellite's line, with one request for each resource and with one for all.

    Args:
        field, headquarters: two sites that know nothing of each other.
        tables: what they exchange.
    """
    line = Line(headquarters.url)
    with line.open():
        repository = connect_sites(dataclasses.replace(field), at(headquarters, line), tables)
        for _ in range(2):
            field.script("synchronise", repository=repository)
        for together in (False, True):
            how = "one request for all" if together else "a request for each"
            field.script("line", repository=repository, together=together)
            field.script("synchronise", repository=repository, times=2)
            seconds, passed = _run(field, repository, line)
            name = f"nothing to do, {len(tables)} resources, {how}"
            spent = processor_time(headquarters.web_pid)
            with line.fast():
                field.script("synchronise", repository=repository, times=IDLE)
            spent = processor_time(headquarters.web_pid) - spent
            most = PROCESSOR if together else None
            yield Row(f"{name}: processor of the serving end", spent / IDLE * 1000, "ms", None, most, False)
            yield from _rows(name, seconds, passed, (1, 700, 2.0) if together else None)
            for site in (field, headquarters):
                site.script("touch", tables=list(tables[:CHANGED]))
            seconds, passed = _run(field, repository, line)
            name = f"one record of {CHANGED} resources at both ends, {len(tables)} exchanged, {how}"
            yield from _rows(name, seconds, passed, (3, 6000, None) if together else None)
            if together:
                yield from _edited(field, headquarters, repository, line, tables)


def _edited(
    field: Site, headquarters: Site, repository: int, line: Line, tables: Sequence[str]
) -> Iterator[Row]:
    """Measure whole runs for one record that was edited at either end."""
    for site, where, turn in ((headquarters, "the answering end", 0), (field, "the asking end", 1)):
        with line.fast():
            # So that the question is the short one, whatever the run before has moved.
            field.script("synchronise", repository=repository)
        site.script("touch", tables=list(tables[:1]), edits=True)
        seconds, passed = _run(field, repository, line)
        name = f"one record edited at {where}, {len(tables)} exchanged"
        # The question for news brings the page, or a push behind it does.
        yield Row(f"{name}: the page, with headers", passed.turns[turn], "bytes", None, EDITED, False)
        yield from _rows(name, seconds, passed, None)


def at(site: Site, line: Line) -> Site:
    """Return a site as it is seen through a line."""

    class Behind(Site):
        @property
        def url(self) -> str:
            return line.url

    return Behind(site.home, site.configuration, site.web, site.worker)


def _run(field: Site, repository: int, line: Line) -> tuple[float, Traffic]:
    line.traffic = Traffic()
    (run,) = field.script("synchronise", repository=repository)
    return run["seconds"], dataclasses.replace(line.traffic)


def _rows(
    name: str, seconds: float, passed: Traffic, targets: tuple[int, int, float | None] | None
) -> Iterator[Row]:
    trips, size, most = targets or (None, None, None)
    yield Row(f"{name}: round trips", passed.round_trips, "", None, trips, False)
    yield Row(f"{name}: bytes", passed.sent + passed.received, "bytes", None, size, False)
    yield Row(f"{name}: time, connection included", seconds, "s", None, most, False)
