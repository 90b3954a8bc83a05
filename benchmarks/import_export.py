"""How fast one process imports and exports, beside the floor: the bare parser and database, measured in the same run.

    python -m benchmarks.import_export [--records 10000] [--folder FOLDER]

Organisations of six fields, documents of pages of 2,000, SQLite in a file. The floor does the part that no
implementation can leave out: for the import parse the document with lxml and write the rows with executemany, a
transaction a page; for the export read the rows by key and write them as text. Ratios of one run compare between
machines, records a second do not.
"""

from __future__ import annotations

import argparse
import io
import platform
import resource as process
import sqlite3
import sys
import tempfile
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Callable
from xml.sax.saxutils import escape

from lxml import etree

PAGE = 2000
START = datetime(2026, 1, 1)
FIELDS = ("name", "acronym", "website", "phone", "year", "comments")


def organisation(number: int, revision: int) -> str:
    """Return an organisation as S3XML; a later revision has another remark and a later time."""
    moment = (START + timedelta(seconds=number, days=revision)).isoformat()
    values = (
        f"Relief & Works {number}",
        f"RW{number}",
        f"https://www.org{number}.example.org",
        f"+977 61 {number:06d}",
        str(1950 + number % 70),
        f"Visited in week {revision}; expects supplies for {number % 300} families from the district store.",
    )
    data = "".join(
        f'<data field="{name}"{_value(name, text)}>{escape(text)}</data>'
        for name, text in zip(FIELDS, values)
    )
    return (
        f'<resource name="org_organisation" uuid="urn:uuid:00000000-0000-4000-8000-{number:012d}" mci="1" '
        f'created_on="{START.isoformat()}" modified_on="{moment}">{data}</resource>'
    )


def _value(name: str, text: str) -> str:
    return f' value="{text}"' if name == "year" else ""


def pages(records: int, revision: int) -> list[bytes]:
    """Return the documents of a revision of all records."""
    return [
        "".join(
            (
                "<s3xml>",
                *(organisation(number, revision) for number in range(first, min(first + PAGE, records))),
                "</s3xml>",
            )
        ).encode()
        for first in range(0, records, PAGE)
    ]


def seconds(step: Callable[[], Any]) -> float:
    """Return how long a step takes."""
    began = time.perf_counter()
    step()
    return time.perf_counter() - began


class Floor:
    """Parser and database with nothing between them.

    Args:
        path: where the database lies.
    """

    def __init__(self, path: Path) -> None:
        self._db = sqlite3.connect(path)
        self._db.execute("PRAGMA journal_mode=WAL")
        columns = ", ".join(f"{name} TEXT" for name in FIELDS)
        self._db.execute(
            f"CREATE TABLE record (id INTEGER PRIMARY KEY, uuid TEXT UNIQUE, modified_on TEXT, {columns})"
        )

    def take(self, documents: list[bytes]) -> None:
        """Parse documents and insert their records."""
        for document in documents:
            rows = []
            for _, element in etree.iterparse(io.BytesIO(document), tag="resource"):
                values = {child.get("field"): child.text for child in element}
                rows.append(
                    (element.get("uuid"), element.get("modified_on"), *(values[name] for name in FIELDS))
                )
                element.clear()
            marks = ", ".join("?" * (len(FIELDS) + 2))
            names = f"uuid, modified_on, {', '.join(FIELDS)}"
            self._db.executemany(f"INSERT INTO record ({names}) VALUES ({marks})", rows)
            self._db.commit()

    def give(self, out: Any) -> None:
        """Read all records and write them as text."""
        last = 0
        while True:
            rows = self._db.execute(
                "SELECT * FROM record WHERE id > ? ORDER BY id LIMIT ?", (last, PAGE)
            ).fetchall()
            if not rows:
                return
            last = rows[-1][0]
            parts = []
            for _, uuid, moment, *values in rows:
                data = "".join(
                    f'<data field="{name}">{escape(value)}</data>' for name, value in zip(FIELDS, values)
                )
                parts.append(f'<resource uuid="{uuid}" modified_on="{moment}">{data}</resource>')
            out.write("".join(parts).encode())


def measure(records: int, folder: Path) -> list[tuple[str, float, float]]:
    """Return (step, seconds, seconds of the floor) for each step."""
    from tests.support.sites import FixedClock, Site

    site = Site(
        folder / "site",
        "sqlite://storage.sqlite",
        FixedClock(START + timedelta(days=60)),
        families=("gis", "org", "pr", "doc"),
    )
    floor = Floor(folder / "floor.sqlite")
    first, second = pages(records, 0), pages(records, 1)

    def take(documents: list[bytes]) -> None:
        for document in documents:
            site.take(document, "org_organisation", exchanged=10**9)

    bare_import = seconds(lambda: floor.take(first))
    measured = [
        ("import, all new", seconds(lambda: take(first)), bare_import),
        ("import, all unchanged", seconds(lambda: take(first)), bare_import),
        ("import, all changed", seconds(lambda: take(second)), bare_import),
    ]
    found = len(site.rows("org_organisation"))
    if found != records:
        raise AssertionError(f"{found} of {records} records arrived.")
    bare_export = seconds(lambda: floor.give(io.BytesIO()))

    def give() -> None:
        position, more = 0, True
        while more:
            _, page = site.export("org_organisation", after=position, limit=PAGE)
            position, more = page.position, page.more

    measured.append(("export in pages", seconds(give), bare_export))
    site.close()
    return measured


def main(arguments: list[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.import_export", description=__doc__.splitlines()[0]
    )
    parser.add_argument("--records", type=int, default=10_000, help="how many organisations (default: 10000)")
    parser.add_argument(
        "--folder", type=Path, help="where to put the databases (default: a temporary folder)"
    )
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(dir=options.folder) as scratch:
        (Path(scratch) / "site").mkdir()
        measured = measure(options.records, Path(scratch))
    print(
        f"{options.records} organisations, Python {platform.python_version()}, "
        f"SQLite {sqlite3.sqlite_version}, lxml {'.'.join(map(str, etree.LXML_VERSION[:3]))}, {platform.machine()}"
    )
    print(f"{'':24}{'records/s':>12}{'floor':>12}{'of the floor':>14}")
    for step, taken, bare in measured:
        print(f"{step:24}{options.records / taken:12,.0f}{options.records / bare:12,.0f}{bare / taken:14.0%}")
    print(f"largest memory: {process.getrusage(process.RUSAGE_SELF).ru_maxrss / 1024:.0f} MB")
    return 0


if __name__ == "__main__":
    root = Path(__file__).resolve().parents[1]
    sys.path[:0] = [str(root), str(root / "applications" / "eden" / "modules")]
    sys.exit(main(sys.argv[1:]))
