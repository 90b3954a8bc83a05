"""Opens a site's database with suitable options."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from gluon import DAL

from . import pydal_notes as pydal_notes
from .kept_connections import keep_connections

#: Milliseconds a statement waits for another process's write to end.
BUSY_TIMEOUT = 30000
#: Bytes to which the log of SQLite shrinks once all of it is copied back: a process that keeps its connections would
#: else leave it as large as its largest import has made it.
LOG_SIZE = 64 << 20
#: Statements that a connection to SQLite keeps prepared. A synchronisation has some hundred: of the usual 128 the next
#: one was always dropped, and preparing it takes longer than finding that nothing has changed.
PREPARED = 1000
#: What a request may set for itself in a connection that is kept, as it is in a new one. Flags as foreign_keys, which
#: only a migration sets, are not among them: all statements would be prepared anew.
_ANEW = (
    f"PRAGMA busy_timeout = {BUSY_TIMEOUT}",
    "PRAGMA cache_size = -2000",
    "PRAGMA wal_autocheckpoint = 1000",
)
_NO_PASSWORD = re.compile(r"^([^/]+://[^:@/]+)@")


def _tune_sqlite(adapter: Any) -> None:
    """Let readers not wait for the writer: the web server and the worker are separate processes."""
    adapter.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT};")
    adapter.execute("PRAGMA journal_mode = WAL;")
    adapter.execute("PRAGMA synchronous = NORMAL;")
    adapter.execute(f"PRAGMA journal_size_limit = {LOG_SIZE};")


class Database(DAL):
    """pydal's DAL, which looks for each table whether it has an attribute of that name already.

    To list them takes a tenth of a millisecond for each table, and they are always the same.
    """

    _names: ClassVar[list[str] | None] = None

    def __dir__(self) -> list[str]:
        if Database._names is None:
            Database._names = [str(name) for name in super().__dir__()]
        return Database._names


def connect(uri: str, folder: str, pool_size: int = 10, migrate: bool = False, **options: Any) -> DAL:
    """Open a database.

    Args:
        uri: pydal connection string; special characters in user and password are percent-encoded.
        folder: the site's databases folder, with the files of SQLite and of pydal's migrations.
        pool_size: connections this process keeps open.
        migrate: create and alter tables when they are declared; otherwise tables are defined lazily.
        options: further arguments of pydal's DAL.
    """
    if uri.startswith("sqlite"):
        options.setdefault("after_connection", _tune_sqlite)
        options.setdefault("driver_args", {"cached_statements": PREPARED})
    if uri.startswith("mysql") and "set_encoding" not in uri:
        # The drivers' default utf8 has three bytes a character: no emoji, and not all of Chinese.
        uri += ("&" if "?" in uri else "?") + "set_encoding=utf8mb4"
    name = pydal_notes.lasting_name(uri)
    if name is not None:
        options.setdefault("table_hash", name)
        if migrate:
            pydal_notes.adopt(folder, uri, name)
        # The scheduler's heartbeat opens the same string in its own way: it decodes user and password, and needs both.
        options.setdefault("decode_credentials", True)
        uri = _NO_PASSWORD.sub(r"\1:@", uri)
    # gis_location has columns L0 to L5: pydal would create them in lower case, but query upper case.
    options.setdefault("ignore_field_case", False)
    db = Database(
        uri,
        folder=folder,
        pool_size=pool_size,
        migrate_enabled=migrate,
        lazy_tables=not migrate,
        **options,
    )
    if uri.startswith("sqlite://") and pool_size and not migrate:
        keep_connections(db._adapter, pool_size, _ANEW)
    return db
