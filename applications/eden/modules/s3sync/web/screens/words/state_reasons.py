"""Why a repository is in its state, in a sentence, and what to do."""

from __future__ import annotations

from typing import Any, Callable

from gluon import CAT

from ....core.plurals import counted
from ....core.repository_state import Reason
from ....monitoring.status import RepositoryStatus
from ....site.awaited import Awaited
from ....site.labels import Translate
from ....ui import look as look
from . import prescriptions as prescriptions
from .explanation import Explanation, begin, progress, tab_of, unscheduled
from .resting import resting
from .run_failures import failure_of
from .states_and_units import number, records, sentence, span


def explain(T: Translate, status: RepositoryStatus) -> Explanation:
    """Return why a repository is in its state, and what to do."""
    return _EXPLANATIONS[status.state.reason](T, status)


def _running(T: Translate, status: RepositoryStatus) -> Explanation:
    return progress(T, status, T("Records are being exchanged now."))


def _stopping(T: Translate, status: RepositoryStatus) -> Explanation:
    return progress(T, status, T("It stops after the page that is being exchanged."))


def _queued(T: Translate, status: RepositoryStatus) -> Explanation:
    return progress(T, status, T("A run begins as soon as a worker is free."))


def _no_worker(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("A run is due, and there is no worker to do it."),
        T("Start a worker with the command at the top of this page."),
    )


def _revoked(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("An administrator revoked this site: it gets and brings nothing."),
        "",
        T("Show its scope"),
        tab_of(status, "scope"),
    )


def _resting(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        resting(T, status.facts.rests), "", T("Show the configuration"), tab_of(status, "update")
    )


def _not_approved(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T(
            "This site registered by itself, and waits for your approval: until then it gets and brings nothing."
        ),
        T("Ask its people whether it is theirs. Then choose its scope, and approve it."),
        T("Show its scope"),
        tab_of(status, "scope"),
    )


def _no_contact(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("The other site has not been in touch yet."),
        T("It begins the exchange: this site has to be entered there as a repository."),
        T("Show the configuration"),
        tab_of(status, "update"),
    )


def _no_resources(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("No resources are chosen, so nothing is exchanged."),
        "",
        T("Choose resources"),
        tab_of(status, "task"),
    )


def _not_allowed(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("The other site allows this one none of the resources that are chosen."),
        T("Ask its administrator for a wider scope, or choose other resources."),
        T("Choose resources"),
        tab_of(status, "task"),
    )


def _never_run(T: Translate, status: RepositoryStatus) -> Explanation:
    if status.facts.next_run is not None:
        text = sentence(
            T("Nothing was exchanged yet. The first run is at %s."), look.moment(status.facts.next_run)
        )
    else:
        text = T("Nothing was exchanged yet.")
    return begin(T, status, text)


def _failed(T: Translate, status: RepositoryStatus) -> Explanation:
    run = status.run
    if run is None:
        raise ValueError(f"The repository {status.id} has no run that could have failed.")
    facts = status.facts
    if facts.next_try is not None:
        remedy = sentence(T("It is tried again by itself at %s."), look.moment(facts.next_try))
    elif facts.next_run is not None:
        remedy = sentence(
            T("It is tried again at %s. If that fails too, look at the log."), look.moment(facts.next_run)
        )
    else:
        remedy = T("Look at the log, mend what it names, and synchronize again.")
    return Explanation(
        sentence(T("The last run failed: %s"), failure_of(T, run)),
        remedy,
        T("Show the log"),
        tab_of(status, "log", run=str(run.id)),
    )


def _broken_off(T: Translate, status: RepositoryStatus) -> Explanation:
    return begin(
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
        tab_of(status, "job"),
    )


def _schedule_stopped(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        T("The schedule has come to its end, so nothing is exchanged by itself."),
        "",
        T("Change the schedule"),
        tab_of(status, "job"),
    )


def _undecided(T: Translate, status: RepositoryStatus) -> Explanation:
    count = status.facts.undecided
    text = counted(T, count, "%(count)s record needs your decision.", "%(count)s records need your decision.")
    return Explanation(text, "", T("Decide"), tab_of(status, "kept", kind="undecided"))


def _silent(T: Translate, status: RepositoryStatus) -> Explanation:
    facts = status.facts
    if not facts.is_active:
        return Explanation(
            sentence(T("The other site was last heard of at %s."), look.moment(facts.last_contact)),
            T("Ask its administrator whether it still synchronizes."),
        )
    text = sentence(T("The last complete run was at %s."), look.moment(facts.last_success))
    if facts.next_run is None:
        return unscheduled(T, status, text)
    return Explanation(text, "", T("Show the schedule"), tab_of(status, "job"))


def _stopped(T: Translate, status: RepositoryStatus) -> Explanation:
    return begin(T, status, T("A person stopped the last run. The next one goes on where it stopped."))


def _refused_there(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(T("Refused by the other site: %s."), records(T, status.facts.there.rejected))
    return _listed(T, status, text, T("What is changed here is sent again."))


def clock_beside(T: Translate, status: RepositoryStatus) -> Any:
    """Return that the clocks differ and what to do, None if they do not or the explanation says so already."""
    if not status.facts.is_clock_off or status.state.reason is Reason.CLOCK:
        return None
    told = _clock(T, status)
    return CAT(told.sentence, " ", told.remedy)


def _prescribed(T: Translate, status: RepositoryStatus) -> Explanation:
    sentence, remedy, label = prescriptions.open_words(T)
    return Explanation(sentence, remedy, label, tab_of(status, "task"))


def _clock(T: Translate, status: RepositoryStatus) -> Explanation:
    skew = status.facts.skew or 0.0
    text = (
        T("The clock of the other site is %s ahead.")
        if skew > 0
        else T("The clock of the other site is %s behind.")
    )
    return Explanation(
        sentence(text, span(T, abs(skew))),
        T(
            "A third clock tells which of the two is wrong: let that computer set its clock by the network (NTP). "
            "Until then the wrong one decides which version of a record is newer."
        ),
        T("Show the configuration"),
        tab_of(status, "update"),
    )


def _never_fetched(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(
        T("The other site has fetched nothing yet. It was last heard of at %s."),
        look.moment(status.facts.last_contact),
    )
    return Explanation(text, T("Its administrator has to choose resources there, and let it synchronize."))


def _pending(T: Translate, status: RepositoryStatus) -> Any:
    outgoing = status.outgoing
    if not outgoing.is_more:
        return records(T, outgoing.count)
    if not outgoing.count:
        return T("not counted")
    return counted(T, outgoing.count, "More than %(count)s record", "More than %(count)s records")


def _outgoing(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(T("To be sent: %s."), _pending(T, status))
    if status.facts.next_run is not None:
        return Explanation(text)
    return begin(T, status, text, T("It is not on the schedule."))


def _behind(T: Translate, status: RepositoryStatus) -> Explanation:
    if status.fetched_on is None:
        return Explanation(sentence(T("To be fetched by the other site: %s."), _pending(T, status)))
    return Explanation(
        sentence(
            T("Fetched by the other site until %s. It is behind by: %s."),
            look.moment(status.fetched_on),
            _pending(T, status),
        )
    )


def _incoming(T: Translate, status: RepositoryStatus) -> Explanation:
    count = records(T, status.incoming.records)
    if not status.facts.is_active:
        return Explanation(sentence(T("To be sent by the other site: %s."), count))
    text = sentence(T("To be fetched from the other site: %s."), count)
    if status.facts.next_run is not None:
        return Explanation(text)
    return begin(T, status, text, T("It is not on the schedule."))


def _not_asked(T: Translate, status: RepositoryStatus) -> Explanation:
    return begin(
        T, status, sentence(T("Resources that were not fetched completely yet: %s."), status.facts.not_asked)
    )


def _deletions(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(
        T("Deletions that wait here until nothing refers to the records any more: %s."),
        number(status.facts.here.deletions),
    )
    return Explanation(text, "", T("Show them"), tab_of(status, "kept", kind="waiting"))


def _references(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(
        T("References here to records that have not arrived: %s."), number(status.facts.here.references)
    )
    remedy = T("Let both sites exchange the resources to which these records refer.")
    return _awaited(T, status, text, Awaited.REFERENCES, remedy)


def _files(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(T("Files that have not arrived: %s."), number(status.facts.here.files))
    return _awaited(T, status, text, Awaited.FILES, T("They are asked for again at the next run."))


def _given_up(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(
        T("Files that have not arrived, and that nobody asks for any more: %s."),
        number(status.facts.here.given_up),
    )
    return _awaited(T, status, text, Awaited.GIVEN_UP)


def _elsewhere(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(
        T(
            "Records here that came from other sites wait for files or other records: %s. Whether this other site has "
            "them is not known."
        ),
        number(status.facts.here.elsewhere),
    )
    return _awaited(T, status, text, Awaited.ELSEWHERE)


def _files_there(T: Translate, status: RepositoryStatus) -> Explanation:
    text = sentence(T("Files that the other site has not got: %s."), number(status.facts.files_there))
    return _awaited(T, status, text, Awaited.THERE, T("They are sent again at the next run."))


def _awaited(
    T: Translate, status: RepositoryStatus, text: Any, what: Awaited, remedy: Any = ""
) -> Explanation:
    """Return an explanation that leads to the list of just this."""
    return Explanation(text, remedy, T("Show them"), tab_of(status, "awaited", what=what.value))


def _open_there(T: Translate, status: RepositoryStatus) -> Explanation:
    there = status.facts.there
    count = there.conflicts + there.deletions + there.references + there.files
    return _listed(T, status, sentence(T("Not settled at the other site: %s."), records(T, count)))


def _by_rule(T: Translate, status: RepositoryStatus) -> Explanation:
    here, there = status.facts.here.refused, status.facts.there.refused
    text = sentence(T("Different, as the rules of the resources want it: %s."), records(T, here + there))
    if not here:
        return _listed(T, status, text)
    return Explanation(text, "", T("Show them"), tab_of(status, "kept", kind="refused"))


def _by_decision(T: Translate, status: RepositoryStatus) -> Explanation:
    here, there = status.facts.here.left, status.facts.there.left
    text = sentence(T("Different, as a person decided here or there: %s."), records(T, here + there))
    if not here:
        return _listed(T, status, text)
    return Explanation(text, "", T("Show them"), tab_of(status, "kept", state="left"))


def _listed(T: Translate, status: RepositoryStatus, text: Any, remedy: Any = "") -> Explanation:
    """Return an explanation that leads to what the other site has not taken."""
    return Explanation(text, remedy, T("Show them"), f"{tab_of(status, 'kept')}#there")


def _unconfirmed(T: Translate, status: RepositoryStatus) -> Explanation:
    return Explanation(
        sentence(
            T("Everything was sent by %s. Whether it was read there is not known: nobody confirms it."),
            look.moment(status.facts.last_success),
        )
    )


def _not_told(T: Translate, status: RepositoryStatus) -> Explanation:
    if status.fetched_on is None:
        text = sentence(
            T("The other site was last heard of at %s. Whether anything waits there is not known."),
            look.moment(status.facts.last_contact),
        )
    else:
        text = sentence(
            T(
                "The other site has fetched everything, and was last heard of at %s. Whether it took all of it, and "
                "whether anything waits there, it has not told."
            ),
            look.moment(status.facts.last_contact),
        )
    return Explanation(text)


def _equal(T: Translate, status: RepositoryStatus) -> Explanation:
    facts = status.facts
    if not facts.is_active:
        return Explanation(
            sentence(
                T("The other site has confirmed everything. It was last heard of at %s."),
                look.moment(facts.last_contact),
            )
        )
    text = sentence(
        T("Nothing waits here since the last complete run at %s."), look.moment(facts.last_success)
    )
    if facts.next_run is not None:
        return Explanation(text)
    return unscheduled(T, status, text)


_EXPLANATIONS: dict[Reason, Callable[[Translate, RepositoryStatus], Explanation]] = {
    Reason.RUNNING: _running,
    Reason.STOPPING: _stopping,
    Reason.NO_WORKER: _no_worker,
    Reason.QUEUED: _queued,
    Reason.NO_CONTACT: _no_contact,
    Reason.REVOKED: _revoked,
    Reason.RESTING: _resting,
    Reason.NOT_APPROVED: _not_approved,
    Reason.NO_RESOURCES: _no_resources,
    Reason.NOT_ALLOWED: _not_allowed,
    Reason.NEVER_RUN: _never_run,
    Reason.FAILED: _failed,
    Reason.BROKEN_OFF: _broken_off,
    Reason.LATE: _late,
    Reason.SCHEDULE_STOPPED: _schedule_stopped,
    Reason.UNDECIDED: _undecided,
    Reason.REFUSED_THERE: _refused_there,
    Reason.PRESCRIBED: _prescribed,
    Reason.CLOCK: _clock,
    Reason.NEVER_FETCHED: _never_fetched,
    Reason.SILENT: _silent,
    Reason.STOPPED: _stopped,
    Reason.OUTGOING: _outgoing,
    Reason.BEHIND: _behind,
    Reason.INCOMING: _incoming,
    Reason.NOT_ASKED: _not_asked,
    Reason.DELETIONS: _deletions,
    Reason.REFERENCES: _references,
    Reason.FILES: _files,
    Reason.GIVEN_UP: _given_up,
    Reason.ELSEWHERE: _elsewhere,
    Reason.FILES_THERE: _files_there,
    Reason.OPEN_THERE: _open_there,
    Reason.BY_RULE: _by_rule,
    Reason.BY_DECISION: _by_decision,
    Reason.UNCONFIRMED: _unconfirmed,
    Reason.NOT_TOLD: _not_told,
    Reason.EQUAL: _equal,
}
