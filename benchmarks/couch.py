"""The way of CouchDB over the same lines: PouchDB against express-pouchdb, with the same records.

Both come from npm, into a folder outside of the checkout (``EDEN_BENCH_NPM``, else in the user's cache).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import os
import shutil
import statistics
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from lxml import etree

from .documents import write_pages
from .first_pull import CASES
from .line import CHANGED, IDLE, RATE, ROUND_TRIP, Line, Traffic, processor_time
from .soon import LINES
from .table import Row

SOURCE = Path(__file__).resolve().parent / "pouch"
TABLE = "org_organisation"
#: Records in the database of the small runs.
FEW = 200


def measure_couch(site: Any, fill: Any, folder: Path, records: int) -> Iterator[Row]:
    """Measure PouchDB as it is shipped; nothing where there is no node.

    Args:
        site, fill: not used.
        folder: for databases.
        records: of the first pull.
    """
    installed = _installed()
    if installed is None:
        return
    yield from _small_runs(installed, folder / "few")
    for number, (name, (rate, round_trip)) in enumerate(LINES.items()):
        yield from _soon(installed, folder / f"soon-{number}", name, rate, round_trip)
    for number, case in enumerate(CASES):
        with _both(installed, folder / f"first-{number}", records, case.rate, case.round_trip) as ends:
            what = f"PouchDB, first pull of {records:,} records, {case.name}"
            told = ends.ask(what="pull")
            passed = ends.line.traffic
            yield Row(f"{what}: time", told["seconds"], "s")
            yield Row(f"{what}: the line is busy", 100 * ends.line.down.busy / told["seconds"], "%")
            yield Row(f"{what}: bytes a record", (passed.sent + passed.received) / records, "bytes")


def _installed() -> Path | None:
    """Return the folder with what npm installed, None where there is no npm."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("PouchDB is left out: there is no node and npm.")
        return None
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    folder = Path(os.environ.get("EDEN_BENCH_NPM") or cache / "eden-sync-benchmarks")
    folder.mkdir(parents=True, exist_ok=True)
    for each in SOURCE.iterdir():
        shutil.copyfile(each, folder / each.name)
    if not (folder / "node_modules" / "express-pouchdb").exists():
        subprocess.run(
            ["npm", "install", "--no-audit", "--no-fund"], cwd=folder, check=True, stdout=subprocess.DEVNULL
        )
    return folder


@dataclasses.dataclass
class Ends:
    """Both ends, and the line between them.

    Attributes:
        server, client: their processes.
        line: the line.
        direct: URL of the database at the answering end, without the line.
    """

    server: subprocess.Popen[str]
    client: subprocess.Popen[str]
    line: Line
    direct: str

    def ask(self, **asked: Any) -> dict[str, Any]:
        """Let the asking end do something; return what it says."""
        _stdin(self.client).write(json.dumps(asked) + "\n")
        _stdin(self.client).flush()
        return _told(self.client)

    def change(self, count: int, mark: str) -> list[str]:
        """Change documents at the answering end; return their ids, with the time of each in ``at``."""
        ids = []
        for row in _json(f"{self.direct}/_all_docs?include_docs=true&descending=true&limit={count}")["rows"]:
            changed = json.dumps({**row["doc"], "comments": mark}).encode()
            headers = {"Content-Type": "application/json"}
            url = f"{self.direct}/{urllib.request.quote(row['id'], safe='')}"  # type: ignore[attr-defined]
            urllib.request.urlopen(urllib.request.Request(url, changed, headers, method="PUT")).close()
            ids.append(row["id"])
        return ids


def _stdin(process: subprocess.Popen[str]) -> IO[str]:
    assert process.stdin is not None
    return process.stdin


def _told(process: subprocess.Popen[str]) -> dict[str, Any]:
    assert process.stdout is not None
    told: dict[str, Any] = json.loads(process.stdout.readline())
    if "error" in told:
        raise RuntimeError(told["error"])
    return told


def _json(url: str) -> Any:
    with urllib.request.urlopen(url) as answer:
        return json.load(answer)


@contextlib.contextmanager
def _both(installed: Path, folder: Path, records: int, rate: int, round_trip: float) -> Iterator[Ends]:
    for name in ("server", "client"):
        (folder / name).mkdir(parents=True)
    stored = folder / "documents.json"
    stored.write_text(json.dumps(list(_documents(folder, records))), encoding="utf-8")
    pipes: dict[str, Any] = {
        "stdin": subprocess.PIPE,
        "stdout": subprocess.PIPE,
        "text": True,
        "cwd": installed,
    }
    server = subprocess.Popen(["node", "server.js", str(folder / "server"), str(stored)], **pipes)
    try:
        direct = f"http://127.0.0.1:{_told(server)['port']}/records"
        line = Line(direct, rate, round_trip)
        with line.open():
            client = subprocess.Popen(["node", "client.js", str(folder / "client"), line.url], **pipes)
            try:
                yield Ends(server, client, line, direct)
            finally:
                client.kill()
                client.wait()
    finally:
        server.kill()
        server.wait()
        shutil.rmtree(folder)


def _documents(folder: Path, records: int) -> Iterator[dict[str, Any]]:
    """Yield the records of the other benchmarks, with the same fields."""
    for page in write_pages(folder / "pages", TABLE, records):
        for _, element in etree.iterparse(str(page), tag="resource"):
            made: dict[str, Any] = {"_id": element.get("uuid"), "table": element.get("name")}
            made.update({name: element.get(name) for name in ("created_on", "modified_on")})
            for data in element.iterchildren("data"):
                value = data.get("value")
                made[data.get("field")] = json.loads(value) if value else data.text
            yield made
            element.clear()


def _small_runs(installed: Path, folder: Path) -> Iterator[Row]:
    with _both(installed, folder, FEW, RATE, ROUND_TRIP) as ends:
        with ends.line.fast():
            for _ in range(2):
                ends.ask(what="both")
        yield from _run(ends, "PouchDB, nothing to do, one database for all resources")
        spent = processor_time(ends.server.pid)
        with ends.line.fast():
            for _ in range(IDLE):
                ends.ask(what="both")
        spent = (processor_time(ends.server.pid) - spent) / IDLE
        yield Row("PouchDB, nothing to do: processor of the serving end", 1000 * spent, "ms")
        ends.ask(what="change", count=CHANGED, mark="here")
        ends.change(CHANGED, "there")
        yield from _run(ends, f"PouchDB, {CHANGED} records changed at both ends")
        ends.change(1, "one")
        yield from _run(ends, "PouchDB, one record changed at the answering end")


def _run(ends: Ends, name: str) -> Iterator[Row]:
    ends.line.traffic = Traffic()
    told = ends.ask(what="both")
    passed = dataclasses.replace(ends.line.traffic)
    yield Row(f"{name}: connections", passed.connections, "")
    yield Row(f"{name}: round trips", passed.round_trips, "")
    yield Row(f"{name}: bytes", passed.sent + passed.received, "bytes")
    yield Row(f"{name}: time", told["seconds"], "s")


def _soon(installed: Path, folder: Path, name: str, rate: int, round_trip: float) -> Iterator[Row]:
    with _both(installed, folder, FEW, rate, round_trip) as ends:
        with ends.line.fast():
            ends.ask(what="both")
        ends.ask(what="live")
        took = []
        for number in range(5):
            time.sleep(8)
            (identifier,) = ends.change(1, f"changed {number}")
            at = time.time()
            took.append(ends.ask(what="wait", id=identifier, comments=f"changed {number}")["value"] - at)
        yield Row(
            f"PouchDB live, a change is at the other site, {name}: median of 5", statistics.median(took), "s"
        )
        ends.ask(what="stop")
