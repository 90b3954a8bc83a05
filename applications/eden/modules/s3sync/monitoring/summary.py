"""The states of many repositories as stored rows, so that the overview counts, sorts and pages them in the database.

A state follows from many tables and the clock, so it cannot be asked of the database. With few repositories the
overview derives all of them for each page; with many, a worker does so once a minute and stores what is sorted and
counted by. What a page shows of each repository is derived for the page.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..core.errors import StoreBusy
from ..core.repository_state import State
from ..database.paging import ListPage, SortOrder
from ..database.tables.fields import live
from ..site import Site
from .status import RepositoryStatus, statuses

#: Of more repositories the stored states count.
FEW = 100
#: States that are older are derived anew, whoever asks; a worker does it before.
LASTS, EVERY = timedelta(minutes=3), timedelta(minutes=1)
#: Seconds that a page waits for others who write.
PATIENCE = 2.0
#: Column by which a list is sorted, by the name of the order.
ORDERS = {"state": "urgency", "name": "sort_name", "success": "succeeded_on", "next": "next_on"}
NEVER, LATEST = datetime(1900, 1, 1), datetime(2999, 12, 31)
#: The row that says when all were stored belongs to no repository.
_STORED = 0
_URGENCY = {each: place for place, each in enumerate(State)}
_AT_ONCE = 500


class Summary(NamedTuple):
    """What the overview shows of many repositories.

    Attributes:
        counts: state -> number of repositories.
        page: the page, with what is known of each repository now.
        stored_on: when the states were derived that were counted and sorted (UTC).
    """

    counts: Counter[State]
    page: ListPage
    stored_on: datetime


def has_many(site: Site) -> bool:
    """Return whether there are so many repositories that the stored states count."""
    return int(site.db(live(site.db.sync_repository)).count()) > FEW


def last_success(status: RepositoryStatus) -> datetime | None:
    """Return when the exchange with a repository last worked: our last complete run, or its last contact."""
    facts = status.facts
    return facts.last_success if facts.is_active else facts.last_contact


def summary(
    site: Site, only: Any, chosen: State | None, order: SortOrder, variables: Any, length: int
) -> Summary:
    """Return a page of repositories.

    Args:
        site: this site.
        only: pydal query for the repositories, None for all.
        chosen: their state, None for any.
        order: one of ORDERS.
        variables: URL variables: page.
        length: number of repositories a page.
    """
    db, table = site.db, site.db.sync_summary
    stored_on = ensure(site)
    query = (table.repository_id == db.sync_repository.id) & live(db.sync_repository)
    if only is not None:
        query &= only
    counts = _counts(db, query)
    if chosen is not None:
        query &= table.state == chosen.value
    total = sum(counts.values()) if chosen is None else counts[chosen]
    page = ListPage.asked(variables, total, length)
    column = table[ORDERS[order.column]]
    rows = db(query).select(
        table.repository_id,
        orderby=(~column if order.descending else column) | table.sort_name | table.repository_id,
        limitby=page.bounds(length),
    )
    keys = [row.repository_id for row in rows]
    known = {each.id: each for each in statuses(site, db.sync_repository.id.belongs(keys))} if keys else {}
    return Summary(counts, page._replace(rows=[known[key] for key in keys if key in known]), stored_on)


def counts(site: Site) -> Counter[State]:
    """Return how many repositories are in each state."""
    if not has_many(site):
        return Counter(each.state.condition for each in statuses(site, looked_at=1))
    ensure(site)
    db, table = site.db, site.db.sync_summary
    return _counts(db, (table.repository_id == db.sync_repository.id) & live(db.sync_repository))


def _counts(db: Any, query: Any) -> Counter[State]:
    table, number = db.sync_summary, db.sync_summary.id.count()
    rows = db(query).select(table.state, number, groupby=table.state)
    known = {each.value: each for each in State}
    return Counter(
        {known[row.sync_summary.state]: int(row[number]) for row in rows if row.sync_summary.state in known}
    )


def ensure(site: Site) -> datetime:
    """Store the states unless that was done lately; return when it was.

    Raises:
        StoreBusy: others write, and none were ever stored.
    """
    table = site.db.sync_summary
    row = site.db(table.repository_id == _STORED).select(table.noted_on).first()
    now = site.clock.now()
    is_fresh = row is not None and timedelta(0) <= now - row.noted_on < LASTS
    if is_fresh and site.db(live(site.db.sync_repository)).count() == site.db(table).count() - 1:
        found: datetime = row.noted_on
        return found
    try:
        with site.store.patience(PATIENCE):
            return renew(site)
    except StoreBusy:
        # Where a database has one writer, an import may be it: what was stored last is shown with its date.
        if row is None:
            raise
        last: datetime = row.noted_on
        return last


def renew(site: Site) -> datetime:
    """Derive the states of all repositories and store those that changed; return the time."""
    now, db, table = site.clock.now(), site.db, site.db.sync_summary
    columns = ("state", "urgency", "sort_name", "succeeded_on", "next_on")
    known: dict[int, Any] = {}
    for row in db(table.repository_id != _STORED).select(
        table.repository_id, *[table[name] for name in columns]
    ):
        # Two processes may have stored one at the same time: it is written anew, and would be counted twice.
        is_twice = row.repository_id in known
        known[row.repository_id] = None if is_twice else tuple(row[name] for name in columns)
    found = {each.id: _row(each) for each in statuses(site, looked_at=1)}
    changed = {key: row for key, row in found.items() if known.get(key) != row}
    with site.store.aside():
        for keys in _some([key for key in known if key not in found or key in changed]):
            db(table.repository_id.belongs(keys)).delete()
        db(table.repository_id == _STORED).delete()
        rows = [
            {"repository_id": key, **dict(zip(columns, row)), "noted_on": now} for key, row in changed.items()
        ]
        table.bulk_insert([*rows, {"repository_id": _STORED, "noted_on": now}])
    return now


def _row(status: RepositoryStatus) -> tuple[Any, ...]:
    condition, facts = status.state.condition, status.facts
    return (
        condition.value,
        _URGENCY[condition],
        str(status.name).casefold()[:64],
        last_success(status) or NEVER,
        facts.next_run or LATEST,
    )


def _some(keys: Sequence[int]) -> list[Sequence[int]]:
    return [keys[start : start + _AT_ONCE] for start in range(0, len(keys), _AT_ONCE)]
