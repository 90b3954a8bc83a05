"""Jobs: one worker a repository, failures that count as failures, a record of each run, the schedule."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon import current
from gluon.scheduler import Scheduler, TaskReport
from gluon.storage import Storage

from s3sync.core.errors import AlreadyRunning, ConfigurationError, PeerRefused
from s3sync.core.messages import read_failures
from s3sync.database import log as log
from s3sync.exchange.run.failures import Cancelled, RunFailed
from s3sync.exchange.run.ports import Stage
from s3sync.monitoring import failure_mail as failure_mail
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler import run_record as run_record
from s3sync.scheduler.lease import has_died, owner_name
from s3sync.site import Site
from s3sync.worker import synchronise as synchronise
from tests.support.exchange import DirectPeer
from tests.support.jobs import World


@pytest.fixture()
def world(tmp_path: Path) -> World:
    return World(tmp_path)


# --- runs --------------------------------------------------------------------------------------------------


def test_a_run_is_recorded(world: World) -> None:
    told = world.run()
    assert told["state"] == "completed" and "1 created" in told["message"]
    run = world.last
    assert (run.state, run.stage, run.created, run.manual) == ("completed", "finished", 1, True)
    assert run.finished_on is not None and run.resource_name == "org_organisation"
    entries = world.site.db(world.site.db.sync_log).select()
    assert {(row.mode, row.action, row.result, row.run_id) for row in entries} == {
        ("pull/outgoing", "fetch", "success", run.id),
        ("push/outgoing", "send", "success", run.id),
    }
    assert world.site.db(world.site.db.sync_lease).isempty()
    assert (run.failures, run.scheduler_run_id) == (None, None)
    assert {row.code: row.params["message"][0]["params"] for row in entries} == {
        "records_received": {"count": 1, "outcomes": {"created": 1}},
        "nothing_to_send": {},
    }


def test_a_run_tells_which_call_of_the_scheduler_made_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "W2P_TASK", Storage(id=3, run_id=4711), raising=False)
    world.run()
    assert world.last.scheduler_run_id == 4711


def test_a_run_that_met_what_nobody_had_foreseen_says_so(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: Any) -> Any:
        raise RuntimeError("odd\x00")

    monkeypatch.setattr(synchronise, "LocalSite", broken)
    with pytest.raises(RuntimeError):
        world.run()
    (failure,) = read_failures(world.last.failures)
    assert (failure.code, failure.message) == ("run_broken_off", "The run was broken off: RuntimeError: odd")
    assert failure.message == world.last.message


def test_a_run_whose_worker_died_says_so(world: World) -> None:
    run = run_record.RunRecord(world.site, world.repository, None, True)
    run_record.end_lost(world.site, run.id)
    (failure,) = read_failures(world.last.failures)
    assert (world.last.state, failure.code) == ("failed", "run_broken_off")
    assert failure.params["message"] == [{"code": "worker_lost", "params": {}}]
    assert failure.message == world.last.message


def test_a_scheduled_run_with_nothing_to_do_is_quiet(world: World) -> None:
    world.run()
    before = world.site.db(world.site.db.sync_log).count()
    assert world.run(manual=False)["state"] == "completed"
    assert world.site.db(world.site.db.sync_log).count() == before


def test_a_run_that_failed_is_raised_and_says_why(world: World) -> None:
    world.peer.fails = PeerRefused("no such table", remote=True)
    with pytest.raises(RunFailed, match="no such table"):
        world.run()
    assert world.last.state == "failed" and "no such table" in world.last.message
    (failure,) = read_failures(world.last.failures)
    assert (failure.resource, failure.mode, failure.code) == ("org_organisation", "pull", "peer_refused")
    assert failure.message == "no such table" and failure.params["remedy"]["code"] == "peer_refused"
    entry = world.site.db(world.site.db.sync_log.result == "fatal").select().first()
    assert entry.remote is True and "correct the repository" in entry.remedy
    assert entry.code == "peer_refused" and entry.params == failure.params
    assert world.site.db(world.site.db.sync_lease).isempty()


def test_a_repository_without_tasks_or_deleted(world: World) -> None:
    world.site.db(world.site.db.sync_task).delete()
    world.site.db.commit()
    with pytest.raises(ConfigurationError, match="No resources"):
        world.run()
    assert world.last.state == "failed"
    (failure,) = read_failures(world.last.failures)
    assert (failure.resource, failure.code) == (None, "configuration")
    assert failure.params["message"] == [{"code": "no_resources", "params": {}}]
    with pytest.raises(ConfigurationError, match="no repository"):
        synchronise._synchronize(world.site, 4711, None, True)


def test_cancelling(world: World) -> None:
    def asked(*args: Any, **options: Any) -> Any:
        run_record.request_cancel(world.site.db, world.repository)
        world.site.db.commit()
        return DirectPeer.pull(world.peer, *args, **options)

    world.peer.pull = asked  # type: ignore[method-assign]
    with pytest.raises(Cancelled):
        world.run()
    assert world.last.state == "cancelled"
    assert [each.code for each in read_failures(world.last.failures)] == ["cancelled"]


def test_a_clock_that_is_off_is_a_warning(world: World) -> None:
    world.peer.skew = -90.0
    world.run()
    entry = world.site.db(world.site.db.sync_log.result == "warning").select().first()
    assert "90 seconds behind" in entry.message and "NTP" in entry.remedy
    assert entry.code == "clock_behind" and entry.params == {
        "message": [{"code": "clock_behind", "params": {"seconds": 90}}],
        "remedy": {"code": "set_clocks", "params": {}},
    }
    assert world.site.repository(world.repository).skew == -90.0


# --- leases ------------------------------------------------------------------------------------------------


def test_what_a_peer_says_is_written_down_without_what_no_database_takes(world: World) -> None:
    said = "Column \x00 of\ud800 no \x1bkind\n\tat all: 💥"
    world.peer.fails = PeerRefused(said, hint=said)
    with pytest.raises(RunFailed):
        world.run()
    legible = "Column  of no kind\n\tat all: 💥"
    entry = world.site.db(world.site.db.sync_log.result == "fatal").select().first()
    assert (entry.message, entry.remedy) == (legible, legible)
    assert world.last.state == "failed" and legible in world.last.message
    assert world.site.known_repository(said) is None


@pytest.mark.parametrize(
    ("uri", "can"),
    [
        ("sqlite:memory", False),
        ("sqlite:memory:", False),
        ("sqlite://memory_site.sqlite", True),
        ("postgres://eden:memory@localhost/memory", True),
    ],
)
def test_only_a_database_in_memory_cannot_be_opened_twice(world: World, uri: str, can: bool) -> None:
    world.site.db._uri = uri
    assert world.site.can_reconnect is can


def test_never_two_at_once(world: World) -> None:
    first = world.lease(owner="elsewhere#1#a")
    assert first.acquire() is None
    with pytest.raises(AlreadyRunning, match="elsewhere#1#a"):
        world.lease().acquire()
    with pytest.raises(AlreadyRunning):
        world.run()
    first.release()
    assert world.run()["state"] == "completed"


def test_a_stale_lease_is_taken_over(world: World) -> None:
    world.lease(owner="elsewhere#1#a").acquire()
    db = world.site.db
    run = db.sync_run.insert(repository_id=world.repository, state="running")
    db(db.sync_lease).update(heartbeat=world.site.clock.now() - timedelta(seconds=61), run_id=run)
    db.commit()
    assert world.run()["state"] == "completed"
    assert db.sync_run(run).state == "failed" and "another run" in db.sync_run(run).message


def test_a_dead_holder_on_this_computer_is_noticed_at_once(world: World) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, text=True
    )
    host = owner_name().partition("#")[0]
    dead = f"{host}#{done.stdout.strip()}#x"
    assert has_died(dead) and not has_died(owner_name()) and not has_died("elsewhere#1#x")
    world.lease(owner=dead).acquire()
    assert world.run()["state"] == "completed"


@pytest.mark.parametrize("outcome", ["completed", "failed"])
def test_a_mail_that_cannot_be_told_of_hides_neither_the_outcome_nor_what_was_written(
    world: World, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, outcome: str
) -> None:
    db = world.site.db

    def run(site: Site, *_: Any) -> dict[str, Any]:
        site.db.sync_config.insert(proxy="written by the run")
        if outcome == "failed":
            raise RunFailed("The other site is gone.")
        return {"state": outcome}

    def fail(*_: Any) -> None:
        raise RuntimeError("no such column")

    monkeypatch.setattr(Site, "from_current", lambda: world.site)
    monkeypatch.setattr(synchronise, "_synchronize", run)
    monkeypatch.setattr(failure_mail, "tell", fail)
    if outcome == "failed":
        with pytest.raises(RunFailed, match="The other site is gone"):
            synchronise.synchronize(world.repository)
    else:
        assert synchronise.synchronize(world.repository) == {"state": "completed"}
    db.rollback()
    assert not db(db.sync_config.proxy == "written by the run").isempty()
    assert "no such column" in caplog.text


def test_a_run_whose_worker_died_is_not_shown_as_running(world: World) -> None:
    db = world.site.db
    lease = world.lease()
    lease.acquire()
    assert run_record.live_run(world.site, world.repository) is None
    lease.assign(7)
    assert run_record.live_run(world.site, world.repository) == 7
    db(db.sync_lease).update(heartbeat=world.site.clock.now() - timedelta(seconds=61))
    assert run_record.live_run(world.site, world.repository) is None
    assert run_record.live_run(world.site, 4711) is None


def test_a_lost_lease_ends_the_run(world: World) -> None:
    lease = world.lease()
    lease.acquire()
    record = run_record.RunRecord(world.site, world.repository, None, True, lease)
    record.check()
    lease.lost.set()
    with pytest.raises(AlreadyRunning):
        record.check()


def test_the_heartbeat_beats_and_notices_a_loss(world: World) -> None:
    lease = world.lease()
    lease.acquire()
    db = world.site.db
    old = world.site.clock.now() - timedelta(seconds=50)
    db(db.sync_lease).update(heartbeat=old)
    db.commit()

    def heartbeat() -> Any:
        found = db(db.sync_lease).select().first().heartbeat
        db.commit()
        return found

    with lease.heartbeat(world.site.host.reconnector(), 0.05):
        deadline = time.monotonic() + 10
        while heartbeat() == old and time.monotonic() < deadline:
            time.sleep(0.02)
        assert heartbeat() > old and not lease.lost.is_set()
        db(db.sync_lease).update(owner="elsewhere#1#a")
        db.commit()
        assert lease.lost.wait(10)
    lease.release()
    assert db(db.sync_lease).count() == 1


# --- progress and log --------------------------------------------------------------------------------------


def test_progress_is_written_with_each_stage(world: World) -> None:
    record = run_record.RunRecord(world.site, world.repository, None, False)
    record.stage(Stage.IMPORTING, "org_organisation", 10)
    record.advance(4, counts={"created": 3, "conflict": 1}, bytes_in=7)
    record.stage(Stage.FILES)
    run = world.last
    assert (run.stage, run.resource_name, run.done, run.total) == ("files", "org_organisation", 4, 10)
    assert (run.created, run.conflicts, run.bytes_received) == (3, 1, 7)


def test_old_entries_are_removed(world: World) -> None:
    db = world.site.db
    db.sync_log.insert(timestmp=world.site.clock.now() - timedelta(days=91), message="old")
    db.sync_log.insert(message="new")
    db.commit()
    assert log.purge(db, world.site.store.transaction, world.site.clock.now() - timedelta(days=90)) == 1
    assert [row.message for row in db(db.sync_log).select()] == ["new"]


# --- the schedule ------------------------------------------------------------------------------------------


@pytest.fixture()
def worker(world: World) -> Scheduler:
    worker = Scheduler(world.site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True, worker_name="w")
    worker.now = world.site.clock.now
    return worker


@pytest.fixture()
def scheduled(world: World, worker: Scheduler) -> Site:
    return world.site


def test_a_job_runs_for_ever_also_after_failures(world: World, scheduled: Site) -> None:
    db = scheduled.db
    job = jobs.add_job(world.site, world.repository, 3, period=120, timeout=50)
    (row,) = jobs.jobs_of(db, world.repository)
    task = row.scheduler_task
    assert row.sync_job.id == job
    assert (task.repeats, task.retry_failed, task.period, task.timeout) == (0, -1, 120, 50)
    assert (task.function_name, task.status, task.application_name) == (queue.FUNCTION, "QUEUED", "eden")
    assert json.loads(task.vars) == {"repository_id": world.repository, "user_id": 3, "manual": False}


def test_a_job_is_changed_reset_and_removed(world: World, scheduled: Site) -> None:
    db = scheduled.db
    job = jobs.add_job(world.site, world.repository, None, period=60, timeout=50)
    task = jobs.jobs_of(db, world.repository)[0].scheduler_task
    start = world.site.clock.now() - timedelta(seconds=1000)
    task.update_record(status="FAILED", times_failed=3)
    jobs.change_job(world.site, job, period=300, start=start, stop=None, enabled=False)
    task = db.scheduler_task(task.id)
    assert (task.period, task.enabled, task.status) == (300, False, "QUEUED")
    assert task.next_run_time == start + timedelta(seconds=1200) and task.prevent_drift
    assert jobs.reset_job(world.site, job)
    assert db.scheduler_task(task.id).enabled is True
    jobs.remove_job(db, job)
    assert jobs.jobs_of(db, world.repository) == [] and db(db.scheduler_task).isempty()
    jobs.remove_job(db, job)
    with pytest.raises(ConfigurationError):
        jobs.change_job(world.site, job, period=300, start=None, stop=None, enabled=True)


@pytest.mark.parametrize("status", ["ASSIGNED", "RUNNING"])
def test_a_job_that_a_worker_has_in_hand_is_not_queued_again(
    world: World, scheduled: Site, status: str
) -> None:
    db = scheduled.db
    job = jobs.add_job(world.site, world.repository, None, period=60, timeout=50)
    db(db.scheduler_task).update(
        status=status, assigned_worker_name="w", next_run_time=world.site.clock.now()
    )
    before = db(db.scheduler_task).select().first().as_dict()
    assert not jobs.reset_job(world.site, job)
    assert db(db.scheduler_task).select().first().as_dict() == before


def begin(worker: Scheduler, db: Any) -> Any:
    """Let the worker take the one task there is."""
    db(db.scheduler_task).update(status="ASSIGNED", assigned_worker_name=worker.worker_name)
    return worker.pop_task()


def test_a_job_that_is_changed_while_it_runs_follows_the_new_rhythm(
    world: World, scheduled: Site, worker: Scheduler
) -> None:
    db = scheduled.db
    job = jobs.add_job(world.site, world.repository, 7, period=86400, timeout=50)
    before = jobs.jobs_of(db, world.repository)[0].scheduler_task
    under_way = begin(worker, db)
    start = world.site.clock.now() + timedelta(seconds=30)
    jobs.change_job(world.site, job, period=600, start=start, stop=None, enabled=True)
    worker.report_task(under_way, TaskReport("COMPLETED", result="1"))
    (row,) = jobs.jobs_of(db, world.repository)
    task = row.scheduler_task
    assert row.sync_job.id == job and (task.status, task.period) == ("QUEUED", 600)
    assert task.next_run_time == start
    for name in ("application_name", "task_name", "function_name", "args", "vars", "repeats", "timeout"):
        assert task[name] == before[name], name
    assert task.retry_failed == -1 and task.prevent_drift
    # what is under way is not begun a second time, and how it ended is told of the job
    assert db(db.scheduler_task).count() == 1
    assert [(run.task_id, run.status) for run in db(db.scheduler_run).select()] == [(task.id, "COMPLETED")]


def test_a_job_about_to_run_runs_once_more_at_once(world: World, scheduled: Site, worker: Scheduler) -> None:
    db = scheduled.db
    job = jobs.add_job(world.site, world.repository, None, period=60, timeout=50)
    db(db.scheduler_task).update(status="ASSIGNED", assigned_worker_name=worker.worker_name)
    jobs.change_job(world.site, job, period=300, start=None, stop=None, enabled=True)
    task = db(db.scheduler_task).select().first()
    assert worker.pop_task().next_run_time == task.start_time + timedelta(seconds=300)


def test_a_run_by_hand_is_queued_once(world: World, scheduled: Site) -> None:
    db = scheduled.db
    assert not queue.waiting(db, world.repository)
    task = db.scheduler_task(queue.start_now(world.site, world.repository, 1, 50))
    assert (task.repeats, task.retry_failed) == (1, 0) and json.loads(task.vars)["manual"] is True
    assert queue.waiting(db, world.repository) and not queue.waiting(db, 4711)
    task.update_record(status="RUNNING", last_run_time=world.site.clock.now())
    assert queue.waiting(db, world.repository)
    db.sync_run.insert(repository_id=world.repository, started_on=world.site.clock.now())
    assert not queue.waiting(db, world.repository)
    assert not queue.cancel_waiting(db, world.repository)
    task.update_record(status="QUEUED")
    assert queue.cancel_waiting(db, world.repository) == 1 and not queue.waiting(db, world.repository)


def test_runs_by_hand_are_waited_for_with_the_statements_of_one(
    world: World, scheduled: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    db = scheduled.db
    begun = world.site.clock.now()
    for _ in range(5):
        queue.start_now(world.site, world.repository, 1, 50)
    db(db.scheduler_task).update(status="RUNNING", last_run_time=begun)
    db.sync_run.insert(repository_id=world.repository, started_on=begun)
    execute, ran = db._adapter.execute, []

    def counted(*args: Any, **options: Any) -> Any:
        ran.append(args)
        return execute(*args, **options)

    monkeypatch.setattr(db._adapter, "execute", counted)
    assert not queue.waiting(db, world.repository)
    assert len(ran) == 2


def test_workers_that_are_alive(world: World, scheduled: Site) -> None:
    db = scheduled.db
    db.scheduler_worker.insert(worker_name="a", last_heartbeat=world.site.clock.now())
    db.scheduler_worker.insert(worker_name="b", last_heartbeat=world.site.clock.now() - timedelta(hours=1))
    assert queue.workers_alive(world.site) == 1
