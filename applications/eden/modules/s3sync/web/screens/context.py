"""The context of every screen: the site, the user, the request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ...database.paging import whole_number
from ...site import Repository, Site
from ...site import tasks as tasks
from ...site.labels import Translate
from ...site.tasks import TaskRow
from ...ui.refusals import refusal


class ScreenContext(NamedTuple):
    """One request of a person: the site, the user, and web2py's objects."""

    site: Site
    T: Translate
    request: Any
    response: Any
    session: Any

    @property
    def db(self) -> Any:
        return self.site.db

    @property
    def now(self) -> datetime:
        """The current time (UTC)."""
        return self.site.clock.now()

    @property
    def worker_command(self) -> str:
        """The command that starts a worker of this site."""
        return f"python web2py.py -K {self.request.application} -Q"

    def record(self, table: Any, record_id: str | None) -> Any:
        """Return the record with the id from the URL.

        Raises:
            HTTP: 404 if there is none.
        """
        number = whole_number(record_id)
        record = table(number) if number else None
        if record is None or record.get("deleted"):
            raise self._missing()
        return record

    def repository(self, key: str | None) -> Repository:
        """Return the repository with the id from the URL; raise HTTP 404 if there is none."""
        found = self.site.known_repository(whole_number(key))
        if found is None:
            raise self._missing()
        return found

    def task(self, repository: Repository, key: str | None) -> TaskRow:
        """Return a task of this repository; raise HTTP 404 if there is none."""
        number = whole_number(key)
        found = tasks.find(self.db, number) if number else None
        if found is None or found.repository_id != repository.id:
            raise self._missing()
        return found

    def record_of(self, repository: Repository, table: Any, record_id: str | None) -> Any:
        """Return a record that belongs to this repository; raise HTTP 404 if there is none."""
        record = self.record(table, record_id)
        if record.repository_id != repository.id:
            raise self._missing()
        return record

    def _missing(self) -> Any:
        return refusal(404, self.T("There is no such record. It may have been deleted."))
