"""Mails to administrators: when a repository keeps failing, and when it works again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any, Callable

from gluon import current

from ..core.messages import Sentence, read_failures
from ..core.plurals import counted
from ..core.task import Activity, LogAction, Result, RunState
from ..database import runs as runs
from ..database.log import OUTGOING
from ..site import Repository, Site
from ..site.labels import resource_title
from .notices.stored import watches_failures

#: Maximum number of runs to count; more are reported as "at least so many".
COUNTED = 50


def failures_in_a_row(states: Sequence[RunState]) -> int:
    """Return the number of consecutive failures in the last runs, ignoring cancelled ones.

    Args:
        states: states of the runs, newest first.
    """
    count = 0
    for state in states:
        if state is RunState.COMPLETED:
            break
        count += state is RunState.FAILED
    return count


def what_failed(
    stored: Iterable[Mapping[str, Any]] | None, message: str | None, title: Callable[[str], str]
) -> str:
    """Return what failed in a run: a line for each resource, with what to do.

    Args:
        stored: the failures of the run; None for a run of a former version, whose message is told.
        message: of the run.
        title: returns what the records of a table are called.
    """
    lines = []
    for each in read_failures(stored):
        told = f"{each.message} {each.remedy}".strip()
        lines.append(f"{title(each.resource)}: {told}" if each.resource else told)
    return "\n".join(lines) or message or ""


def tell(site: Site, repository_id: int) -> None:
    """Send a mail to the administrators if a repository keeps failing, or works again.

    A mail that the server does not accept is logged, and retried after the next run. Where a rule for notices tells of
    the same, that counts (see ``notices``): nobody wants two mails.

    Args:
        site: this site.
        repository_id: the repository whose run has ended.
    """
    recipients = site.host.settings.get_sync_notify_to()
    if not recipients or not site.host.settings.get_mail_server():
        return
    db = site.db
    repository = site.known_repository(repository_id)
    if repository is None or watches_failures(site, repository_id):
        return
    after = site.host.settings.get_sync_notify_after()
    table = db.sync_run
    ended = (table.repository_id == repository_id) & (table.state != RunState.RUNNING)
    found = runs.find(db, ended, ~table.id, max(COUNTED, after))
    count = failures_in_a_row([each.state for each in found])
    if count >= after and repository.notified_on is None:
        last = next(each for each in found if each.state is RunState.FAILED)
        reason = what_failed(last.failures, last.message, partial(resource_title, site))
        _tell_once(repository, recipients, _failing(repository, count, reason), began=True)
    elif not count and found and repository.notified_on is not None:
        _tell_once(repository, recipients, _working(repository), began=False)


def _tell_once(repository: Repository, recipients: list[str], mail: tuple[str, str], *, began: bool) -> None:
    """Send a mail unless another worker has: the worker that sets the mark sends, and resets it after a failure."""
    site, db = repository.site, repository.site.db
    table = db.sync_repository
    former = repository.notified_on
    unchanged = (table.id == repository.id) & (table.notified_on == former)
    with site.store.transaction():
        # modified_on stays: the repository itself was not changed.
        turned = db(unchanged).update_naive(notified_on=site.clock.now() if began else None)
    if not turned:
        return
    failure = site.host.send_mail(recipients, *mail)
    if failure is None:
        return
    with site.store.transaction():
        db(table.id == repository.id).update_naive(notified_on=former)
    repository.log(OUTGOING).task(
        None,
        Activity.PULL,
        LogAction.REQUEST,
        Result.WARNING,
        Sentence.MAIL_NOT_SENT.say(recipients=", ".join(recipients), reason=failure),
        remedy=Sentence.CHECK_MAIL_SERVER.say(),
    )


def _failing(repository: Repository, count: int, reason: str) -> tuple[str, str]:
    T, site = current.T, repository.site
    table = site.db.sync_run
    completed = (table.repository_id == repository.id) & (table.state == RunState.COMPLETED)
    success = next(iter(runs.find(site.db, completed, ~table.id, 1)), None)
    about = {
        "site": site.host.settings.get_system_name(),
        "repository": repository.name,
        "what": counted(
            T,
            count,
            "The last synchronization with %(repository)s failed.",
            "The last %(count)s synchronizations with %(repository)s failed.",
            repository=repository.name,
        ),
        "reason": reason,
        "since": success.finished_on if success else T("never"),
        "address": f"{site.base_url}/sync/repository/{repository.id}",
    }
    subject = T("%(site)s: the synchronization with %(repository)s keeps failing") % about
    text = T(
        "%(what)s The last success (UTC): %(since)s.\n\n"
        "What happened:\n%(reason)s\n\n"
        "Where to look:\n%(address)s\n\n"
        "It is tried again by the schedule. You get no further mail until it works again."
    )
    return str(subject), str(text % about)


def _working(repository: Repository) -> tuple[str, str]:
    T, site = current.T, repository.site
    about = {
        "site": site.host.settings.get_system_name(),
        "repository": repository.name,
        "address": f"{site.base_url}/sync/repository/{repository.id}",
    }
    subject = T("%(site)s: the synchronization with %(repository)s works again") % about
    text = T("The last synchronization with %(repository)s succeeded.\n\n%(address)s") % about
    return str(subject), str(text)
