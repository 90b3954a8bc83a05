"""Geometries of GeoJSON (RFC 7946, 3.1), in WGS 84: checked before anything else looks at them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

#: Positions of one geometry.
MOST_POSITIONS = 100_000
#: Geometries of a collection; a collection in a collection is none of RFC 7946's good ones.
MOST_PARTS = 1000
#: Type of geometry -> how deep its positions lie in lists, and the number that an Eden has for it.
KINDS: dict[str, tuple[int, int]] = {
    "Point": (0, 1),
    "LineString": (1, 2),
    "Polygon": (2, 3),
    "MultiPoint": (1, 4),
    "MultiLineString": (2, 5),
    "MultiPolygon": (3, 6),
}
COLLECTION, COLLECTION_NUMBER = "GeometryCollection", 7

Geometry = dict[str, Any]
Position = tuple[float, float]


class GeometryError(ValueError):
    """It is no geometry that can be taken; the text says why, for a person."""


def checked(value: Any) -> Geometry:
    """Return a geometry with nothing else in it than type and positions of longitude and latitude.

    A third number of a position is left out.

    Args:
        value: what JSON has.

    Raises:
        GeometryError: it is none, or beyond the limits.
    """
    if not isinstance(value, dict):
        raise GeometryError("the geometry is no object")
    kind = value.get("type")
    if kind == COLLECTION:
        parts = value.get("geometries")
        if not isinstance(parts, list) or not 0 < len(parts) <= MOST_PARTS:
            raise GeometryError(f"a collection has to have 1 to {MOST_PARTS} geometries")
        if any(isinstance(each, dict) and each.get("type") == COLLECTION for each in parts):
            raise GeometryError("a collection is in a collection")
        found: Geometry = {"type": COLLECTION, "geometries": [checked(each) for each in parts]}
    elif isinstance(kind, str) and kind in KINDS:
        found = {"type": kind, "coordinates": _nested(value.get("coordinates"), KINDS[kind][0])}
        _check_shape(kind, found["coordinates"])
    else:
        raise GeometryError(f"{str(kind)[:40]!r} is no type of geometry")
    if sum(1 for _ in positions(found)) > MOST_POSITIONS:
        raise GeometryError(f"the geometry has more than {MOST_POSITIONS} positions")
    return found


def _nested(value: Any, depth: int) -> Any:
    if depth == 0:
        return list(_position(value))
    if not isinstance(value, list) or not value:
        raise GeometryError("the geometry has no positions")
    if len(value) > MOST_POSITIONS:
        raise GeometryError(f"the geometry has more than {MOST_POSITIONS} positions")
    return [_nested(each, depth - 1) for each in value]


def _position(value: Any) -> Position:
    if not isinstance(value, list) or len(value) < 2:
        raise GeometryError("a position has to have a longitude and a latitude")
    lon, lat = value[0], value[1]
    if any(isinstance(each, bool) or not isinstance(each, (int, float)) for each in (lon, lat)):
        raise GeometryError("a position has to be of numbers")
    # A number of a thousand digits is none that a float holds.
    if not (-180 <= lon <= 180 and -90 <= lat <= 90) or not (math.isfinite(lon) and math.isfinite(lat)):
        raise GeometryError(
            "a position is none on earth: first the longitude, from -180 to 180, then the latitude, from -90 to 90"
        )
    return float(lon), float(lat)


def _check_shape(kind: str, coordinates: Any) -> None:
    rings: list[Any] = []
    lines: list[Any] = []
    if kind.endswith("Polygon"):
        rings = coordinates if kind == "Polygon" else [ring for one in coordinates for ring in one]
    elif kind.endswith("LineString"):
        lines = [coordinates] if kind == "LineString" else coordinates
    if any(len(ring) < 4 or ring[0] != ring[-1] for ring in rings):
        raise GeometryError("the ring of a polygon has to end where it begins, with at least four positions")
    if any(len(line) < 2 for line in lines):
        raise GeometryError("a line has to have at least two positions")


def point(lon: float, lat: float) -> Geometry:
    """Return a point.

    Args:
        lon, lat: degrees, in WGS 84.
    """
    return {"type": "Point", "coordinates": [lon, lat]}


def positions(geometry: Geometry) -> Iterator[Position]:
    """Return all positions of a checked geometry."""
    if geometry["type"] == COLLECTION:
        for part in geometry["geometries"]:
            yield from positions(part)
    else:
        yield from _flat(geometry["coordinates"], KINDS[geometry["type"]][0])


def _flat(value: Any, depth: int) -> Iterator[Position]:
    if depth == 0:
        yield value[0], value[1]
        return
    for each in value:
        yield from _flat(each, depth - 1)


def middle(geometry: Geometry) -> Position:
    """Return longitude and latitude of the middle of the box around a checked geometry, in degrees."""
    lons, lats = zip(*positions(geometry))
    return (min(lons) + max(lons)) / 2, (min(lats) + max(lats)) / 2


def number_of(geometry: Geometry) -> int:
    """Return the number that an Eden has for the type of a geometry (``gis_feature_type``)."""
    return KINDS[geometry["type"]][1] if geometry["type"] in KINDS else COLLECTION_NUMBER
