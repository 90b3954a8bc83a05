"""The log: what was exchanged with whom, and the results."""

from __future__ import annotations

import contextlib
import tempfile
from datetime import datetime, timedelta
from typing import Any

from gluon import URL, redirect

from ...conflicts import kept_list as kept_list
from ...core.limits import CHUNK
from ...core.messages import Sentence
from ...core.plurals import counted
from ...database import log as log
from ...database import runs as runs
from ...database.log import LogEntry
from ...database.paging import whole_number
from ...monitoring import log_view as log_view
from ...scheduler.run_record import live_runs
from ...site import Repository
from ...site.labels import resource_names
from .context import ScreenContext
from .widgets import Confirmation, confirm
from .words import conflicts_and_log as conflicts_and_log
from .words.messages import MessageWords
from .words.states_and_units import days

#: Maximum length of a message that a list shows completely.
SHOWN = 300


def page(screen: ScreenContext) -> Any:
    """Show the log of all repositories, or one entry; send it as a table for ``.csv``."""
    T, request = screen.T, screen.request
    if request.args(0):
        return _entry(screen)
    asked = log_view.LogQuery.from_vars(request.get_vars)
    if request.extension == "csv":
        return _csv(screen, asked)
    return _list(screen, asked, None, T("Synchronization Log"))


def tab(screen: ScreenContext, record: Repository) -> Any:
    """Show the log of one repository."""
    asked = log_view.LogQuery.from_vars(screen.request.get_vars, record.id)
    undecided = kept_list.undecided(screen.site, record.id)
    return {"undecided": undecided, **_list(screen, asked, record.id, record.name)}


def _list(screen: ScreenContext, asked: log_view.LogQuery, repository_id: int | None, title: Any) -> Any:
    site, T = screen.site, screen.T
    is_asked = screen.request.get_vars.ask == "purge"
    old = _old(screen, repository_id) if is_asked else 0
    if is_asked and not old:
        screen.session.flash = T("Nothing is older than %s.") % days(T, _days(screen))
        redirect(URL(args=screen.request.args))
    purge = _purge(screen, old)
    if purge.page:
        return purge.page
    if purge.agreed:
        count = log.purge(site.db, site.store.transaction, _before(screen), repository_id)
        screen.session.flash = counted(
            T, count, "%(count)s log entry was deleted.", "%(count)s log entries were deleted."
        )
        redirect(URL(args=screen.request.args))
    screen.response.view = "sync/log.html" if repository_id is None else "sync/repository_log.html"
    titles = resource_names(site)
    page = log_view.log_page(site, asked, screen.request.get_vars)
    needed = {entry.repository_id for group in page.rows for entry in group.entries}
    return {
        "title": title,
        "page": page,
        "asked": asked,
        "repositories": log_view.repository_names(site.db, needed | {asked.repository}),
        "only_some": log_view.only_some(site.db),
        "resources": {name: titles.get(name, name) for name in log_view.logged_resources(site.db)},
        "live": set(live_runs(site).values()),
        "days": screen.site.host.settings.get_sync_log_days(),
        "csv": URL("sync", "log.csv", vars=asked.to_vars()),
        **_words(screen),
    }


def _entry(screen: ScreenContext) -> Any:
    T, db = screen.T, screen.db
    entry = LogEntry.read(screen.record(db.sync_log, screen.request.args(0)))
    screen.response.view = "sync/entry.html"
    return {
        "title": T("Log Entry"),
        "entry": entry,
        "repository": screen.site.known_repository(entry.repository_id),
        "run": runs.get(db, entry.run_id),
        "resource": resource_names(screen.site).get(entry.resource_name or "", entry.resource_name),
        **_words(screen),
    }


def _words(screen: ScreenContext) -> dict[str, Any]:
    T = screen.T
    return {
        "results": conflicts_and_log.results(T),
        "modes": conflicts_and_log.modes(T),
        "directions": conflicts_and_log.directions(T),
        "words": MessageWords(T),
        "nothing": (Sentence.NOTHING_NEW.code, Sentence.NOTHING_TO_SEND.code),
        "shown": SHOWN,
    }


def _csv(screen: ScreenContext, asked: log_view.LogQuery) -> Any:
    T, site, response = screen.T, screen.site, screen.response
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
        name = f"eden-sync-log-{screen.now:%Y%m%d-%H%M}.csv"
        response.headers["Content-Disposition"] = f'attachment; filename="{name}"'
        out.seek(0)
        undo.pop_all()
    return response.stream(out, chunk_size=CHUNK, request=screen.request)


def _days(screen: ScreenContext) -> int:
    given = whole_number(screen.request.get_vars.days)
    return given if given else screen.site.host.settings.get_sync_log_days()


def _before(screen: ScreenContext) -> datetime:
    return screen.now - timedelta(days=_days(screen))


def _old(screen: ScreenContext, repository_id: int | None) -> int:
    """Return the number of entries before the requested time."""
    return int(screen.db(log.older(screen.db, _before(screen), repository_id)).count())


def _purge(screen: ScreenContext, old: int) -> Confirmation:
    """Ask before the old entries are removed.

    Args:
        screen: the context.
        old: their number; 0 if nobody asked to remove them.
    """
    T = screen.T
    lines = [
        counted(
            T,
            old,
            "%(count)s entry is older than %(age)s.",
            "%(count)s entries are older than %(age)s.",
            age=days(T, _days(screen)),
        ),
        T("These entries, and the history of the runs of that time, are removed for good."),
        T(
            "Records, conflicts and schedules are not touched. Save the log as a table before if you may need it."
        ),
    ]
    return confirm(
        screen,
        "purge",
        T("Delete old log entries?"),
        lines,
        T("Delete old entries"),
        back=URL(args=screen.request.args),
    )
