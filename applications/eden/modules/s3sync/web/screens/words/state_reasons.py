"""Why a repository is in its state, in a sentence, and what to do."""

from __future__ import annotations

from typing import Any, Callable, NamedTuple

from gluon import URL

from ....core.messages import FailureRecord, read_failures
from ....core.plurals import counted
from ....core.repository_state import Reason
from ....database.runs import Run
from ....monitoring.status import RepositoryStatus
from ....site import Site
from ....site.labels import Translate, resource_title
from ....ui import look as look
from .messages import MessageWords
from .states_and_units import records, sentence

#: Errors whose message tells more than their heading.
_UNSPECIFIC = ("sync_error", "run_broken_off")
LONGEST = 300


class Explanation(NamedTuple):
    """Why a repository is in its state.

    Attributes:
        sentence: the reason.
        remedy: what to do, "" for nothing.
        label: label of the link to the page for it, None if there is none.
        url: address of that page.
    """

    sentence: Any
    remedy: Any = ""
    label: Any = None
    url: str | None = None


def explain(T: Translate, status: RepositoryStatus) -> Explanation:
    """Return why a repository is in its state, and what to do."""
    return _EXPLANATIONS[status.state.reason](T, status)


def titled_here(name: str) -> str:
    """Return what the records of a table are called at the site of this request."""
    return resource_title(Site.from_current(), name)


def failure_of(T: Translate, run: Run, title: Callable[[str], str] = titled_here) -> str:
    """Return what failed in a run, in one or two sentences: the first failed resource, and how many more.

    Args:
        T: web2py's translator.
        run: the run; one of a former version has no failures, so its message is shown unchanged.
        title: what the records of a table are called.
    """
    failures = read_failures(run.failures)
    if not failures:
        return _cut(run.message.strip())
    first, resources = failures[0], {each.resource for each in failures}
    what = _kind(T, first)
    if len(resources) > 1 and len({each.code for each in failures}) == 1:
        failed = counted(T, len(resources), "%(count)s resource failed.", "%(count)s resources failed.")
        return f"{_ended(what)} {failed}"
    if first.resource:
        what = str(T("%(what)s: %(reason)s")) % {"what": title(first.resource), "reason": what}
    more = len(resources) - 1
    if not more:
        return _ended(what)
    rest = counted(T, more, "%(count)s more resource failed.", "%(count)s more resources failed.")
    return f"{_ended(what)} {rest}"


def _kind(T: Translate, failure: FailureRecord) -> str:
    words = MessageWords(T)
    kind = "" if failure.code in _UNSPECIFIC else words.title(failure)
    return kind or _cut(words.message(failure))


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}…"


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


def _tab(status: RepositoryStatus, *args: str, **variables: str) -> str:
    address: str = URL("sync", "repository", args=[status.id, *args], vars=variables)
    return address


def _progress(T: Translate, status: RepositoryStatus, text: Any) -> Explanation:
    return Explanation(text, "", T("Watch the progress"), _tab(status, "now"))


def _begin(T: Translate, status: RepositoryStatus, text: Any, remedy: Any = "") -> Explanation:
    return Explanation(text, remedy, T("Synchronize now"), _tab(status, "now"))


def _unscheduled(T: Translate, status: RepositoryStatus, text: Any) -> Explanation:
    return Explanation(
        text, T("It is not on the schedule."), T("Put it on the schedule"), _tab(status, "job")
    )


def _running(T: Translate, status: RepositoryStatus) -> Explanation:
    return _progress(T, status, T("Records are being exchanged now."))


def _stopping(T: Translate, status: RepositoryStatus) -> Explanation:
    return _progress(T, status, T("It stops after the page that is being exchanged."))


def _queued(T: Translate, status: RepositoryStatus) -> Explanation:
    return _progress(T, status, T("A run begins as soon as a worker is free."))


def _no_worker(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("A run is due, and there is no worker to do it."),
        T("Start a worker with the command at the top of this page."),
    )


def _no_contact(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("The other site has not been in touch yet."),
        T("It begins the exchange: this site has to be entered there as a repository."),
        T("Show the configuration"),
        _tab(status, "update"),
    )


def _no_resources(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("No resources are chosen, so nothing is exchanged."),
        "",
        T("Choose resources"),
        _tab(status, "task"),
    )


def _never_run(T: Translate, status: RepositoryStatus) -> Explanation:
    if status.facts.next_run is not None:
        text = sentence(
            T("Nothing was exchanged yet. The first run is at %s."), look.moment(status.facts.next_run)
        )
    else:
        text = T("Nothing was exchanged yet.")
    return _begin(T, status, text)


def _failed(T: Translate, status: RepositoryStatus) -> Explanation:
    run = status.run
    if run is None:
        raise ValueError(f"The repository {status.id} has no run that could have failed.")
    remedy = (
        T("It is tried again at the next run. If that fails too, look at the log.")
        if status.facts.next_run is not None
        else T("Look at the log, mend what it names, and synchronize again.")
    )
    return Explanation(
        sentence(T("The last run failed: %s"), failure_of(T, run)),
        remedy,
        T("Show the log"),
        _tab(status, "log", run=str(run.id)),
    )


def _broken_off(T: Translate, status: RepositoryStatus) -> Explanation:
    return _begin(
        T,
        status,
        T("The last run was broken off: its worker ended without a word."),
        T("Nothing is lost. The next run goes on where it stopped."),
    )


def _late(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        sentence(T("A run was due at %s and has not begun."), look.moment(status.facts.next_run)),
        T("The workers may be busy with other repositories. If this lasts, start another worker."),
        T("Show the schedule"),
        _tab(status, "job"),
    )


def _schedule_stopped(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("The schedule has come to its end, so nothing is exchanged by itself."),
        "",
        T("Change the schedule"),
        _tab(status, "job"),
    )


def _undecided(T: Translate, status: RepositoryStatus) -> Explanation:
    count = status.facts.undecided
    text = counted(T, count, "%(count)s record needs your decision.", "%(count)s records need your decision.")
    return Explanation(text, "", T("Decide"), _tab(status, "kept", kind="undecided"))


def _silent(T: Translate, status: RepositoryStatus) -> Explanation:
    facts = status.facts
    if not facts.is_active:
        return Explanation(
            sentence(T("The other site was last heard of at %s."), look.moment(facts.last_contact)),
            T("Ask its administrator whether it still synchronizes."),
        )
    text = sentence(T("The last complete run was at %s."), look.moment(facts.last_success))
    if facts.next_run is None:
        return _unscheduled(T, status, text)
    return Explanation(text, "", T("Show the schedule"), _tab(status, "job"))


def _stopped(T: Translate, status: RepositoryStatus) -> Explanation:
    return _begin(T, status, T("A person stopped the last run. The next one goes on where it stopped."))


def _outgoing(T: Translate, status: RepositoryStatus) -> Explanation:
    facts = status.facts
    if status.outgoing.is_more:
        count = counted(T, status.outgoing.count, "More than %(count)s record", "More than %(count)s records")
    else:
        count = records(T, status.outgoing.count)
    if not facts.is_active:
        return Explanation(sentence(T("To be fetched by the other site: %s."), count))
    text = sentence(T("To be sent: %s."), count)
    if facts.next_run is not None:
        return Explanation(text)
    return _begin(T, status, text, T("It is not on the schedule."))


def _incoming(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(T("To be fetched from the other site: %s."), records(T, status.incoming or 0))
    if status.facts.next_run is not None:
        return Explanation(text)
    return _begin(T, status, text, T("It is not on the schedule."))


def _equal(T: Translate, status: RepositoryStatus) -> Explanation:
    facts = status.facts
    if not facts.is_active:
        return Explanation(
            sentence(
                T("The other site has fetched everything. It was last heard of at %s."),
                look.moment(facts.last_contact),
            )
        )
    text = sentence(
        T("Nothing waits here since the last complete run at %s."), look.moment(facts.last_success)
    )
    if facts.next_run is not None:
        return Explanation(text)
    return _unscheduled(T, status, text)


_EXPLANATIONS: dict[Reason, Callable[[Translate, RepositoryStatus], Explanation]] = {
    Reason.RUNNING: _running,
    Reason.STOPPING: _stopping,
    Reason.NO_WORKER: _no_worker,
    Reason.QUEUED: _queued,
    Reason.NO_CONTACT: _no_contact,
    Reason.NO_RESOURCES: _no_resources,
    Reason.NEVER_RUN: _never_run,
    Reason.FAILED: _failed,
    Reason.BROKEN_OFF: _broken_off,
    Reason.LATE: _late,
    Reason.SCHEDULE_STOPPED: _schedule_stopped,
    Reason.UNDECIDED: _undecided,
    Reason.SILENT: _silent,
    Reason.STOPPED: _stopped,
    Reason.OUTGOING: _outgoing,
    Reason.INCOMING: _incoming,
    Reason.EQUAL: _equal,
}
