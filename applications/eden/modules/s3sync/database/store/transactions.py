"""Transactions of a store within web2py's, which has one per request or job."""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Callable, TypeVar

from ...core.errors import StoreBusy, SyncError
from .statements import BUSY_SECONDS, Statements

T = TypeVar("T")
logger = logging.getLogger("eden.sync")

#: How often work that ended in a deadlock is done, and up to how many seconds pass before the second time.
MOST_DEADLOCKS, FIRST_PAUSE = 5, 0.02


class CallbackRollback(SyncError):
    """A callback of the data model tried to roll back the transaction of an import."""

    code = "callback_rollback"
    default_hint = (
        "An onaccept or onvalidation of the data model calls db.rollback(); it has to raise instead."
    )


class _Open(threading.local):
    """The open transaction of a thread: a DAL shared by threads has a connection for each."""

    depth = 0
    savepoints = 0
    patience = BUSY_SECONDS


class Transactions(Statements):
    """Write transactions and savepoints.

    Args:
        db: the DAL.
    """

    def __init__(self, db: Any) -> None:
        super().__init__(db)
        self._open = _Open()
        self._commit, self._rollback = self._adapter.commit, self._adapter.rollback
        self._adapter.commit = self._commit_for_others
        self._adapter.rollback = self._roll_back_for_others

    def lock_writers(self) -> None:
        """Begin a write transaction and keep other imports out until its end."""
        raise NotImplementedError

    def begin_aside(self) -> None:
        """Begin a write transaction beside imports."""
        raise NotImplementedError

    def wait_at_most(self, seconds: float | None) -> None:
        """Let statements of this connection wait so long for a lock, None for the database's usual time."""
        raise NotImplementedError

    @contextmanager
    def patience(self, seconds: float) -> Iterator[None]:
        """Wait less for locks of others, inside. What is open at the end is committed, or rolled back after an error.

        Args:
            seconds: how long, before StoreBusy.
        """
        before, self._open.patience = self._open.patience, seconds
        try:
            self.wait_at_most(seconds)
            yield
            self._guarded(self._commit)
        except BaseException as passing:
            self._undo(passing)
            raise
        finally:
            self._open.patience = before
            try:
                self.wait_at_most(None)
            except SyncError as gone:
                # A connection that is lost waits for nothing; what went wrong inside is told.
                logger.warning("The database was lost: %s", gone)

    @property
    def in_transaction(self) -> bool:
        """Whether a ``transaction`` of this store is open."""
        return self._open.depth > 0

    @contextmanager
    def aside(self) -> Iterator[None]:
        """Run a short write transaction that does not stand behind imports: of rows that no import touches."""
        with self._transaction(self.begin_aside):
            yield

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """Run a write transaction; see ports.Store.

        web2py has one transaction per request or job. What was written before is committed first, so that it is not
        rolled back with us. Inside, ``db.commit()`` of a callback is delayed until our end, and ``db.rollback()`` of
        a callback is an error. A nested transaction is a savepoint.
        """
        with self._transaction(self.lock_writers):
            yield

    @contextmanager
    def _transaction(self, begin: Callable[[], None]) -> Iterator[None]:
        if self.in_transaction:
            with self.savepoint():
                yield
            return
        self._guarded(self._commit)
        try:
            begin()
            with self._held_open():
                yield
            self._keep()
        except BaseException as passing:
            self._undo(passing)
            raise
        self.committed()

    def again_after_deadlock(self, work: Callable[[], T]) -> T:
        """Do work of one transaction; again if the database undid it so that another transaction could go on.

        Raises:
            StoreBusy: it was undone again and again, or the database is busy in another way.
        """
        for attempt in range(1, MOST_DEADLOCKS):
            try:
                return work()
            except StoreBusy as busy:
                if not busy.deadlock or self.in_transaction:
                    raise
                # Those that met must not meet again.
                time.sleep(random.uniform(0, FIRST_PAUSE * 2**attempt))
        return work()

    def committed(self) -> None:
        """Run after a ``transaction`` was committed; the base does nothing."""

    @contextmanager
    def _held_open(self) -> Iterator[None]:
        self._open.depth += 1
        try:
            yield
        finally:
            self._open.depth -= 1

    def _undo(self, passing: BaseException) -> None:
        try:
            self._rollback()
        except self.driver_errors() as gone:
            # A lost connection has ended the transaction already.
            raise passing from gone

    def _commit_for_others(self, *_: Any) -> None:
        """Commit for a call of ``db.commit()``; inside a ``transaction`` do nothing, as its end commits."""
        if not self.in_transaction:
            self._commit()

    def _roll_back_for_others(self, *_: Any) -> None:
        if self.in_transaction:
            raise CallbackRollback("A callback tried to roll back the transaction of an import.")
        self._rollback()

    def _keep(self) -> None:
        """Commit what was written; a server that is lost meanwhile may have done it or not."""
        try:
            self._guarded(self._commit)
        except StoreBusy as busy:
            busy.uncertain = not busy.deadlock
            raise

    def _guarded(self, action: Callable[[], Any]) -> None:
        with self.translating("COMMIT"):
            action()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Run a part of the transaction that is undone alone after an exception."""
        self._open.savepoints += 1
        name = f"s3sync_{self._open.savepoints}"
        try:
            self.begin_if_needed()
            self.run(f"SAVEPOINT {name}")
            try:
                yield
            except BaseException as passing:
                try:
                    self.run(f"ROLLBACK TO SAVEPOINT {name}")
                    self.run(f"RELEASE SAVEPOINT {name}")
                except SyncError as gone:
                    # A full disk or a lost connection has ended the whole transaction already.
                    raise passing from gone
                raise
            self.run(f"RELEASE SAVEPOINT {name}")
        finally:
            self._open.savepoints -= 1
