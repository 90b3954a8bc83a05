"""The log for administrators: entries as in Eden, each with a remedy.

``mode`` has direction and side as in Eden: "pull/outgoing" is a pull that this site began, "push/incoming" a push
that another site began. ``result`` is success, warning, error (it is retried automatically) or fatal.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Callable

from ..core.clock import Clock
from ..core.errors import SyncError
from ..core.messages import Message, Text, described, message_of
from ..core.task import Activity, LogAction, Result, Transmission, log_mode
from ..core.text import legible
from .store import open_store

OUTGOING, INCOMING = Transmission.OUTGOING, Transmission.INCOMING
#: Characters of an entry's message, and of one of its lines: another site may say, and name, anything.
LONGEST_MESSAGE, LONGEST_LINE = 32_000, 2_000
REMOVED_AT_ONCE = 5_000
logger = logging.getLogger("eden.sync")


@dataclass(frozen=True)
class LogEntry:
    """An entry of the log. The names are those of the columns.

    Attributes:
        id: its key.
        timestmp: when it was written (UTC).
        repository_id: the repository, None for a site that is not registered.
        resource_name: table, None if it is about the repository.
        mode: activity and transmission (``log_mode``).
        action: what was done.
        result: how it ended, None for an entry of an Eden without one.
        remote: whether the other site reported it.
        message: what happened, in English.
        remedy: what to do, in English, "" for nothing.
        code: code of the error or message, None if it has none.
        params: message and remedy as data, None if neither has a code.
        run_id: the run that it belongs to.
    """

    id: int
    timestmp: datetime | None = None
    repository_id: int | None = None
    resource_name: str | None = None
    mode: str = ""
    action: str = ""
    result: Result | None = None
    remote: bool = False
    message: str = ""
    remedy: str = ""
    code: str | None = None
    params: Mapping[str, Any] | None = None
    run_id: int | None = None

    @classmethod
    def read(cls, row: Any) -> LogEntry:
        """Return an entry from its row; what was not selected, or is NULL, has its default."""
        found = {name: row.get(name) for name in cls.__dataclass_fields__}
        given = {name: value for name, value in found.items() if value is not None}
        given["result"] = next((each for each in Result if each == given.get("result")), None)
        return cls(**given)


class SyncLog:
    """Writes entries about one repository.

    Args:
        db: the DAL with the sync_* tables.
        transaction: opens a write transaction.
        clock: the site's clock.
        repository_id: the repository, None for a site that is not registered.
        transmission: OUTGOING if this site began the exchange, INCOMING if the other one did.
        run_id: the run that the entries belong to.
    """

    def __init__(
        self,
        db: Any,
        transaction: Callable[[], AbstractContextManager[None]],
        clock: Clock,
        repository_id: int | None,
        transmission: Transmission,
        run_id: int | None = None,
    ) -> None:
        self._db = db
        self._transaction = transaction
        self._clock = clock
        self._repository_id = repository_id
        self._transmission = transmission
        self._run_id = run_id

    def task(
        self,
        resource: str | None,
        mode: Activity,
        action: LogAction,
        result: Result,
        message: Text,
        *,
        details: Sequence[Text] = (),
        remote: bool = False,
        remedy: Text = "",
        code: str | None = None,
    ) -> None:
        """Write an entry.

        Args:
            resource: table, None if it is about the repository.
            mode: what it is about.
            action: what was done.
            result: how it ended.
            message: what happened.
            details: further lines, below the message.
            remote: whether the other site reported an error.
            remedy: what to do.
            code: code of the error (``SyncError.code``); the code of the message if there was none.

        Raises:
            SyncError: the database does not accept it.
        """
        lines = [_short(message_of(each)) for each in (message, *details)]
        to_do = _short(message_of(remedy))
        with self._transaction(), open_store(self._db).translating("INSERT INTO sync_log"):
            self._db.sync_log.insert(
                timestmp=self._clock.now(),
                repository_id=self._repository_id,
                resource_name=None if resource is None else legible(resource),
                mode=log_mode(mode, self._transmission),
                action=action.value,
                result=result.value,
                remote=remote,
                message=_cut(legible("\n".join(map(str, lines))), LONGEST_MESSAGE),
                remedy=legible(to_do.text) or None,
                code=code or lines[0].code or None,
                params=_bounded(described(lines, to_do)),
                run_id=self._run_id,
            )

    def error(self, resource: str | None, mode: Activity, action: LogAction, error: SyncError) -> None:
        """Write an entry about an error; if that fails too, write both to the program's log.

        Args:
            resource, mode, action: as in ``task``.
            error: what went wrong.
        """
        try:
            self.task(
                resource,
                mode,
                action,
                Result.ERROR if error.transient else Result.FATAL,
                error.said,
                remote=error.remote,
                remedy=error.remedy,
                code=error.code,
            )
        except SyncError as failure:
            logger.error("No log entry could be written (%s) about: %s", failure, error.explain())


def _cut(text: str, most: int) -> str:
    """Return a text, or its beginning with a mark that it was cut off."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def _short(message: Message) -> Message:
    """Return a message whose text and texts in its parameters are cut off where they are too long."""
    if len(message.text) <= LONGEST_LINE:
        return message
    params = {name: _short_value(value) for name, value in message.params.items()}
    return Message(message.code, _cut(message.text, LONGEST_LINE), params)


def _short_value(value: Any) -> Any:
    if isinstance(value, Message):
        return _short(value)
    return _cut(value, LONGEST_LINE) if isinstance(value, str) else value


def _bounded(params: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return the parameters to store with a message; None for a very large one, which has only its truncated text."""
    return None if params is None or len(json.dumps(params)) > LONGEST_MESSAGE else params


def purge_excess(db: Any, transaction: Callable[[], AbstractContextManager[None]], most: int) -> int:
    """Remove the oldest log entries of repositories that have too many, as another site can make; return how many.

    Args:
        db: the DAL.
        transaction: opens a write transaction; there is one for each repository.
        most: entries that each repository keeps.
    """
    removed, table = 0, db.sync_log
    number = table.id.count()
    for row in db(table.id > 0).select(
        table.repository_id, number, groupby=table.repository_id, having=number > most
    ):
        ours = table.repository_id == row.sync_log.repository_id
        newest = db(ours).select(table.id, orderby=~table.id, limitby=(most, most + 1)).first()
        with transaction():
            removed += db(ours & (table.id <= newest.id)).delete()
    return removed


def purge(
    db: Any,
    transaction: Callable[[], AbstractContextManager[None]],
    before: datetime,
    repository_id: int | None = None,
) -> int:
    """Remove the log entries before a time, and runs with them; return how many entries.

    Args:
        db: the DAL.
        transaction: opens a write transaction; a long deletion uses several, so that nobody waits for long.
        before: the time (UTC).
        repository_id: only those of this repository.
    """
    removed = 0
    while True:
        query = older(db, before, repository_id)
        keys = [
            row.id
            for row in db(query).select(
                db.sync_log.id, orderby=db.sync_log.timestmp, limitby=(0, REMOVED_AT_ONCE)
            )
        ]
        if not keys:
            break
        with transaction():
            removed += db((db.sync_log.id <= max(keys)) & older(db, before, repository_id)).delete()
    runs = (db.sync_run.started_on < before) & (db.sync_run.finished_on != None)  # noqa: E711
    if repository_id is not None:
        runs &= db.sync_run.repository_id == repository_id
    with transaction():
        db(runs).delete()
    return removed


def older(db: Any, before: datetime, repository_id: int | None = None) -> Any:
    """Return the query of the log entries before a time.

    Args:
        db: the DAL.
        before: the time (UTC).
        repository_id: only entries about this repository; None for all.
    """
    query = db.sync_log.timestmp < before
    return query if repository_id is None else query & (db.sync_log.repository_id == repository_id)
