"""One worker per repository: a lease with a heartbeat, taken over if its holder has died."""

from __future__ import annotations

import contextlib
import logging
import os
import socket
import threading
from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from typing import Any, Callable
from uuid import uuid4

from pydal import Field

from ..core.atomic_write import is_running
from ..core.clock import Clock
from ..core.errors import AlreadyRunning, RowRefused
from ..core.messages import Sentence
from ..database.store import open_store

logger = logging.getLogger("eden.sync")


def owner_name() -> str:
    """Return a unique name for a holder of leases: host, process and a random part."""
    return f"{socket.gethostname()}#{os.getpid()}#{uuid4().hex[:12]}"


def has_died(owner: str) -> bool:
    """Return whether a holder's process on this computer is gone; False if unknown."""
    host, _, rest = owner.partition("#")
    pid = rest.partition("#")[0]
    if host != socket.gethostname() or not pid.isdigit():
        return False
    return not is_running(int(pid))


class Lease:
    """The right to synchronise a repository.

    Args:
        db: the DAL with table sync_lease.
        transaction: opens a write transaction that does not stand behind imports: of another holder, for instance.
        clock: the site's clock.
        repository_id: the repository.
        stale_after: seconds without a heartbeat after which others may take over.
        owner: name of the holder; by default a new one.
    """

    def __init__(
        self,
        db: Any,
        transaction: Callable[[], AbstractContextManager[None]],
        clock: Clock,
        repository_id: int,
        stale_after: float,
        owner: str | None = None,
    ) -> None:
        self._db = db
        self._transaction = transaction
        self._clock = clock
        self._repository_id = repository_id
        self._stale_after = timedelta(seconds=stale_after)
        self.owner = owner or owner_name()
        self.lost = threading.Event()

    def acquire(self) -> int | None:
        """Take the lease.

        Returns:
            the run of the dead holder that it was taken over from, None if there was none.

        Raises:
            AlreadyRunning: another worker holds it and is alive.
        """
        table = self._db.sync_lease
        now = self._clock.now()
        with self._transaction():
            row = self._db(table.repository_id == self._repository_id).select().first()
            if row is None:
                self._insert(now)
                return None
            if (
                row.heartbeat is not None
                and row.heartbeat >= now - self._stale_after
                and not has_died(row.owner)
            ):
                raise self._refusal(row.owner)
            # The holder is part of the condition: of two workers at the same time, only one finds it unchanged.
            same = (table.id == row.id) & (table.owner == row.owner) & (table.heartbeat == row.heartbeat)
            if not self._db(same).update(owner=self.owner, run_id=None, acquired=now, heartbeat=now):
                raise self._refusal("another worker")
            logger.warning("Lease of repository %s taken over from %s", self._repository_id, row.owner)
            former: int | None = row.run_id
            return former

    def _insert(self, now: datetime) -> None:
        table = self._db.sync_lease
        try:
            with self._transaction(), open_store(self._db).translating("INSERT INTO sync_lease"):
                table.insert(repository_id=self._repository_id, owner=self.owner, acquired=now, heartbeat=now)
        except RowRefused as refused:
            # The row exists only if the insert was refused because of another holder.
            if self._db(table.repository_id == self._repository_id).isempty():
                raise
            raise self._refusal("another worker") from refused

    def _refusal(self, owner: str) -> AlreadyRunning:
        return AlreadyRunning(Sentence.RUNNING_ELSEWHERE.say(repository=self._repository_id, owner=owner))

    def ensure(self) -> None:
        """Check that the lease is still ours, as far as the current transaction can see.

        Raises:
            AlreadyRunning: another worker has taken over, for instance while this one was stopped.
        """
        if self.lost.is_set() or self._db(self._mine()).isempty():
            self.lost.set()
            raise AlreadyRunning(Sentence.TAKEN_OVER.say())

    def assign(self, run_id: int) -> None:
        """Store the current run, for a worker that takes over.

        Raises:
            AlreadyRunning: as in ``ensure``.
        """
        with self._transaction():
            self.ensure()
            self._db(self._mine()).update(run_id=run_id)

    def release(self) -> None:
        """Release the lease; one that was taken over is not changed."""
        with self._transaction():
            self._db(self._mine()).delete()

    def _mine(self) -> Any:
        table = self._db.sync_lease
        return (table.repository_id == self._repository_id) & (table.owner == self.owner)

    @contextlib.contextmanager
    def heartbeat(self, connect: Callable[[], Any], every: float) -> Iterator[None]:
        """Renew the lease from a thread with its own connection, also while the peer is slow.

        Args:
            connect: opens a new connection to the database; called in the thread.
            every: seconds between two heartbeats.
        """
        stop = threading.Event()
        thread = threading.Thread(
            target=self._beat, args=(connect, every, stop), name="sync-lease", daemon=True
        )
        thread.start()
        try:
            yield
        finally:
            stop.set()
            thread.join(10)

    def _beat(self, connect: Callable[[], Any], every: float, stop: threading.Event) -> None:
        db = connect()
        db.define_table(
            "sync_lease",
            Field("repository_id", "integer"),
            Field("owner", length=128),
            Field("heartbeat", "datetime"),
            migrate=False,
        )
        # With lazy tables, define_table returns nothing.
        table = db["sync_lease"]
        try:
            while not stop.wait(every):
                try:
                    held = db((table.repository_id == self._repository_id) & (table.owner == self.owner))
                    # MariaDB does not count a row updated twice within a second, but the row exists.
                    if not held.update(heartbeat=self._clock.now()) and held.isempty():
                        self.lost.set()
                        return
                    db.commit()
                except Exception as error:
                    # If the database is busy, the next heartbeat tries again, long before the lease is stale.
                    logger.warning("Heartbeat of repository %s: %s", self._repository_id, error)
                    db.rollback()
        finally:
            db.close()
