"""Copies what SQLite's log holds back into the database, beside the work.

A record with a random identifier changes a page of its own in every index on it, wherever that lies. Each of these
pages goes to the log, and from there to its place in the database, which has to reach the disk: at a million records
that takes longer than everything else an import does. It need not wait for it: SQLite lets one connection copy back
while another one writes, so a thread does it after each large transaction, while the next page is read and decoded.
Should the thread not keep up, the writer does it itself (``wal_autocheckpoint``).
"""

from __future__ import annotations

import logging
import sqlite3
import threading
import urllib.parse

#: Seconds without work after which a thread ends.
PATIENCE = 5.0

logger = logging.getLogger("eden.sync")
_lock = threading.Lock()
_known: dict[str, WalCheckpointer] = {}


class WalCheckpointer:
    """The thread of one database in this process; it runs only while there is something to do.

    Args:
        path: the database's file.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._wanted = threading.Condition()
        self._is_wanted = False
        self._thread: threading.Thread | None = None

    def wake(self) -> None:
        """Have copied back what has been committed so far."""
        with self._wanted:
            self._is_wanted = True
            # after a fork the thread is not alive
            if self._thread is None or not self._thread.is_alive():
                self._thread = threading.Thread(target=self._work, name="write-back", daemon=True)
                self._thread.start()
            self._wanted.notify()

    def _next(self) -> bool:
        """Wait for work; return False where none came."""
        with self._wanted:
            if not self._is_wanted:
                self._wanted.wait(PATIENCE)
            if not self._is_wanted:
                self._thread = None
            came, self._is_wanted = self._is_wanted, False
            return came

    def _work(self) -> None:
        # not to create the file where it is gone
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
    """Return the thread of a database, always the same one for the same file."""
    with _lock:
        found = _known.get(path)
        if found is None:
            found = _known[path] = WalCheckpointer(path)
        return found
