"""How a site does, in a few values: whether workers live, and since when changes wait."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from ..database.store.column_types import MOMENT
from ..scheduler import queue as queue
from ..site import Site
from .status import RepositoryStatus, statuses


class Health(NamedTuple):
    """How a site does.

    Attributes:
        workers: number of workers alive.
        oldest_waiting: seconds for which the oldest change has been waiting to go out, None if none waits.
    """

    workers: int
    oldest_waiting: int | None


def health(site: Site) -> Health:
    """Return how this site does."""
    return Health(queue.workers_alive(site), oldest_waiting(site, statuses(site)))


def oldest_waiting(site: Site, found: Sequence[RepositoryStatus]) -> int | None:
    """Return for how many seconds the oldest change has been waiting to go out, None if none waits.

    A change waits since it was made. One that came from elsewhere may have been made long before it came here, but not
    before the last time that everything was exchanged with the repository for which it waits.

    Args:
        site: this site.
        found: the states of its repositories.
    """
    since = [moment for moment in _waiting_since(site, found).values() if moment is not None]
    return max(0, round((site.clock.now() - min(since)).total_seconds())) if since else None


def _waiting_since(site: Site, found: Sequence[RepositoryStatus]) -> dict[int, datetime | None]:
    """Return repository -> time (UTC) of the oldest change that waits for it, None if it has none."""
    behind = [
        (each.id, flow.table, flow.position, each.id)
        for each in found
        for flow in each.flows
        if flow.position is not None and (flow.outgoing.count or flow.outgoing.is_more)
    ]
    store, mark = site.store, site.store.mark
    moment_text = store.columns.plain("modified_on", MOMENT)
    first = (
        f"SELECT {mark} AS asked, {moment_text} AS made FROM {store.columns.name('sync_journal')} "
        f"WHERE tablename = {mark} AND seq > {mark} AND (origin IS NULL OR origin <> {mark}) ORDER BY seq LIMIT 1"
    )
    read = store.columns.decoder(MOMENT)
    complete = {each.id: _last_complete(each) for each in found}
    since: dict[int, datetime | None] = {}
    for key, stored in store.first_of_each(first, behind):
        made = stored if read is None or stored is None else read(stored)
        moment = max((time for time in (made, complete[int(key)]) if time is not None), default=None)
        former = since.get(int(key))
        since[int(key)] = moment if former is None or moment is None else min(former, moment)
    return since


def _last_complete(each: RepositoryStatus) -> datetime | None:
    return each.facts.last_success if each.facts.is_active else each.fetched_on
