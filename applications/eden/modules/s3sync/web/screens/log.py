"""The log: what was exchanged with whom, and the results."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import datetime, timedelta
from typing import Any

from gluon import URL, redirect

from ...conflicts import kept_list
from ...core.limits import CHUNK
from ...core.messages import Sentence
from ...core.plurals import counted
from ...database import log, runs
from ...database.log import LogEntry
from ...database.paging import whole_number
from ...monitoring import log_view
from ...monitoring.status import live_runs
from ...site import Repository
from ...site.labels import resource_names
from .context import ScreenContext
from .widgets import Confirmation, confirm
from .words import conflicts_and_log
from .words.messages import MessageWords
from .words.states_and_units import days

#: Maximum length of a message that a list shows completely.
SHOWN = 300


def page(desk: ScreenContext) -> Any:
    """Show the log of all repositories, or one entry; send it as a table for ``.csv``."""
    T, request = desk.T, desk.request
    if request.args(0):
        return _entry(desk)
    asked = log_view.LogQuery.from_vars(request.get_vars)
    if request.extension == "csv":
        return _csv(desk, asked)
    return _list(desk, asked, None, T("Synchronization Log"))


def tab(desk: ScreenContext, record: Repository) -> Any:
    """Show the log of one repository."""
    asked = log_view.LogQuery.from_vars(desk.request.get_vars, record.id)
    return _list(desk, asked, record.id, record.name)


def _list(desk: ScreenContext, asked: log_view.LogQuery, repository_id: int | None, title: Any) -> Any:
    site, T = desk.site, desk.T
    if desk.request.get_vars.ask == "purge" and not _old(desk, repository_id):
        desk.session.flash = T("Nothing is older than %s.") % days(T, _days(desk))
        redirect(URL(args=desk.request.args))
    purge = _purge(desk, repository_id)
    if purge.page:
        return purge.page
    if purge.agreed:
        count = log.purge(site.db, site.store.transaction, _before(desk), repository_id)
        desk.session.flash = counted(
            T, count, "%(count)s log entry was deleted.", "%(count)s log entries were deleted."
        )
        redirect(URL(args=desk.request.args))
    desk.response.view = "sync/log.html" if repository_id is None else "sync/repository_log.html"
    titles = resource_names(site)
    return {
        "title": title,
        "page": log_view.log_page(site, asked, desk.request.get_vars),
        "asked": asked,
        "repositories": log_view.repository_names(site.db),
        "resources": {name: titles.get(name, name) for name in log_view.logged_resources(site.db)},
        "undecided": kept_list.undecided(site, repository_id),
        "live": set(live_runs(site).values()),
        "days": desk.site.host.settings.get_sync_log_days(),
        "csv": URL("sync", "log.csv", vars=asked.to_vars()),
        **_words(desk),
    }


def _entry(desk: ScreenContext) -> Any:
    T, db = desk.T, desk.db
    entry = LogEntry.read(desk.record(db.sync_log, desk.request.args(0)))
    desk.response.view = "sync/entry.html"
    return {
        "title": T("Log Entry"),
        "entry": entry,
        "repository": desk.site.known_repository(entry.repository_id),
        "run": runs.get(db, entry.run_id),
        "resource": resource_names(desk.site).get(entry.resource_name or "", entry.resource_name),
        **_words(desk),
    }


def _words(desk: ScreenContext) -> dict[str, Any]:
    T = desk.T
    return {
        "results": conflicts_and_log.results(T),
        "modes": conflicts_and_log.modes(T),
        "directions": conflicts_and_log.directions(T),
        "words": MessageWords(T),
        "nothing": (Sentence.NOTHING_NEW.code, Sentence.NOTHING_TO_SEND.code),
        "shown": SHOWN,
    }


def _csv(desk: ScreenContext, asked: log_view.LogQuery) -> Any:
    T, site, response = desk.T, desk.site, desk.response
    words = MessageWords(T)
    headings = [
        str(each)
        for each in (
            T("Time (UTC)"),
            T("Repository"),
            T("Resource"),
            T("Mode"),
            T("Action"),
            T("Result"),
            T("Reported by"),
            T("Message"),
            T("What to do"),
            T("Run"),
        )
    ]
    with contextlib.ExitStack() as undo:
        # The file has no name in the folder: it is removed when it is closed, however the request ends.
        out = undo.enter_context(tempfile.TemporaryFile(dir=site.spool))
        log_view.write_csv(site, asked, log_view.CsvWords(headings, words.message, words.remedy), out)
        response.headers["Content-Type"] = "text/csv; charset=utf-8"
        response.headers["Content-Length"] = str(out.tell())
        name = f"eden-sync-log-{desk.now:%Y%m%d-%H%M}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        out.seek(0)
        undo.pop_all()
    return response.stream(out, chunk_size=CHUNK, request=desk.request)


def _days(desk: ScreenContext) -> int:
    given = whole_number(desk.request.get_vars.days)
    return given if given else desk.site.host.settings.get_sync_log_days()


def _before(desk: ScreenContext) -> datetime:
    return desk.now - timedelta(days=_days(desk))


def _old(desk: ScreenContext, repository_id: int | None) -> int:
    """Return the number of entries before the requested time."""
    return int(desk.db(log.older(desk.db, _before(desk), repository_id)).count())


def _purge(desk: ScreenContext, repository_id: int | None) -> Confirmation:
    T = desk.T
    lines = []
    if desk.request.get_vars.ask == "purge":
        lines = [
            counted(
                T,
                _old(desk, repository_id),
                "%(count)s entry is older than %(age)s.",
                "%(count)s entries are older than %(age)s.",
                age=days(T, _days(desk)),
            ),
            T("These entries, and the history of the runs of that time, are removed for good."),
            T(
                "Records, conflicts and schedules are not touched. Save the log as a table before if you may need it."
            ),
        ]
    return confirm(
        desk,
        "purge",
        T("Delete old log entries?"),
        lines,
        T("Delete old entries"),
        back=URL(args=desk.request.args),
    )
