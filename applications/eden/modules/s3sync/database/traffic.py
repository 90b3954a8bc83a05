"""The numbers of records exchanged per day and repository, for the chart of the overview.

They include the runs of this site, and what other sites pull and push.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any, NamedTuple

#: The outcomes that change a record here.
CHANGES = ("created", "updated", "deleted", "merged")


class Day(NamedTuple):
    """The records of a day (UTC)."""

    day: date
    received: int
    sent: int


def changes(counts: Mapping[str, int]) -> int:
    """Return the number of records changed here, from the counts by outcome."""
    return sum(counts.get(name) or 0 for name in CHANGES)


def note(db: Any, today: date, repository_id: int, *, received: int = 0, sent: int = 0) -> None:
    """Count records for today (UTC), within the current transaction.

    Two processes that write the first count of a day at the same time leave two rows; readers add them up.
    """
    if not received and not sent:
        return
    table = db.sync_traffic
    row = db((table.day == today) & (table.repository_id == repository_id))
    if not row.update(received=table.received + received, sent=table.sent + sent):
        table.insert(day=today, repository_id=repository_id, received=received, sent=sent)


def days(db: Any, until: date, count: int, repository_id: int | None = None) -> list[Day]:
    """Return the last days, also those without records.

    Args:
        db: the DAL.
        until: the last day.
        count: number of days.
        repository_id: the repository, None for all.
    """
    table = db.sync_traffic
    first = until - timedelta(days=count - 1)
    query = (table.day >= first) & (table.day <= until)
    if repository_id is not None:
        query &= table.repository_id == repository_id
    received, sent = table.received.sum(), table.sent.sum()
    found = {
        row[table.day]: Day(row[table.day], int(row[received] or 0), int(row[sent] or 0))
        for row in db(query).select(table.day, received, sent, groupby=table.day)
    }
    every = [first + timedelta(days=number) for number in range(count)]
    return [found.get(day) or Day(day, 0, 0) for day in every]


def purge(db: Any, before: date) -> None:
    """Remove the counts of days before this day, within the current transaction."""
    db(db.sync_traffic.day < before).delete()
