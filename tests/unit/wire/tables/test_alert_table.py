"""A file of public alerts is a table: a row an incident, as the last alert about it says."""

from __future__ import annotations

import io
import json
from datetime import datetime

import pytest

from s3sync.wire.alerts.incident import uuid_of
from s3sync.wire.tables import alert_table as alert_table
from s3sync.wire.tables.cells import TableError
from tests.support.alerts import SENDER, SQUARE_AREA, alert, info, reference

ROOT = f"{SENDER},A1,2026-03-01T13:00:00"
NOW = datetime(2026, 11, 30)
LATER = "2026-03-01T10:00:00-05:00"


def rows(*alerts: str, language: str = "") -> list[dict[str, str]]:
    document = alerts[0] if len(alerts) == 1 else f"<feed>{''.join(alerts)}</feed>"
    headings, *found = alert_table.read(io.BytesIO(document.encode()), NOW, language)
    return [dict(zip(headings, row)) for row in found]


def test_an_alert_is_a_row_with_the_columns_of_an_incident() -> None:
    (found,) = rows(alert("A1", info(area=SQUARE_AREA, expires="2026-03-02T00:00:00Z")))
    assert found["uuid"] == uuid_of(ROOT) and json.loads(found["geometry"])["type"] == "Polygon"
    assert (found["name"], found["location_id"], found["severity"]) == ("Flood at the river", "Leogane", "8")
    assert (found["date"], found["end_date"]) == ("2026-03-01 13:00:00", "2026-03-02 00:00:00")
    assert found["event (CAP)"] == "Flood" and "The river rises." in found["comments"]


def test_an_alert_and_its_update_are_one_row_and_the_place_stays() -> None:
    update = alert("A2", info("Worse"), sent=LATER, refers=reference(), msgType="Update")
    (found,) = rows(update, alert("A1", info(area=SQUARE_AREA)))
    assert (found["name"], found["uuid"], found["location_id"]) == ("Worse", uuid_of(ROOT), "Leogane")


def test_a_cancellation_alone_ends_what_is_here_and_says_nothing_else() -> None:
    (found,) = rows(alert("A2", sent=LATER, refers=reference(), msgType="Cancel"))
    told = {name: text for name, text in found.items() if text}
    assert told == {"uuid": uuid_of(ROOT), "end_date": "2026-03-01 15:00:00", "closed": "true"}


def test_the_language_of_the_reader_is_taken() -> None:
    both = alert("A1", info("Flood"), info("Inondation", "fr"))
    assert [rows(both, language=each)[0]["name"] for each in ("fr", "")] == ["Inondation", "Flood"]


def test_what_is_passed_over_is_a_row_that_says_so() -> None:
    found = rows(alert("T1", info(), status="Test"), alert("A1", info()))
    assert [row["name"] for row in found] == ["", "Flood at the river"] and "its status is Test" in found[0][
        "comments"
    ]
    with pytest.raises(TableError, match=r"its status is Test$"):
        rows(alert("T1", info(), status="Test"))


@pytest.mark.parametrize("bad", ["", "<x/>", "<alert/>", "<!DOCTYPE x><x/>", "no xml"])
def test_what_is_no_alert_is_refused(bad: str) -> None:
    with pytest.raises(TableError):
        rows(bad)


def test_only_a_table_of_incidents_takes_alerts() -> None:
    assert alert_table.is_one(b"\xef\xbb\xbf <?xml", "event_incident")
    assert not alert_table.is_one(b"<?xml", "org_office") and not alert_table.is_one(
        b"Name", "event_incident"
    )
