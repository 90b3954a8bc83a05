"""What comparing everything again will take, from what past runs took."""

from __future__ import annotations

from typing import Any, NamedTuple

#: So many of the last runs that moved something make the average.
RUNS = 20
#: They are looked for among so many.
LOOKED_AT = 200
_RECEIVED = ("created", "updated", "unchanged", "deleted", "merged", "skipped", "conflicts", "rejected")


class PastRuns(NamedTuple):
    """What past runs with a repository moved.

    Attributes:
        records: both ways.
        octets: bytes on the line, both ways.
        seconds: how long they took.
    """

    records: int
    octets: int
    seconds: float


class Cost(NamedTuple):
    """An estimate.

    Attributes:
        records: how many are compared, None where the other site did not say.
        octets: bytes on the line, None where it cannot be told.
        seconds: None where it cannot be told.
    """

    records: int | None
    octets: int | None
    seconds: float | None


def estimate(past: PastRuns, here: int | None, there: int | None) -> Cost:
    """Return what comparing records will take.

    Args:
        past: what runs took until now.
        here: records that this site sends, None where it sends none.
        there: records that the other site sends, 0 for none, None where it is not known.
    """
    if there is None:
        return Cost(None, None, None)
    records = (here or 0) + there
    if not past.records:
        return Cost(records, None, None)
    return Cost(records, round(records * past.octets / past.records), records * past.seconds / past.records)


def past_runs(db: Any, repository_id: int) -> PastRuns:
    """Return what the last completed runs with a repository moved."""
    table = db.sync_run
    counts = [table[name] for name in (*_RECEIVED, "sent")]
    rows = db((table.repository_id == repository_id) & (table.state == "completed")).select(
        table.started_on,
        table.finished_on,
        table.bytes_received,
        table.bytes_sent,
        *counts,
        orderby=~table.id,
        limitby=(0, LOOKED_AT),
    )
    moved: list[PastRuns] = []
    for row in rows:
        records = sum(row[count] or 0 for count in counts)
        if records and row.finished_on is not None and len(moved) < RUNS:
            seconds = (row.finished_on - row.started_on).total_seconds()
            moved.append(PastRuns(records, (row.bytes_received or 0) + (row.bytes_sent or 0), seconds))
    return PastRuns(
        sum(each.records for each in moved),
        sum(each.octets for each in moved),
        sum(each.seconds for each in moved),
    )
