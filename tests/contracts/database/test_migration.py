"""The database of a site on a server: the ways to it may change, and it may be less than the notes about it say."""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import DAL, Field
from gluon.scheduler import Scheduler

from benchmarks.sites import connect as connect_driver
from s3.database.connect import connect
from s3.database.schema_gate import SchemaGate
from s3sync.core.clock import SystemClock
from s3sync.database.tables import define
from s3sync.scheduler import queue as queue
from s3sync.site import Site
from s3sync.worker import cleanup as cleanup
from tests.support.databases import MYSQL_URI, POSTGRES_URI, discard

pytestmark = pytest.mark.database

PASSWORD, WRITTEN = "p@ss/w%41rd", "p%40ss%2Fw%2541rd"


class Server:
    """An empty database on a server, and a user of its own.

    Args:
        kind: postgres or mysql.
        uri: how tests get there.
    """

    def __init__(self, kind: str, uri: str) -> None:
        self.kind = kind
        self.name = f"eden_test_{uuid.uuid4().hex[:12]}"
        self.host = uri.partition("://")[2].rpartition("/")[0].rpartition("@")[2]
        self.admin = connect_driver(uri)
        self.admin.autocommit = True
        self.execute(f"CREATE DATABASE {self.name}")
        if kind == "mysql":
            self.execute(f"CREATE USER '{self.name}'@'%' IDENTIFIED BY '{PASSWORD}'")
            self.execute(f"GRANT ALL ON {self.name}.* TO '{self.name}'@'%'")
        else:
            self.execute(f"CREATE USER {self.name} SUPERUSER PASSWORD '{PASSWORD}'")

    def execute(self, statement: str) -> None:
        """Run a statement as administrator."""
        self.admin.cursor().execute(statement)

    def uri(self, account: str, host: str = "") -> str:
        """Return the way to the database."""
        return f"{self.kind}://{account}@{host or self.host}/{self.name}"

    def close(self) -> None:
        """Remove database and user."""
        self.execute(f"DROP DATABASE {self.name}")
        self.execute(f"DROP USER {self.name}")
        self.admin.close()


@pytest.fixture(params=["postgres", "mysql"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    try:
        server = Server(request.param, {"postgres": POSTGRES_URI, "mysql": MYSQL_URI}[request.param])
    except Exception as error:  # each driver has its own class for "no server here"
        pytest.skip(f"no {request.param}: {error}")
    yield server
    server.close()


@pytest.fixture
def root(server: Server) -> str:
    """The account that needs no password."""
    return {"postgres": "postgres", "mysql": "root"}[server.kind]


def migrate(application: Path, uri: str, *columns: str) -> tuple[bool, list[str]]:
    """Do what the models do; return whether tables were seen to, and the things that are there."""
    gate = SchemaGate(str(application), uri, ["org"])
    opened = gate.open()
    db = connect(uri, str(application / "databases"), pool_size=0, migrate=opened, attempts=1)
    try:
        gate.connected(db)
        db.define_table("auth_user", Field("email"))
        db.define_table("thing", *map(Field, columns))
        gate.close(db)
        db.thing.insert(**dict.fromkeys(columns, "x"))
        db.commit()
        return opened, [row.name for row in db(db.thing).select()]
    finally:
        discard(db)


def notes(application: Path) -> set[str]:
    return {path.name for path in (application / "databases").glob("*.table")}


def test_a_new_password_or_host_finds_the_tables_that_are_there(
    server: Server, root: str, tmp_path: Path
) -> None:
    assert migrate(tmp_path, server.uri(f"{root}:"), "name") == (True, ["x"])
    assert migrate(tmp_path, server.uri(f"{server.name}:{WRITTEN}"), "name") == (True, ["x", "x"])
    assert migrate(tmp_path, server.uri(root, "localhost"), "name", "more") == (True, ["x", "x", "x"])
    assert migrate(tmp_path, server.uri(root, "localhost"), "name", "more")[0] is False


def test_notes_of_a_former_version_are_taken_over(server: Server, root: str, tmp_path: Path) -> None:
    uri = server.uri(f"{root}:")
    migrate(tmp_path, uri, "name")
    kept = notes(tmp_path)
    (lasting,) = {name.partition("_")[0] for name in kept}
    given = uri + ("?set_encoding=utf8mb4" if server.kind == "mysql" else "")
    former = hashlib.md5(given.encode()).hexdigest()
    for path in (tmp_path / "databases").glob("*.table"):
        path.rename(path.with_name(path.name.replace(lasting, former)))
    (tmp_path / "databases" / "schema.fingerprint").unlink()
    assert migrate(tmp_path, uri, "name", "more") == (True, ["x", "x"])
    assert notes(tmp_path) == kept


def test_an_older_database_of_the_same_name_gets_what_it_lacks(
    server: Server, root: str, tmp_path: Path
) -> None:
    migrate(tmp_path, server.uri(root), "name", "more")
    server_db = connect(server.uri(root), str(tmp_path), pool_size=0)
    for statement in ("ALTER TABLE thing DROP COLUMN more", "DROP TABLE auth_user"):
        server_db.executesql(statement)
    server_db.commit()
    discard(server_db)
    assert migrate(tmp_path, server.uri(root, "localhost"), "name", "more") == (True, ["x", "x"])


def test_an_empty_database_of_the_same_name_gets_everything(
    server: Server, root: str, tmp_path: Path
) -> None:
    migrate(tmp_path, server.uri(root), "name")
    server.execute(f"DROP DATABASE {server.name}")
    server.execute(f"CREATE DATABASE {server.name}")
    assert migrate(tmp_path, server.uri(root, "localhost"), "name") == (True, ["x"])


@pytest.mark.parametrize("with_password", [False, True])
def test_the_heartbeat_of_the_scheduler_gets_in_too(
    server: Server, root: str, tmp_path: Path, with_password: bool
) -> None:
    uri = server.uri(f"{server.name}:{WRITTEN}" if with_password else root)
    db: Any = connect(uri, str(tmp_path), pool_size=0, migrate=True, attempts=1)
    worker = Scheduler(db, {"print": print}, migrate=True, heartbeat=0, worker_name="w")
    db.commit()
    worker.send_heartbeat(1)
    db.commit()
    assert isinstance(worker.db_thread, DAL)
    assert [row.worker_name for row in db(db.scheduler_worker).select()] == ["w"]
    discard(worker.db_thread)
    discard(db)


def test_of_two_workers_that_miss_the_daily_task_one_puts_it_back(
    server: Server, root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    db: Any = connect(server.uri(root), str(tmp_path), pool_size=0, migrate=True, attempts=1)
    Scheduler(db, {"print": print}, migrate=True)
    define.define(db, SystemClock())
    db.commit()
    add = queue.queue

    def late(*args: Any, **options: Any) -> int:
        add(*args, **options)
        db.commit()
        return add(*args, **options)

    host: Any = None
    monkeypatch.setattr(queue, "queue", late)
    cleanup.schedule(Site(db, host, tmp_path, "eden"))
    assert [row.function_name for row in db(db.scheduler_task).select()] == [cleanup.FUNCTION]
    discard(db)
