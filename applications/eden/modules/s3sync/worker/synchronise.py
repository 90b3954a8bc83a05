"""The run of a repository, called by the scheduler's worker: lease, record, engine, result.

A task that returns counts as completed, so failures are raised. The scheduler does not commit for us.
"""

from __future__ import annotations

import contextlib
import logging
from datetime import timedelta
from functools import partial
from typing import Any, Callable

from ..active import prescribed as prescribed
from ..active import subscribed as subscribed
from ..active.carried import CarriedExchange, introduced
from ..active.carried import run as run_carried
from ..active.local_site import LocalSite
from ..active.standing import StandingExchange
from ..active.standing import run as run_and_tell
from ..core.errors import AlreadyRunning, ConfigurationError, ProtocolError, SyncError
from ..core.messages import Sentence
from ..core.retry import RetryPolicy
from ..core.task import Activity, LogAction, Result, RunState
from ..database.log import OUTGOING, SyncLog
from ..exchange.peer import Capability
from ..exchange.prescribed import AnotherPrescription
from ..exchange.run.engine import Engine
from ..exchange.run.failures import Cancelled, Failure, RunBrokenOff, RunFailed
from ..exchange.run.report import RunReport
from ..exchange.run.starting import in_a_thread
from ..host.settings import SyncSettings
from ..monitoring import failure_mail as failure_mail
from ..scheduler import retries as retries
from ..scheduler.lease import Lease
from ..scheduler.run_record import RunRecord, end_lost
from ..site import Repository, Site
from ..site.scoping import not_allowed as not_allowed

logger = logging.getLogger("eden.sync")

#: How often another prescription is taken within one run.
MOST_PRESCRIPTIONS = 4


def synchronize(
    repository_id: int, user_id: int | None = None, manual: bool = False, attempt: int = 0
) -> dict[str, Any]:
    """Synchronise a repository: run all its tasks once.

    Args:
        repository_id: key of the repository.
        user_id: account on whose behalf it runs, None for the system.
        manual: whether a person started it.
        attempt: how often a run of the schedule was tried again before.

    Returns:
        the run and its summary, for the scheduler's record.

    Raises:
        RunFailed: at least one resource failed; the text names each of them with its remedy.
        AlreadyRunning: a person started it during another run (a scheduled run is skipped then).
        Cancelled: a person stopped it.
        SyncError: it could not begin.
    """
    site = Site.from_current()
    again = False
    try:
        retries.forget(site.db, repository_id)
        return _synchronize(site, repository_id, user_id, manual)
    except AlreadyRunning as running:
        if manual:
            raise
        return {"state": "skipped", "message": running.message}
    except SyncError as error:
        again = _may_pass(error)
        raise
    finally:
        _conclude(
            site, repository_id, partial(_try_again, user_id=user_id, attempt=attempt) if again else None
        )


def _may_pass(error: SyncError) -> bool:
    """Return whether another try can help."""
    errors = [each.error for each in error.failures] if isinstance(error, RunFailed) else [error]
    return any(each.transient for each in errors)


def _try_again(site: Site, repository_id: int, user_id: int | None, attempt: int) -> bool:
    """Queue another try of a run that failed, and tell it in the log; return whether there is one."""
    timeout = site.host.settings.get_sync_task_timeout()
    with site.store.transaction():
        moment = retries.plan(site, repository_id, user_id, attempt, timeout)
        if moment is not None:
            site.repository(repository_id).log(OUTGOING).task(
                None,
                Activity.PULL,
                LogAction.REQUEST,
                Result.WARNING,
                Sentence.TRIED_AGAIN.say(time=f"{moment:%Y-%m-%d %H:%M}"),
            )
    return moment is not None


def _conclude(site: Site, repository_id: int, try_again: Callable[[Site, int], bool] | None) -> None:
    """Commit what the run wrote, queue another try, and send the mail to the administrators if it is due.

    The mail waits while the run is tried again. An error here is not raised: it would replace the result of the run in
    the scheduler's record.
    """
    try:
        site.db.commit()
        if try_again is not None and try_again(site, repository_id):
            return
        failure_mail.tell(site, repository_id)
        site.db.commit()
    except Exception:
        logger.exception("How the run of repository %s ended was not told to anybody.", repository_id)


def _synchronize(site: Site, repository_id: int, user_id: int | None, manual: bool) -> dict[str, Any]:
    if not site.host.impersonate(user_id):
        site.host.act_for_the_site()
    repository = site.repository(repository_id)
    if repository.is_revoked and not manual:
        return {"state": "skipped", "message": str(Sentence.REVOKED_HERE.say())}
    lease = Lease(
        site.db,
        site.store.aside,
        site.clock,
        repository_id,
        site.host.settings.get_sync_lease_seconds(),
    )
    former = lease.acquire()
    try:
        site.remove_left_behind()
        if former is not None:
            end_lost(site, former)
        run = RunRecord(site, repository_id, user_id, manual, lease)
        lease.assign(run.id)
        with contextlib.ExitStack() as stack:
            if site.can_reconnect:
                every = site.host.settings.get_sync_lease_seconds() / 4
                stack.enter_context(lease.heartbeat(site.host.reconnector(), every))
            report = _run(repository, run, manual, lease)
        return {"run": run.id, "state": RunState.COMPLETED.value, "message": report.summary()}
    finally:
        lease.release()


def _run(repository: Repository, run: RunRecord, manual: bool, lease: Lease) -> RunReport:
    log = repository.log(OUTGOING, run.id)
    try:
        _check_not_revoked(repository)
        repository = introduced(repository)
        prescribed.again(repository, log)
        if subscribed.subscribes(repository):
            subscribed.refresh(repository, log, lease.ensure)
        report = _as_prescribed(repository.site.repository(repository.id), run, manual, lease, log)
        run.end(RunState.COMPLETED, report.summary())
        return report
    except Cancelled as cancelled:
        run.end(RunState.CANCELLED, cancelled.explain(), [Failure(None, Activity.PULL, cancelled)])
        raise
    except RunFailed as failed:
        run.end(RunState.FAILED, failed.message, failed.failures)
        raise
    except SyncError as error:
        log.error(None, Activity.PULL, LogAction.FETCH, error)
        run.end(RunState.FAILED, error.explain(), [Failure(None, Activity.PULL, error)])
        raise
    except BaseException as error:
        broken = RunBrokenOff(Sentence.BROKEN_OFF_BY.say(error=f"{type(error).__name__}: {error}"))
        run.end(RunState.FAILED, broken.message, [Failure(None, Activity.PULL, broken)])
        raise


def _as_prescribed(
    repository: Repository, run: RunRecord, manual: bool, lease: Lease, log: SyncLog
) -> RunReport:
    """Run all tasks; where the other site prescribes others, those.

    Raises:
        ProtocolError: it prescribes others again and again.
        RunFailed, Cancelled, AlreadyRunning, SyncError: as by ``_exchanged``.
    """
    for _ in range(MOST_PRESCRIPTIONS):
        try:
            return _exchanged(repository, run, manual, lease, log)
        except AnotherPrescription as found:
            prescribed.take(repository, found.told, log, lease.ensure)
            repository = repository.site.repository(repository.id)
    raise ProtocolError(Sentence.PRESCRIBES_ANEW.say(), remote=True)


def _exchanged(repository: Repository, run: RunRecord, manual: bool, lease: Lease, log: SyncLog) -> RunReport:
    """Run all tasks.

    Raises:
        AnotherPrescription: the other site prescribes others.
        RunFailed, Cancelled, AlreadyRunning, SyncError: it ended early.
    """
    site, settings = repository.site, repository.site.host.settings
    with repository.peer() as peer:
        tasks = repository.tasks
        standing = StandingExchange(repository, peer, tasks, in_a_thread, lease.ensure)
        local = LocalSite(repository, lease.ensure, standing.settle)
        is_carried = Capability.CARRIED in peer.capabilities
        carried = CarriedExchange(repository, peer, tasks, log, lease.ensure) if is_carried else None
        engine = Engine(
            peer,
            local,
            tasks,
            run,
            log,
            page_size=settings.get_sync_page_size(),
            peer_time=lambda: site.clock.now() + timedelta(seconds=peer.skew or 0.0),
            retry_policy=RetryPolicy(
                attempts=settings.get_sync_retries() + 1,
                first_delay=settings.get_sync_retry_delay(),
            ),
            quiet=not manual,
            refused_before=not_allowed.not_allowed_in(repository.settings),
            outbox=carried,
        )
        reached = False
        try:
            if carried is not None:
                report = run_carried(engine, carried)
            else:
                report = run_and_tell(engine, standing)
                not_allowed.note(repository, report.not_allowed)
            reached = True
        finally:
            run.note_line(peer.line)
            repository.note_contact(peer.skew, reached=reached)
        _warn_of_skew(settings, log, peer.skew)
    return report


def _check_not_revoked(repository: Repository) -> None:
    """Check that a repository may be synchronised.

    Raises:
        ConfigurationError: it was revoked, and would get and bring by our runs what it may not by its own.
    """
    if repository.is_revoked:
        raise ConfigurationError(Sentence.REVOKED_HERE.say(), hint=Sentence.LET_BACK_IN.say())


def _warn_of_skew(settings: SyncSettings, log: SyncLog, skew: float | None) -> None:
    if skew is not None and abs(skew) > settings.get_sync_clock_warning():
        sentence = Sentence.CLOCK_AHEAD if skew > 0 else Sentence.CLOCK_BEHIND
        message = sentence.say(seconds=round(abs(skew)))
        log.task(
            None, Activity.PULL, LogAction.FETCH, Result.WARNING, message, remedy=Sentence.SET_CLOCKS.say()
        )
