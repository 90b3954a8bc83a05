"""Whole sites for benchmarks: each an instance folder, a web server as ./run starts it, and a worker process."""

from __future__ import annotations

import contextlib
import json
import sys
import tempfile
import urllib.parse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

from launcher.configuration import SiteConfiguration, Wishes
from launcher.instance import prepare_instance
from launcher.places import application_folder, configuration_file
from launcher.preparation import Administrator, prepare_site, run_script
from launcher.processes import Service, stop_all
from launcher.supervisor import site_url, wait_for_answer, web_service, worker_service
from s3sync.adapters.base import Remote
from s3sync.adapters.eden import EdenAdapter
from s3sync.adapters.testing import one_line
from s3sync.core.clock import SystemClock
from s3sync.exchange.peer import Asking, Exchange, Sending
from s3sync.transport.client import Transport
from s3sync.transport.limits import Limits
from s3sync.wire.protocol.names import PeerCapability
from tests.support.ports import free_port

SCRIPTS = Path(__file__).resolve().parent / "scripts"
ADMINISTRATOR = Administrator("bench@example.com", "bench-password", made_up=False)
PYTHON = Path(sys.executable)
CAPABILITIES = frozenset(PeerCapability) - {PeerCapability.LOOK}


def peak_memory(pid: int) -> int:
    """Return the peak memory of a process in bytes, since it began or since ``reset_peak_memory``."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"process {pid} is gone")


def reset_peak_memory(pid: int) -> None:
    """Reset the peak to the memory that the process has now (Linux: clear_refs, see proc(5))."""
    Path(f"/proc/{pid}/clear_refs").write_text("5")


@dataclass
class Site:
    """One site.

    Attributes:
        home: its instance folder.
        configuration: its address, port and database.
        web: its web server.
        worker: its scheduler's worker, which is idle: measured runs are separate processes.
    """

    home: Path
    configuration: SiteConfiguration
    web: Service
    worker: Service

    @property
    def url(self) -> str:
        """The application's URL."""
        return site_url(self.configuration)

    @property
    def web_pid(self) -> int:
        """The web server's process id."""
        assert self.web.pid is not None
        return self.web.pid

    def script(self, name: str, **arguments: Any) -> Any:
        """Run a script of ``scripts/`` in a separate process with the site's models; return its result."""
        return run_script(PYTHON, self.home, SCRIPTS / f"{name}.py", [json.dumps(arguments)])

    def start(self) -> None:
        """Start web server and worker, and wait until the web server answers."""
        self.web.start()
        self.worker.start()
        wait_for_answer(self.web, self.url)

    def stop(self) -> None:
        """Stop web server and worker."""
        stop_all([self.web, self.worker])

    def spool(self) -> list[Path]:
        """Return the files in the spool folder."""
        folder = application_folder(self.home) / "private" / "spool"
        return sorted(folder.iterdir()) if folder.exists() else []


@contextlib.contextmanager
def running_site(home: Path, database: str, settings: str = "", more_tables: int = 0) -> Iterator[Site]:
    """Prepare a site, start its web server and worker, and stop them at the end.

    Args:
        home: the instance folder; it is made if it does not exist.
        database: pydal URI.
        settings: lines for the section [sync] of its configuration.
        more_tables: how many tables it has beside those of the bundled data model.
    """
    port = free_port()
    configuration = prepare_instance(
        home,
        Wishes(
            host="127.0.0.1",
            port=port,
            database=database,
            name=home.name,
            public_url=f"http://127.0.0.1:{port}",
        ),
    )
    if settings:
        with configuration_file(home).open("a", encoding="utf-8") as file:
            file.write(f"{settings}\n")
    if more_tables:
        _add_tables(home, more_tables)
    prepare_site(PYTHON, home, configuration, ADMINISTRATOR)
    site = Site(
        home,
        configuration,
        web_service(PYTHON, home, configuration),
        worker_service(PYTHON, home),
    )
    site.start()
    try:
        yield site
    finally:
        site.stop()


def _add_tables(home: Path, count: int) -> None:
    """Give a site tables of its own: its models are those of the checkout, and one more."""
    models = application_folder(home) / "models"
    bundled = models.resolve()
    models.unlink()
    models.mkdir()
    for each in bundled.glob("*.py"):
        (models / each.name).symlink_to(each)
    columns = '[Field("name"), Field("comments", "text")]'
    (models / "10_more.py").write_text(
        f"for _number in range({count}):\n"
        f'    s3db.define_table(f"org_more{{_number:03d}}", lambda: {columns})\n',
        encoding="utf-8",
    )


@contextlib.contextmanager
def fresh_database(uri: str) -> Iterator[str]:
    """Make a new database on the server of ``uri``, for one site. For SQLite the instance has its own file anyway.

    Args:
        uri: "sqlite://storage.sqlite", or a PostgreSQL or MySQL URI of a user who may create databases.
    """
    if uri.startswith("sqlite"):
        yield uri
        return
    parts = urllib.parse.urlsplit(uri)
    name = f"eden_bench_{uuid4().hex[:10]}"
    suffix = (
        " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if parts.scheme.startswith(("mysql", "mariadb")) else ""
    )
    _administrate(uri, f"CREATE DATABASE {name}{suffix}")
    try:
        yield urllib.parse.urlunsplit(parts._replace(path=f"/{name}"))
    finally:
        _administrate(uri, f"DROP DATABASE {name}")


def _administrate(uri: str, statement: str) -> None:
    connection = connect(uri)
    with contextlib.closing(connection):
        if uri.startswith("postgres"):
            connection.autocommit = True
        connection.cursor().execute(statement)


def connect(uri: str, folder: Path | None = None) -> Any:
    """Return a connection of the driver itself, for the floors."""
    parts = urllib.parse.urlsplit(uri)
    if parts.scheme.startswith("sqlite"):
        import sqlite3

        assert folder is not None
        return sqlite3.connect(folder / "floor.sqlite", isolation_level=None)
    known = {
        "host": parts.hostname or "127.0.0.1",
        "user": parts.username,
        "password": parts.password or "",
        "port": parts.port,
    }
    database = parts.path.strip("/")
    if parts.scheme.startswith("postgres"):
        import psycopg2

        return psycopg2.connect(dbname=database, **known)
    import pymysql

    return pymysql.connect(database=database, charset="utf8mb4", **{**known, "port": parts.port or 3306})


class Client:
    """Another site that talks to ours over HTTP, with the adapter that a worker uses.

    Args:
        site: the site it registers with.
        folder: for spooled answers.
        gzip: whether request bodies are gzipped.
    """

    def __init__(self, site: Site, folder: Path, *, gzip: bool = True) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.uuid = f"urn:uuid:{uuid4()}"
        self.journal = str(uuid4())
        self.checkpoints: dict[str, str] = {}
        self.sent = 0
        transport = Transport(
            site.url,
            username=ADMINISTRATOR.email,
            password=ADMINISTRATOR.password,
            # The answer to a document of a million records takes minutes.
            limits=Limits(read_timeout=3600),
            clock=SystemClock(),
            spool=folder,
        )
        remote = Remote(
            1,
            None,
            site.home.name,
            self.uuid,
            "bench",
            {"url": site.url},
            CAPABILITIES if gzip else CAPABILITIES - {PeerCapability.GZIP},
        )
        self.peer = EdenAdapter(remote, one_line(transport, folder))
        self.peer.register()

    def push(self, table: str, document: Path) -> dict[str, int]:
        """Send a page; return the outcomes of its records."""
        sending = Sending(self.journal, self.checkpoints.get(table, ""))
        result = self.peer.push(Exchange(table), document, sending)
        self.checkpoints[table] = result.checkpoint or ""
        self.sent += result.sent
        if result.refusals:
            raise RuntimeError(f"{len(result.refusals)} records were refused: {result.refusals[0]}")
        return result.outcomes

    def push_all(self, table: str, documents: Sequence[Path]) -> dict[str, int]:
        """Send pages one after the other."""
        total: dict[str, int] = {}
        for document in documents:
            for name, count in self.push(table, document).items():
                total[name] = total.get(name, 0) + count
        return total

    def push_as_eden(self, table: str, document: Path) -> int:
        """Send a whole document like a classic Eden: no gzip, no checkpoint; return the number of its records."""
        reply = self.peer.transport.send(
            "POST",
            f"{self.peer.transport.url}/sync/sync.xml?resource={table}&repository={self.uuid}",
            document,
            {"Content-Type": "text/xml", "Content-Disposition": f'attachment; filename="{table}.xml"'},
        )
        told = reply.json()
        if told.get("status") != "success":
            raise RuntimeError(f"The document was refused: {told.get('message')}")
        return int(told["records"])

    def pull_all(self, table: str, limit: int = 5000) -> tuple[int, int]:
        """Pull everything page by page and discard it; return (bytes on the line, bytes of documents)."""
        cursor, received, size = "", 0, 0
        while True:
            page = self.peer.pull(Exchange(table), Asking(cursor, limit))
            received += page.received
            size += page.size
            page.discard()
            cursor = page.cursor or ""
            if not page.more:
                return received, size

    def close(self) -> None:
        """Close the connection."""
        self.peer.close()

    def __enter__(self) -> "Client":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def connect_sites(field_site: Site, headquarters: Site, tables: Sequence[str], mode: int = 3) -> int:
    """Add one site as a repository of the other one, with tasks; return the repository's id there.

    Args:
        field_site: the active site.
        headquarters: the passive site.
        tables: the tables to exchange.
        mode: 1 pull, 2 push, 3 both.
    """
    repository: int = field_site.script(
        "connect",
        url=headquarters.url,
        email=ADMINISTRATOR.email,
        password=ADMINISTRATOR.password,
        tables=list(tables),
        mode=mode,
    )
    return repository


@contextlib.contextmanager
def workshop() -> Iterator[Path]:
    """Yield a temporary folder, removed at the end."""
    with tempfile.TemporaryDirectory(prefix="eden-bench-") as folder:
        yield Path(folder)
