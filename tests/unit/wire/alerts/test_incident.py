"""An alert says what an incident is: name, times, severity, and where."""

from __future__ import annotations

from datetime import datetime

import pytest

from s3sync.wire.alerts.cap import AlertError, Area, read
from s3sync.wire.alerts.incident import Incident, chosen, incident, place
from tests.support.alerts import SQUARE, SQUARE_AREA, alert, area, info

NOW = datetime(2026, 3, 1, 14)


def told(*infos: str, language: str = "", **texts: str) -> Incident:
    return incident(read(alert("A1", *infos, **texts).encode()), language, NOW)


def test_what_an_alert_says_becomes_an_incident() -> None:
    found = told(
        info(
            area=SQUARE_AREA,
            onset="2026-03-01T15:00:00Z",
            effective="2026-03-01T13:30:00Z",
            expires="2026-03-02T00:00:00Z",
            instruction="Go up the hill.",
            senderName="The weather service",
        )
    )
    assert (found.name, found.event, found.severity) == ("Flood at the river", "Flood", 8)
    assert (
        found.date == datetime(2026, 3, 1, 15) and found.end_date == datetime(2026, 3, 2) and not found.closed
    )
    assert found.comments.startswith("The river rises.\n\nGo up the hill.\n\n")
    for line in (
        "Urgency: Immediate",
        "Certainty: Observed",
        "Category: Met",
        "Area: Leogane",
        "The weather service",
    ):
        assert line in found.comments
    assert found.place is not None and found.place.called == "Leogane (18.50000, -72.50000)"


def test_without_times_it_begins_when_it_was_sent_and_what_has_expired_is_over() -> None:
    assert told(info()).date == datetime(2026, 3, 1, 13) and told(info()).end_date is None
    assert told(info(expires="2026-03-01T13:59:00Z")).closed
    assert told(info(severity="Unknown")).severity is None


def test_an_alert_that_ends_before_it_begins_begins_when_it_ends() -> None:
    cancelled = told(info(onset="2026-03-05T00:00:00Z"), msgType="Cancel")
    assert cancelled.date == cancelled.end_date == datetime(2026, 3, 1, 13) and cancelled.closed


def test_the_block_of_the_language_is_taken_and_else_the_first() -> None:
    blocks = (info("Hi", "en-GB"), info("Salut", "fr-CA"), info("Bonjour", "fr"))
    names = {
        language: told(*blocks, language=language).name
        for language in ("fr", "fr-FR", "fr-CA", "en", "de", "")
    }
    assert names == {"fr": "Bonjour", "fr-FR": "Salut", "fr-CA": "Salut", "en": "Hi", "de": "Hi", "": "Hi"}
    assert chosen((), "en") is None
    with pytest.raises(AlertError, match="says nothing"):
        told()


def test_areas_of_several_blocks_of_a_language_are_one_place() -> None:
    other = area("Jacmel", "<polygon>10,10 11,10 11,11 10,10</polygon>")
    found = told(
        info(area=SQUARE_AREA),
        info(area=other),
        info("x", "fr", area=area("France", "<circle>1,2 3</circle>")),
    )
    assert found.place is not None and found.place.name == "Leogane; Jacmel"
    assert found.place.geometry["type"] == "MultiPolygon" and len(found.place.geometry["coordinates"]) == 2


def test_a_circle_is_a_point_with_a_radius_and_among_others_a_polygon() -> None:
    found = place([Area("x", circles=("18.5,-72.3 12.5",))])
    assert found is not None and found.geometry == {"type": "Point", "coordinates": [-72.3, 18.5]}
    assert found.radius == 12500
    several = place([Area("x", circles=("18.5,-72.3 12.5", "89.9,0 500", "0,180 100"))])
    assert several is not None and several.geometry["type"] == "MultiPolygon"


@pytest.mark.parametrize("circle", ["", "x", "1,2 -5", "1,2 x", "91,0 1", "nan,0 1", "0,0 1e9", "1 2 3"])
def test_a_shape_that_is_none_is_left_out(circle: str) -> None:
    assert place([Area("x", circles=(circle,))]) is None
    assert place([Area("x", polygons=(circle, "1,1 2,2", "1,1 2,2 95,3 1,1"))]) is None
    assert place([Area("x", polygons=(SQUARE,), circles=(circle,))]) is not None


def test_a_polygon_that_is_not_closed_is_closed() -> None:
    found = place([Area("x", polygons=(SQUARE.rpartition(" ")[0],))])
    assert found is not None and found.geometry["coordinates"][0][-1] == [-73.0, 18.0]


def test_the_same_area_is_the_same_place_and_another_one_is_not() -> None:
    one, same = place([Area("x", polygons=(SQUARE,))]), place([Area("x", polygons=(SQUARE,))])
    other = place([Area("x", polygons=(SQUARE.replace("19.0", "20.0"),))])
    assert one is not None and same is not None and other is not None
    assert one.uuid == same.uuid != other.uuid


def test_long_names_are_cut() -> None:
    found = told(info("x" * 500, area=area("y" * 500, f"<polygon>{SQUARE}</polygon>")))
    assert len(found.name) == 64 and f"Headline: {'x' * 500}" in found.comments
    assert found.place is not None and len(found.place.called) <= 128
