"""The sync_* tables: Eden's names and columns, so that an Eden database can be taken over, and our own.

``define`` is called by models/sync.py where the module is enabled, in every request: it must stay cheap.
``indices`` has what is made once a database, not once a request.
"""

from __future__ import annotations

from typing import Any, Callable

from ...core.clock import Clock
from .journal import define_journal
from .notice import define_notices
from .repository import define_repository
from .run import define_exchange, define_log
from .task import define_tasks

#: Tables whose rows belong to a repository, besides its jobs: they go with it, or to the one that takes its place.
BELONGING = (
    "sync_task",
    "sync_log",
    "sync_run",
    "sync_traffic",
    "sync_served",
    "sync_served_table",
    "sync_deferred",
    "sync_dataset",
    "sync_invitation",
    "sync_notice_rule",
    "sync_notice_message",
)

#: Tables whose rows stay after the repository is deleted: they may need a decision, or tell of our own records.
OUTLIVING = ("sync_kept", "sync_change", "sync_deletion")

#: Leases and positions of the exchange, and what is to be told of it, which no other repository can use.
ENDING = ("sync_lease", "sync_checkpoint", "sync_open_there", "sync_notice", "sync_summary")


class _AsTheyAre:
    """A DAL as far as ``define`` uses it: tables are taken as they are in the database, whatever it does with others.

    An Eden that migrates would change its own columns to our types with every request, and refuses names that are
    reserved words of databases which it does not use.
    """

    def __init__(self, db: Any) -> None:
        self._db = db
        self.tables = db.tables

    def define_table(self, name: str, **options: Any) -> Any:
        checked, self._db._check_reserved = self._db._check_reserved, None
        try:
            return self._db.define_table(name, **{**options, "migrate": False, "redefine": True})
        finally:
            self._db._check_reserved = checked


def define(db: Any, clock: Clock, T: Callable[[str], Any] = str, *, migrate: bool = True) -> None:
    """Define the sync_* tables.

    Args:
        db: the DAL, with auth_user if there are users.
        clock: the site's clock, for the times of rows.
        T: marks labels for translation.
        migrate: whether the DAL may create and change them.
    """
    if not migrate:
        db = _AsTheyAre(db)
    define_repository(db, T, clock)
    define_tasks(db, T, clock)
    define_log(db, T, clock)
    define_journal(db, clock)
    define_exchange(db, T, clock)
    define_notices(db, clock)
