"""Copies of a real Eden, with its own web2py and Python: ``./test --eden FOLDER --python PATH``.

The Eden that is named has to be on SQLite and to have been started once. It is copied, and left alone itself; a copy
can be started anew on a PostgreSQL server.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import urllib.parse
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from launcher.testing import REAL_EDEN, REAL_PYTHON
from tests.support.databases import POSTGRES_URI
from tests.support.places import CHECKOUT
from tests.support.ports import free_port

NAMED = os.environ.get(REAL_EDEN, "")
#: For each module of tests: what it is, and that it needs an Eden.
MARKS = [
    pytest.mark.slow,
    pytest.mark.integration,
    pytest.mark.skipif(not NAMED, reason="no Eden is named (./test --eden FOLDER)"),
]
SCRIPTS = CHECKOUT / "tests" / "real_eden" / "scripts"
#: Written at run time by every Eden itself.
OF_RUN_TIME = ("errors/", "sessions/", "cache/", "databases/")
EMAIL, PASSWORD = "admin@example.org", "a-long-password"
#: Seconds that a command, a script or a first start may take; a run over all tables takes minutes.
PATIENCE = 1800

_ON_A_SERVER = """
settings.database.db_type = "postgres"
settings.database.host = {host!r}
settings.database.port = {port!r}
settings.database.username = {user!r}
settings.database.password = {password!r}
settings.database.database = {database!r}
"""


class RealEden:
    """A copy of a real Eden in its web2py.

    Args:
        web2py: the copy's web2py.
        name: of the application.
    """

    def __init__(self, web2py: Path, name: str) -> None:
        self.web2py = web2py
        self.folder = web2py / "applications" / name
        self.python = os.environ.get(REAL_PYTHON, "")
        self.url = ""

    @property
    def database(self) -> Path:
        """The database's file, where it is on SQLite."""
        return self.folder / "databases" / "storage.db"

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of ``./eden-sync`` with these arguments for this Eden."""
        python = ["--python", self.python] if self.python else []
        return [sys.executable, str(CHECKOUT / "installer"), *arguments, "--into", str(self.folder), *python]

    def run(self, *arguments: str) -> tuple[int, dict[str, Any]]:
        """Run ``./eden-sync``; return its exit status and answer."""
        done = subprocess.run(
            self.command(*arguments, "--json"), capture_output=True, text=True, timeout=PATIENCE
        )
        assert done.stdout, done.stderr
        answer: dict[str, Any] = json.loads(done.stdout)
        return done.returncode, answer

    def install(self) -> None:
        """Put Eden Sync into it."""
        status, answer = self.run("install")
        assert (status, answer["state"]) == (0, "installed"), answer

    def execute(self, script: str) -> None:
        """Execute Python in the Eden, as ``web2py.py -S`` does."""
        path = self.web2py / "script.py"
        path.write_text(f"{script}\nprint('came to its end')\n", encoding="utf-8")
        said = self._web2py("-S", self.folder.name, "-M", "-R", str(path))
        assert "came to its end" in said, said[-8000:]
        path.unlink()

    def ask(self, name: str, **asked: Any) -> Any:
        """Run one of SCRIPTS in the Eden as its worker runs a job; return what it answers.

        Args:
            name: of the script.
            asked: what it finds as ``asked``.
        """
        given, answer = self.web2py / "asked.json", self.web2py / "answer.json"
        answer.unlink(missing_ok=True)
        script = str(SCRIPTS / f"{name}.py")
        given.write_text(json.dumps({"script": script, "asked": asked}), encoding="utf-8")
        said = self._web2py("-S", self.folder.name, "-R", str(SCRIPTS / "as_worker.py"))
        assert answer.is_file(), said[-8000:]
        return json.loads(answer.read_text(encoding="utf-8"))

    def _web2py(self, *arguments: str) -> str:
        done = subprocess.run(
            [self.python or sys.executable, "web2py.py", *arguments],
            cwd=self.web2py,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=PATIENCE,
        )
        return done.stdout + done.stderr

    def files(self) -> dict[str, str]:
        """Return path -> digest of all files but those that an Eden writes by itself."""
        found = {}
        for path in sorted(self.folder.rglob("*")):
            name = path.relative_to(self.folder).as_posix()
            if path.is_file() and "__pycache__" not in name and not name.startswith(OF_RUN_TIME):
                found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
        return found

    def content(self) -> dict[str, Any]:
        """Return the layout of the database, and the rows of the synchronisation."""
        db = sqlite3.connect(self.database)
        try:
            layout = sorted(str(row[0]) for row in db.execute("SELECT sql FROM sqlite_master"))
            tables = [row[0] for row in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
            rows = {
                name: sorted(map(repr, db.execute(f'SELECT * FROM "{name}"')))
                for name in tables
                if name.startswith("sync_")
            }
            return {"layout": layout, **rows}
        finally:
            db.close()

    def passwords(self) -> dict[str, str]:
        """Return the passwords of its repositories by their names, as they lie in the database."""
        db = sqlite3.connect(self.database)
        try:
            return dict(db.execute("SELECT name, password FROM sync_repository"))
        finally:
            db.close()

    def tickets(self) -> list[str]:
        """Return the end of each error that web2py wrote down."""
        errors = self.folder / "errors"
        return [repr(each.read_bytes()[-3000:]) for each in errors.iterdir()] if errors.is_dir() else []

    @contextlib.contextmanager
    def served(self) -> Iterator[str]:
        """Run its own web server; yield the address of the application."""
        port = free_port()
        command = [self.python or sys.executable, "web2py.py", "-a", "x", "-i", "127.0.0.1", "-p", str(port)]
        with (self.web2py / "server.log").open("ab") as log:
            process = subprocess.Popen(
                [*command, "--no_gui"],
                cwd=self.web2py,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.url = f"http://127.0.0.1:{port}/{self.folder.name}"
        try:
            deadline = time.monotonic() + PATIENCE
            while True:
                with contextlib.suppress(requests.ConnectionError):
                    requests.get(f"{self.url}/default/index", timeout=PATIENCE)
                    break
                assert time.monotonic() < deadline and process.poll() is None, "the web server did not start"
                time.sleep(0.3)
            yield self.url
        finally:
            process.terminate()
            process.wait(60)

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """Run a worker of its scheduler."""
        with (self.web2py / "worker.log").open("ab") as log:
            process = subprocess.Popen(
                [self.python or sys.executable, "web2py.py", "-K", self.folder.name, "-Q"],
                cwd=self.web2py,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        try:
            yield
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGTERM)
            process.wait(60)


def copied(target: Path) -> RealEden:
    """Copy the Eden that is named; skip the test where it is not on SQLite.

    Args:
        target: the copy's web2py, which is made.
    """
    source = Path(NAMED).absolute()
    shutil.copytree(source.parent.parent, target, symlinks=True)
    eden = RealEden(target, source.name)
    if not eden.database.is_file():
        pytest.skip(f"{NAMED} is not on SQLite")
    return eden


@contextlib.contextmanager
def on_postgres(target: Path) -> Iterator[RealEden]:
    """Copy the Eden that is named, and start it anew on a database of its own; skip where no server answers.

    Args:
        target: the copy's web2py, which is made.
    """
    psycopg2 = pytest.importorskip("psycopg2")
    uri = urllib.parse.urlsplit(POSTGRES_URI)
    name = f"eden_real_{uuid.uuid4().hex[:12]}"
    try:
        admin = psycopg2.connect(POSTGRES_URI.replace("postgres://", "postgresql://", 1))
    except psycopg2.OperationalError as error:
        pytest.skip(f"no PostgreSQL at {POSTGRES_URI}: {error}")
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8'")
    try:
        eden = copied(target)
        for folder in ("databases", "sessions", "errors"):
            shutil.rmtree(eden.folder / folder, ignore_errors=True)
            (eden.folder / folder).mkdir()
        told = {
            "host": uri.hostname or "127.0.0.1",
            "port": uri.port or 5432,
            "user": uri.username or "postgres",
            "password": uri.password or "none",
            "database": name,
        }
        with (eden.folder / "models" / "000_config.py").open("a", encoding="utf-8") as config:
            config.write(_ON_A_SERVER.format(**told))
        eden.execute("db.commit()")
        yield eden
    finally:
        admin.cursor().execute(f"DROP DATABASE {name} WITH (FORCE)")
        admin.close()
