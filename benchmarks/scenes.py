"""The benchmarks, in scenes that share their sites."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import math
import os
import shutil
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from launcher.places import application_folder
from s3sync.wire.compression import gzip

from .breaks import QUICK, Case, measure_breaks
from .browser import SCREENS, Browser, median
from .classic import classic_eden
from .documents import EDITED, PAGE, write_pages
from .edits import measure_edits
from .first_pull import measure_first_pull
from .floors import Floor
from .line import LINE_RESOURCES, measure_line
from .load import measure_load
from .sites import (
    Client,
    Site,
    connect,
    connect_sites,
    fresh_database,
    peak_memory,
    reset_peak_memory,
    running_site,
)
from .table import Row

ORGANISATION = "org_organisation"
REPEATS = 3
REPOSITORIES = 8
MEGABYTE = 1e6
MOST_MEMORY = 200.0
#: Pages of 5,000 records after which a web server's memory grows no more.
PAGES_UNTIL_SETTLED = 100
Tell = Callable[[Row], None]
#: Kind of imported records -> how many a second there should be at least, and what part of the floor.
TARGETS: dict[str, tuple[float, float | None]] = {
    "new": (12000.0, 1 / 3),
    "unchanged": (25000.0, None),
    "changed": (8000.0, None),
    "edited": (10000.0, None),
    "edited and unchanged": (10000.0, None),
}


@dataclasses.dataclass(frozen=True)
class Crowd:
    """How many rows of each kind ``crowd.py`` makes; ``tasks_each`` is the number for each repository."""

    repositories: int = 100
    tasks_each: int = 10
    runs: int = 10_000
    entries: int = 100_000
    conflicts: int = 10_000


CROWD = Crowd()


class Measurements:
    """All scenes.

    Args:
        folder: where the sites and their data lie.
        database: pydal URI of the database that the sites use.
        tell: is called with each row.
    """

    def __init__(self, folder: Path, database: str, tell: Tell) -> None:
        self._folder = folder
        self._database = database
        self._tell = tell

    @contextlib.contextmanager
    def _site(self, name: str, settings: str = "", more_tables: int = 0) -> Iterator[Site]:
        with fresh_database(self._database) as uri:
            home = self._folder / name
            with running_site(home, uri, settings, more_tables) as site:
                yield site
            shutil.rmtree(home)

    @contextlib.contextmanager
    def _floor(self, site: Site) -> Iterator[Floor]:
        uri = site.configuration.database
        folder = self._folder / "floor"
        folder.mkdir()
        connection = connect(uri, folder)
        try:
            yield Floor(connection, uri, application_folder(site.home) / "databases" / "storage.sqlite")
        finally:
            connection.close()
            shutil.rmtree(folder)

    def _fill(self, site: Site, count: int, first: int = 0) -> None:
        """Fill an empty site with its own records."""
        folder = self._folder / "fill"
        documents = write_pages(folder, ORGANISATION, count, first=first)
        site.script("fill", table=ORGANISATION, documents=[str(each) for each in documents])
        shutil.rmtree(folder)

    # --- one site that is pushed to and asked ------------------------------------------------------------

    def imports(self, count: int) -> None:
        """Measure records that arrive by HTTP (new, unchanged, changed, edited by field), and their export."""
        pages = self._folder / "pages"
        with self._site("imports") as site, Client(site, pages) as client, self._floor(site) as floor:
            for revision, names in (
                (0, ("new", "unchanged")),
                (1, ("changed",)),
                (EDITED, ("edited", "edited and unchanged")),
            ):
                for name, times in self._pushed(count, revision, names, pages, client, floor).items():
                    self._tell(_speed(f"import, {name} records", count, times, *TARGETS[name]))
                if revision != 1:
                    self._exports(site, REPEATS * count, floor, ", all of them edited" if revision else "")
            last = (REPEATS - 1) * count
            self._packed(site, write_pages(pages, ORGANISATION, count, first=last))
            plain = write_pages(pages, ORGANISATION, count, first=last, revision=1)
            self._weighed(count, plain, write_pages(pages, ORGANISATION, count, first=last, revision=EDITED))

    def _pushed(
        self, count: int, revision: int, names: Sequence[str], pages: Path, client: Client, floor: Floor
    ) -> dict[str, list[tuple[float, float]]]:
        """Return name -> seconds of each turn, real and of the floor; pushed as often as there are names."""
        best: dict[str, list[tuple[float, float]]] = {name: [] for name in names}
        for turn in range(REPEATS):
            documents = write_pages(pages, ORGANISATION, count, first=turn * count, revision=revision)
            for number, name in enumerate(names):
                outcome = "unchanged" if number else "updated" if revision else "created"
                measure = floor.look_up if number else floor.update if revision else floor.insert
                best[name].append((_seconds(client, ORGANISATION, documents, outcome), measure(documents)))
        return best

    def _weighed(self, count: int, plain: Sequence[Path], edited: Sequence[Path]) -> None:
        """Measure what it adds to a record that its edits are told; one that was never edited gets nothing."""
        for what, size in (("", _size), (", packed", _packed_size)):
            more = (sum(map(size, edited)) - sum(map(size, plain))) / count
            self._tell(Row(f"bytes that an edited record has more than another one{what}", more, ""))

    def _packed(self, site: Site, documents: Sequence[Path]) -> None:
        raw = sum(path.stat().st_size for path in documents)
        with Client(site, self._folder / "packed") as client:
            received, size = client.pull_all(ORGANISATION)
        self._tell(
            Row("bytes on the line for a pull, of the document's", received / size, "", None, 0.2, False)
        )
        packed = sum(map(_packed_size, documents))
        self._tell(Row("bytes on the line for a push, of the document's", packed / raw, "", None, 0.2, False))

    def _exports(self, site: Site, count: int, floor: Floor, which: str) -> None:
        times = []
        for turn in range(REPEATS):
            # A new peer each time: one that has pulled before does not get the same again.
            with Client(site, self._folder / f"export-{which}-{turn}") as client:
                began = time.perf_counter()
                client.pull_all(ORGANISATION)
                times.append(
                    (time.perf_counter() - began, floor.export(ORGANISATION, self._folder / "floor.xml"))
                )
        self._tell(_speed(f"export{which}", count, times, 30000.0, None if which else 0.5))

    def families(self, count: int) -> None:
        """Measure records with references and with components."""
        pages = self._folder / "pages"
        for table, what in (
            ("org_office", "import, offices with organisation and location"),
            ("pr_person", "import, people with two contacts"),
        ):
            with self._site(table) as site, Client(site, pages) as client, self._floor(site) as floor:
                times = []
                for turn in range(REPEATS):
                    documents = write_pages(pages, table, count, first=turn * count)
                    times.append((_seconds(client, table, documents, "created"), floor.insert(documents)))
                self._tell(_speed(what, count, times, 5000.0))

    # --- two sites ------------------------------------------------------------------------------------------

    def exchange(self, count: int) -> None:
        """Measure a worker's first run between two sites that have nothing of each other."""
        with self._site("field") as field, self._site("headquarters") as headquarters:
            self._fill(field, count)
            self._fill(headquarters, count, first=count)
            repository = connect_sites(field, headquarters, [ORGANISATION])
            run = field.script("synchronise", repository=repository)[0]
            _expect(run["message"], f"{count} created", f"Sent: {count}")
            name = f"two sites, {count:,} new records each way"
            self._tell(Row(name, run["seconds"], "s", None, 6e-4 * count, False))

    def measured(self, measure: Callable[..., Iterator[Row]], count: int) -> None:
        """Tell the rows of a measurement that has a module of its own; it is given sites, a filler, and a folder."""
        for row in measure(self._site, self._fill, self._folder / "measured", count):
            self._tell(row)

    def breaks(self, quick: bool) -> None:
        """Measure a first pull over a line that drops again and again."""
        for row in measure_breaks(self._site, self._fill, QUICK if quick else Case()):
            self._tell(row)

    def pulls(self, count: int) -> None:
        """Measure first pulls over lines."""
        for row in measure_first_pull(self._site, self._fill, count):
            self._tell(row)

    def line(self) -> None:
        """Measure runs over a bad line, with few and with many resources."""
        for most, more in ((len(LINE_RESOURCES), 0), (39, 0), (100, 70)):
            with self._site("field", "", more) as field, self._site("headquarters", "", more) as headquarters:
                others = [name for name in headquarters.script("resources") if name not in LINE_RESOURCES]
                tables = [*LINE_RESOURCES, *others][:most]
                for row in measure_line(field, headquarters, tables):
                    self._tell(row)

    def pages(self, count: int) -> None:
        """Measure the administration screens while records arrive."""
        with self._site("field") as field, self._site("headquarters") as headquarters:
            self._fill(headquarters, count)
            repository = connect_sites(field, headquarters, [ORGANISATION], mode=1)
            browser = Browser(field)
            ended = threading.Event()

            def synchronise() -> None:
                try:
                    field.script("synchronise", repository=repository)
                finally:
                    ended.set()

            worker = threading.Thread(target=synchronise)
            worker.start()
            seconds, refused = browser.wander(repository, ended)
            worker.join()
            name = f"pages during an import of {count:,}"
            self._tell(Row(f"{name}: refused of {len(seconds)}", refused, "", None, 0, False))
            self._tell(Row(f"{name}: median", median(seconds) * 1000, "ms", None, 300, False))
            self._tell(Row(f"{name}: longest", max(seconds) * 1000, "ms"))

    def screens(self, crowd: Crowd = CROWD) -> None:
        """Measure every screen of the administration at a site with many rows of each kind."""
        with self._site("headquarters") as site:
            self._fill(site, crowd.conflicts)
            made = site.script("crowd", **dataclasses.asdict(crowd))
            browser = Browser(site)
            for name, path in SCREENS.items():
                seconds = browser.look_at(path.format(**made), times=5)
                self._tell(Row(f"screen: {name}", median(seconds) * 1000, "ms", None, 200, False))

    def load(self, seconds: float, measure: Callable[[Site, Tell, float], None] = measure_load) -> None:
        """Measure many clients at once, and what a person notices of them."""
        with self._site("crowded") as site:
            self._fill(site, 10_000)
            measure(site, self._tell, seconds)

    # --- flat ---------------------------------------------------------------------------------------------

    def sizes(self, counts: Sequence[int]) -> None:
        """Measure the same at several sizes: memory, time per record, and a run without changes at the largest."""
        peaks: dict[str, list[float]] = {}
        costs: list[float] = []
        for count in counts:
            with self._site("field") as field, self._site("headquarters") as headquarters:
                self._fill(headquarters, count)
                repository = connect_sites(field, headquarters, [ORGANISATION])
                self._serve(headquarters, count)
                reset_peak_memory(headquarters.web_pid)
                run = field.script("synchronise", repository=repository)[0]
                _expect(run["message"], f"{count} created")
                found = {
                    "worker, pull of pages": run["peak"],
                    "web process, pages served": peak_memory(headquarters.web_pid),
                }
                self._tell(
                    Row(f"pull of {count:,} records, worker to worker", count / run["seconds"], "records/s")
                )
                self._nothing_to_do(field, headquarters, repository, count)
                costs.append(self._cost_at(field, count))
            found.update(self._one_document(count))
            for name, peak in found.items():
                peaks.setdefault(name, []).append(peak / MEGABYTE)
                self._tell(
                    Row(
                        f"peak memory, {name}, {count:,} records",
                        peak / MEGABYTE,
                        "MB",
                        None,
                        MOST_MEMORY,
                        False,
                    )
                )
        if len(counts) > 1:
            span = f"from {counts[0]:,} to {counts[-1]:,} records"
            for name, values in peaks.items():
                self._tell(
                    Row(f"peak memory, {name}, growth {span}", values[-1] / values[0], "", None, 1.1, False)
                )
            self._tell(
                Row(f"cost of a new record, growth {span}", costs[-1] / costs[0], "", None, 1.25, False)
            )

    def _serve(self, site: Site, count: int) -> None:
        """Pull until the same number of pages was served at every size.

        A web server's memory settles with the number of pages it has served, however many records it holds.
        """
        for turn in range(math.ceil(PAGES_UNTIL_SETTLED * PAGE / max(count, PAGE))):
            with Client(site, self._folder / f"settle-{turn}") as client:
                client.pull_all(ORGANISATION)

    def _nothing_to_do(self, field: Site, headquarters: Site, repository: int, count: int) -> None:
        runs = field.script("idle", repository=repository)
        name = f"nothing to do, {count:,} records"
        self._tell(
            Row(f"{name}: the active end, without the wait", runs["own"] * 1000, "ms", None, 50, False)
        )
        self._tell(Row(f"{name}: the passive end, a request", runs["request"] * 1000, "ms", None, 50, False))
        self._tell(Row(f"{name}: the whole run, both directions", runs["run"] * 1000, "ms"))

    def _cost_at(self, site: Site, held: int) -> float:
        """Return the seconds per new record at a site that holds ``held`` records."""
        count = 10000
        pages = self._folder / "more"
        # The larger the site, the more of what filled it is still being written to the disk.
        os.sync()
        with Client(site, pages) as client:
            times = [
                _seconds(
                    client,
                    ORGANISATION,
                    write_pages(pages, ORGANISATION, count, first=10**8 + turn * count),
                    "created",
                )
                for turn in range(REPEATS)
            ]
        shutil.rmtree(pages)
        self._tell(Row(f"import, new records beside {held:,}", count / min(times), "records/s"))
        return min(times) / count

    def _one_document(self, count: int) -> dict[str, float]:
        """Measure one document with everything, pushed to us and pulled by us: a classic Eden has no pages."""
        with self._site("classic") as site:
            folder = self._folder / "document"
            (document,) = write_pages(folder, ORGANISATION, count, page=count)
            with classic_eden(document) as address:
                (repository,) = site.script("befriend", urls=[address], tables=[ORGANISATION])
                run = site.script("synchronise", repository=repository)[0]
            _expect(run["message"], f"{count} created")
            self._tell(Row(f"pull of one document of {count:,} records", count / run["seconds"], "records/s"))
            (document,) = write_pages(folder, ORGANISATION, count, page=count, revision=1)
            with Client(site, folder) as client:
                reset_peak_memory(site.web_pid)
                began = time.perf_counter()
                client.push_as_eden(ORGANISATION, document)
                seconds = time.perf_counter() - began
            self._tell(
                Row(f"push of one document of {count:,} changed records", count / seconds, "records/s")
            )
            shutil.rmtree(folder)
            return {
                "worker, pull of one document": run["peak"],
                "web process, push of one document": peak_memory(site.web_pid),
            }

    def edits(self, count: int) -> None:
        """Measure what it costs that edits are known by field."""
        with self._site("edits") as site:
            self._fill(site, count)
            for row in measure_edits(site, ORGANISATION, count):
                self._tell(row)

    # --- several workers ------------------------------------------------------------------------------------

    def workers(self, count: int) -> None:
        """Measure eight repositories with different records, with 1, 2 and 4 workers."""
        folder = self._folder / "workers"
        with contextlib.ExitStack() as stack:
            addresses = []
            for number in range(REPOSITORIES):
                (document,) = write_pages(folder, ORGANISATION, count, first=number * count, page=count)
                addresses.append(stack.enter_context(classic_eden(document)))
            for workers in (1, 2, 4):
                with self._site("hub") as hub:
                    repositories = hub.script("befriend", urls=addresses, tables=[ORGANISATION])
                    claims = self._folder / f"claims-{workers}"
                    claims.mkdir()
                    given = {
                        "repositories": repositories,
                        "claims": str(claims),
                        "start": time.time() + 5,
                    }
                    with ThreadPoolExecutor(workers) as pool:
                        futures = [pool.submit(hub.script, "work", **given) for _ in range(workers)]
                    told = [future.result() for future in futures]
                for each in told:
                    for _, message in each["done"]:
                        _expect(message, f"{count} created")
                seconds = max(each["ended"] for each in told) - min(each["began"] for each in told)
                what = (
                    f"{workers} worker{'s' if workers > 1 else ''}, {REPOSITORIES} repositories of {count:,}"
                )
                self._tell(Row(what, REPOSITORIES * count / seconds, "records/s"))
        shutil.rmtree(folder)


def _seconds(client: Client, table: str, documents: Sequence[Path], outcome: str) -> float:
    """Push documents; return the seconds. All records must have the same outcome."""
    began = time.perf_counter()
    outcomes = client.push_all(table, documents)
    seconds = time.perf_counter() - began
    if set(outcomes) != {outcome}:
        raise RuntimeError(f"{table} was to be {outcome} and was {outcomes}")
    return seconds


def _size(path: Path) -> int:
    return path.stat().st_size


def _packed_size(document: Path) -> int:
    packed = io.BytesIO()
    with document.open("rb") as source:
        gzip.pack(source, packed)
    return packed.tell()


def _speed(
    name: str, count: int, times: Sequence[tuple[float, float]], target: float, share: float | None = None
) -> Row:
    """Return the best of several measurements, of the real path and of the floor."""
    real, floor = (min(each) for each in zip(*times))
    return Row(f"{name}, {count:,}", count / real, "records/s", count / floor, target, floor_share=share)


def _expect(message: str, *parts: str) -> None:
    if not all(part in message for part in parts):
        raise RuntimeError(f"The run ended otherwise than expected: {message}")
