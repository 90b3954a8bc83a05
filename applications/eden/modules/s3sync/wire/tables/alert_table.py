"""Files of public alerts (CAP) as tables: a row an incident, as the last of several alerts about it says.

What is passed over is a row without a name, which is refused, with the reason among its cells.
"""

from __future__ import annotations

import json
from collections.abc import Generator
from datetime import datetime
from typing import BinaryIO

from ..alerts.cap import ACTUAL, CANCEL, MOST_BYTES, Alert, AlertError, read_all
from ..alerts.incident import TABLE, uuid_of
from ..alerts.known import Known, Version, beginning
from .cells import LONGEST_CELL, TableError
from .feature_table import GEOMETRY, IDENTIFIER

COLUMNS = (
    *(IDENTIFIER, GEOMETRY, "location_id", "name", "date", "end_date", "closed", "severity", "comments"),
    # No field has this name: a type of incidents has to be there before a row can name it.
    "event (CAP)",
)
_TIME = "%Y-%m-%d %H:%M:%S"


def is_one(first: bytes, table: str) -> bool:
    """Return whether a file that begins so may be of alerts: they are incidents, and nothing else."""
    return table == TABLE and first.lstrip(b" \t\r\n\xef\xbb\xbf")[:1] == b"<"


def read(source: BinaryIO, now: datetime, language: str = "") -> Generator[list[str], None, None]:
    """Return the rows of a file, headings first.

    Args:
        source: the file, at its beginning.
        now: the time (UTC); what is later cannot have been sent.
        language: of the alerts that have several; else the first one.

    Raises:
        TableError: it is no file of alerts, or none of them is meant.
    """
    try:
        alerts = read_all(source.read(MOST_BYTES + 1))
    except AlertError as error:
        raise TableError(str(error)) from error
    rows = _rows(alerts, language, now)
    if not any(row.get("name") or row.get("closed") for row in rows):
        raise TableError("; ".join(row["comments"].rstrip(".") for row in rows[:5]))
    yield list(COLUMNS)
    yield from ([row.get(name, "")[:LONGEST_CELL] for name in COLUMNS] for row in rows)


def _rows(alerts: list[Alert], language: str, now: datetime) -> list[dict[str, str]]:
    known = Known()
    rows: dict[str, dict[str, str]] = {}
    for alert in sorted(alerts, key=lambda each: each.sent):
        told = known.tell(alert, language, now)
        for version in told.versions:
            rows[version.root] = {**rows.get(version.root, {}), **_row(version)}
        if told.passed_over is not None and alert.kind == CANCEL and alert.status == ACTUAL:
            # What it cancels may be here: the row changes what it tells, and leaves the rest.
            rows[beginning(alert)] = _ending(alert)
        elif told.passed_over is not None:
            rows[alert.key] = {"comments": str(told.passed_over)}
    return list(rows.values())


def _row(version: Version) -> dict[str, str]:
    said = version.said
    found = {
        IDENTIFIER: uuid_of(version.root),
        "name": said.name,
        "date": _time(said.date),
        "end_date": _time(said.end_date),
        "closed": "true" if said.closed else "false",
        "severity": "" if said.severity is None else str(said.severity),
        "comments": said.comments,
        "event (CAP)": said.event,
    }
    if said.place is not None:
        found.update({GEOMETRY: json.dumps(said.place.geometry), "location_id": said.place.name})
    return found


def _ending(alert: Alert) -> dict[str, str]:
    return {IDENTIFIER: uuid_of(beginning(alert)), "end_date": _time(alert.sent), "closed": "true"}


def _time(moment: datetime | None) -> str:
    return "" if moment is None else moment.strftime(_TIME)
