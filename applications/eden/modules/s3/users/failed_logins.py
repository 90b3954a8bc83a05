"""Slows down the guessing of passwords, and writes every failed log-in down.

The failures are in a small database of their own, ``private/logins.sqlite``: all processes of a site see it, and no
import that holds the site's database delays it. An attempt is noted before the password is looked at, so that guesses
at the same moment count as those in a row.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import os
import sqlite3
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Callable, NamedTuple

from ..database.kept_connections import kept_connection

FILE = "logins.sqlite"
#: Failures within ``WITHIN`` that cost nothing: of an account from one address, of an address, of an account.
FREE_OF_BOTH, FREE_OF_ADDRESS, FREE_OF_ACCOUNT = 10, 100, 100
WITHIN = 86_400
#: The wait after the next failure doubles, up to so many seconds.
LONGEST_WAIT = 900
#: Seconds for which an address from which an account has logged in is not held up by what others do.
FAMILIAR = 30 * 86_400
LONGEST_NAME = 128
PATIENCE = 5.0
#: Connections that a process keeps: each request of another site looks whether it has to wait.
KEPT = 3

_TABLES = """
CREATE TABLE IF NOT EXISTS failure (moment REAL, account TEXT, address TEXT, way TEXT);
CREATE INDEX IF NOT EXISTS failure_account ON failure (account, moment);
CREATE INDEX IF NOT EXISTS failure_address ON failure (address, moment);
CREATE TABLE IF NOT EXISTS familiar (account TEXT, address TEXT, moment REAL, PRIMARY KEY (account, address));
"""
logger = logging.getLogger("eden.auth")


class TooManyAttempts(Exception):
    """The account or the address has to wait.

    Args:
        seconds: how long.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(f"wait {seconds} s")
        self.seconds = seconds


class Failures(NamedTuple):
    """The failed log-ins of an account from an address.

    Attributes:
        account, address: as they were given.
        number: how many.
        latest: time of the last one (seconds since 1970).
    """

    account: str
    address: str
    number: int
    latest: float


class FailedLogins:
    """The failed log-ins of a site.

    Args:
        folder: the application's private folder.
        now: returns the time (seconds since 1970).
    """

    def __init__(self, folder: Path, now: Callable[[], float] = time.time) -> None:
        self._path = Path(folder) / FILE
        self._now = now

    def check(self, account: str, address: str) -> None:
        """Check that an account may log in from an address; nothing is noted.

        Raises:
            TooManyAttempts: it has to wait.
        """
        if self._path.exists():
            with self._open() as db:
                self._check(db, _named(account), _network(address))

    def begin(self, account: str, address: str, way: str) -> int:
        """Note an attempt as failed until it succeeds; return its number.

        Args:
            account: the name that was given.
            address: the address of the client.
            way: where it was given, for the log.

        Raises:
            TooManyAttempts: it has to wait; this attempt is only logged.
        """
        account, address = _named(account), _network(address)
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            try:
                self._check(db, account, address)
            except TooManyAttempts as refused:
                logger.warning(
                    "Log-in refused for %d s: %r from %s (%s)", refused.seconds, account, address, way
                )
                raise
            row = db.execute(
                "INSERT INTO failure VALUES (?, ?, ?, ?)", (self._now(), account, address, way)
            ).lastrowid
            return int(row or 0)

    def failed(self, account: str, address: str, way: str) -> None:
        """Log that an attempt, which is noted already, has failed."""
        logger.warning("Log-in failed: %r from %s (%s)", _named(account), _network(address), way)

    def succeeded(self, attempt: int, account: str, address: str) -> None:
        """Note that an attempt succeeded: the former failures of this account from this address count no more."""
        with self._open() as db:
            db.execute("BEGIN IMMEDIATE")
            db.execute("DELETE FROM failure WHERE rowid = ?", (attempt,))
            db.execute(
                "INSERT OR REPLACE INTO familiar VALUES (?, ?, ?)",
                (_named(account), _network(address), self._now()),
            )

    def of_the_last(self, seconds: float, limit: int) -> list[Failures]:
        """Return the failures of so many seconds by account and address, the latest first."""
        if not self._path.exists():
            return []
        sql = (
            "SELECT account, address, COUNT(*), MAX(moment) FROM failure WHERE moment > ? "
            "GROUP BY account, address ORDER BY MAX(moment) DESC LIMIT ?"
        )
        with self._open() as db:
            return [Failures(*row) for row in db.execute(sql, (self._now() - seconds, limit))]

    def purge(self, seconds: float) -> None:
        """Remove what is older than so many seconds."""
        if not self._path.exists():
            return
        with self._open() as db:
            db.execute("DELETE FROM failure WHERE moment < ?", (self._now() - max(seconds, WITHIN),))
            db.execute("DELETE FROM familiar WHERE moment < ?", (self._now() - FAMILIAR,))

    def _check(self, db: sqlite3.Connection, account: str, address: str) -> None:
        now = self._now()
        row = db.execute(
            "SELECT moment FROM familiar WHERE account = ? AND address = ?", (account, address)
        ).fetchone()
        familiar_since = row[0] if row else 0.0
        since = max(familiar_since, now - WITHIN)
        questions: list[tuple[str, tuple[str, ...], float, int]] = [
            ("account = ? AND address = ?", (account, address), since, FREE_OF_BOTH)
        ]
        if familiar_since < now - FAMILIAR:
            questions += [
                ("address = ?", (address,), now - WITHIN, FREE_OF_ADDRESS),
                ("account = ?", (account,), now - WITHIN, FREE_OF_ACCOUNT),
            ]
        for where, values, since, free in questions:
            count, latest = db.execute(
                f"SELECT COUNT(*), MAX(moment) FROM failure WHERE {where} AND moment > ?", (*values, since)
            ).fetchone()
            remaining = (latest or 0) + wait_after(count, free) - now
            if remaining > 0:
                raise TooManyAttempts(int(remaining) + 1)

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """Open the database, made at its first use, readable by its owner only; commit at the end."""
        if not self._path.exists():
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
        options = {"timeout": PATIENCE, "isolation_level": None, "check_same_thread": False}
        with kept_connection(str(self._path), options, KEPT) as db:
            if not db.execute("SELECT 1 FROM sqlite_master LIMIT 1").fetchone():
                db.executescript(_TABLES)
            try:
                yield db
            finally:
                if db.in_transaction:
                    db.commit()


def wait_after(count: int, free: int) -> int:
    """Return the seconds to wait after so many failures, of which some are free."""
    over = count - free
    return 0 if over < 0 else min(1 << min(over, 20), LONGEST_WAIT)


def _named(account: str) -> str:
    return account.strip().lower()[:LONGEST_NAME]


def _network(address: str) -> str:
    """Return an address; for IPv6 its network, since whoever has one address there has 2^64 of them."""
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        return address[:LONGEST_NAME]
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is not None:
            return str(read.ipv4_mapped)
        return str(ipaddress.ip_network((read, 64), strict=False))
    return str(read)
