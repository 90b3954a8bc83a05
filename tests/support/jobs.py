"""A site with one repository and what a worker does for it; the other site answers in this process."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from s3sync.adapters.base import Remote
from s3sync.exchange.line import Line
from s3sync.scheduler.lease import Lease
from s3sync.worker import synchronise as synchronise
from tests.support.exchange import DirectPeer
from tests.support.site import IN_A_FILE, SampleSite


class WithLine(DirectPeer):
    """A direct peer that looks like an adapter."""

    fails: Exception | None = None
    line: Line | None = None

    def __enter__(self) -> WithLine:
        return self

    def __exit__(self, *exc: object) -> None:
        return

    def pull(self, *args: Any, **options: Any) -> Any:
        if self.fails is not None:
            raise self.fails
        return super().pull(*args, **options)


class World:
    """The site, its peer and the repository that stands for it."""

    def __init__(self, folder: Path) -> None:
        self.site = SampleSite(folder / "a", IN_A_FILE)
        self.other = SampleSite(folder / "b")
        self.peer = WithLine(self.site, self.other)
        self.site.connect = self._connected  # type: ignore[assignment, method-assign]
        answer = self.peer.register()
        db = self.site.db
        self.repository: int = db.sync_repository.insert(
            name="other", uuid=answer.uuid, url="http://b", capabilities=["cursor"]
        )
        db.sync_task.insert(repository_id=self.repository, resource_name="org_organisation")
        db.commit()
        self.other.db.org_organisation.insert(name="One")
        self.other.db.commit()

    def _connected(self, apitype: str, remote: Remote, interactive: Any = None) -> WithLine:
        self.peer.follows = remote.follows
        return self.peer

    def run(self, manual: bool = True) -> dict[str, Any]:
        return synchronise._synchronize(self.site, self.repository, None, manual)

    def lease(self, **options: Any) -> Lease:
        return Lease(self.site.db, self.site.store.aside, self.site.clock, self.repository, 60, **options)

    @property
    def last(self) -> Any:
        db = self.site.db
        return db(db.sync_run).select(orderby=~db.sync_run.id, limitby=(0, 1)).first()


def add(site: Any, name: str, *states: str, **values: Any) -> int:
    """Add a repository that this site asks, with runs that ended so; return its key."""
    db = site.db
    key: int = db.sync_repository.insert(name=name, url="http://127.0.0.1:9", **values)
    db.sync_task.insert(repository_id=key, resource_name="org_organisation")
    for state in states:
        db.sync_run.insert(repository_id=key, state=state, finished_on=site.clock.now())
    return key
