"""The log that administrators read: entries as Eden writes them, each with its remedy.

``mode`` tells direction and side as in Eden: "pull/outgoing" is a pull that this site began, "push/incoming"
a push that another site began. ``result`` is success, warning, error (it is tried again by itself) or fatal.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any, Callable, ContextManager, Optional

from .errors import SyncError
from .model import utcnow

OUTGOING, INCOMING = "outgoing", "incoming"
LONGEST_MESSAGE = 32_000
logger = logging.getLogger("eden.sync")


class SyncLog:
    """Writes entries about one repository.

    Args:
        db: the DAL with the sync_* tables.
        transaction: opens a write transaction.
        repository_id: the repository, None where a stranger is at the door.
        transmission: OUTGOING where this site began the exchange, INCOMING where the other one did.
        run_id: the run that the entries belong to.
    """

    def __init__(
        self,
        db: Any,
        transaction: Callable[[], ContextManager[None]],
        repository_id: Optional[int],
        transmission: str,
        run_id: Optional[int] = None,
    ) -> None:
        self._db = db
        self._transaction = transaction
        self._repository_id = repository_id
        self._transmission = transmission
        self._run_id = run_id

    def task(
        self,
        resource: Optional[str],
        mode: str,
        action: str,
        result: str,
        message: str,
        *,
        remote: bool = False,
    ) -> None:
        """Write an entry.

        Args:
            resource: table, None where it is about the repository.
            mode: pull, push or register.
            action: fetch, send, receive or request.
            result: success, warning, error or fatal.
            message: what happened and what to do.
            remote: whether the other site reported an error.
        """
        with self._transaction():
            self._db.sync_log.insert(
                timestmp=utcnow(),
                repository_id=self._repository_id,
                resource_name=resource,
                mode=f"{mode}/{self._transmission}",
                action=action,
                result=result,
                remote=remote,
                message=message[:LONGEST_MESSAGE],
                run_id=self._run_id,
            )

    def error(self, resource: Optional[str], mode: str, action: str, error: SyncError) -> None:
        """Write an entry about an error; if even that fails, the trouble is in the program's own log."""
        try:
            self.task(
                resource,
                mode,
                action,
                "error" if error.transient else "fatal",
                error.explain(),
                remote=error.remote,
            )
        except SyncError as failure:
            logger.error("No log entry could be written (%s) about: %s", failure, error.explain())


def purge(db: Any, transaction: Callable[[], ContextManager[None]], days: int) -> int:
    """Remove log entries and runs older than some days; return how many entries.

    Args:
        db: the DAL.
        transaction: opens a write transaction.
        days: how long entries are kept.
    """
    before = utcnow() - timedelta(days=days)
    with transaction():
        removed: int = db(db.sync_log.timestmp < before).delete()
        db((db.sync_run.started_on < before) & (db.sync_run.finished_on != None)).delete()  # noqa: E711
    return removed
