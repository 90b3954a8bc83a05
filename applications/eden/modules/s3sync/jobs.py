"""What the scheduler's worker calls, and the schedule itself.

A task that returns counts as completed, whatever happened; so failures are raised. Nothing commits for us.
"""

from __future__ import annotations

import contextlib
import json
import logging
import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from .engine import Engine, RunReport, Stage
from .errors import AlreadyRunning, Cancelled, ConfigurationError, RunFailed, SyncError
from .lease import Lease, has_died
from .local import LocalSite
from .log import OUTGOING, SyncLog
from .model import utcnow
from .patience import Patience
from .rhythm import upcoming
from .site import Site
from .watching import notice, traffic
from .xmltext import legible

FUNCTION = "sync_synchronize"
GROUP = "main"
#: Columns of a task that is called again and again, also after failures.
FOR_EVER = {"repeats": 0, "retry_failed": -1}
COUNT_COLUMNS = {"conflict": "conflicts"}
DIRECTIONS = {
    Stage.PULLING: "pull",
    Stage.IMPORTING: "pull",
    Stage.EXPORTING: "push",
    Stage.PUSHING: "push",
}
#: What the scheduler calls and how often, of the columns of its tasks.
_CALL = (
    "application_name",
    "task_name",
    "group_name",
    "function_name",
    "args",
    "vars",
    "repeats",
    "retry_failed",
    "timeout",
)
#: Progress is written at most this often (seconds), but for a new stage.
PROGRESS_EVERY = 1.0
logger = logging.getLogger("eden.sync")


def synchronize(repository_id: int, user_id: int | None = None, manual: bool = False) -> dict[str, Any]:
    """Synchronise a repository: all its tasks, once.

    Args:
        repository_id: key of the repository.
        user_id: account on whose behalf it runs, None for the system.
        manual: whether a person started it by hand.

    Returns:
        the run and its summary, for the scheduler's record.

    Raises:
        RunFailed: at least one resource failed; the text names each of them with its remedy.
        AlreadyRunning: a person started it while another run is under way (a scheduled run is skipped then).
        Cancelled: a person stopped it.
        SyncError: it could not even begin.
    """
    site = Site.from_current()
    try:
        return _synchronize(site, repository_id, user_id, manual)
    except AlreadyRunning as running:
        if manual:
            raise
        return {"state": "skipped", "message": running.message}
    finally:
        _conclude(site, repository_id)


def _conclude(site: Site, repository_id: int) -> None:
    """Store what the run wrote, and write to the administrators if that is due.

    What goes wrong here is not raised: it would stand in the scheduler's record in place of how the run ended.
    """
    try:
        site.db.commit()
        notice.tell(site, repository_id)
        site.db.commit()
    except Exception:
        logger.exception("How the run of repository %s ended was not told to anybody.", repository_id)


def _synchronize(site: Site, repository_id: int, user_id: int | None, manual: bool) -> dict[str, Any]:
    site.host.impersonate(user_id)
    repository = site.repository(repository_id)
    lease = Lease(site.db, site.store.transaction, repository_id, site.host.settings.get_sync_lease_seconds())
    former = lease.acquire()
    try:
        if former is not None:
            end_run(
                site, former, "failed", "The worker ended without a word; another run goes on from there."
            )
        run = RunRecord(site, repository_id, user_id, manual, lease)
        lease.assign(run.id)
        with contextlib.ExitStack() as stack:
            if site.can_reconnect:
                every = site.host.settings.get_sync_lease_seconds() / 4
                stack.enter_context(lease.heartbeat(site.host.reconnector(), every))
            report = _run(site, repository, run, manual)
        return {"run": run.id, "state": "completed", "message": report.summary()}
    finally:
        lease.release()


def _run(site: Site, repository: Any, run: "RunRecord", manual: bool) -> RunReport:
    log = SyncLog(site.db, site.store.transaction, repository.id, OUTGOING, run.id)
    try:
        with site.peer(repository) as peer:
            local = LocalSite(site, repository)
            engine = Engine(
                peer,
                local,
                site.tasks(repository.id),
                run,
                log,
                page_size=site.host.settings.get_sync_page_size(),
                peer_time=lambda: utcnow() + timedelta(seconds=peer.skew or 0.0),
                patience=Patience(
                    attempts=site.host.settings.get_sync_retries() + 1,
                    first_delay=site.host.settings.get_sync_retry_delay(),
                ),
                quiet=not manual,
            )
            try:
                report = engine.run()
            finally:
                site.note_contact(repository.id, peer.skew)
            _warn_of_skew(site, log, peer.skew)
        run.end("completed", report.summary())
        return report
    except Cancelled as cancelled:
        run.end("cancelled", cancelled.explain())
        raise
    except RunFailed as failed:
        run.end("failed", failed.message)
        raise
    except SyncError as error:
        log.error(None, "pull", "fetch", error)
        run.end("failed", error.explain())
        raise
    except BaseException as error:
        run.end("failed", f"The run was broken off: {type(error).__name__}: {error}")
        raise


def _warn_of_skew(site: Site, log: SyncLog, skew: float | None) -> None:
    if skew is not None and abs(skew) > site.host.settings.get_sync_clock_warning():
        ahead = "ahead of" if skew > 0 else "behind"
        log.task(
            None,
            "pull",
            "fetch",
            "warning",
            f"The clock of the other site is {abs(skew):.0f} seconds {ahead} ours.",
            remedy="Set both clocks (NTP): which version of a record is newer is decided by them.",
        )


class RunRecord:
    """A row of sync_run: how far a run is, for whoever watches (the engine's ``Progress``).

    ``done``, ``total`` and ``stage_since`` are about the resource and direction under way; ``details`` holds what
    became of each resource so far: {resource: {"received": {outcome: records}, "sent": records}}.

    Args:
        site: this site.
        repository_id: the repository.
        user_id: who started it.
        manual: whether by hand.
        lease: the right to run; when it is lost the run ends.
    """

    def __init__(
        self,
        site: Site,
        repository_id: int,
        user_id: int | None,
        manual: bool,
        lease: Lease | None = None,
    ) -> None:
        self._site = site
        self._lease = lease
        self._repository_id = repository_id
        self._told = 0.0
        self._pending: dict[str, Any] = {}
        self._sums: dict[str, int] = {}
        self._details: dict[str, dict[str, Any]] = {}
        with site.store.transaction():
            self.id: int = site.db.sync_run.insert(
                repository_id=repository_id,
                started_on=utcnow(),
                manual=manual,
                user_id=user_id,
                state="running",
                stage=Stage.STARTING.value,
            )

    def stage(self, stage: Stage, resource: str | None = None, total: int | None = None) -> None:
        """See ``engine.Progress``."""
        former = (self._pending.get("resource_name"), self._pending.get("direction"))
        present = (resource or former[0], DIRECTIONS.get(stage, former[1]))
        if present != former:
            self._pending.update(
                resource_name=present[0], direction=present[1], done=0, total=None, stage_since=utcnow()
            )
        if total is not None:
            self._pending["total"] = total
        self._pending["stage"] = stage.value
        self._write()

    def advance(
        self,
        done: int = 0,
        *,
        counts: dict[str, int] | None = None,
        sent: int = 0,
        bytes_in: int = 0,
        bytes_out: int = 0,
    ) -> None:
        """See ``engine.Progress``."""
        if done:
            self._pending["done"] = done
        increments = {"sent": sent, "bytes_received": bytes_in, "bytes_sent": bytes_out}
        for name, count in (counts or {}).items():
            increments[COUNT_COLUMNS.get(name, name)] = count
        for name, count in increments.items():
            self._sums[name] = self._sums.get(name, 0) + count
        self._note_details(counts or {}, sent)
        self._write(if_due=True)

    def _note_details(self, counts: dict[str, int], sent: int) -> None:
        resource = self._pending.get("resource_name")
        if resource is None or not (sent or any(counts.values())):
            return
        entry = self._details.setdefault(resource, {"received": {}, "sent": 0})
        entry["sent"] += sent
        for name, count in counts.items():
            if count:
                entry["received"][name] = entry["received"].get(name, 0) + count

    def check(self) -> None:
        """See ``engine.Progress``."""
        if self._lease is not None and self._lease.lost.is_set():
            raise AlreadyRunning("Another worker has taken over this repository.")
        db = self._site.db
        row = db(db.sync_run.id == self.id).select(db.sync_run.cancel_requested).first()
        # Ends the reading transaction: on some databases it would go on seeing the past.
        db.commit()
        if row is not None and row.cancel_requested:
            raise Cancelled("The synchronisation was stopped by a person.")

    def end(self, state: str, message: str) -> None:
        """Close the record.

        Args:
            state: completed, failed or cancelled.
            message: what to say about it.
        """
        self._site.db.rollback()
        told = {"state": state, "message": legible(message), "stage": Stage.FINISHED.value}
        self._pending.update(told, finished_on=utcnow())
        with self._site.store.transaction():
            self._update()
            _note_traffic(self._site.db, self._repository_id, self._sums)

    def _write(self, if_due: bool = False) -> None:
        now = time.monotonic()
        if if_due and now - self._told < PROGRESS_EVERY:
            return
        self._told = now
        with self._site.store.transaction():
            self._update()

    def _update(self) -> None:
        db = self._site.db
        details = self._details or None
        db(db.sync_run.id == self.id).update(**self._pending, **self._sums, details=details)


def _note_traffic(db: Any, repository_id: int, sums: Mapping[str, int]) -> None:
    traffic.note(db, repository_id, received=traffic.changes(sums), sent=sums.get("sent") or 0)


def end_run(site: Site, run_id: int, state: str, message: str) -> None:
    """Close the record of a run whose worker did not.

    Args:
        site: this site.
        run_id: the run.
        state, message: as in ``RunRecord.end``.
    """
    db = site.db
    with site.store.transaction():
        run = db((db.sync_run.id == run_id) & (db.sync_run.state == "running")).select().first()
        if run is not None:
            run.update_record(state=state, message=message, finished_on=utcnow(), stage=Stage.FINISHED.value)
            _note_traffic(db, run.repository_id, run)


def request_cancel(db: Any, repository_id: int) -> int:
    """Ask a repository's runs to stop between two pages; return how many were asked. The caller commits."""
    asked: int = db((db.sync_run.repository_id == repository_id) & (db.sync_run.state == "running")).update(
        cancel_requested=True
    )
    return asked


# --- the schedule ------------------------------------------------------------------------------------------


def queue(
    db: Any,
    application: str,
    function: str,
    name: str,
    given: Mapping[str, Any],
    *,
    timeout: float,
    **columns: Any,
) -> int:
    """Have the next free worker call a function of models/tasks.py; return the scheduler's task. The caller commits.

    Args:
        db: the DAL with the scheduler's tables.
        application: name of this application.
        function: its name.
        name: what the task is called.
        given: the function's arguments.
        timeout: seconds that it may take.
        columns: of the task, where it is not called at once, or more than once.
    """
    now = utcnow()
    task: dict[str, Any] = {
        "application_name": application,
        "task_name": name,
        "group_name": GROUP,
        "function_name": function,
        "args": "[]",
        "vars": json.dumps(given),
        "status": "QUEUED",
        "start_time": now,
        "next_run_time": now,
        "repeats": 1,
        "retry_failed": 0,
        "timeout": int(timeout),
    }
    task_id: int = db.scheduler_task.insert(**{**task, **columns})
    wake_workers(db)
    return task_id


def start_now(db: Any, application: str, repository_id: int, user_id: int | None, timeout: float) -> int:
    """Queue a run for the next free worker; return the scheduler's task. The caller commits.

    Args:
        db, application, timeout: as in ``queue``.
        repository_id: the repository.
        user_id: who asks.
    """
    given = {"repository_id": repository_id, "user_id": user_id, "manual": True}
    return queue(db, application, FUNCTION, _task_name(repository_id), given, timeout=timeout)


def wake_workers(db: Any) -> None:
    """Let the worker that hands out tasks do it with its next heartbeat instead of the fifth. The caller commits."""
    db(db.scheduler_worker.is_ticker == True).update(status="PICK")  # noqa: E712


def add_job(
    db: Any,
    application: str,
    repository_id: int,
    user_id: int | None,
    *,
    period: int,
    timeout: float,
    start: datetime | None = None,
    stop: datetime | None = None,
    enabled: bool = True,
) -> int:
    """Put a repository on the schedule; return the sync_job. The caller commits.

    Args:
        db, application, repository_id, user_id, timeout: as in ``start_now``.
        period: seconds from one run to the next.
        start: first run (UTC), now where None.
        stop: no run after this time (UTC), None for no end.
        enabled: whether it runs.
    """
    task_id = queue(
        db,
        application,
        FUNCTION,
        _task_name(repository_id),
        {"repository_id": repository_id, "user_id": user_id, "manual": False},
        timeout=timeout,
        **_timing(period, start or utcnow(), stop, enabled),
        **FOR_EVER,
        # the next run is counted from the start, so that "every day at three" stays at three
        prevent_drift=True,
    )
    job_id: int = db.sync_job.insert(repository_id=repository_id, scheduler_task_id=task_id)
    return job_id


def change_job(
    db: Any,
    job_id: int,
    *,
    period: int,
    start: datetime | None,
    stop: datetime | None,
    enabled: bool,
) -> None:
    """Change when a job runs; a job that had failed or expired is queued again. The caller commits.

    Args:
        db: the DAL with the scheduler's tables.
        job_id: key of the sync_job.
        period, stop, enabled: as in ``add_job``.
        start: first run (UTC), the present one where None.

    Raises:
        ConfigurationError: there is no such job.
    """
    task = _task_of(db, job_id)
    timing = _timing(period, start or task.start_time or utcnow(), stop, enabled)
    timing["prevent_drift"] = True
    if task.status == "RUNNING":
        _replace_running(db, job_id, task, timing)
        return
    if task.status == "ASSIGNED":
        # A worker is about to take it, and then computes the next run from the new period.
        del timing["next_run_time"]
    else:
        timing["status"] = "QUEUED"
    task.update_record(**timing)


def _replace_running(db: Any, job_id: int, task: Any, timing: Mapping[str, Any]) -> None:
    """Let a job go on with a task of its own while the present one is under way.

    When that ends, the worker writes the next run into its task as it had computed it at the beginning, from the
    former period: a job that was daily would take its new rhythm up only after a day.
    """
    called = {name: task[name] for name in _CALL}
    changed = db.scheduler_task.insert(**called, **timing, status="QUEUED")
    # how the run under way ends is written into its own record, which stays
    db(db.scheduler_run.task_id == task.id).update(task_id=changed)
    db(db.sync_job.id == job_id).update(scheduler_task_id=changed)
    db(db.scheduler_task.id == task.id).delete()


def reset_job(db: Any, job_id: int) -> bool:
    """Queue a job to run at once, unless a worker has it in hand. The caller commits.

    Args:
        db: the DAL with the scheduler's tables.
        job_id: key of the sync_job.

    Returns:
        whether it was queued.

    Raises:
        ConfigurationError: there is no such job.
    """
    task = db.scheduler_task
    query = (task.id == _task_of(db, job_id).id) & ~task.status.belongs(("ASSIGNED", "RUNNING"))
    queued = db(query).update(
        status="QUEUED", enabled=True, next_run_time=utcnow(), times_failed=0, assigned_worker_name=""
    )
    return bool(queued)


def remove_job(db: Any, job_id: int) -> None:
    """Take a job off the schedule; a run under way comes to its end. The caller commits."""
    job = db.sync_job(job_id)
    if job is None:
        return
    db(db.scheduler_task.id == job.scheduler_task_id).delete()
    job.delete_record()


def hand_over(db: Any, former: int, repository_id: int) -> None:
    """Let what the scheduler was to do for a repository be done for another one. The caller commits.

    Args:
        db: the DAL.
        former: the repository that goes.
        repository_id: the one that takes its place.
    """
    db(db.sync_job.repository_id == former).update(repository_id=repository_id)
    if "scheduler_task" not in db.tables:
        return
    table = db.scheduler_task
    query = (table.function_name == FUNCTION) & (table.task_name == _task_name(former))
    for task in db(query).select():
        given = {**json.loads(task.vars), "repository_id": repository_id}
        task.update_record(task_name=_task_name(repository_id), vars=json.dumps(given))


def jobs_of(db: Any, repository_id: int) -> list[Any]:
    """Return the jobs of a repository with their tasks: rows with .sync_job and .scheduler_task."""
    joined = db.scheduler_task.on(db.scheduler_task.id == db.sync_job.scheduler_task_id)
    query = (db.sync_job.repository_id == repository_id) & (db.sync_job.deleted == False)  # noqa: E712
    return list(db(query).select(db.sync_job.ALL, db.scheduler_task.ALL, join=joined))


def waiting(db: Any, repository_id: int) -> bool:
    """Tell whether a run that a person asked for has not begun yet."""
    task, run = db.scheduler_task, db.sync_run
    query = _by_hand(db, repository_id) & task.status.belongs(("QUEUED", "ASSIGNED", "RUNNING"))
    asked = db(query).select(task.status, task.last_run_time)
    if any(row.status != "RUNNING" or row.last_run_time is None for row in asked):
        return True
    if not asked:
        return False
    last = (
        db(run.repository_id == repository_id).select(run.started_on, orderby=~run.id, limitby=(0, 1)).first()
    )
    # A worker that has taken it needs a moment to start a process; until then there is no run to see.
    return last is None or any(last.started_on < row.last_run_time for row in asked)


def live_run(db: Any, repository_id: int, stale_after: float) -> int | None:
    """Return the run that somebody alive is working on, None where there is none.

    Args:
        db: the DAL.
        repository_id: the repository.
        stale_after: seconds without a heartbeat after which its holder counts as dead.
    """
    lease = db(db.sync_lease.repository_id == repository_id).select().first()
    if lease is None or lease.heartbeat is None or has_died(lease.owner):
        return None
    fresh = lease.heartbeat >= utcnow() - timedelta(seconds=stale_after)
    return int(lease.run_id) if fresh and lease.run_id else None


def ensure_idle(site: Site, repository_id: int) -> None:
    """See that nobody is working on a repository.

    Args:
        site: this site.
        repository_id: the repository.

    Raises:
        AlreadyRunning: somebody is.
    """
    if live_run(site.db, repository_id, site.host.settings.get_sync_lease_seconds()) is not None:
        raise AlreadyRunning("The repository is being synchronised.")


def cancel_waiting(db: Any, repository_id: int) -> int:
    """Take back runs that a person asked for and that no worker has begun; return how many. The caller commits."""
    taken_back: int = db(_by_hand(db, repository_id) & (db.scheduler_task.status == "QUEUED")).delete()
    return taken_back


def _by_hand(db: Any, repository_id: int) -> Any:
    table = db.scheduler_task
    query = (table.function_name == FUNCTION) & (table.repeats == 1)
    return query & (table.task_name == _task_name(repository_id))


def workers_alive(db: Any, within: float = 60.0) -> int:
    """Return how many workers have shown themselves within some seconds."""
    since = utcnow() - timedelta(seconds=within)
    alive: int = db(db.scheduler_worker.last_heartbeat > since).count()
    return alive


def _task_of(db: Any, job_id: int) -> Any:
    job = db.sync_job(job_id)
    task = db.scheduler_task(job.scheduler_task_id) if job is not None else None
    if task is None:
        raise ConfigurationError(
            "The job is not on the schedule any more.", hint="Remove it and add a new one to the schedule."
        )
    return task


def _task_name(repository_id: int) -> str:
    return f"Synchronisation of repository {repository_id}"


def _timing(period: int, start: datetime, stop: datetime | None, enabled: bool) -> dict[str, Any]:
    if period < 1:
        raise ConfigurationError("The time between two runs must be at least a second.")
    return {
        "start_time": start,
        "next_run_time": upcoming(start, period, utcnow()),
        "stop_time": stop,
        "period": period,
        "enabled": enabled,
    }
