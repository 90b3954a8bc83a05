"""The command ``benchmarks/run``."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Callable

from .couch import measure_couch
from .crowd import measure_crowd
from .faults import measure_faults
from .move import measure_moves
from .scenes import Measurements
from .served import measure_served
from .sites import connect, workshop
from .soon import measure_soon
from .stick import measure_stick
from .table import Row, heading, line, machine, write_json
from .tables import measure_tables

SCENES = {
    "imports": "import of new, unchanged and changed organisations, bytes on the line, export",
    "families": "import of records with references and components",
    "exchange": "two sites with new records each, worker to worker",
    "stick": "the same by a memory stick, sealed and not",
    "move": "a site moves from SQLite to each server that is here, and back",
    "tables": "a list saved as a table, and a table imported",
    "pulls": "first pulls over lines: time, and how much of it the line is busy",
    "line": "runs over a satellite's line: round trips, bytes and time",
    "soon": "how soon a change is at the other site, where the schedule says as soon as something changes",
    "couch": "PouchDB against express-pouchdb over the same lines; needs node and npm",
    "breaks": "a first pull with a large file over a line that drops again and again",
    "pages": "screens of the administration during an import",
    "screens": "every screen with 100 repositories, 1,000 tasks, 100,000 log entries, 10,000 conflicts",
    "sites": "the overview with 100, 1,000 and 10,000 sites that begin the exchange themselves",
    "sizes": "memory, cost per record and nothing to do, at several sizes",
    "edits": "time and room for knowing edits by field, where a tenth of the records was edited",
    "load": "1, 20 and 200 clients at once, the web server of ./run beside web2py's own",
    "crowd": "200 sites that pull for --minutes, with --database at gunicorn",
    "faults": "writers that want the same records, and a worker that is killed in a run",
    "workers": "eight repositories with 1, 2 and 4 workers",
}


def main(arguments: Sequence[str]) -> int:
    """Run the benchmarks; return 0 if every target was reached, else 1."""
    parser = argparse.ArgumentParser(
        prog="benchmarks/run",
        description="Measures whole sites on this machine: web servers and workers as ./run starts them, HTTP on "
        "loopback. Each figure stands beside the floor, a bare loop of parser and database in the same run.",
        epilog="\n".join(f"  {name:10} {what}" for name, what in SCENES.items()),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument(
        "scenes", nargs="*", metavar="rows", help="which rows to measure (default: all; see below)"
    )
    parser.add_argument("--quick", action="store_true", help="10,000 records only, in less than five minutes")
    parser.add_argument(
        "--most", type=int, default=1_000_000, help="records of the largest size (default: a million)"
    )
    parser.add_argument("--minutes", type=float, default=10, help="how long the crowd pulls (default: ten)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the rows to a file, too")
    parser.add_argument(
        "--database",
        default="sqlite://storage.sqlite",
        help="pydal URI of a server where databases may be made and dropped (default: SQLite), "
        "e.g. postgres://postgres@127.0.0.1/postgres",
    )
    options = parser.parse_args(arguments)
    unknown = set(options.scenes) - set(SCENES)
    if unknown:
        parser.error(f"no such rows: {', '.join(sorted(unknown))}; there are {', '.join(SCENES)}")
    rows: list[Row] = []

    def tell(row: Row) -> None:
        rows.append(row)
        print(line(row), flush=True)

    began = time.monotonic()
    print(f"{machine(server_name(options.database))}\n\n{heading()}", flush=True)
    with workshop() as folder:
        for scene in scenes(Measurements(folder, options.database, tell), options):
            scene()
    missed = [row.name for row in rows if row.met is False]
    print(f"\n{time.monotonic() - began:.0f} seconds. ", end="")
    print(f"Not reached: {'; '.join(missed)}" if missed else "Every target was reached.")
    if options.json is not None:
        write_json(options.json, rows)
        print(f"Rows written to {options.json}", file=sys.stderr)
    return 1 if missed else 0


def scenes(measurements: Measurements, options: argparse.Namespace) -> list[Callable[[], None]]:
    """Return the scenes to run, with their sizes."""
    many = 10_000 if options.quick else 100_000
    sizes = [10_000] if options.quick else sorted({10_000, min(100_000, options.most), options.most})
    known: dict[str, Callable[[], None]] = {
        "imports": lambda: measurements.imports(10_000),
        "families": lambda: measurements.families(10_000),
        "exchange": lambda: measurements.exchange(many),
        "stick": lambda: measurements.measured(measure_stick, many),
        "move": lambda: measurements.measured(measure_moves, many),
        "tables": lambda: measurements.measured(measure_tables, 20_000),
        "pulls": lambda: measurements.pulls(30_000 if options.quick else many),
        "line": measurements.line,
        "soon": lambda: measurements.measured(measure_soon, 3 if options.quick else 7),
        "couch": lambda: measurements.measured(measure_couch, 10_000 if options.quick else 30_000),
        "breaks": lambda: measurements.breaks(options.quick),
        "pages": lambda: measurements.pages(many),
        "screens": measurements.screens,
        "sites": lambda: measurements.load(0, measure_served),
        "sizes": lambda: measurements.sizes(sizes),
        "edits": lambda: measurements.edits(10_000 if options.quick else options.most),
        "load": lambda: measurements.load(5 if options.quick else 20),
        "crowd": lambda: measurements.load(60 * options.minutes, measure_crowd),
        "faults": lambda: measurements.measured(measure_faults, 10 if options.quick else 30),
        "workers": lambda: measurements.workers(2_000 if options.quick else 10_000),
    }
    return [known[name] for name in SCENES if not options.scenes or name in options.scenes]


def server_name(database: str) -> str:
    """Return the name and version of the database server."""
    if database.startswith("sqlite"):
        return "SQLite"
    connection = connect(database)
    cursor = connection.cursor()
    cursor.execute("SELECT version()")
    (version,) = cursor.fetchone()
    connection.close()
    return (
        " ".join(str(version).split()[:2]) if "PostgreSQL" in str(version) else f"MariaDB or MySQL {version}"
    )
