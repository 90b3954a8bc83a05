"""What is known of one record: its changes, for who may read it, and its synchronisation, for administrators."""

from __future__ import annotations

from typing import Any

from gluon import URL, current, redirect

from ...conflicts import at_others as at_others
from ...conflicts import detail as detail
from ...conflicts import record_history as record_history
from ...conflicts import timeline as timeline
from ...conflicts.at_others import Whereabouts
from ...core.errors import SyncError
from ...core.schema import Table
from ...core.text import asked_text
from ...database.paging import whole_number
from ...site.labels import resource_title
from ...site.scoping import account_rights as account_rights
from ...ui import look as look
from ...ui.refusals import refusal
from .context import ScreenContext
from .overview import FEW_SITES
from .widgets import action_button, pressed
from .words import conflicts_and_log as conflicts_and_log
from .words import remedies as remedies


def page(screen: ScreenContext) -> Any:
    """Show the history of the record that the address names: the table as argument, ``uuid`` as variable."""
    T, request = screen.T, screen.request
    table = screen.site.schema.get(request.args(0) or "")
    uuid = asked_text(request.get_vars, "uuid")
    found = record_history.history(screen.site, T, table, uuid) if table is not None and uuid else None
    if found is None:
        raise refusal(404, T("Nothing is known of such a record."))
    return {
        "title": T("Synchronization history"),
        "history": found,
        "resource": resource_title(screen.site, found.table.name),
        "kinds": conflicts_and_log.kinds(T),
        "is_known_here": found.status is not record_history.Presence.ABSENT,
        "presences": conflicts_and_log.presences(T),
        "results": conflicts_and_log.results(T),
        "modes": conflicts_and_log.modes(T),
        "reason_words": remedies.reason_words(T),
    }


def changes(screen: ScreenContext) -> Any:
    """Show the changes of a record to everybody who may read it; who may change it can put former values back."""
    T, request, site = screen.T, screen.request, screen.site
    table = site.schema.get(request.args(0) or "")
    uuid = asked_text(request.get_vars, "uuid")
    row = detail.present_row(site, table, uuid) if table is not None and uuid else None
    if table is None or row is None:
        raise refusal(404, T("Nothing is known of such a record."))
    if not account_rights.permitted(site, "read", table.name, [row.id]):
        site.host.forbid()
    may_change = not row.deleted and bool(account_rights.permitted(site, "update", table.name, [row.id]))
    button = action_button("put_back", T("Put this back"))
    if may_change and pressed(screen, button, "put_back"):
        screen.session.flash = _put_back(screen, table, row)
        redirect(URL("sync", "changes", args=[table.name], vars={"uuid": row.uuid}))
    names = site.host.name_fields(table.name)
    screen.response.view = "sync/changes.html"
    return {
        "title": T("Changes of a record"),
        "name": " ".join(str(row[each]) for each in names if row.get(each)),
        "resource": resource_title(site, table.name),
        "table": table,
        "row": row,
        "address": None if row.deleted else detail.address_of(site, table, row),
        "at_others": at_others.at_others(site, table, row),
        "timeline": timeline.timeline(site, T, table, row, request.get_vars),
        "kinds": conflicts_and_log.change_kinds(T),
        "button": button,
        "may_change": may_change,
        "administers": site.host.may_administer(),
    }


def others(tablename: str, record: Any) -> list[Whereabouts]:
    """Return where a record is at other sites, for its own page; of many sites its history tells that.

    Args:
        tablename: its table.
        record: the record.
    """
    site = current.sync_site
    table = site.schema.get(tablename)
    return [] if table is None else at_others.at_others(site, table, record, most=FEW_SITES)


def _put_back(screen: ScreenContext, table: Table, row: Any) -> Any:
    given, site, T = screen.request.post_vars, screen.site, screen.T
    number = whole_number(given.number)
    try:
        report = timeline.put_back(
            site, table, row.uuid, -1 if number is None else number, str(given.field or ""), site.host.user_id
        )
        return detail.told(T, report)
    except SyncError as error:
        return look.Problem(T("Nothing was changed: %s") % error.explain())
