"""Answers pulls of an Eden, with documents without cursors."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

from ..core.cursor import Checkpoint, Handed
from ..exchange.exporter import ExportRequest
from ..site import Repository, Site
from ..site.exchange_state import with_time
from ..wire.protocol.pull import PullRequest
from ..wire.protocol.times import format_msince
from .served import Served

EDEN_TOKEN = "eden"


def serve_eden(
    site: Site, request: PullRequest, wanted: ExportRequest, repository: Repository | None, out: BinaryIO
) -> Served:
    """Write one complete document for an Eden.

    An Eden knows only the time of its last pull. With time alone it would miss records that reached us late with an
    older time, for instance from a third site. But it moves that time only after it has imported an answer. So we
    store the position of our answer, and continue there as soon as it asks with a later time.
    """
    head = site.journal.head()
    if request.msince is None:
        # It asks for everything and may have lost its data, also what it brought itself.
        wanted = replace(wanted, skip_origin=None)
    after = _where_an_eden_goes_on(request, repository, head) if repository is not None else None
    if after is None:
        wanted = replace(wanted, msince=request.msince)
    else:
        wanted = replace(wanted, after=after)
    page = site.exporter.export(out, replace(wanted, until=head))
    return Served(page.count)


def _where_an_eden_goes_on(request: PullRequest, repository: Repository, head: int) -> int | None:
    """Return the position after which to continue, None if only the time counts. This answer is stored."""
    table, states = request.resource, repository.states
    # The filters are those of the scope, too: with others, what lies behind may be missing there.
    query = "&".join(sorted(str(each) for each in request.filters)) + f"|{request.components}"
    known = states.answered(table)
    msince = "" if request.msince is None else format_msince(request.msince)
    after: int | None = None
    same = known.get("query") == query and known.get("journal") == states.identity
    if msince and same:
        if msince > known["msince"]:
            after = known["head"]
        elif msince == known["msince"]:
            # It asks for the same again: our answer did not arrive, or all in it was older than that time.
            after = known["head"] if known.get("taken") else known["after"]
    told = {
        "msince": msince,
        "after": after,
        "head": head,
        "query": query,
        "journal": states.identity,
        "times": with_time(known.get("times", ()) if same else (), head, repository.site.clock.exact()),
    }
    with repository.site.store.transaction():
        states.save_answered(table, told)
        if not request.filters:
            # Conflicts are detected by what it has imported.
            known_there = Checkpoint(after or 0, (Handed(head, EDEN_TOKEN),))
            states.save_served(table, known_there)
    return after


def note_taken(repository: Repository, table: str) -> None:
    """Note within the current transaction that an Eden has taken our last answer: it pushes only after it has.

    Args:
        repository: the Eden.
        table: what it pushed, after that was imported.
    """
    states = repository.states
    told = states.answered(table)
    if not told or told.get("taken") or told.get("journal") != states.identity:
        return
    states.save_answered(table, {**told, "taken": True})
    served = states.served(table)
    if Handed(told["head"], EDEN_TOKEN) in served.handed:
        states.save_served(table, replace(served, acknowledged=told["head"]))
