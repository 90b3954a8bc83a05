"""Estimates what comparing everything again will take, from past runs."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....core.task import RunState
from ....database.runs import COUNTED

#: Number of the last runs with records for the average.
RUNS = 20
#: Number of the last runs to search for them.
LOOKED_AT = 200


class PastRuns(NamedTuple):
    """The totals of past runs with a repository.

    Attributes:
        records: number of records in both directions.
        octets: bytes on the line in both directions.
        seconds: their duration in seconds.
    """

    records: int
    octets: int
    seconds: float


class Cost(NamedTuple):
    """An estimate.

    Attributes:
        records: number of records to compare, None if the other site did not say.
        octets: bytes on the line, None if unknown.
        seconds: duration in seconds, None if unknown.
    """

    records: int | None
    octets: int | None
    seconds: float | None


def estimate(past: PastRuns, here: int | None, there: int | None) -> Cost:
    """Return what comparing records will take.

    Args:
        past: the totals of past runs.
        here: number of records that this site sends, None if it sends none.
        there: number of records that the other site sends, 0 for none, None if unknown.
    """
    if there is None:
        return Cost(None, None, None)
    records = (here or 0) + there
    if not past.records:
        return Cost(records, None, None)
    return Cost(records, round(records * past.octets / past.records), records * past.seconds / past.records)


def past_runs(db: Any, repository_id: int) -> PastRuns:
    """Return the totals of the last completed runs with a repository."""
    table = db.sync_run
    counts = [table[name] for name in (*COUNTED, "sent")]
    rows = db((table.repository_id == repository_id) & (table.state == RunState.COMPLETED)).select(
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
