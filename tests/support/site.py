"""The one way to build a site for a test: the bundled data model and all use cases, in this process.

``SampleSite(tmp_path)`` is a ``s3sync.site.Site`` on a database in memory, with everything journaled and a clock that
the test turns. What it adds is short: documents come in by ``push`` and ``take`` and go out by ``export``; ``row``,
``rows``, ``kept`` and ``waiting`` tell what is there; ``delete`` removes a record like a person. Several of them
exchange by ``tests.support.exchange``.
"""

from __future__ import annotations

import io
import sqlite3
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, Callable

from s3sync.core.policy import Terms
from s3sync.database.tables import define as define
from s3sync.database.tables import indices as indices
from s3sync.exchange.exporter import ExportPage, ExportRequest
from s3sync.exchange.importer import Context, Report
from s3sync.host.eden import EdenHost
from s3sync.host.schema import build_schema
from s3sync.site import Site
from s3sync.site import own_deletions as own_deletions
from s3sync.wire.s3xml.document import Document
from tests.support.eden import open_environment

NOW = datetime(2026, 3, 1, 12)
#: URI of a database that other threads and processes can open as well.
IN_A_FILE = "sqlite://storage.sqlite"


#: URI of one that nobody else opens.
IN_MEMORY = "sqlite:memory"


class EmptySite:
    """The database of a site with nothing in it, in memory: to make all its tables takes longer than most tests."""

    def __init__(self) -> None:
        self._kept: sqlite3.Connection | None = None

    @property
    def is_known(self) -> bool:
        """Whether one was made in this process."""
        return self._kept is not None

    def copy_from(self, db: Any) -> None:
        """Keep the database of a DAL."""
        self._kept = sqlite3.connect(":memory:", check_same_thread=False)
        db._adapter.connection.backup(self._kept)

    def copy_to(self, db: Any) -> None:
        """Give the database of a DAL the tables of the one that is kept.

        Args:
            db: the DAL. Of tables that are defined from now on it makes only those that say so (``migrate=True``).
        """
        assert self._kept is not None
        db._migrate_enabled, db._migrate = True, False
        self._kept.backup(db._adapter.connection)


EMPTY = EmptySite()


class Clock:
    """A ports.Clock that a test turns."""

    def __init__(self, moment: datetime = NOW) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment.replace(microsecond=0)

    def exact(self) -> datetime:
        return self.moment

    def step(self, seconds: float = 60) -> datetime:
        self.moment += timedelta(seconds=seconds)
        return self.moment


class SampleSite(Site):
    """A site with a database of its own.

    Args:
        folder: where it writes; made where it is missing. Its name is that of the site's host.
        uri: pydal connection string.
        clock: its clock; sites that exchange may share one.
        users: e-mail -> id of accounts that exist.
        configure: changes the data model before it is used.
    """

    clock: Clock

    def __init__(
        self,
        folder: Path,
        uri: str = IN_MEMORY,
        *,
        clock: Clock | None = None,
        users: Mapping[str, int] | None = None,
        configure: Callable[[Any], None] | None = None,
    ) -> None:
        (folder / "private").mkdir(parents=True, exist_ok=True)
        clock = clock or Clock()
        is_made = uri == IN_MEMORY and configure is None and EMPTY.is_known
        env = open_environment(str(folder), uri, now=clock.now, migrate=not is_made)
        db, s3db, settings = env["db"], env["s3db"], env["settings"]
        if configure is not None:
            configure(s3db)
        if is_made:
            EMPTY.copy_to(db)
        define.define(db, clock)
        self.s3db, self.auth = s3db, env["auth"]
        host = EdenHost(db, s3db, settings, env["auth"], folder)
        if not is_made:
            indices.prepare(db, build_schema(db, host))
            db.commit()
        if uri == IN_MEMORY and configure is None and not is_made:
            EMPTY.copy_from(db)
        super().__init__(db, host, folder, "eden", f"http://{folder.name}.example.org", clock)
        self.install()
        self.s3db.is_possible = self.is_possible
        self.s3db.empty = partial(own_deletions.empty, self)
        self.s3db.on_deletion = partial(own_deletions.note, self)
        for email, key in (users or {}).items():
            s3db["auth_user"].insert(id=key, email=email)
        db.commit()
        self.uuid = str(self.config().uuid)

    def export(self, table: str, **request: Any) -> tuple[bytes, ExportPage]:
        """Return the document of a table's changes, and what was written."""
        request.setdefault("paged", True)
        out = io.BytesIO()
        page = self.exporter.export(out, ExportRequest(table, **request))
        return out.getvalue(), page

    def take(self, document: bytes | str, table: str, terms: Terms = Terms(), **context: Any) -> Report:
        """Import a document in one transaction, by default as of repository 1."""
        context.setdefault("repository_id", 1)
        content = document.encode("utf-8") if isinstance(document, str) else document
        with Document(io.BytesIO(content), self.schema, table) as read, self.store.transaction():
            return self.importer.import_page(read, terms, Context(**context))

    def push(self, records: str, table: str, terms: Terms = Terms(), **context: Any) -> Report:
        """Import records that are given without the root element."""
        return self.take(f"<s3xml>{records}</s3xml>", table, terms, **context)

    def row(self, table: str, uuid: str) -> Any:
        """Return a record by uuid, None where there is none."""
        return self.db(self.s3db[table].uuid == uuid).select().first()

    def rows(self, table: str) -> list[Any]:
        """Return the live records of a table."""
        found = self.s3db[table]
        return list(self.db(found.deleted == False).select(orderby=found.id))  # noqa: E712

    def kept(self) -> list[Any]:
        """Return the open entries of what was put aside, oldest first."""
        table = self.db.sync_kept
        return list(self.db(table.state == "open").select(orderby=table.id))

    def waiting(self) -> int:
        """Return how many references wait for records that have not arrived."""
        found: int = self.db(self.db.sync_deferred).count()
        return found

    def delete(self, table: str, uuid: str) -> None:
        """Delete a record like a person, a minute later."""
        self.clock.step()
        self.s3db.delete(self.s3db[table], [self.row(table, uuid).id])
        self.db.commit()

    def close(self) -> None:
        """Close the connection."""
        self.db.close()
