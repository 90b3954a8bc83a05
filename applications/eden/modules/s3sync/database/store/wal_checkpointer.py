"""Checkpoints SQLite's write-ahead log in a thread of its own.

A record with a random identifier changes another page in every index on it. Each of these pages is written to the
log, and from there to its place in the database on disk: with a million records that takes longer than the rest of an
import. The import need not wait for it: SQLite can checkpoint on one connection while another one writes. So a thread
does it after each large transaction, while the next page is read and decoded. If the thread cannot keep up, the
writer checkpoints itself (``wal_autocheckpoint``).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import urllib.parse

#: Seconds without work after which the thread ends.
PATIENCE = 5.0

logger = logging.getLogger("eden.sync")
_lock = threading.Lock()
_known: dict[str, WalCheckpointer] = {}


class WalCheckpointer:
    """The thread of one database in this process; it runs only while there is work.

    Args:
        path: the database's file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._wanted = threading.Condition()
        self._is_wanted = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Let the thread checkpoint what has been committed so far."""
        with self._wanted:
            self._is_wanted = True
            # After a fork the thread does not exist.
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="write-back", daemon=True)
                self._thread.start()
            self._wanted.notify()

    def _next(self) -> bool:
        """Wait for work; return False if there was none."""
        with self._wanted:
            if not self._is_wanted:
                self._wanted.wait(PATIENCE)
            if not self._is_wanted:
                self._thread = None
            came, self._is_wanted = self._is_wanted, False
            return came

    def _work(self) -> None:
        # Do not create the file if it has been removed.
        address = f"file:{urllib.parse.quote(self._path)}?mode=rw"
        try:
            connection = sqlite3.connect(address, uri=True, isolation_level=None)
            try:
                connection.execute("PRAGMA synchronous = NORMAL")
                while self._next():
                    connection.execute("PRAGMA wal_checkpoint(PASSIVE)")
            finally:
                connection.close()
        except sqlite3.Error as error:
            logger.warning("The log of %s could not be copied back beside the work: %s", self._path, error)


def write_back(path: str) -> WalCheckpointer:
    """Return the thread of a database, the same one for the same file."""
    with _lock:
        found = _known.get(path)
        if found is None:
            found = _known[path] = WalCheckpointer(path)
        return found
