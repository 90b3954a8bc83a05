"""Labels of states of repositories, runs and jobs, and numbers and times in words."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import time
from typing import Any

from gluon import CAT, TAG

from ....core.plurals import counted
from ....core.plurals import number as number
from ....core.recurrence import DAY, HOUR, MINUTE, every
from ....core.repository_state import State
from ....core.task import Activity, RunState
from ....database.runs import Run
from ....exchange.line import Line
from ....exchange.run.ports import Stage
from ....monitoring.flows import Incoming
from ....monitoring.pending_changes import PendingChanges
from ....site.labels import Translate
from ....ui import look as look

#: State of a repository -> kind of state on pages (see ``look.SIGNS``).
KINDS = {
    State.IN_STEP: "good",
    State.WORKING: "working",
    State.WAITING: "waiting",
    State.ATTENTION: "attention",
    State.NEVER: "off",
    State.NEVER_FETCHED: "off",
    State.DIFFERENT: "off",
    State.UNKNOWN: "waiting",
}


def conditions(T: Translate) -> dict[State, Any]:
    """Return the labels of a repository's states."""
    return {
        State.ATTENTION: T("needs attention"),
        State.WORKING: T("working"),
        State.WAITING: T("waiting"),
        State.NEVER: T("never connected"),
        State.NEVER_FETCHED: T("never fetched"),
        State.DIFFERENT: T("different on purpose"),
        State.UNKNOWN: T("not known"),
        State.IN_STEP: T("in step"),
    }


def badge(states: Mapping[Any, tuple[str, Any]], name: Any) -> Any:
    """Return a state as a badge; an unknown one with its name.

    Args:
        states: name -> kind of state (``look.state``) and label.
        name: name of the state.
    """
    kind, words = states.get(name, ("off", name))
    return look.state(kind, words)


def run_state(T: Translate, run: Run, is_live: bool) -> Any:
    """Return the state of a run as a badge."""
    states = {
        RunState.COMPLETED: ("good", T("completed")),
        RunState.FAILED: ("bad", T("failed")),
        RunState.CANCELLED: ("off", T("stopped")),
        RunState.RUNNING: ("working", T("working")) if is_live else ("bad", T("broken off")),
    }
    return badge(states, run.state)


def stage(T: Translate, name: str | None, direction: str | None = None) -> Any:
    """Return the label of a run's stage."""
    waiting: dict[str | None, Any] = {
        Activity.PULL: T("Waiting to ask the other site again"),
        Activity.PUSH: T("Waiting to send to the other site again"),
    }
    words = {
        Stage.STARTING.value: T("Starting"),
        Stage.PULLING.value: T("Fetching from the other site"),
        Stage.IMPORTING.value: T("Taking over what was fetched"),
        Stage.EXPORTING.value: T("Collecting what has changed here"),
        Stage.PUSHING.value: T("Sending to the other site"),
        Stage.FILES.value: T("Exchanging files"),
        Stage.WAITING.value: waiting.get(direction, T("Waiting to try again")),
        Stage.FINISHED.value: T("Finished"),
    }
    return words.get(name or "", T("Starting"))


def outcomes(T: Translate) -> dict[str, Any]:
    """Return the labels of outcomes, in the order in which they are told."""
    return {
        "created": T("created"),
        "updated": T("updated"),
        "unchanged": T("unchanged"),
        "deleted": T("deleted"),
        "merged": T("merged"),
        "skipped": T("skipped"),
        "conflict": T("in conflict"),
        "rejected": T("rejected"),
    }


# --- numbers -------------------------------------------------------------------------------------------------


def records(T: Translate, count: int) -> Any:
    """Return a number of records in words."""
    return counted(T, count, "%(count)s record", "%(count)s records")


def waiting(T: Translate, found: PendingChanges) -> Any:
    """Return the number of waiting records in words."""
    if not found.count:
        return T("not counted") if found.is_more else T("none")
    return T("more than %s") % number(found.count) if found.is_more else number(found.count)


def incoming(T: Translate, found: Incoming) -> Any:
    """Return what waits at the other site in words: an unknown number is not none."""
    if not found.is_any:
        return T("nothing is fetched")
    if found.unknown:
        return T("%s or more") % number(found.records) if found.records else T("not known")
    return number(found.records) if found.records else T("none")


def size(T: Translate, count: int) -> Any:
    """Return a number of bytes in words."""
    if count < 1024:
        return counted(T, count, "%(count)s byte", "%(count)s bytes")
    if count < 1024 * 1024:
        return T("%s kB") % f"{count / 1024:.0f}"
    if count < 1024**3:
        return T("%s MB") % f"{count / (1024 * 1024):.1f}"
    return T("%s GB") % f"{count / 1024**3:.1f}"


def line(T: Translate, told: Mapping[str, Any] | None) -> Any:
    """Return in words how good the line of a run was, "" where that is not known.

    Args:
        T: web2py's translator.
        told: as stored with the run.
    """
    found = Line.from_json(told)
    if found is None or found.quickest is None:
        return ""
    words = [
        T("Connected in %(all)s s, of which the name took %(name)s s and encryption %(secure)s s.")
        % {
            "all": f"{found.connecting:.1f}",
            "name": f"{found.lookup:.1f}",
            "secure": f"{found.secure:.1f}",
        },
        T("The quickest answer took %s s.") % f"{found.quickest:.2f}",
    ]
    if found.rate is not None:
        words.append(T("Large answers came with %s a second.") % size(T, round(found.rate)))
    return " ".join(map(str, words))


# --- time ----------------------------------------------------------------------------------------------------


def span(T: Translate, length: float) -> Any:
    """Return a duration in words, rounded as in everyday language."""
    whole = round(length)
    if whole < 1:
        return T("less than a second")
    if whole < MINUTE:
        return seconds(T, whole)
    if whole < 90 * MINUTE:
        return counted(T, round(whole / MINUTE), "%(count)s minute", "%(count)s minutes")
    if whole < 36 * HOUR:
        return counted(T, round(whole / HOUR), "%(count)s hour", "%(count)s hours")
    return days(T, round(whole / DAY))


def seconds(T: Translate, count: int) -> Any:
    """Return a number of seconds in words."""
    return counted(T, count, "%(count)s second", "%(count)s seconds")


def days(T: Translate, count: int) -> Any:
    """Return a number of days in words."""
    return counted(T, count, "%(count)s day", "%(count)s days")


def time_of_day(value: time) -> Any:
    """Return a time of day in UTC; ``schedule.js`` shows it in the reader's time zone."""
    return TAG.time(
        f"{value:%H:%M} UTC", _datetime=f"{value:%H:%M}Z", _title=f"{value:%H:%M} UTC", **{"_data-time": ""}
    )


def rhythm(T: Translate, period: int, at: time) -> Any:
    """Return in a sentence how often a job runs.

    Args:
        T: web2py's translator.
        period: seconds from one run to the next.
        at: time of day of one of the runs (UTC).
    """
    found = every(period)
    if found is None:
        return counted(T, period, "Every second.", "Every %(count)s seconds.")
    if found.unit == MINUTE:
        return counted(T, found.count, "Every minute.", "Every %(count)s minutes.")
    if found.unit == HOUR:
        text = counted(
            T,
            found.count,
            "Every hour, among others at %(time)s.",
            "Every %(count)s hours, among others at %(time)s.",
            time="%s",
        )
    else:
        text = counted(
            T, found.count, "Every day at %(time)s.", "Every %(count)s days at %(time)s.", time="%s"
        )
    return sentence(text, time_of_day(at))


def sentence(text: Any, *parts: Any) -> Any:
    """Return a sentence with parts of a page in place of its ``%s``, in order.

    Args:
        text: the translated sentence; its own text is escaped.
        parts: texts, or helpers such as those of ``look.moment``.
    """
    pieces = str(text).split("%s")
    found = [pieces[0]]
    for part, after in zip(parts, pieces[1:]):
        found += [part, after]
    return CAT(*found)
