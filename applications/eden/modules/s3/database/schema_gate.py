"""Keeps the database's tables up to date with the models, without checking them in every request.

A fingerprint of the model files is stored beside the database. Only if it differs do the models run with
migrations on; a lock makes other processes and threads wait meanwhile.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import threading
import time
from collections.abc import Iterable
from pathlib import Path
from typing import IO, Any

from s3sync.core.atomic_write import replace_text

from ..data_model.errors import SchemaBusy, SchemaOutdated
from . import pydal_notes as pydal_notes
from .constraints import loosen

#: Seconds to wait while another process creates the tables.
PATIENCE = 60.0
#: Folders of the application whose files determine the tables.
FOLDERS = (
    "models",
    "modules/s3/data_model",
    "modules/s3/database",
    "modules/s3db",
    "modules/s3sync/database/tables",
)
#: In the environment of a process that looks at a site and must not change its tables.
LOOK_ONLY = "EDEN_LOOK_ONLY"
_held = threading.local()


def fingerprint(application: str, uri: str, modules: Iterable[str]) -> str:
    """Return what the tables depend on: the model files (size and time), the database, the enabled modules."""
    digest = hashlib.sha256(f"{uri}|{'|'.join(modules)}".encode())
    for folder in FOLDERS:
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
        """Return whether the database has the tables that the models declare."""
        if self._sqlite and not (os.path.exists(self._sqlite) and os.path.getsize(self._sqlite)):
            return False
        try:
            with open(self._file, encoding="ascii") as stored:
                return stored.read() == self.wanted
        except FileNotFoundError:
            return False

    def open(self) -> bool:
        """Return whether this request must migrate; if so, take the lock until ``close``.

        Raises:
            SchemaBusy: if another process did not finish in time.
            SchemaOutdated: if this process may only look (``LOOK_ONLY``).
        """
        self._release()
        if self.is_current():
            return False
        if os.environ.get(LOOK_ONLY):
            raise SchemaOutdated(
                "The tables of the database are not those of this version. Start the site once: ./run --exit"
            )
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
        """Prepare a migration, after connecting and before the tables are declared.

        The lock is released whatever happens to the request: web2py closes the adapter also after an error.
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
        pydal_notes.correct(db, self.folder)

    def abandon(self) -> None:
        """Release the lock without finishing the migration; another request will do it."""
        self.migrating = False
        self._release()

    def close(self, db: Any) -> None:
        """Finish the migration: create the indices, commit, store the fingerprint, release the lock."""
        if not self.migrating:
            return
        loosen(db)
        create_indices(db)
        db.commit()
        replace_text(Path(self._file), self.wanted)
        self.abandon()

    @staticmethod
    def _release() -> None:
        """Release this thread's lock, also one left by a request that failed halfway."""
        lock: IO[str] | None = getattr(_held, "lock", None)
        if lock is not None:
            _held.lock = None
            lock.close()


def index_columns(table: Any) -> list[str]:
    """Return the columns by which records are looked up: references to other records, and ``modified_on``."""
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
    """Create the indices that look-ups need, and drop those of ours that repeat another one.

    Two indices that begin with the same column make every write slower and no query faster.
    """
    existing = _indices_by_first_column(db)
    for name in db.tables:
        table = db[name]
        for column in index_columns(table):
            index = f"ix_{name}_{column}"[:60]
            leads = existing.get((table._raw_rname, column), set())
            if not leads:
                db.executesql(f"CREATE INDEX {index} ON {table._rname} ({table[column]._rname});")
            elif index in leads and len(leads) > 1:
                place = f" ON {table._rname}" if db._adapter.dbengine == "mysql" else ""
                db.executesql(f"DROP INDEX {index}{place};")


def _indices_by_first_column(db: Any) -> dict[tuple[str, str], set[str]]:
    """Return (table, column) -> the indices on all its rows that begin with this column."""
    queries = {
        "sqlite": "SELECT m.tbl_name, i.name, m.name FROM sqlite_master m, pragma_index_info(m.name) i"
        " WHERE m.type = 'index' AND i.seqno = 0 AND COALESCE(m.sql, '') NOT LIKE '% WHERE %';",
        "postgres": "SELECT t.relname, a.attname, i.relname FROM pg_index x"
        " JOIN pg_class i ON i.oid = x.indexrelid JOIN pg_class t ON t.oid = x.indrelid"
        " JOIN pg_namespace n ON n.oid = t.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = x.indkey[0]"
        " WHERE n.nspname = current_schema() AND x.indpred IS NULL;",
        "mysql": "SELECT table_name, column_name, index_name FROM information_schema.statistics"
        " WHERE table_schema = DATABASE() AND seq_in_index = 1;",
    }
    found: dict[tuple[str, str], set[str]] = {}
    for table, column, index in db.executesql(queries[db._adapter.dbengine]):
        found.setdefault((table, column), set()).add(index)
    return found
