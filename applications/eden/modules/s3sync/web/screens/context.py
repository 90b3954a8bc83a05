"""What every screen works with: the site, who asks, the request."""

from __future__ import annotations

from datetime import datetime
from typing import Any, NamedTuple

from ...database.paging import whole_number
from ...site import Site
from ...site.labels import Translate
from ...ui.refusals import refusal


class ScreenContext(NamedTuple):
    """One request of a person: the site, who asks, and what web2py knows of it."""

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
        """The time at this site (UTC)."""
        return self.site.clock.now()

    @property
    def worker_command(self) -> str:
        """The command that starts a worker of this site."""
        return f"python web2py.py -K {self.request.application} -Q"

    def record(self, table: Any, record_id: str | None) -> Any:
        """Return the record by the id in the URL, or answer 404.

        Raises:
            HTTP: 404 with a page that says so.
        """
        number = whole_number(record_id)
        record = table(number) if number else None
        if record is None or record.get("deleted"):
            raise refusal(404, self.T("There is no such record. It may have been deleted."))
        return record

    def record_of(self, repository: Any, table: Any, record_id: str | None) -> Any:
        """Return a record that belongs to this repository, or answer 404."""
        record = self.record(table, record_id)
        if record.repository_id != repository.id:
            raise refusal(404, self.T("There is no such record. It may have been deleted."))
        return record
