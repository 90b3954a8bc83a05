"""Geometries are checked before anything else looks at them, and go through WKT as they were."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.wire.geo import wkt as wkt
from s3sync.wire.geo.geometry import (
    MOST_POSITIONS,
    Geometry,
    GeometryError,
    checked,
    middle,
    number_of,
    point,
)

RING = [[0.0, 0.0], [2.0, 0.0], [2.0, 4.0], [0.0, 0.0]]
GOOD: list[Geometry] = [
    point(-72.335, 18.5392),
    {"type": "MultiPoint", "coordinates": [[1.0, 2.0], [3.0, 4.0]]},
    {"type": "LineString", "coordinates": [[1.0, 2.0], [3.0, 4.5]]},
    {"type": "MultiLineString", "coordinates": [[[1.0, 2.0], [3.0, 4.5]]]},
    {"type": "Polygon", "coordinates": [RING, RING]},
    {"type": "MultiPolygon", "coordinates": [[RING], [RING]]},
    {
        "type": "GeometryCollection",
        "geometries": [point(1.0, 2.0), {"type": "Polygon", "coordinates": [RING]}],
    },
]


@pytest.mark.parametrize("geometry", GOOD, ids=lambda each: str(each["type"]))
def test_a_geometry_is_taken_as_it_is_and_comes_back_from_wkt(geometry: Geometry) -> None:
    assert checked(geometry) == geometry
    assert wkt.read(wkt.written(geometry)) == geometry


def test_what_is_more_than_longitude_and_latitude_is_left_out() -> None:
    assert checked({"type": "Point", "coordinates": [1, 2, 300], "bbox": [1]}) == point(1.0, 2.0)
    assert wkt.read("POINT Z (1 2 300)") == wkt.read("SRID=4326;POINT(1 2)") == point(1.0, 2.0)


@pytest.mark.parametrize(
    "bad",
    [
        None,
        [],
        {},
        {"type": "Circle", "coordinates": [1, 2]},
        {"type": ["Point"], "coordinates": [1, 2]},
        {"type": "Point", "coordinates": []},
        {"type": "Point", "coordinates": [1]},
        {"type": "Point", "coordinates": ["1", "2"]},
        {"type": "Point", "coordinates": [True, 2]},
        {"type": "Point", "coordinates": [18.5, -172.3]},
        {"type": "Point", "coordinates": [10**400, 2]},
        {"type": "Point", "coordinates": [float("nan"), 2]},
        {"type": "LineString", "coordinates": [[1, 2]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1]]]},
        {"type": "Polygon", "coordinates": [[[0, 0], [1, 0], [1, 1], [2, 2]]]},
        {"type": "Polygon", "coordinates": [[[[0, 0]]]]},
        {"type": "MultiPoint", "coordinates": [[1, 2]] * (MOST_POSITIONS + 1)},
        {"type": "GeometryCollection", "geometries": []},
        {"type": "GeometryCollection", "geometries": [{"type": "GeometryCollection", "geometries": []}]},
    ],
    ids=lambda each: str(each)[:60],
)
def test_what_is_no_geometry_is_refused_with_a_reason(bad: Any) -> None:
    with pytest.raises(GeometryError, match=r"."):
        checked(bad)


NO_WKT = ("", "POINT", "POINT ()", "POINT (1)", "POINT (a b)", "POINT (1 2", "POINT (1 2) x", "POINT EMPTY")
WORSE = ("POLYGON ((0 0, 1 1, 2 2, 0 1))", "POINT (1 200)", "CIRCLE (1 2)", "POINT (1 2);DROP")


@pytest.mark.parametrize("bad", [*NO_WKT, *WORSE, "GEOMETRYCOLLECTION (" * 5000, "((((" * 1000])
def test_what_is_no_wkt_is_refused(bad: str) -> None:
    with pytest.raises(GeometryError):
        wkt.read(bad)


def test_the_middle_of_a_shape_is_that_of_its_box() -> None:
    assert middle(GOOD[4]) == (1.0, 2.0) and middle(point(3.0, 4.0)) == (3.0, 4.0)


def test_the_numbers_of_types_are_those_of_an_eden() -> None:
    assert [number_of(each) for each in GOOD] == [1, 4, 2, 5, 3, 6, 7]
