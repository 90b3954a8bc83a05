"""The schedule of a repository: when it is synchronised automatically."""

from __future__ import annotations

import json
from datetime import datetime, time
from typing import Any, Callable, NamedTuple

from gluon import INPUT, SPAN, URL, Field, current, redirect
from gluon.validators import IS_EMPTY_OR, IS_IN_SET, IS_INT_IN_RANGE

from ....core.recurrence import DAY, HOUR, LONGEST_PAUSE, MINUTE, Interval, every, first_run
from ....database.runs import Run
from ....database.runs import find as find_runs
from ....scheduler import jobs as jobs
from ....scheduler import queue as queue
from ....scheduler.listening import Ear, ear_of
from ....site import Repository, Site
from ....site.labels import Translate
from ....ui import look as look
from ....wire.protocol.names import PeerCapability
from ..context import ScreenContext
from ..resources.prescribed import minutes_of
from ..widgets import action_button, confirm, form_of, pressed
from ..words import states_and_units as states_and_units
from ..words.run_failures import failure_of

USUAL_PERIOD = 900
#: Seconds from a change here to the run.
USUAL_PAUSE = 5
_MOMENT, _TIME = "%Y-%m-%dT%H:%M", "%H:%M"


class JobLine(NamedTuple):
    """A job on the schedule.

    Attributes:
        job, task: rows of sync_job and of the scheduler.
        rhythm: how often it runs, as a sentence.
        after_change: that it also runs after a change here, as a sentence; "" if it does not.
        there: that it also runs as soon as something changes at the other site, or why it does not just now; "" if it
            does not.
        state: its state as a badge.
        next_run: its next run (UTC), None if none is planned, and during a run.
        ahead: the time until then in words; "" if it is over.
        outcome: the result of its last run as a badge, "" before the first.
        ended: when that run ended.
        reason: why it failed, "" if it did not.
        url: address of its page.
    """

    job: Any
    task: Any
    rhythm: Any
    after_change: Any
    there: Any
    state: Any
    next_run: datetime | None
    ahead: Any
    outcome: Any
    ended: datetime | None
    reason: str
    url: str


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show the jobs of a repository, or one of them."""
    if screen.request.args(2) is None:
        screen.response.view = "sync/jobs.html"
        return {
            "lines": job_lines(screen, record),
            "workers": queue.workers_alive(screen.site),
            "command": screen.worker_command,
        }
    return _one(screen, record)


def _one(screen: ScreenContext, record: Repository) -> Any:
    site, T, session, db = screen.site, screen.T, screen.session, screen.db
    back = URL("sync", "repository", args=[record.id, "job"])
    job = task = None
    if screen.request.args(2) != "create":
        job = screen.record_of(record, db.sync_job, screen.request.args(2))
        task = db.scheduler_task(job.scheduler_task_id)
    delete = reset = ""
    if job is not None:
        removal = confirm(
            screen,
            "delete",
            T("Take this job off the schedule?"),
            T(
                "The repository is not synchronized by this job any more. A run that is under way comes to its end."
            ),
            T("Remove from the schedule"),
        )
        if removal.page:
            return removal.page
        if removal.agreed:
            jobs.remove_job(db, job.id)
            session.flash = T("Removed from the schedule.")
            redirect(back)
        delete = removal.link
        reset = action_button("reset", T("Run as soon as possible"))
        if task is not None and pressed(screen, reset, "reset"):
            session.flash = (
                T("The job is queued.")
                if jobs.reset_job(screen.site, job.id)
                else T("The repository is being synchronized already")
            )
            redirect(back)
    # Another job is one of people here.
    fixed = task is not None and task.period == (minutes_of(record) or -1) * MINUTE
    form = job_form(T, job, task, screen.now, looks=hasattr(current, "scheduler_watches"), fixed=fixed)
    in_order = _in_order(T, screen.now)
    accepted = (job is None or task is not None) and pressed(screen, form, "job", onvalidation=in_order)
    if accepted:
        save_job(site, record, job, task, form.vars)
        session.flash = T("Saved")
        redirect(back)
    screen.response.view = "sync/job.html"
    line = _job_line(screen, record, job, task, None, None) if job is not None and task is not None else None
    return {
        "job": job,
        "task": task,
        "line": line,
        "fixed": fixed,
        "form": form,
        "back": back,
        "delete": delete,
        "reset": reset,
    }


# --- the form ------------------------------------------------------------------------------------------------


def job_form(
    T: Translate, job: Any, task: Any, now: datetime, looks: bool = True, fixed: bool = False
) -> Any:
    """Return the form of a job. Its times are UTC; ``schedule.js`` shows them in the reader's time zone.

    Args:
        T: web2py's translator.
        job, task: rows of sync_job and of the scheduler; None for a new job.
        now: the current time (UTC).
        looks: whether the workers of this application look for changes.
        fixed: whether its period is prescribed by the other site, and cannot be changed here.
    """
    period = task.period if task else USUAL_PERIOD
    found = every(period) or Interval(max(1, round(period / MINUTE)), MINUTE)
    units = {MINUTE: T("minutes"), HOUR: T("hours"), DAY: T("days")}
    begins = task.start_time if task and task.start_time and task.start_time > now else None
    form = form_of(
        Field(
            "every",
            "integer",
            label=T("Run every"),
            default=found.count,
            requires=IS_INT_IN_RANGE(
                found.count if fixed else 1,
                found.count + 1 if fixed else 100000,
                error_message=T("This is prescribed by the other site")
                if fixed
                else T("Enter a whole number, 1 or more"),
            ),
        ),
        Field(
            "unit",
            "integer",
            label=T("Unit"),
            default=found.unit,
            requires=IS_IN_SET({found.unit: units[found.unit]} if fixed else units, zero=None, sort=False),
        ),
        Field(
            "at",
            label=_in_zone(T("At, by the clock of %s")),
            default=_shown(task.start_time if task else None, _TIME),
            widget=_control("time", _TIME),
            requires=_reading(_TIME, T("Enter a time as hours and minutes, such as 03:30")),
            comment=T("For days: when it runs. For hours: one of the times. Empty: it begins at once."),
        ),
        *([_after_change(T, job)] if looks else []),
        Field(
            "start_time",
            label=_in_zone(T("From, by the clock of %s")),
            default=_shown(begins, _MOMENT),
            widget=_control("datetime-local", _MOMENT),
            requires=_reading(_MOMENT, T("Enter a day and a time")),
            comment=T("Empty: from now on"),
        ),
        Field(
            "stop_time",
            label=_in_zone(T("Until, by the clock of %s")),
            default=_shown(task.stop_time if task else None, _MOMENT),
            widget=_control("datetime-local", _MOMENT),
            requires=_reading(_MOMENT, T("Enter a day and a time")),
            comment=T("Empty: without end"),
        ),
        Field("enabled", "boolean", label=T("Enabled"), default=task.enabled if task else True),
        table_name="job",
        T=T,
    )
    if fixed:
        for control in form.elements("[name=every]"):
            control["_readonly"] = "readonly"
    return form


def _after_change(T: Translate, job: Any) -> Field:
    return Field(
        "after_change",
        "integer",
        label=T("And after a change here, seconds"),
        default=job.after_change if job else USUAL_PAUSE,
        requires=IS_EMPTY_OR(
            IS_INT_IN_RANGE(
                1,
                LONGEST_PAUSE + 1,
                error_message=T("Enter a whole number from 1 to 3600, or nothing"),
            )
        ),
        comment=T(
            "What somebody enters here is sent so many seconds later, together with what follows in that time. "
            "What changes at the other site is fetched at once, if that one can tell; the line carries a small "
            "question each minute for that. Empty: with the next run."
        ),
    )


def _in_zone(text: Any) -> Any:
    """Return a label with the time zone of its times: UTC, or the reader's own after the script has run."""
    return states_and_units.sentence(text, SPAN("UTC", **{"_data-zone": ""}))


def _shown(value: datetime | None, form: str) -> str:
    return value.strftime(form) if value is not None else ""


def _control(kind: str, form: str) -> Callable[[Any, Any], Any]:
    """Return a function that makes the control of a time, for which the browser has a clock or calendar."""

    def widget(field: Any, value: Any) -> Any:
        if isinstance(value, (datetime, time)):
            value = value.strftime(form)
        return INPUT(
            _type=kind,
            _name=field.name,
            _id=f"job_{field.name}",
            _class="form-control",
            # The script takes this value for UTC: the browser must not restore another one.
            _autocomplete="off",
            value=value,
            requires=field.requires,
            **{"_data-utc": kind},
        )

    return widget


def _reading(form: str, told: Any) -> Callable[..., tuple[Any, Any]]:
    """Return a validator for times in the form of browsers; an empty value is no time."""

    def read(value: Any, record_id: Any = None) -> tuple[Any, Any]:
        text = str(value or "").strip()
        if not text:
            return None, None
        try:
            # Some browsers send seconds as well.
            found = datetime.strptime(text[:16] if form == _MOMENT else text[:5], form)
        except ValueError:
            return value, told
        return (found.time() if form == _TIME else found), None

    return read


def _in_order(T: Translate, now: datetime) -> Callable[[Any], None]:
    def check(form: Any) -> None:
        start, stop = form.vars.start_time, form.vars.stop_time
        if stop is not None and stop <= max(start or now, now):
            form.errors.stop_time = T("This is not after the beginning, or already past")

    return check


def save_job(site: Site, repository: Repository, job: Any, task: Any, values: Any) -> int:
    """Store the values of the job form; return the job.

    Args:
        site: this site.
        repository: the repository.
        job, task: rows of sync_job and of the scheduler; None for a new job.
        values: values of the form.
    """
    period = int(values.every) * int(values.unit)
    stop: datetime | None = values.stop_time
    enabled = bool(values.enabled)
    after_change = int(values.after_change) if values.after_change else None
    start = _start(site.clock.now(), task, period, values.start_time, values.at)
    if job is not None:
        jobs.change_job(
            site,
            job.id,
            period=period,
            start=start,
            stop=stop,
            enabled=enabled,
            after_change=after_change,
        )
        return int(job.id)
    return jobs.add_job(
        site,
        repository.id,
        site.host.user_id,
        period=period,
        timeout=site.host.settings.get_sync_task_timeout(),
        start=start,
        stop=stop,
        enabled=enabled,
        after_change=after_change,
    )


def _start(now: datetime, task: Any, period: int, begins: datetime | None, at: time | None) -> datetime:
    """Return the time from which the runs are computed; unchanged if period and time of day are unchanged."""
    if task is not None and begins is None and task.period == period and task.start_time is not None:
        same = at is not None and task.start_time.strftime(_TIME) == at.strftime(_TIME)
        if same and task.start_time <= now:
            started: datetime = task.start_time
            return started
    return first_run(period, max(begins or now, now), at)


# --- the list ------------------------------------------------------------------------------------------------


def job_lines(screen: ScreenContext, record: Repository) -> list[JobLine]:
    """Return the jobs of a repository for the schedule."""
    db = screen.db
    rows = jobs.jobs_of(db, record.id)
    newest = db.scheduler_run.id.max()
    tasks = [row.scheduler_task.id for row in rows]
    found = db(db.scheduler_run.task_id.belongs(tasks)).select(newest, groupby=db.scheduler_run.task_id)
    keys = [row[newest] for row in found]
    runs = {run.task_id: run for run in db(db.scheduler_run.id.belongs(keys)).select()} if keys else {}
    made = {each.scheduler_run_id: each for each in find_runs(db, db.sync_run.scheduler_run_id.belongs(keys))}
    lines = []
    for row in rows:
        run = runs.get(row.scheduler_task.id)
        its = made.get(run.id) if run is not None else None
        lines.append(_job_line(screen, record, row.sync_job, row.scheduler_task, run, its))
    return lines


def _job_line(
    screen: ScreenContext, record: Repository, job: Any, task: Any, run: Any, made: Run | None
) -> JobLine:
    T = screen.T
    plans = task.enabled and task.status in queue.WAITING
    next_run = task.next_run_time if plans else None
    seconds = (next_run - screen.now).total_seconds() if next_run is not None else 0.0
    outcome, reason = _outcome(T, run, made)
    return JobLine(
        job,
        task,
        states_and_units.rhythm(T, task.period, (task.start_time or screen.now).time()),
        T("and %s after a change here") % states_and_units.span(T, job.after_change)
        if job.after_change
        else "",
        _there(T, record, job, task),
        _job_state(T, task),
        next_run,
        states_and_units.span(T, seconds) if seconds > 0 else "",
        outcome,
        run.stop_time if run is not None else None,
        reason,
        URL("sync", "repository", args=[record.id, "job", job.id]),
    )


def _there(T: Translate, record: Repository, job: Any, task: Any) -> Any:
    """Return what a job does as soon as something changes at the other site, as a sentence, "" for nothing."""
    looks = hasattr(current, "scheduler_watches")
    if not (job.after_change and task.enabled and looks and PeerCapability.LISTEN in record.capabilities):
        return ""
    ear = ear_of(record.settings)
    if ear is Ear.NO_PLACE:
        return T(
            "The other site lets nobody else listen just now: what changes there is fetched at its time above."
        )
    if ear is Ear.NO_LINE:
        return T("There is no line just now: what changes at the other site is fetched at its time above.")
    return T("and as soon as something changes at the other site")


def _job_state(T: Translate, task: Any) -> Any:
    if not task.enabled:
        return look.state("off", T("switched off"))
    states: dict[str, tuple[str, Any]] = {
        "QUEUED": ("waiting", T("waits for its time")),
        "ASSIGNED": ("waiting", T("about to begin")),
        "RUNNING": ("working", T("working")),
        "EXPIRED": ("off", T("has ended")),
        "FAILED": ("bad", T("given up")),
        "TIMEOUT": ("bad", T("given up")),
        "STOPPED": ("bad", T("stopped")),
    }
    return states_and_units.badge(states, task.status)


def _outcome(T: Translate, run: Any, failed: Run | None) -> tuple[Any, str]:
    """Return the result of a job's last call as a badge, and why its run failed.

    Args:
        T: web2py's translator.
        run: the scheduler's row of the call, None before the first.
        failed: the run that it made, None if there is none: before a run begins little can fail.
    """
    if run is None:
        return "", ""
    if run.status == "COMPLETED" and _was_skipped(run.run_result):
        return look.state("off", T("left out: another run was under way")), ""
    outcomes: dict[str, tuple[str, Any]] = {
        "COMPLETED": ("good", T("completed")),
        "RUNNING": ("working", T("working")),
        "TIMEOUT": ("bad", T("took too long")),
        "STOPPED": ("off", T("stopped")),
        "FAILED": ("bad", T("failed")),
    }
    reason = failure_of(T, failed) if failed is not None and run.status == "FAILED" else ""
    return states_and_units.badge(outcomes, run.status), reason


def _was_skipped(result: str | None) -> bool:
    try:
        told = json.loads(result or "null")
    except ValueError:
        return False
    return isinstance(told, dict) and told.get("state") == "skipped"
