"""A pull by an Eden: documents without cursors."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any, BinaryIO

from ..core.cursor import Checkpoint, Handed
from ..exchange.exporter import ExportRequest
from ..site import Site
from ..wire.protocol.pull import PullRequest
from ..wire.protocol.times import format_msince
from .served import Served

EDEN = EDEN_TOKEN = "eden"


def serve_eden(
    site: Site, request: PullRequest, wanted: ExportRequest, repository: Any, out: BinaryIO
) -> Served:
    """Write one complete document for an Eden.

    An Eden only knows the time of its last pull. By time alone it would miss what reached us late with an older
    time, from a third site for instance. But it moves that time on only after it has taken an answer; so we
    remember up to where our answer went, and go on there as soon as it asks with a later time.
    """
    head = site.journal.head()
    if request.msince is None:
        # It wants everything, perhaps because it lost what it had: also what it once brought.
        wanted = replace(wanted, skip_origin=None)
    after = _where_an_eden_goes_on(site, request, repository, head) if repository is not None else None
    if after is None:
        wanted = replace(wanted, msince=request.msince)
    else:
        wanted = replace(wanted, after=after)
    page = site.exporter.export(out, replace(wanted, until=head))
    return Served(page.count)


def _where_an_eden_goes_on(site: Site, request: PullRequest, repository: Any, head: int) -> int | None:
    """Return the position behind which to go on; None where only the time counts. Remembers this answer."""
    table = request.resource
    query = "&".join(sorted(str(each) for each in request.filters)) + f"|{request.components}"
    text = site.checkpoints.read(repository.id, table, EDEN)
    known = json.loads(text) if text else {}
    msince = "" if request.msince is None else format_msince(request.msince)
    after: int | None = None
    same = known.get("query") == query and known.get("journal") == site.journal.identity()
    if msince and same:
        if msince > known["msince"]:
            after = known["head"]
        elif msince == known["msince"]:
            # It asks for the same once more: our answer did not arrive.
            after = known["after"]
    told = {
        "msince": msince,
        "after": after,
        "head": head,
        "query": query,
        "journal": site.journal.identity(),
    }
    with site.store.transaction():
        site.checkpoints.write(repository.id, table, EDEN, json.dumps(told))
        if not request.filters:
            # What it has taken is what conflicts are measured by.
            known_there = Checkpoint(after or 0, (Handed(head, EDEN_TOKEN),))
            site.checkpoints.save(repository.id, table, known_there)
    return after
