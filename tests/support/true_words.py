"""Whether what running sites say of each other is true; asked after each test, and after each run of a ``Link``."""

from __future__ import annotations

import contextlib
import itertools
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from s3sync.administration import preferences as preferences
from s3sync.core.clock import Clock
from s3sync.core.policy import Method, Policy
from s3sync.core.task import Mode
from s3sync.database.journal import SqlJournal
from s3sync.database.tables import define as define
from s3sync.host.eden import EdenHost
from s3sync.site import Site
from tests.support.eden import open_environment
from tests.support.standing import untrue_words
from tests.support.webserver import RUNNING, WebSite

#: Seconds to wait for runs that go on to end.
PATIENCE = 20


class OpenedSite(Site):
    """A running site whose database is opened a second time, to look at it.

    Args:
        folder: of its application.
    """

    CLOCK: Clock | None = None

    def __init__(self, folder: Path) -> None:
        env = open_environment(str(folder), migrate=False)
        db = env["db"]
        self.s3db = env["s3db"]
        super().__init__(
            db,
            EdenHost(db, self.s3db, env["settings"], env["auth"], folder, lambda: preferences.decided(db)),
            folder,
            "eden",
            clock=self.CLOCK,
        )
        # Whoever looks remembers nothing beside the database, and gives no journal a new identity.
        self.journal = SqlJournal(db, lambda: self.schema, self.clock)
        define.define(db, self.clock)

    @property
    def uuid(self) -> str:
        """Its identifier; "" before it has one."""
        row = self.db(self.db.sync_config).select(self.db.sync_config.uuid).first()
        return str(row.uuid) if row else ""

    def knows(self, other: OpenedSite) -> bool:
        """Return whether the other one is among its repositories."""
        repository = self.db.sync_repository
        query = (repository.uuid == other.uuid) & (repository.deleted == False)  # noqa: E712
        return not self.db(query).isempty()

    def is_at_work(self) -> bool:
        """Return whether a run goes on here."""
        return not self.db(self.db.sync_lease).isempty()

    def differs_by_choice(self, other: OpenedSite) -> bool:
        """Return whether its tasks with another one leave out records, components, a direction, or kinds of changes."""
        db, task = self.db, self.db.sync_task
        of_other = task.repository_id == db.sync_repository.id
        query = of_other & (db.sync_repository.uuid == other.uuid) & (task.deleted == False)  # noqa: E712
        if not db(query & (db.sync_resource_filter.task_id == task.id)).isempty():
            return True
        return any(
            row.mode not in (None, int(Mode.BOTH))
            or row.components is False
            or not {each.value for each in Method} <= set(row.strategy or ())
            or {row.update_policy, row.conflict_policy} - {None, Policy.NEWER.value}
            for row in db(query).select(task.ALL)
        )


def check_running_sites(sites: Sequence[WebSite] = RUNNING) -> None:
    """Check what those of the running sites that exchange with each other say: "in step" only where it is so.

    Where two differ and nothing is under way, a person at either has to be told of each record.

    Args:
        sites: the sites, by default all that run.

    Raises:
        AssertionError: a site says what is not true.
    """
    for one, two in itertools.combinations(list(sites), 2):
        problems = untrue_words_of(one, two)
        assert not problems, "\n".join([f"{one.url} and {two.url}:", *problems])


def untrue_words_of(one: WebSite, two: WebSite) -> list[str]:
    """Return what two running sites say of each other and is not true, once neither is at work.

    Args:
        one, two: the sites; they need not know each other.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        with _held_still(one, two) as (here, there):
            if not (here.knows(there) and there.knows(here)):
                return []
            if not (here.is_at_work() or there.is_at_work()):
                by_choice = here.differs_by_choice(there) or there.differs_by_choice(here)
                return [] if by_choice else untrue_words(here, there)
        if time.monotonic() > deadline:
            # Who is at work says so, and claims nothing else.
            return []
        time.sleep(0.1)


@contextlib.contextmanager
def _held_still(*sites: WebSite) -> Iterator[list[OpenedSite]]:
    """Open sites, in which nobody writes meanwhile: what is read at one belongs to what is read at the other."""
    opened: list[OpenedSite] = []
    with contextlib.ExitStack() as stack:
        for site in sites:
            found = OpenedSite(site.application)
            opened.append(found)
            stack.callback(_let_go, found.db)
            found.db.executesql("BEGIN IMMEDIATE")
        yield opened


def _let_go(db: Any) -> None:
    db.rollback()
    db.close()
