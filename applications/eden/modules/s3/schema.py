"""Keeps the database's tables in step with the models, without looking at them in every request.

A fingerprint of the model files is kept beside the database. Only when it differs do the models run with
migrations on; a lock makes other processes and threads wait meanwhile.
"""

from __future__ import annotations

import fcntl
import glob
import hashlib
import os
import threading
import time
from collections.abc import Iterable
from typing import IO, Any

from .errors import SchemaBusy

#: Seconds to wait for another process that is creating the tables.
PATIENCE = 60.0
_held = threading.local()


def fingerprint(application: str, uri: str, modules: Iterable[str]) -> str:
    """What the tables depend on: the model files (by size and time), the database, the enabled modules."""
    digest = hashlib.sha256(f"{uri}|{'|'.join(modules)}".encode())
    for folder in ("models", "modules/s3", "modules/s3/model", "modules/s3sync"):
        path = os.path.join(application, folder)
        if not os.path.isdir(path):
            continue
        with os.scandir(path) as entries:
            files = sorted((one.name, one.stat()) for one in entries if one.name.endswith(".py"))
        for name, stat in files:
            digest.update(f"{folder}/{name}:{stat.st_size}:{stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


class SchemaGate:
    """Decides whether the models of this request migrate the database.

    Args:
        application: folder of the application.
        uri: connection string of the database.
        modules: names of the enabled modules.
    """

    def __init__(self, application: str, uri: str, modules: Iterable[str]) -> None:
        self.folder = os.path.join(application, "databases")
        self.wanted = fingerprint(application, uri, modules)
        self.migrating = False
        self._file = os.path.join(self.folder, "schema.fingerprint")
        self._sqlite: str | None = None
        scheme, _, name = uri.partition("://")
        if scheme == "sqlite" and name != "memory" and name:
            self._sqlite = name if os.path.isabs(name) else os.path.join(self.folder, name)

    def is_current(self) -> bool:
        """Whether the database has the tables that the models declare."""
        if self._sqlite and not (os.path.exists(self._sqlite) and os.path.getsize(self._sqlite)):
            return False
        try:
            with open(self._file, encoding="ascii") as stored:
                return stored.read() == self.wanted
        except FileNotFoundError:
            return False

    def open(self) -> bool:
        """Begin: True if this request has to migrate (and then holds the lock until `close`).

        Raises:
            SchemaBusy: if another process has not come to an end in time.
        """
        self._release()
        if self.is_current():
            return False
        os.makedirs(self.folder, exist_ok=True)
        lock = open(os.path.join(self.folder, "schema.lock"), "a")  # noqa: SIM115 - held until close
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    lock.close()
                    raise SchemaBusy(
                        f"Another process has been preparing the database for {PATIENCE:.0f} seconds "
                        f"({self.folder}/schema.lock). Look whether it hangs, stop it, and try again."
                    ) from None
                time.sleep(0.1)
        _held.lock = lock
        if self.is_current():
            self._release()
            return False
        self.migrating = True
        return True

    def connected(self, db: Any) -> None:
        """After connecting, before the tables are declared.

        The lock is let go whatever happens to the request: web2py closes the adapter also after an error.
        """
        if not self.migrating:
            return
        close = db._adapter.close

        def close_and_release(*args: Any, **options: Any) -> Any:
            try:
                return close(*args, **options)
            finally:
                self.abandon()

        db._adapter.close = close_and_release
        self._forget_lost_tables(db)

    def abandon(self) -> None:
        """Let others try; what this request has not finished, another one will."""
        self.migrating = False
        self._release()

    def _forget_lost_tables(self, db: Any) -> None:
        """If the database is empty, pydal's notes about its tables are out of date: remove them."""
        try:
            db.executesql("SELECT id FROM auth_user WHERE 1 = 0;")
        except Exception as error:  # each driver has its own class for "no such table"
            if "auth_user" not in str(error):
                raise
            db.rollback()
            for path in glob.glob(os.path.join(self.folder, f"{db._uri_hash}_*.table")):
                os.remove(path)

    def close(self, db: Any) -> None:
        """End: add indices, commit, remember what the database is like now, and let others go on."""
        if not self.migrating:
            return
        create_indices(db)
        db.commit()
        temporary = f"{self._file}.{os.getpid()}"
        with open(temporary, "w", encoding="ascii") as stored:
            stored.write(self.wanted)
        os.replace(temporary, self._file)
        self.abandon()

    @staticmethod
    def _release() -> None:
        """Let go of this thread's lock, also of one left by a request that failed halfway."""
        lock: IO[str] | None = getattr(_held, "lock", None)
        if lock is not None:
            _held.lock = None
            lock.close()


def index_columns(table: Any) -> list[str]:
    """Columns by which records are looked up: references to other records, and the time of change."""
    if "deleted" not in table.fields:
        return []
    names = [
        field.name
        for field in table
        if str(field.type).startswith("reference ")
        and not str(field.type).endswith(("auth_user", "auth_group"))
    ]
    return names + (["modified_on"] if "modified_on" in table.fields else [])


def create_indices(db: Any) -> None:
    """Create the indices that lookups need and that the database does not have yet."""
    existing = _existing_indices(db)
    for name in db.tables:
        table = db[name]
        for column in index_columns(table):
            index = f"ix_{name}_{column}"[:60]
            if index not in existing:
                db.executesql(f"CREATE INDEX {index} ON {table._rname} ({table[column]._rname});")


def _existing_indices(db: Any) -> set[str]:
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index';",
        "postgres": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema();",
        "mysql": "SELECT DISTINCT index_name FROM information_schema.statistics"
        " WHERE table_schema = DATABASE();",
    }
    return {row[0] for row in db.executesql(queries[db._adapter.dbengine])}
