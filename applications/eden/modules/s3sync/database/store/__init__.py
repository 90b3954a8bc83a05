"""The store (ports.Store): records read and written in sets, with a module per kind of database."""

from __future__ import annotations

from typing import Any, Callable

from ...core.errors import ConfigurationError
from ...core.schema import Schema
from .journal_rows import JournalRows

__all__ = ("JournalRows", "column_types", "matching", "open_store", "transactions")


def open_store(db: Any, schema: Callable[[], Schema] | None = None) -> JournalRows:
    """Return the store of a pydal DAL, the same object for the same DAL.

    Args:
        db: the DAL.
        schema: returns the schema; only filters need it.

    Raises:
        ConfigurationError: this kind of database is not supported.
    """
    adapter = db._adapter
    store: JournalRows | None = adapter.__dict__.get("s3sync_store")
    if store is None:
        store = _store_class(adapter.dbengine)(db, schema)
        adapter.s3sync_store = store
    elif schema is not None:
        store._schema = schema
    return store


def _store_class(engine: str) -> Any:
    # Only the needed one is imported: the drivers of the others need not be installed.
    if engine == "sqlite":
        from .sqlite import SQLiteStore

        return SQLiteStore
    if engine == "postgres":
        from .postgres import PostgresStore

        return PostgresStore
    if engine == "mysql":
        from .mysql import MySQLStore

        return MySQLStore
    raise ConfigurationError(
        f"Synchronisation does not work on a database of the kind {engine}.",
        hint="Use SQLite, PostgreSQL, MySQL or MariaDB.",
    )
