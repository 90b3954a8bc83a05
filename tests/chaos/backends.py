"""The hub's database at a PostgreSQL server: made for one run, and its connections are ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


def _connect(uri: str) -> Any:
    """Return a connection, None where the driver or the server is missing."""
    try:
        import psycopg2
    except ImportError:
        return None
    try:
        connection = psycopg2.connect(uri.replace("postgres://", "postgresql://", 1))
    except psycopg2.OperationalError:
        return None
    connection.autocommit = True
    return connection


def end_connections(uri: str) -> int:
    """End all connections of others to a database; return how many there were."""
    connection = _connect(uri)
    if connection is None:
        return 0
    with contextlib.closing(connection), connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity "
            "WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        (count,) = cursor.fetchone()
        return int(count)


@contextlib.contextmanager
def database_at(server: str, name: str) -> Iterator[str]:
    """Make an empty database at a server, and remove it at the end.

    Args:
        server: URI of another database of that server.
        name: of the new one.

    Yields:
        its URI, "" where no such server answers.
    """
    admin = _connect(server)
    if admin is None:
        yield ""
        return
    uri = f"{server.rpartition('/')[0]}/{name}"
    with contextlib.closing(admin), admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        try:
            yield uri
        finally:
            end_connections(uri)
            cursor.execute(f"DROP DATABASE {name}")
