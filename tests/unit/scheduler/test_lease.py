"""The lease of a repository: who lost it writes nothing any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from s3sync.active.local_site import LocalSite
from s3sync.core.errors import AlreadyRunning
from s3sync.exchange.peer import Asking
from s3sync.scheduler import run_record as run_record
from tests.support.jobs import World


@pytest.fixture()
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def test_a_worker_that_was_stopped_and_replaced_writes_nothing_when_it_wakes_up(world: World) -> None:
    site, lease = world.site, world.lease()
    lease.acquire()
    record = run_record.RunRecord(site, world.repository, None, True, lease)
    repository = site.repository(world.repository)
    local = LocalSite(repository, lease.ensure)
    task = repository.tasks[0]
    page = world.peer.pull(task.exchange, Asking(cursor="", limit=10))
    site.db(site.db.sync_lease).update(owner="another worker")
    site.db.commit()
    for write in (
        lambda: local.take_page(task, page, 1),
        lambda: local.sending(task, 1),
        lambda: local.start_over(task),
        lambda: lease.assign(record.id),
        record.check,
    ):
        with pytest.raises(AlreadyRunning, match="taken over"):
            write()
        lease.lost.clear()
    assert site.db(site.db.org_organisation).isempty() and site.db(site.db.sync_checkpoint).isempty()
