"""CPU time of imports in a complete Eden: by Eden Sync inside it, and by that Eden's own REST interface.

Each import goes through HTTP to a web server of its own, with the database as it was before. Give the folder of a
plain Eden, and one or several others with Eden Sync (``./eden-sync install``), all on SQLite and with migrations off:

    python -m benchmarks.inside_eden --python PYTHON --account MAIL:PASSWORD PLAIN WITH [WITH ...]
"""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import requests

from .documents import MAKERS, write_pages

REPOSITORY = "urn:uuid:00000000-0000-4000-8000-0000000000be"
#: Where an Eden itself takes the records of a table.
OWN_PAGES = {name: name.replace("_", "/", 1) for name in MAKERS}


class Server:
    """A web server of an Eden.

    Args:
        folder: the application.
        python: its Python.
        account: name and password of an administrator.
    """

    def __init__(self, folder: Path, python: str, account: tuple[str, str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        command = [python, "web2py.py", "-a", "x", "-i", "127.0.0.1", "-p", str(port), "--no_gui"]
        self._process = subprocess.Popen(
            command, cwd=folder.parent.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        self._session = requests.Session()
        self._session.trust_env = False
        self._session.auth = account
        self._base = f"http://127.0.0.1:{port}/{folder.name}"

    def ready(self) -> None:
        """Wait until it answers, and let it load what it loads once."""
        for _ in range(600):
            with contextlib.suppress(requests.ConnectionError):
                self._session.get(f"{self._base}/sync/offer.json")
                self._session.get(f"{self._base}/org/organisation.xml?limit=1")
                return
            time.sleep(0.2)
        raise TimeoutError("no answer")

    def register(self) -> None:
        told = {"uuid": REPOSITORY, "name": "benchmark"}
        self._session.post(f"{self._base}/sync/repository/register.json", json=told).raise_for_status()

    def send(self, page: str, document: Path) -> float:
        """Send a document; return the seconds of CPU time that it took."""
        before = self._cpu()
        with document.open("rb") as body:
            answer = self._session.request(
                "POST" if "sync.xml" in page else "PUT", f"{self._base}/{page}", data=body, timeout=1200
            )
        if answer.status_code != 200 or '"failed"' in answer.text:
            raise ValueError(f"{page}: {answer.status_code} {answer.text[:300]}")
        return self._cpu() - before

    def _cpu(self) -> float:
        told = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(told[11]) + int(told[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        self._process.terminate()
        self._process.wait()


@contextlib.contextmanager
def served(folder: Path, python: str, account: tuple[str, str]) -> Iterator[Server]:
    """Run a web server on a copy of the Eden's database, which is put back."""
    database = folder / "databases" / "storage.db"
    kept = database.with_name("storage.db.kept")
    shutil.copy2(database, kept)
    server = Server(folder, python, account)
    try:
        server.ready()
        yield server
    finally:
        server.close()
        for rest in database.parent.glob("storage.db-*"):
            rest.unlink()
        os.replace(kept, database)


def main(arguments: Sequence[str]) -> int:
    """Measure and print a table."""
    parser = argparse.ArgumentParser(prog="benchmarks.inside_eden", description=__doc__)
    parser.add_argument("plain", type=Path, help="the application of an Eden without Eden Sync")
    parser.add_argument("others", type=Path, nargs="+", help="the same with Eden Sync")
    parser.add_argument("--python", default=sys.executable)
    parser.add_argument("--account", required=True, help="MAIL:PASSWORD of an administrator")
    parser.add_argument("--records", type=int, default=1000)
    parser.add_argument("--tables", nargs="+", choices=MAKERS, default=list(MAKERS))
    parser.add_argument("--work", type=Path, default=Path("/tmp"))
    options = parser.parse_args(arguments)
    account = options.account.partition(":")[::2]
    print(f"load {os.getloadavg()}; {options.records} records; seconds of CPU")
    for table in options.tables:
        (document,) = write_pages(options.work, table, options.records)
        with served(options.plain, options.python, account) as server:
            own = server.send(f"{OWN_PAGES[table]}.xml", document)
        cells = [f"{table:20} own {own:7.2f}"]
        for folder in options.others:
            with served(folder, options.python, account) as server:
                server.register()
                page = f"sync/sync.xml?resource={table}&repository={REPOSITORY}"
                server.send(page, write_pages(options.work, "org_organisation", 1, first=10_000_000)[0])
                taken = server.send(page, document)
            cells.append(f"{folder.parent.parent.name} {taken:7.2f} {own / taken:5.1f}x")
        print("  ".join(cells), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
