"""Labels of kept versions and log entries: kinds, states, results, directions."""

from __future__ import annotations

from typing import Any

from gluon import CAT

from ....conflicts.at_others import AtOther
from ....conflicts.by_field import Author
from ....conflicts.kept_list import KeptEntry
from ....conflicts.record_history import Presence
from ....conflicts.resolve_many import LeftOpen, WorkState
from ....core.fields import ChangeKind
from ....core.kept import KeptKind, KeptState, OpenKind, Resolution, Rule, Side
from ....core.task import Activity, Result, log_mode
from ....database.log import INCOMING, OUTGOING
from ....site.labels import Translate
from ....site.names_of_sites import SiteName
from ....ui import look as look


def kinds(T: Translate) -> dict[KeptKind, Any]:
    """Return the labels of kinds of kept versions."""
    return {
        KeptKind.CONFLICT: T("conflict"),
        KeptKind.REJECTED: T("rejected"),
        KeptKind.REFUSED: T("refused by the policy"),
        KeptKind.WAITING: T("deletion that waits"),
    }


def change_kinds(T: Translate) -> dict[ChangeKind, Any]:
    """Return what kinds of changes are called."""
    return {
        ChangeKind.EDIT: T("edited"),
        ChangeKind.DECISION: T("decided"),
        ChangeKind.POLICY: T("chosen by the conflict policy"),
        ChangeKind.JOINED: T("lists put together"),
        ChangeKind.OUTSIDE: T("written outside this application"),
    }


def author(T: Translate, found: Author | None) -> Any:
    """Return who edited a field, at which site, and when; "" where nobody is known."""
    if found is None:
        return ""
    return CAT(
        found.by or T("somebody"), ", ", site_name(T, found.site), ", ", look.moment(found.when, exact=True)
    )


def site_name(T: Translate, site: SiteName) -> Any:
    """Return the name of a site that made an edit."""
    if site.here:
        return T("this site")
    return site.name or T("another site (%s)") % site.identifier


def kinds_there(T: Translate) -> dict[OpenKind, Any]:
    """Return the labels of why the other site has not taken a record."""
    return {
        OpenKind.REJECTED: T("rejected"),
        OpenKind.CONFLICT: T("conflict"),
        OpenKind.REFUSED: T("refused by the policy"),
        OpenKind.WAITING: T("deletion that waits"),
        OpenKind.REFERENCE: T("reference that waits"),
        OpenKind.FILE: T("file that waits"),
        OpenKind.LEFT: T("left as it is by a person there"),
    }


def states(T: Translate) -> dict[KeptState, tuple[str, Any]]:
    """Return kind of state (``look.state``) and label of the states of kept versions."""
    return {
        KeptState.OPEN: ("attention", T("open")),
        KeptState.LEFT: ("off", T("left as it is, so the sites differ")),
        KeptState.RESOLVED: ("good", T("decided")),
        KeptState.SUPERSEDED: ("off", T("superseded by a later version")),
    }


def decided(T: Translate) -> dict[Resolution | None, Any]:
    """Return the labels of decisions on a version."""
    return {
        None: T("decided"),
        Resolution.KEEP: T("kept as it is"),
        Resolution.OURS: T("our version was used"),
        Resolution.THEIRS: T("the other site's version was used"),
        Resolution.FIELDS: T("chosen field by field"),
    }


def kept_state(T: Translate, row: Any) -> Any:
    """Return the state of a kept version as a badge: of a resolved one, the decision.

    Args:
        T: web2py's translator.
        row: row of sync_kept.
    """
    kind, words = states(T).get(row.state, ("off", row.state))
    return look.state(kind, decided(T).get(row.decision, words) if row.state == KeptState.RESOLVED else words)


def decider(T: Translate, entry: KeptEntry) -> Any:
    """Return who decided on a kept version, and at which site unless it was this one; "" if nobody did."""
    if entry.decided_on is None:
        return ""
    who = entry.decided_by or T("somebody")
    return f"{who}, {site_name(T, entry.decided_at)}" if entry.decided_at else entry.decided_by


def taken(T: Translate, row: Any) -> Any:
    """Return which version became the record when the other one was kept.

    Args:
        T: web2py's translator.
        row: row of sync_kept.
    """
    if row.kind == KeptKind.REJECTED:
        return T("none: it was not taken")
    return T("the other site's version") if row.winner == Side.THEIRS else T("this site's version")


def presences(T: Translate) -> dict[Presence, tuple[str, Any]]:
    """Return kind of state (``look.state``) and label of whether a record is here."""
    return {
        Presence.HERE: ("good", T("is here")),
        Presence.DELETED: ("off", T("was deleted here")),
        Presence.ABSENT: ("attention", T("is not here")),
    }


def at_others(T: Translate) -> dict[AtOther, tuple[str, Any]]:
    """Return kind of state (``look.state``) and label of what is known of a record at another site."""
    return {
        AtOther.HAS: ("good", T("has the last change")),
        AtOther.WAITS: ("waiting", T("waits to go out")),
        AtOther.DIFFERS: ("attention", T("is otherwise there: somebody has to decide")),
        AtOther.UNKNOWN: ("off", T("not known")),
    }


def sides(T: Translate) -> dict[Side, Any]:
    """Return the labels of the versions."""
    return {
        Side.OURS: T("our version"),
        Side.THEIRS: T("the other site's version"),
        Side.NOW: T("as it is now"),
    }


def rules(T: Translate) -> dict[Rule, tuple[Any, Any]]:
    """Return label and effect of the rules that resolve many versions."""
    return {
        Rule.KEEP: (
            T("Keep the records as they are"),
            T(
                "Nothing is changed. The entries are closed, also at the other sites that list the same fields "
                "as edited at both."
            ),
        ),
        Rule.OURS: (
            T("Keep ours"),
            T(
                "The records say again what our versions say, as a change made by you now. Rejected versions "
                "stay out."
            ),
        ),
        Rule.THEIRS: (
            T("Take theirs"),
            T("The records say what the other site's versions say, as a change made by you now."),
        ),
        Rule.NEWER: (
            T("Take the newer one"),
            T(
                "Of each record the version that was changed last is used, as a change made by you now. Where "
                "both were changed in the same second, the entry is left open."
            ),
        ),
        Rule.AGAIN: (
            T("Try rejected records again"),
            T(
                "Each is checked once more. What is still in the way of a record is told, and its entry left open."
            ),
        ),
    }


def left_open(T: Translate) -> dict[LeftOpen, Any]:
    """Return the reasons why a rule left a version open."""
    return {
        LeftOpen.CHANGED: T("The record was changed here since, and says something else than both versions."),
        LeftOpen.DELETED: T("The record was deleted here since."),
        LeftOpen.LATER: T("The record here was changed later than the version that was not taken."),
        LeftOpen.SAME_TIME: T("Both versions were changed in the same second."),
        LeftOpen.UNKNOWN: T("This site does not have the resource any more."),
    }


def work_state(T: Translate, row: Any) -> Any:
    """Return the state of the work of a rule as a badge.

    Args:
        T: web2py's translator.
        row: row of sync_decision.
    """
    states = {
        WorkState.WAITING: ("waiting", T("waiting")),
        WorkState.RUNNING: ("working", T("working")),
        WorkState.FINISHED: ("attention" if row.left_open else "good", T("finished")),
    }
    return look.state(*states[WorkState(row.state)])


def results(T: Translate) -> dict[Result, tuple[str, Any]]:
    """Return kind of state (``look.state``) and label of the results of log entries."""
    return {
        Result.SUCCESS: ("good", T("success")),
        Result.WARNING: ("attention", T("warning")),
        Result.ERROR: ("attention", T("error, is tried again")),
        Result.FATAL: ("bad", T("failed")),
    }


def task_result(T: Translate, result: Result | None) -> Any:
    """Return how the last exchange of a resource ended, as a badge."""
    words: dict[Result | None, tuple[str, Any]] = {
        Result.SUCCESS: ("good", T("worked")),
        Result.WARNING: ("attention", T("worked, with remarks")),
        Result.ERROR: ("waiting", T("failed, is tried again")),
    }
    return look.state(*words.get(result, ("bad", T("failed"))))


def modes(T: Translate) -> dict[str, Any]:
    """Return the labels of a log entry's modes."""
    return {
        log_mode(Activity.PULL, OUTGOING): T("received, asked for by this site"),
        log_mode(Activity.PUSH, INCOMING): T("received, sent by the other site"),
        log_mode(Activity.PUSH, OUTGOING): T("sent by this site"),
        log_mode(Activity.PULL, INCOMING): T("sent, asked for by the other site"),
        log_mode(Activity.REGISTER, OUTGOING): T("registration at the other site"),
        log_mode(Activity.REGISTER, INCOMING): T("registration of the other site"),
        log_mode(Activity.DECIDE, OUTGOING): T("decision of a person"),
        log_mode(Activity.DECIDE, INCOMING): T("decision of a person"),
    }


def directions(T: Translate) -> dict[str, Any]:
    """Return the labels of directions in the query."""
    return {
        "in": T("received"),
        "out": T("sent"),
        "register": T("registration"),
        "decide": T("decisions"),
    }
