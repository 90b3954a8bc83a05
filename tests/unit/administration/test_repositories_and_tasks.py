"""What administrators do with repositories and their resources: all of it is done, or nothing."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.administration.repositories import delete_repository
from s3sync.administration.tasks import delete_task
from s3sync.core.cursor import CheckpointKind
from s3sync.core.errors import AlreadyRunning, StoreBusy
from s3sync.database.tables.define import BELONGING, ENDING, OUTLIVING
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler.lease import Lease
from s3sync.site import Site
from tests.support.site import SampleSite

RESOURCE = "org_organisation"


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[Site]:
    site = SampleSite(tmp_path / "own")
    Scheduler(site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    yield site
    site.db.close()


def furnished(site: Site, name: str) -> int:
    """Enter a repository to which something belongs in every table."""
    db = site.db
    key = int(db.sync_repository.insert(name=name, url="http://other"))
    dataset = db.sync_dataset.insert(repository_id=key, code=name)
    task = db.sync_task.insert(repository_id=key, resource_name=RESOURCE, dataset_id=dataset)
    db.sync_resource_filter.insert(task_id=task, tablename=RESOURCE, filter_string="x")
    db.sync_log.insert(repository_id=key, message="x")
    db.sync_run.insert(repository_id=key, state="failed")
    db.sync_traffic.insert(repository_id=key, day=date(2026, 3, 1), received=1)
    db.sync_lease.insert(repository_id=key, owner="gone")
    db.sync_kept.insert(repository_id=key, kind="rejected", tablename=RESOURCE, fingerprint=name)
    db.sync_deferred.insert(
        repository_id=key, tablename=RESOURCE, record_id=1, fieldname=name, uuid="u", target=RESOURCE
    )
    site.checkpoints.write(key, RESOURCE, CheckpointKind.PULL, '{"cursor": "c", "number": 3}')
    record = db.org_organisation.insert(name=name)
    journal = db.sync_journal
    db((journal.tablename == RESOURCE) & (journal.record_id == record)).update(origin=key)
    jobs.add_job(site, key, None, period=60, timeout=50)
    queue.start_now(site, key, None, 50)
    db.commit()
    return key


def rows(site: Site) -> dict[str, int]:
    """Count what is stored, by table."""
    names = (
        *("sync_repository", "sync_resource_filter", "sync_job", "scheduler_task", "org_organisation"),
        *(*BELONGING, *OUTLIVING, *ENDING),
    )
    return {name: site.db(site.db[name]).count() for name in names}


def origins(site: Site) -> set[Any]:
    return {row.origin for row in site.db(site.db.sync_journal).select()}


def test_every_table_that_names_a_repository_is_listed(site: Site) -> None:
    naming = {name for name in site.db.tables if "repository_id" in site.db[name].fields}
    # a job is not moved or removed without its task of the scheduler
    assert {*BELONGING, *OUTLIVING, *ENDING} == naming - {"sync_job"}


def test_a_repository_goes_with_all_that_belongs_to_it_but_what_is_undecided(site: Site) -> None:
    other = furnished(site, "other")
    before = rows(site)
    key = furnished(site, "gone")
    delete_repository(site, key)
    site.db.rollback()
    left = rows(site)
    assert {name: left[name] - count for name, count in before.items() if left[name] != count} == {
        "sync_kept": 1,
        "org_organisation": 1,
    }
    assert site.db.sync_repository(other) and origins(site) == {other, None}
    assert site.checkpoints.read(other, RESOURCE, CheckpointKind.PULL) and not site.checkpoints.read(
        key, RESOURCE, CheckpointKind.PULL
    )


def test_a_repository_that_cannot_be_deleted_keeps_everything(site: Site) -> None:
    key = furnished(site, "stays")
    before = rows(site)

    def fail(*_: Any) -> None:
        raise StoreBusy("The database is gone.")

    site.db.sync_repository._before_delete.append(fail)
    with pytest.raises(StoreBusy):
        delete_repository(site, key)
    site.db.rollback()
    assert rows(site) == before and origins(site) == {key}


def test_a_task_goes_with_its_filters_and_positions(site: Site) -> None:
    key = furnished(site, "other")
    repository = site.repository(key)
    (task,) = repository.task_rows
    before = (repository.states.pulled(RESOURCE).number, repository.states.pushed(RESOURCE).number)
    delete_task(repository, task)
    site.db.rollback()
    left = rows(site)
    assert (left["sync_task"], left["sync_resource_filter"]) == (0, 0)
    pulled, pushed = repository.states.pulled(RESOURCE), repository.states.pushed(RESOURCE)
    assert (pulled.cursor, pushed.position) == ("", 0), "another task begins at the beginning"
    assert (pulled.number, pushed.number) == before, "or its requests would be taken for late ones"
    assert left["sync_repository"] == left["sync_job"] == left["org_organisation"] == 1


def test_nothing_is_deleted_under_a_run(site: Site) -> None:
    key = furnished(site, "busy")
    site.db(site.db.sync_lease).delete()
    lease = Lease(site.db, site.store.transaction, site.clock, key, 60)
    lease.acquire()
    lease.assign(1)
    before = rows(site)
    with pytest.raises(AlreadyRunning):
        delete_repository(site, key)
    repository = site.repository(key)
    with pytest.raises(AlreadyRunning):
        delete_task(repository, repository.task_rows[0])
    assert rows(site) == before
