"""Connections to SQLite that a process keeps between its requests, as pydal keeps those to servers.

A new one reads the schema of all tables and prepares each statement anew, which takes longer than most requests need
their database for. What a request has left of a connection ends with the request: its transaction, its cursors, and
what it has set.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import sqlite3
import threading
import weakref
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Optional

FileKey = Optional[tuple[int, int]]


class Connection(sqlite3.Connection):
    """A connection that knows its file and its cursors.

    Args:
        path: the file.
        options: of the driver.

    Attributes:
        file: device and number of the file, None where another one took its place meanwhile.
        is_set_up: whether the options of the site are set.
        taught: functions that the connection was taught, by their names.
    """

    def __init__(self, path: str, **options: Any) -> None:
        before = file_key(path)
        super().__init__(path, **options)
        after = file_key(path)
        self.file = after if before in (None, after) else None
        self.is_set_up = False
        self.taught: set[str] = set()
        self._cursors: weakref.WeakSet[sqlite3.Cursor] = weakref.WeakSet()

    def cursor(self, *given: Any, **options: Any) -> Any:
        """Return a new cursor."""
        cursor: sqlite3.Cursor = super().cursor(*given, **options)
        self._cursors.add(cursor)
        return cursor

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Run a statement; its cursor is known, too, which that of the driver would not be in all versions."""
        return self.cursor().execute(sql, *parameters)

    def executemany(self, sql: str, *parameters: Any) -> Any:
        """Run a statement for each of several rows."""
        return self.cursor().executemany(sql, *parameters)

    def executescript(self, script: str) -> Any:
        """Run several statements."""
        return self.cursor().executescript(script)

    def close_cursors(self) -> None:
        """Close all cursors: a query that nobody has read to its end would hold the database as it was then."""
        for cursor in list(self._cursors):
            cursor.close()


class KeptConnections:
    """The connections of a process that no request uses, by file."""

    def __init__(self) -> None:
        self._kept: dict[str, list[Connection]] = {}
        self._process = os.getpid()
        self._inherited: list[Any] = []
        self._lock = threading.Lock()

    def take(self, path: str) -> Connection | None:
        """Return the connection to a file that was used last, None if there is none.

        Args:
            path: the file; a connection to one that it has taken the place of is closed.
        """
        while True:
            with self._lock:
                connections = self._of_this_process().get(path)
                if not connections:
                    return None
                found = connections.pop()
            if found.file is not None and found.file == file_key(path):
                return found
            found.close()

    def give_back(self, path: str, connection: Connection, most: int) -> None:
        """Keep a connection, or close it.

        Args:
            path: its file.
            connection: the connection; nothing uses it any more.
            most: maximum number of connections to the file that are kept.
        """
        connection.close_cursors()
        if connection.is_set_up and not connection.in_transaction:
            with self._lock:
                connections = self._of_this_process().setdefault(path, [])
                if len(connections) < most:
                    connections.append(connection)
                    return
        connection.close()

    def close(self) -> None:
        """Close all connections that are kept: the last one writes the log of the database back."""
        with self._lock:
            kept = self._of_this_process()
            for connections in kept.values():
                for each in connections:
                    each.close()
            kept.clear()

    def _of_this_process(self) -> dict[str, list[Connection]]:
        if self._process != os.getpid():
            # SQLite forbids to use, and to close, a connection of the process from which this one was forked.
            self._inherited.append(self._kept)
            self._kept, self._process = {}, os.getpid()
        return self._kept


_kept = KeptConnections()
atexit.register(_kept.close)


def file_key(path: str) -> FileKey:
    """Return device and number of a file, None if there is none."""
    try:
        found = os.stat(path)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextlib.contextmanager
def kept_connection(path: str, options: Mapping[str, Any], most: int) -> Iterator[Connection]:
    """Use a connection that is kept, or a new one.

    Args:
        path: the file.
        options: of the driver, always the same for this file.
        most: maximum number of connections to the file that the process keeps.
    """
    connection = _kept.take(path) or Connection(path, **options)
    try:
        yield connection
        connection.is_set_up = True
    finally:
        _kept.give_back(path, connection, most)


def keep_connections(adapter: Any, most: int, anew: Sequence[str]) -> None:
    """Let a database take a kept connection where there is one, and give it back in place of closing it.

    Args:
        adapter: pydal's adapter of an SQLite file.
        most: maximum number of connections that the process keeps.
        anew: statements that set what a request may have set for itself to what it is in a new connection.
    """
    path = str(adapter.dbpath)
    set_up = adapter.after_connection_hook

    def connector() -> Connection:
        return _kept.take(path) or Connection(path, **adapter.driver_args)

    def after_connection_hook() -> None:
        connection = adapter.connection
        if not connection.is_set_up:
            set_up()
            connection.is_set_up = True

    def close_connection() -> None:
        connection = adapter.connection
        if not connection.in_transaction:
            # Before it is kept: what it remembers of the database would take room until then.
            for statement in anew:
                connection.execute(statement)
        _kept.give_back(path, connection, most)

    adapter.connector = connector
    adapter.after_connection_hook = after_connection_hook
    adapter.close_connection = close_connection
