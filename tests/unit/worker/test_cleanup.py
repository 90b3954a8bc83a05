"""What is removed by itself: by a task of its own, that is there once and does not get lost."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.administration import datasets as datasets
from s3sync.conflicts import resolve_many as resolve_many
from s3sync.monitoring.status import statuses
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.site import Site
from s3sync.worker import cleanup as cleanup
from tests.support.jobs import World
from tests.support.site import SampleSite


@pytest.fixture()
def site(tmp_path: Path) -> Iterator[Site]:
    site = SampleSite(tmp_path / "own")
    Scheduler(site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    yield site
    site.db.close()


def the_task(db: Any) -> Any:
    (task,) = db(db.scheduler_task.function_name == cleanup.FUNCTION).select()
    return task


# --- the task ----------------------------------------------------------------------------------------------


def test_it_is_done_every_day_for_ever(site: Site) -> None:
    db = site.db
    cleanup.schedule(site)
    task = the_task(db)
    assert (task.status, task.application_name, task.vars) == ("QUEUED", "eden", "{}")
    assert (task.period, task.repeats, task.retry_failed, task.stop_time) == (86_400, 0, -1, None)
    assert timedelta(hours=23) < task.next_run_time - site.clock.now() <= timedelta(days=1)


def test_a_second_look_changes_nothing(site: Site) -> None:
    db = site.db
    cleanup.schedule(site)
    for status in ("QUEUED", "ASSIGNED", "RUNNING"):
        due = site.clock.now() - timedelta(hours=1)
        the_task(db).update_record(status=status, next_run_time=due, enabled=False, assigned_worker_name="w")
        before = the_task(db).as_dict()
        cleanup.schedule(site)
        assert the_task(db).as_dict() == before


@pytest.mark.parametrize("status", ["FAILED", "EXPIRED", "TIMEOUT", "STOPPED", "COMPLETED"])
def test_it_is_put_back_where_it_has_ended(site: Site, status: str) -> None:
    db = site.db
    cleanup.schedule(site)
    former = the_task(db)
    former.update_record(status=status, repeats=1, stop_time=site.clock.now())
    cleanup.schedule(site)
    task = the_task(db)
    assert (task.id, task.status, task.repeats, task.stop_time) == (former.id, "QUEUED", 0, None)
    assert task.next_run_time > site.clock.now()


def test_it_is_put_back_where_it_is_missing(site: Site) -> None:
    cleanup.schedule(site)
    site.db(site.db.scheduler_task).delete()
    cleanup.schedule(site)
    assert the_task(site.db).status == "QUEUED"


def test_of_two_workers_that_miss_it_one_puts_it_back(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    add = queue.queue

    def late(*args: Any, **options: Any) -> int:
        add(*args, **options)
        site.db.commit()
        return add(*args, **options)

    monkeypatch.setattr(queue, "queue", late)
    cleanup.schedule(site)
    assert the_task(site.db).status == "QUEUED"


def test_two_applications_in_one_database_have_one_each(site: Site) -> None:
    cleanup.schedule(site)
    site.application = "other"
    cleanup.schedule(site)
    tasks = site.db(site.db.scheduler_task).select()
    assert sorted(task.application_name for task in tasks) == ["eden", "other"]


def test_no_repository_has_to_do_with_it(site: Site) -> None:
    db = site.db
    key = db.sync_repository.insert(name="Other", url="http://127.0.0.1:9")
    db.sync_task.insert(repository_id=key, resource_name="org_organisation")
    db.sync_run.insert(repository_id=key, state="completed", finished_on=site.clock.now())
    (before,) = statuses(site)
    cleanup.schedule(site)
    for status in ("QUEUED", "RUNNING", "FAILED"):
        the_task(db).update_record(status=status, next_run_time=site.clock.now() - timedelta(days=3))
        (now,) = statuses(site)
        assert (now.facts, now.state) == (before.facts, before.state)
    assert jobs.jobs_of(db, key) == [] and not queue.waiting(db, key) and queue.workers_alive(site) == 0


# --- what it does ------------------------------------------------------------------------------------------


def add_old(site: Site) -> None:
    db, old = site.db, site.clock.now() - timedelta(days=100)
    db.sync_log.insert(timestmp=old, message="old")
    db.sync_traffic.insert(day=old.date(), repository_id=1)
    db.sync_decision.insert(rule="keep", selection="{}", last_id=0, created_on=old)
    for state in ("open", "resolved"):
        db.sync_kept.insert(
            kind="conflict",
            tablename="org_office",
            fingerprint=state,
            state=state,
            created_on=old,
            closed_on=old,
        )
    db.commit()


def test_a_site_that_writes_much_into_the_log_leaves_that_of_others(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cleanup, "MOST_ENTRIES", 3)
    log = site.db.sync_log
    first, second = (int(site.db.sync_repository.insert(name=name, uuid=name)) for name in "ab")
    for repository, number in ((first, 3), (second, 5), (None, 2)):
        for each in range(number):
            log.insert(repository_id=repository, message=f"{repository} {each}")
    site.db.commit()
    cleanup.tidy(site)
    told = [row.message for row in site.db(log).select(orderby=log.id)]
    assert told == [
        *(f"{first} {each}" for each in range(3)),
        *(f"{second} {each}" for each in range(2, 5)),
        "None 0",
        "None 1",
    ]


def test_a_site_that_only_answers_forgets_what_is_old(site: Site) -> None:
    db = site.db
    add_old(site)
    db.sync_log.insert(message="new")
    db.commit()
    cleanup.tidy(site)
    assert [row.message for row in db(db.sync_log).select()] == ["new"]
    assert [row.state for row in db(db.sync_kept).select()] == ["open"]
    assert db(db.sync_traffic).isempty() and db(db.sync_decision).isempty()


def test_a_run_leaves_that_to_the_task(tmp_path: Path) -> None:
    world = World(tmp_path)
    add_old(world.site)
    assert world.run()["state"] == "completed"
    assert not world.site.db(world.site.db.sync_log.message == "old").isempty()
    world.site.db.close()


def test_old_records_of_the_scheduler_are_removed(site: Site) -> None:
    db = site.db
    old = site.clock.now() - timedelta(days=100)
    key = db.sync_repository.insert(name="Other")
    jobs.add_job(site, key, None, period=60, timeout=50)
    repeating = jobs.jobs_of(db, key)[0].scheduler_task.id
    once = queue.start_now(site, key, None, 50)
    for task in (repeating, once):
        db.scheduler_run.insert(task_id=task, stop_time=old)
        db.scheduler_run.insert(task_id=task, stop_time=site.clock.now())
    db(db.scheduler_task.id == once).update(status="COMPLETED", last_run_time=old)
    db.commit()
    cleanup.tidy(site)
    assert [row.id for row in db(db.scheduler_task).select()] == [repeating]
    assert db(db.scheduler_run.task_id == repeating).count() == 1


def test_old_tasks_of_decisions_are_removed(site: Site) -> None:
    db = site.db
    old, new = site.clock.now() - timedelta(days=100), site.clock.now()
    for key in (1, 2, 3):
        resolve_many.queue(site, key, 50)
    ended, recent, waiting = [row.id for row in db(db.scheduler_task).select(orderby=db.scheduler_task.id)]
    db(db.scheduler_task.id == ended).update(status="COMPLETED", last_run_time=old)
    db(db.scheduler_task.id == recent).update(status="COMPLETED", last_run_time=new)
    db(db.scheduler_task.id == waiting).update(last_run_time=old)
    db.commit()
    cleanup.tidy(site)
    assert {row.id for row in db(db.scheduler_task).select()} == {recent, waiting}


def test_old_records_of_runs_that_nobody_ended_are_removed(site: Site) -> None:
    db = site.db
    old = site.clock.now() - timedelta(days=100)
    key = db.sync_repository.insert(name="Other")
    jobs.add_job(site, key, None, period=60, timeout=50)
    waiting = jobs.jobs_of(db, key)[0].scheduler_task.id
    running = queue.start_now(site, key, None, 50)
    db(db.scheduler_task.id == running).update(status="RUNNING")
    db.scheduler_run.insert(task_id=waiting, status="STOPPED", start_time=old)
    db.scheduler_run.insert(task_id=waiting, status="RUNNING", start_time=old)
    recent = db.scheduler_run.insert(task_id=waiting, status="RUNNING", start_time=site.clock.now())
    under_way = db.scheduler_run.insert(task_id=running, status="RUNNING", start_time=old)
    db.commit()
    cleanup.tidy(site)
    assert {row.id for row in db(db.scheduler_run).select()} == {recent, under_way}


def test_old_records_of_archives_are_removed(site: Site) -> None:
    db = site.db
    datasets.order_archive(site, 5)
    task = db(db.scheduler_task.function_name == datasets.FUNCTION).select().first()
    db.scheduler_run.insert(task_id=task.id, stop_time=site.clock.now() - timedelta(days=100))
    new = db.scheduler_run.insert(task_id=task.id, stop_time=site.clock.now())
    foreign = db.scheduler_task.insert(function_name="print", task_name="of somebody else")
    kept = db.scheduler_run.insert(task_id=foreign, stop_time=site.clock.now() - timedelta(days=100))
    db.commit()
    cleanup.tidy(site)
    assert {row.id for row in db(db.scheduler_run).select()} == {new, kept}
    assert db(db.scheduler_task.id == task.id).count() == 1


# --- what processes left that were killed -------------------------------------------------------------------


def test_spooled_documents_and_parts_of_files_that_nobody_needs_are_removed(site: Site) -> None:
    uploads = site.folder / "uploads" / "doc_document.file" / "8f"
    uploads.mkdir(parents=True)
    left = [site.spool / "run-abc", uploads / ".abc.part", site.folder / "private" / ".abc.part"]
    needed = [uploads / "doc_document.file.8f00.aa.txt", site.folder / "private" / "vault.key"]
    for path in (*left, *needed):
        path.touch()
        os.utime(path, (0, 0))
    fresh = uploads / ".def.part"
    fresh.touch()
    cleanup.tidy(site)
    assert [path.exists() for path in (*left, *needed, fresh)] == [False] * 3 + [True] * 3


def test_each_run_looks_after_the_spool_folder(tmp_path: Path) -> None:
    world = World(tmp_path)
    left = world.site.spool / "sync-abc.xml"
    left.touch()
    os.utime(left, (0, 0))
    world.run()
    assert not left.exists() and list(world.site.spool.iterdir()) == []
