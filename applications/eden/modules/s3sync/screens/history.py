"""What the synchronisation knows of one record; reached from the record's own page."""

from __future__ import annotations

from typing import Any

from ..deciding import history
from ..titles import resource_title
from ..ui.refusals import refusal
from . import remedies, sayings
from .desk import Desk


def page(desk: Desk) -> Any:
    """Show the history of the record that the address names: the table as argument, ``uuid`` as variable."""
    T, request = desk.T, desk.request
    table = desk.site.schema.get(request.args(0) or "")
    uuid = str(request.get_vars.uuid or "")[:255]
    found = history.history(desk.site, T, table, uuid) if table is not None and uuid else None
    if found is None:
        raise refusal(404, T("Nothing is known of such a record."))
    return {
        "title": T("Synchronization history"),
        "history": found,
        "resource": resource_title(desk.site, found.table.name),
        "kinds": sayings.kinds(T),
        "states": sayings.states(T),
        "decided": sayings.decided(T),
        "results": sayings.results(T),
        "modes": sayings.modes(T),
        "reasons": remedies.reasons(T),
    }
