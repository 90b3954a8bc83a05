"""What the synchronisation knows of one record; reached from the record's own page."""

from __future__ import annotations

from typing import Any

from ...conflicts import record_history as record_history
from ...core.text import asked_text
from ...site.labels import resource_title
from ...ui.refusals import refusal
from .context import ScreenContext
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
