"""Conflicts and rejected records: the kept versions, and the ways to resolve them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from gluon import URL, redirect

from ...conflicts import detail, kept_list, resolve, resolve_many
from ...conflicts.kept_list import KeptVersionQuery
from ...core.errors import SyncError
from ...core.kept import KeptKind, KeptState, Rule, Side
from ...core.plurals import counted
from ...database.paging import whole_number
from ...exchange.versions import Standing
from ...monitoring import log_view
from ...scheduler import queue
from ...site import Repository
from ...site.labels import resource_title
from .context import ScreenContext
from .widgets import Confirmation, action_button, confirm, pressed
from .words import conflicts_and_log, remedies

#: Seconds that a request resolves versions before the scheduler continues.
PATIENCE = 4.0


def page(desk: ScreenContext) -> Any:
    """Show the versions that match the query, one version with its choices, or many to resolve by a rule."""
    first = desk.request.args(0)
    if first == "decide":
        return _decide(desk)
    if first == "report":
        return _report(desk)
    if first:
        return _one(desk, desk.record(desk.db.sync_kept, first))
    return {
        "title": desk.T("Conflicts and rejected records"),
        "repositories": log_view.repository_names(desk.db),
        **_list(desk, KeptVersionQuery.from_vars(desk.request.get_vars)),
    }


def tab(desk: ScreenContext, record: Repository) -> Any:
    """Show the kept versions of one repository."""
    desk.response.view = "sync/repository_kept.html"
    return _list(desk, KeptVersionQuery.from_vars(desk.request.get_vars, record.id))


def _list(desk: ScreenContext, wanted: KeptVersionQuery) -> dict[str, Any]:
    T = desk.T
    return {
        "reason_words": remedies.reason_words(T),
        "page": kept_list.kept_page(desk.site, wanted, desk.request.get_vars),
        "wanted": wanted,
        "order": kept_list.order(desk.request.get_vars),
        "resources": kept_list.kept_resources(desk.site),
        "kinds": conflicts_and_log.kinds(T),
        "states": conflicts_and_log.states(T),
        "decided": conflicts_and_log.decided(T),
        "rules": conflicts_and_log.rules(T),
    }


# --- one version ---------------------------------------------------------------------------------------------


def _one(desk: ScreenContext, row: Any) -> Any:
    T, site, session = desk.T, desk.site, desk.session
    case = detail.case(site, T, row)
    here = URL("sync", "kept", args=[row.id])
    choices = detail.picked(case.choices, desk.request.get_vars)
    if desk.request.get_vars.choose and case.choices:
        return _combine(desk, row, case, choices)
    accept = action_button("accept", T("Keep it as it is"))
    if row.state == KeptState.OPEN and pressed(desk, accept, "accept"):
        session.flash = _accepted(desk, row)
        redirect(here)
    # The page may be outdated: a rejected version can be used only while it is open.
    is_offered = row.state == KeptState.OPEN or row.kind == KeptKind.CONFLICT
    again = row.kind == KeptKind.REJECTED
    labels = {
        Side.OURS: T("Use our version"),
        Side.THEIRS: T("Try again") if again else T("Use the other site's version"),
    }
    buttons = {}
    for side, label in labels.items():
        question = _question(desk, case, side, label, here) if is_offered else None
        if question is None:
            buttons[side] = action_button(side.value, label)
            agreed = is_offered and pressed(desk, buttons[side], side.value)
        else:
            if question.page:
                return question.page
            buttons[side], agreed = question.link, question.agreed
        if agreed:
            session.flash = _restored(desk, row, side)
            redirect(here)
    desk.response.view = "sync/version.html"
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
    desk: ScreenContext, case: detail.ConflictDetail, side: Side, label: Any, here: str
) -> Confirmation | None:
    """Return a question before a version deletes the record or replaces later changes, None if it does not."""
    T = desk.T
    version = case.ours if side is Side.OURS else case.theirs
    if version is None:
        return None
    if version.deleted and case.standing not in (Standing.ABSENT, Standing.DELETED):
        return confirm(
            desk,
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
    if case.entry.row.kind == KeptKind.CONFLICT and case.standing is Standing.OTHER:
        return confirm(
            desk,
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


def _accepted(desk: ScreenContext, row: Any) -> Any:
    T = desk.T
    try:
        resolve.accept(desk.site, row.id, desk.site.host.user_id)
    except SyncError as error:
        return T("Nothing was changed: %s") % error.explain()
    return T("The record stays as it is.")


def _restored(desk: ScreenContext, row: Any, side: Side) -> Any:
    T = desk.T
    try:
        return detail.told(T, resolve.restore(desk.site, row.id, side, desk.site.host.user_id))
    except SyncError as error:
        return T("Nothing was changed: %s") % error.explain()


def _combine(desk: ScreenContext, row: Any, case: detail.ConflictDetail, choices: Mapping[str, Side]) -> Any:
    """Show the record with the chosen fields, and store it."""
    T, site, session = desk.T, desk.site, desk.session
    here = URL("sync", "kept", args=[row.id])
    form = action_button("fields", T("Make it so"))
    if pressed(desk, form, "fields"):
        try:
            report = resolve.combine(site, row.id, choices, desk.site.host.user_id)
            session.flash = detail.told(T, report)
        except SyncError as error:
            session.flash = T("Nothing was changed: %s") % error.explain()
        redirect(here)
    desk.response.view = "sync/combined.html"
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


def _decide(desk: ScreenContext) -> Any:
    """Show what a rule would do with the chosen versions, and apply it."""
    T, site, variables = desk.T, desk.site, desk.request.get_vars
    wanted = KeptVersionQuery.from_vars(variables)
    back = (
        URL("sync", "repository", args=[wanted.repository, "kept"], vars=wanted.to_vars())
        if wanted.repository
        else URL("sync", "kept", vars=wanted.to_vars())
    )
    names = conflicts_and_log.rules(T)
    rule = next((each for each in names if each == variables.get("rule")), None)
    if rule is None:
        desk.session.flash = T("Choose what shall be done with the entries.")
        redirect(back)
        raise AssertionError("redirect raises")
    selection = resolve_many.Selection(None if variables.get("which") == "all" else _ids(variables), wanted)
    found = resolve_many.counts(site, selection, rule)
    if not found:
        desk.session.flash = (
            T("None of these is a rejected record that waits.")
            if rule is Rule.AGAIN
            else T("Choose at least one entry that is open.")
        )
        redirect(back)
    form = action_button("decide", names[rule][0])
    if pressed(desk, form, "decide"):
        key = _begin(desk, selection, rule, back)
        go_on(desk, key)
        redirect(URL("sync", "kept", args=["report", key]))
    total = sum(found.values())
    desk.response.view = "sync/decide.html"
    return {
        "title": counted(T, total, "Decide on %(count)s entry?", "Decide on %(count)s entries?"),
        "rule": names[rule],
        "counts": found,
        "kinds": conflicts_and_log.kinds(T),
        "careful": rule is not Rule.KEEP,
        "form": form,
        "back": back,
    }


def _begin(desk: ScreenContext, selection: resolve_many.Selection, rule: Rule, back: str) -> int:
    """Store the work; return its key. If that fails, go back with a message."""
    try:
        return resolve_many.begin(desk.site, selection, rule, desk.site.host.user_id)
    except SyncError as error:
        desk.session.flash = desk.T("Nothing was changed: %s") % error.explain()
        redirect(back)
        raise AssertionError("redirect raises") from error


def _ids(variables: Any) -> Any:
    given = variables.get("id") or []
    numbers = map(whole_number, given if isinstance(given, list) else [given])
    return [number for number in numbers if number]


def go_on(desk: ScreenContext, key: int) -> None:
    """Resolve versions for a few seconds; the worker does the rest, also what the database did not accept."""
    try:
        is_done = resolve_many.work(desk.site, key, PATIENCE)
    except SyncError as error:
        desk.session.flash = desk.T("The worker goes on with it: %s") % error.explain()
        is_done = False
    if not is_done:
        timeout = desk.site.host.settings.get_sync_task_timeout()
        resolve_many.queue(desk.site, key, timeout)
        queue.wake_workers(desk.db)


def _report(desk: ScreenContext) -> Any:
    """Show the progress of the work, and what it left open."""
    T, db = desk.T, desk.db
    row = desk.record(db.sync_decision, desk.request.args(1))
    button = action_button("go_on", T("Go on now"))
    if row.state != resolve_many.WorkState.FINISHED and pressed(desk, button, "go_on"):
        go_on(desk, row.id)
        redirect(URL("sync", "kept", args=["report", row.id]))
    user = db.auth_user(row.user_id) if row.user_id else None
    wanted = resolve_many.Selection.from_text(row.selection).wanted
    desk.response.view = "sync/sweep.html"
    return {
        "title": T("Decisions by rule"),
        "row": row,
        "rule": conflicts_and_log.rules(T)[Rule(row.rule)][0],
        "reasons": conflicts_and_log.left_open(T),
        "who": user.email if user else "",
        "go_on": button,
        "workers": queue.workers_alive(desk.site),
        "command": desk.worker_command,
        "repository": desk.site.known_repository(wanted.repository),
    }
