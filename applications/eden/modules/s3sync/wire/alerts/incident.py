"""Alerts as incidents: one alert with all its updates is one incident; a cancelled one ends, and is never deleted."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID, uuid5

from ..geo import wkt as wkt
from ..geo.geometry import Geometry, GeometryError, checked, middle, number_of, point
from ..xml_text import escape_attr, escape_text
from .cap import CANCEL, Alert, AlertError, Area, Info

TABLE, TYPE, LOCATION = "event_incident", "event_incident_type", "gis_location"
#: Names of incidents and types are this long here and in an Eden; those of locations twice.
LONGEST_NAME, LONGEST_PLACE, LONGEST_TEXT = 64, 128, 16_000
#: CAP 3.2.2 -> the scale of an incident, 0 to 10.
SEVERITIES = {"Extreme": 10, "Severe": 8, "Moderate": 5, "Minor": 2}
#: Corners of the polygon that stands for a circle among several shapes; kilometres of a degree of latitude.
CORNERS, DEGREE = 32, 111.195
LARGEST_CIRCLE = 5000.0
_SPACE = UUID("5d4bd11e-8a05-5a62-9c6a-2f5b8f0f2a57")


class Place(NamedTuple):
    """Where an alert holds.

    Attributes:
        name: in words.
        geometry: its shape.
        radius: of a circle, in metres; None for another shape.
    """

    name: str
    geometry: Geometry
    radius: float | None = None

    @property
    def uuid(self) -> str:
        """The same for the same area, whichever alert is about it."""
        told = f"{self.name}\n{wkt.written(self.geometry)}\n{self.radius}"
        return f"urn:uuid:{uuid5(_SPACE, hashlib.sha256(told.encode()).hexdigest())}"

    @property
    def called(self) -> str:
        """Its name with its position: equal names would be taken for the same place."""
        lon, lat = middle(self.geometry)
        where = f" ({lat:.5f}, {lon:.5f})"
        return f"{self.name[: LONGEST_PLACE - len(where)]}{where}"


class Incident(NamedTuple):
    """What an alert says of an incident.

    Attributes:
        name, event, comments: texts.
        date, end_date: when it begins and ends (UTC).
        closed: whether it is over.
        severity: 0 to 10, None if not known.
        place: where, None if that is not told.
    """

    name: str
    event: str
    comments: str
    date: datetime
    end_date: datetime | None
    closed: bool
    severity: int | None
    place: Place | None


def uuid_of(root: str) -> str:
    """Return the identifier of the incident of an alert.

    Args:
        root: key of the first alert of those that update each other.
    """
    return f"urn:uuid:{uuid5(_SPACE, root)}"


def chosen(infos: Sequence[Info], language: str) -> Info | None:
    """Return the block of a language, the first one if there is none; None if there are no blocks.

    Args:
        infos: the blocks.
        language: its code: "en", or "en-US", which is preferred to "en-GB".
    """
    wanted = language.strip().lower()
    if wanted:
        for exact in (True, False):
            for each in infos:
                # CAP: without one it is en-US.
                told = each.texts.get("language", "en-US").lower()
                if told == wanted if exact else told.partition("-")[0] == wanted.partition("-")[0]:
                    return each
    return infos[0] if infos else None


def incident(alert: Alert, language: str, now: datetime) -> Incident:
    """Return what an alert says.

    Args:
        alert: with at least one block.
        language: see ``chosen``.
        now: time (UTC): what has expired is over.

    Raises:
        AlertError: a time of it is none.
    """
    info = chosen(alert.infos, language)
    if info is None:
        raise AlertError("it says nothing: it has no block of information")
    texts = info.texts
    expires = info.time("expires")
    begin = info.time("onset") or info.time("effective") or alert.sent
    is_over = alert.kind == CANCEL or (expires is not None and expires <= now)
    end = alert.sent if alert.kind == CANCEL else expires
    return Incident(
        _short(texts.get("headline") or texts.get("event") or alert.identifier, LONGEST_NAME),
        _short(texts.get("event", ""), LONGEST_NAME),
        _comments(alert, info),
        # An alert may be cancelled before it begins.
        min(begin, end) if end is not None else begin,
        end,
        is_over,
        SEVERITIES.get(texts.get("severity", "")),
        place([area for each in alert.infos if _is_like(each, info) for area in each.areas]),
    )


def _is_like(one: Info, other: Info) -> bool:
    """Return whether two blocks are of one language: those of others are about the same areas."""
    return one.texts.get("language") == other.texts.get("language")


def _short(text: str, longest: int) -> str:
    plain = " ".join(text.split())
    return plain if len(plain) <= longest else f"{plain[: longest - 1].rstrip()}…"


def _comments(alert: Alert, info: Info) -> str:
    texts = info.texts
    areas = [each for each in dict.fromkeys(area.description for area in info.areas) if each]
    codes = [code for area in info.areas for code in area.codes if code]
    lines = {
        "Headline": texts.get("headline", "") if len(texts.get("headline", "")) > LONGEST_NAME else "",
        "Event": texts.get("event", ""),
        "Category": ", ".join(info.categories),
        "Urgency": texts.get("urgency", ""),
        "Severity": texts.get("severity", ""),
        "Certainty": texts.get("certainty", ""),
        "Response": ", ".join(info.responses),
        "Audience": texts.get("audience", ""),
        "Area": "; ".join(areas),
        "Codes": ", ".join(codes),
        "Sender": texts.get("senderName", ""),
        "Contact": texts.get("contact", ""),
        "Web": texts.get("web", ""),
        "Note": alert.note,
        "CAP": f"{alert.sender}, {alert.identifier}, {alert.sent.isoformat()}Z, {alert.kind}",
    }
    told = [texts.get("description", ""), texts.get("instruction", "")]
    told.append("\n".join(f"{name}: {text}" for name, text in lines.items() if text))
    return "\n\n".join(each for each in told if each)[:LONGEST_TEXT]


# --- where -------------------------------------------------------------------------------------------------------


def place(areas: Sequence[Area]) -> Place | None:
    """Return where areas are as one place, None if none has a shape; a shape that is none is left out."""
    round_ones = [_circle(text) for area in areas for text in area.circles]
    circles = [each for each in round_ones if each is not None]
    others = [_ring(text) for area in areas for text in area.polygons]
    polygons = [each for each in others if each is not None]
    name = _short("; ".join(dict.fromkeys(each.description for each in areas if each.description)), 100)
    if len(circles) == 1 and not polygons:
        lon, lat, radius = circles[0]
        return Place(name or "Area", point(lon, lat), radius * 1000)
    rings = polygons + [_around(*each) for each in circles]
    if not rings:
        return None
    coordinates = [[each] for each in rings]
    kind = {"type": "Polygon", "coordinates": coordinates[0]}
    try:
        shape = checked(kind if len(rings) == 1 else {"type": "MultiPolygon", "coordinates": coordinates})
    except GeometryError:
        return None
    return Place(name or "Area", shape)


def _ring(text: str) -> list[list[float]] | None:
    """Return the ring of a polygon of CAP (latitude first), None for what is none."""
    try:
        pairs = [each.split(",") for each in text.split()]
        ring = [[float(lon), float(lat)] for lat, lon in pairs]
        if ring and ring[0] != ring[-1]:
            ring.append(ring[0])
        checked({"type": "Polygon", "coordinates": [ring]})
    except ValueError:
        return None
    return ring


def _circle(text: str) -> tuple[float, float, float] | None:
    """Return longitude, latitude and kilometres, None for what is no circle. A radius of 0 is a point."""
    try:
        position, _, radius = text.strip().partition(" ")
        lat, lon = map(float, position.split(","))
        checked(point(lon, lat))
        size = float(radius or 0)
    except ValueError:
        return None
    return (lon, lat, size) if 0 <= size <= LARGEST_CIRCLE else None


def _around(lon: float, lat: float, radius: float) -> list[list[float]]:
    high = max(radius, 0.1) / DEGREE
    # At a pole a circle has every longitude.
    wide = min(high / max(math.cos(math.radians(lat)), 0.01), 180.0)
    corners = [
        [
            max(-180.0, min(180.0, lon + wide * math.cos(2 * math.pi * each / CORNERS))),
            max(-90.0, min(90.0, lat + high * math.sin(2 * math.pi * each / CORNERS))),
        ]
        for each in range(CORNERS)
    ]
    return [*corners, corners[0]]


# --- as S3XML -----------------------------------------------------------------------------------------------------


def as_s3xml(found: Incident, root: str, sent: datetime, place_uuid: str | None = None) -> str:
    """Return an incident as a record of S3XML.

    Args:
        found: what the alert says.
        root: see ``uuid_of``.
        sent: time of the alert (UTC), which is that of the version.
        place_uuid: of a location that is here, for an alert that tells none.
    """
    stamp = sent.isoformat()
    data = {
        "name": found.name,
        "date": f"{found.date.isoformat()}Z",
        "end_date": f"{found.end_date.isoformat()}Z" if found.end_date else "",
        "closed": "true" if found.closed else "false",
        "severity": "" if found.severity is None else str(found.severity),
        "comments": found.comments,
    }
    parts = [_data(name, text) for name, text in data.items()]
    if found.event:
        kind = f'<resource name="{TYPE}">{_data("name", found.event)}</resource>'
        parts.append(f'<reference field="incident_type_id" resource="{TYPE}">{kind}</reference>')
    if found.place is not None:
        parts += _location(found.place)
    elif place_uuid:
        uuid = escape_attr(place_uuid)
        parts.append(f'<reference field="location_id" resource="{LOCATION}" uuid="{uuid}"/>')
    head = f'<resource name="{TABLE}" uuid="{uuid_of(root)}" created_on="{stamp}" modified_on="{stamp}">'
    return f"{head}{''.join(parts)}</resource>"


def _location(where: Place) -> Iterator[str]:
    lon, lat = middle(where.geometry)
    is_point = where.geometry["type"] == "Point"
    data = {
        "name": where.called,
        "lat": wkt.number(lat),
        "lon": wkt.number(lon),
        "radius": "" if where.radius is None else wkt.number(where.radius),
        "gis_feature_type": str(number_of(where.geometry)),
        "wkt": "" if is_point else wkt.written(where.geometry),
    }
    inside = "".join(_data(name, text) for name, text in data.items() if text)
    yield (
        f'<reference field="location_id" resource="{LOCATION}" uuid="{escape_attr(where.uuid)}">'
        f'<resource name="{LOCATION}" uuid="{escape_attr(where.uuid)}">{inside}</resource></reference>'
    )


def _data(name: str, text: str) -> str:
    return (
        f'<data field="{name}">{escape_text(text)}</data>' if text else f'<data field="{name}" value="null"/>'
    )
