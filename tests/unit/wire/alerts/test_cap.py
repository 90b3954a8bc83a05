"""Alerts are read from XML of whoever: what is none is refused with the reason, and nothing is loaded or expanded."""

from __future__ import annotations

from datetime import datetime

import pytest

from s3sync.wire.alerts import cap as cap
from s3sync.wire.alerts.cap import AlertError, read, read_all
from tests.support.alerts import CAP, SENDER, SENT, SQUARE, SQUARE_AREA, alert, area, info, reference


def test_an_alert_is_read_with_all_its_blocks() -> None:
    found = read(
        alert(
            "A2",
            info(area=SQUARE_AREA, expires="2026-03-02T00:00:00Z"),
            info("Inondation", "fr-FR"),
            refers=f"{reference('A1')} {reference('A,0')}",
            msgType="Update",
        ).encode()
    )
    assert (found.identifier, found.sender, found.status, found.kind) == ("A2", SENDER, "Actual", "Update")
    assert found.sent == datetime(2026, 3, 1, 13) and found.key == f"{SENDER},A2,2026-03-01T13:00:00"
    assert found.references == (f"{SENDER},A1,2026-03-01T13:00:00", f"{SENDER},A,0,2026-03-01T13:00:00")
    english, french = found.infos
    assert english.categories == ("Met",) and english.time("expires") == datetime(2026, 3, 2)
    assert english.areas[0].description == "Leogane" and english.areas[0].polygons == (SQUARE,)
    assert french.texts["headline"] == "Inondation" and french.time("onset") is None and french.areas == ()


def test_the_time_of_an_alert_is_the_same_in_every_zone() -> None:
    one, other = alert(sent="2026-03-01T08:00:00-05:00"), alert(sent="2026-03-01T13:00:00Z")
    assert read(one.encode()).key == read(other.encode()).key


def test_alerts_within_another_document_are_found() -> None:
    assert [each.identifier for each in read_all(f"<x>{alert('A')}<y>{alert('B')}</y></x>".encode())] == [
        "A",
        "B",
    ]
    assert read_all(alert().replace("cap:1.2", "cap:1.1").encode())[0].identifier == "A1"
    with pytest.raises(AlertError, match="there is no alert"):
        read_all(b"<x/>")


DTD = '<!DOCTYPE alert [<!ENTITY a "aaaa"><!ENTITY b SYSTEM "file:///etc/passwd">]>'


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ("", "no XML"),
        ("hello", "no XML"),
        ("<alert/>", "it is no alert"),
        (f'<alert xmlns="{CAP}"/>', "identifier is none"),
        (alert("has blanks in it"), "identifier is none"),
        (alert("x" * 301), "identifier is none"),
        (alert(sent="yesterday"), "sent is no time"),
        (alert(sent="0001-01-01T00:00:00+14:00"), "sent is no time"),
        (alert(refers="a,b,c"), "references is no time"),
        (alert("A", *[info()] * (cap.MOST_INFOS + 1)), "more than 50 blocks"),
        (alert("A", info(area=area("x") * (cap.MOST_AREAS + 1))), "more than 500 areas"),
        (alert("A", info(area=area("x", "<circle/>" * (cap.MOST_SHAPES + 1)))), "more than 500 times circle"),
        (DTD + alert(), "DTD"),
        (DTD + alert(note="&b;").replace("&amp;b;", "&b;"), "DTD"),
        ("<a>" * 5000, "no XML"),
        (alert(note="x" * cap.MOST_BYTES), "more than 4 MB"),
    ],
    ids=lambda each: str(each)[:40],
)
def test_what_is_no_alert_is_refused_with_the_reason(document: str, reason: str) -> None:
    with pytest.raises(AlertError, match=reason):
        read(document.encode())
    assert SENT


def test_a_text_that_is_too_long_is_cut() -> None:
    found = read(alert("A", info(description="x" * (cap.LONGEST + 5))).encode())
    assert len(found.infos[0].texts["description"]) == cap.LONGEST
