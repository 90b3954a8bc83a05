"""The hub's database at a PostgreSQL server: made for one run, and its connections are ended."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any


def _connect(uri: str) -> Any:
    import psycopg2

    connection = psycopg2.connect(uri.replace("postgres://", "postgresql://", 1))
    connection.autocommit = True
    return connection


def end_connections(uri: str) -> int:
    """End all connections of others to a database; return how many there were."""
    with contextlib.closing(_connect(uri)) as connection, connection.cursor() as cursor:
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
        its URI.
    """
    uri = f"{server.rpartition('/')[0]}/{name}"
    with contextlib.closing(_connect(server)) as admin, admin.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name} ENCODING 'UTF8' TEMPLATE template0")
        try:
            yield uri
        finally:
            end_connections(uri)
            cursor.execute(f"DROP DATABASE {name}")
