"""Conflicts and rejected records: the kept versions, and the ways to resolve them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gluon import URL, redirect

from ...conflicts import detail as detail
from ...conflicts import kept_list as kept_list
from ...conflicts import resolve as resolve
from ...conflicts import resolve_many as resolve_many
from ...conflicts.kept_list import KeptVersionQuery
from ...core.errors import SyncError
from ...core.kept import TELLING, KeptKind, KeptState, Rule, Side
from ...core.plurals import counted
from ...database import open_there as open_there
from ...database.paging import whole_number
from ...exchange.versions import RecordStatus
from ...monitoring import log_view as log_view
from ...scheduler import queue as queue
from ...site import Repository
from ...site.labels import resource_title
from ...ui import look as look
from .context import ScreenContext
from .widgets import Confirmation, action_button, confirm, pressed
from .words import conflicts_and_log as conflicts_and_log
from .words import remedies as remedies

#: Seconds that a request resolves versions before the scheduler continues.
PATIENCE = 4.0

#: Maximum number of listed records that the other site has not taken.
LISTED_THERE = 200


def page(screen: ScreenContext) -> Any:
    """Show the versions that match the query, one version with its choices, or many to resolve by a rule."""
    first = screen.request.args(0)
    if first == "decide":
        return _decide(screen)
    if first == "report":
        return _report(screen)
    if first:
        return _one(screen, screen.record(screen.db.sync_kept, first))
    wanted = KeptVersionQuery.from_vars(screen.request.get_vars)
    return {
        "title": screen.T("Conflicts and rejected records"),
        "repositories": log_view.repository_names(screen.db, [wanted.repository]),
        "only_some": log_view.only_some(screen.db),
        **_list(screen, wanted),
    }


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show the kept versions of one repository."""
    screen.response.view = "sync/repository_kept.html"
    counts = open_there.counts(screen.db, record.id).get(record.id, {})
    return {
        "there": open_there.listed(screen.db, record.id, LISTED_THERE),
        "there_counts": counts,
        "there_kinds": conflicts_and_log.kinds_there(screen.T),
        **_list(screen, KeptVersionQuery.from_vars(screen.request.get_vars, record.id)),
    }


def _list(screen: ScreenContext, wanted: KeptVersionQuery) -> dict[str, Any]:
    T = screen.T
    return {
        "reason_words": remedies.reason_words(T),
        "page": kept_list.kept_page(screen.site, wanted, screen.request.get_vars),
        "wanted": wanted,
        "order": kept_list.order(screen.request.get_vars),
        "resources": kept_list.kept_resources(screen.site),
        "kinds": conflicts_and_log.kinds(T),
        "states": conflicts_and_log.states(T),
        "rules": conflicts_and_log.rules(T),
    }


# --- one version ---------------------------------------------------------------------------------------------


def _one(screen: ScreenContext, row: Any) -> Any:
    T, site, session = screen.T, screen.site, screen.session
    case = detail.case(site, T, row)
    here = URL("sync", "kept", args=[row.id])
    choices = detail.picked(case.choices, screen.request.get_vars)
    if screen.request.get_vars.choose and case.choices:
        return _combine(screen, row, case, choices)
    accept = action_button("accept", T("Keep it as it is"))
    if row.state == KeptState.OPEN and pressed(screen, accept, "accept"):
        session.flash = _accepted(screen, row)
        redirect(here)
    # The page may be outdated: a rejected version can be used only while no later one came.
    is_offered = row.state in TELLING or row.kind == KeptKind.CONFLICT
    again = row.kind == KeptKind.REJECTED
    labels = {
        Side.OURS: T("Use our version"),
        Side.THEIRS: T("Try again") if again else T("Use the other site's version"),
    }
    buttons = {}
    for side, label in labels.items():
        question = _question(screen, case, side, label, here) if is_offered else None
        if question is None:
            buttons[side] = action_button(side.value, label)
            agreed = is_offered and pressed(screen, buttons[side], side.value)
        else:
            if question.page:
                return question.page
            buttons[side], agreed = question.link, question.agreed
        if agreed:
            session.flash = _restored(screen, row, side)
            redirect(here)
    screen.response.view = "sync/version.html"
    return {
        "title": T("Two versions of a record")
        if row.kind == KeptKind.CONFLICT
        else T("A version that was not taken"),
        "row": row,
        "resource": resource_title(site, row.tablename),
        "case": case,
        "picked": choices,
        "accept": accept,
        "ours": buttons[Side.OURS],
        "theirs": buttons[Side.THEIRS],
        "kinds": conflicts_and_log.kinds(T),
        "states": conflicts_and_log.states(T),
        "decided": conflicts_and_log.decided(T),
        "sides": conflicts_and_log.sides(T),
        "reason_words": remedies.reason_words(T),
    }


def _question(
    screen: ScreenContext, case: detail.ConflictDetail, side: Side, label: Any, here: str
) -> Confirmation | None:
    """Return a question before a version deletes the record or replaces later changes, None if it does not."""
    T = screen.T
    version = case.ours if side is Side.OURS else case.theirs
    if version is None:
        return None
    if version.deleted and case.status not in (RecordStatus.ABSENT, RecordStatus.DELETED):
        return confirm(
            screen,
            side.value,
            T("Delete the record?"),
            [
                T("This version says that the record was deleted. To use it deletes the record here."),
                T("The next synchronization deletes it at the other sites too."),
                T("You can decide otherwise later as long as this entry is kept."),
            ],
            label,
            back=here,
        )
    if case.entry.row.kind == KeptKind.CONFLICT and case.status is RecordStatus.OTHER:
        return confirm(
            screen,
            side.value,
            T("Replace what was changed since?"),
            [
                T("The record was changed after this conflict, and says something else than both versions."),
                T("This version replaces that. Choose field by field to keep some of it."),
            ],
            label,
            back=here,
        )
    return None


def _accepted(screen: ScreenContext, row: Any) -> Any:
    T = screen.T
    try:
        resolve.accept(screen.site, row.id, screen.site.host.user_id)
    except SyncError as error:
        return look.Problem(T("Nothing was changed: %s") % error.explain())
    return T("The record stays as it is.")


def _restored(screen: ScreenContext, row: Any, side: Side) -> Any:
    T = screen.T
    try:
        return detail.told(T, resolve.restore(screen.site, row.id, side, screen.site.host.user_id))
    except SyncError as error:
        return look.Problem(T("Nothing was changed: %s") % error.explain())


def _combine(
    screen: ScreenContext, row: Any, case: detail.ConflictDetail, choices: Mapping[str, Side]
) -> Any:
    """Show the record with the chosen fields, and store it."""
    T, site, session = screen.T, screen.site, screen.session
    here = URL("sync", "kept", args=[row.id])
    form = action_button("fields", T("Make it so"))
    if pressed(screen, form, "fields"):
        try:
            report = resolve.combine(site, row.id, choices, screen.site.host.user_id)
            session.flash = detail.told(T, report)
        except SyncError as error:
            session.flash = look.Problem(T("Nothing was changed: %s") % error.explain())
        redirect(here)
    screen.response.view = "sync/combined.html"
    given = {f"field_{name}": side.value for name, side in choices.items()}
    return {
        "title": T("What the record will say"),
        "row": row,
        "case": case,
        "picked": choices,
        "changes": [each for each in case.choices if choices[each.name] != each.preset],
        "form": form,
        "back": URL("sync", "kept", args=[row.id], vars=given, anchor="fields"),
        "sides": conflicts_and_log.sides(T),
    }


# --- several at once -----------------------------------------------------------------------------------------


def _decide(screen: ScreenContext) -> Any:
    """Show what a rule would do with the chosen versions, and apply it."""
    T, site, variables = screen.T, screen.site, screen.request.get_vars
    wanted = KeptVersionQuery.from_vars(variables)
    back = (
        URL("sync", "repository", args=[wanted.repository, "kept"], vars=wanted.to_vars())
        if wanted.repository
        else URL("sync", "kept", vars=wanted.to_vars())
    )
    names = conflicts_and_log.rules(T)
    rule = next((each for each in names if each == variables.get("rule")), None)
    if rule is None:
        screen.session.flash = look.Problem(T("Choose what shall be done with the entries."))
        redirect(back)
        raise AssertionError("redirect raises")
    selection = resolve_many.Selection(None if variables.get("which") == "all" else _ids(variables), wanted)
    found = resolve_many.counts(site, selection, rule)
    if not found:
        screen.session.flash = look.Problem(
            T("None of these is a rejected record that waits.")
            if rule is Rule.AGAIN
            else T("Choose at least one entry that is open.")
        )
        redirect(back)
    form = action_button("decide", names[rule][0])
    if pressed(screen, form, "decide"):
        key = _begin(screen, selection, rule, back)
        go_on(screen, key)
        redirect(URL("sync", "kept", args=["report", key]))
    total = sum(found.values())
    screen.response.view = "sync/decide.html"
    return {
        "title": counted(T, total, "Decide on %(count)s entry?", "Decide on %(count)s entries?"),
        "rule": names[rule],
        "counts": found,
        "kinds": conflicts_and_log.kinds(T),
        "careful": rule is not Rule.KEEP,
        "form": form,
        "back": back,
    }


def _begin(screen: ScreenContext, selection: resolve_many.Selection, rule: Rule, back: str) -> int:
    """Store the work; return its key. If that fails, go back with a message."""
    try:
        return resolve_many.begin(screen.site, selection, rule, screen.site.host.user_id)
    except SyncError as error:
        screen.session.flash = look.Problem(screen.T("Nothing was changed: %s") % error.explain())
        redirect(back)
        raise AssertionError("redirect raises") from error


def _ids(variables: Any) -> Any:
    given = variables.get("id") or []
    numbers = map(whole_number, given if isinstance(given, list) else [given])
    return [number for number in numbers if number]


def go_on(screen: ScreenContext, key: int) -> None:
    """Resolve versions for a few seconds; the worker does the rest, also what the database did not accept."""
    try:
        is_done = resolve_many.work(screen.site, key, PATIENCE)
    except SyncError as error:
        screen.session.flash = screen.T("The worker goes on with it: %s") % error.explain()
        is_done = False
    if not is_done:
        timeout = screen.site.host.settings.get_sync_task_timeout()
        resolve_many.queue(screen.site, key, timeout)
        queue.wake_workers(screen.db)


def _report(screen: ScreenContext) -> Any:
    """Show the progress of the work, and what it left open."""
    T, db = screen.T, screen.db
    row = screen.record(db.sync_decision, screen.request.args(1))
    button = action_button("go_on", T("Go on now"))
    is_finished = row.state == resolve_many.WorkState.FINISHED
    if not is_finished and pressed(screen, button, "go_on"):
        go_on(screen, row.id)
        redirect(URL("sync", "kept", args=["report", row.id]))
    wanted = resolve_many.Selection.from_text(row.selection).wanted
    screen.response.view = "sync/sweep.html"
    return {
        "title": T("Decisions by rule"),
        "row": row,
        "is_finished": is_finished,
        "rule": conflicts_and_log.rules(T)[Rule(row.rule)][0],
        "changes_records": row.rule != Rule.KEEP,
        "reasons": conflicts_and_log.left_open(T),
        "who": screen.site.accounts.email(row.user_id),
        "go_on": button,
        "workers": queue.workers_alive(screen.site),
        "command": screen.worker_command,
        "repository": screen.site.known_repository(wanted.repository),
    }
