"""Where the records of a table are: the field that refers to a location, and geometries of locations."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, NamedTuple

from s3sync.wire.geo import wkt as wkt
from s3sync.wire.geo.geometry import Geometry, GeometryError, checked, point

from ..data_model.datamodel import reference_target

LOCATION = "gis_location"
#: Fields of a location that a geometry stands for.
POSITION = frozenset(("lat", "lon", "wkt", "gis_feature_type", "inherited"))


class Place(NamedTuple):
    """A location.

    Attributes:
        key, uuid, name: of the record.
        parent: key of the location that it is part of, None for none.
        is_area: whether it is a level of the hierarchy (a district), and no place of its own.
        geometry: where it is, None if that is not known.
    """

    key: int
    uuid: str
    name: str
    parent: int | None
    is_area: bool
    geometry: Geometry | None


def place_field(s3db: Any, table: Any) -> str | None:
    """Return the field that refers to a location, "" if the records are locations, None if they have none."""
    if str(table) == LOCATION:
        return ""
    named: list[str] = [field.name for field in table if reference_target(field) == LOCATION]
    if "location_id" in named:
        return "location_id"
    return named[0] if named else None


def places(s3db: Any, keys: Iterable[int]) -> dict[int, Place]:
    """Return locations by their keys, in one statement.

    Args:
        s3db: the site's data model.
        keys: of locations.
    """
    table = s3db[LOCATION]
    wanted = {each for each in keys if each}
    if not wanted:
        return {}
    # The shapes of areas are large, and a record that is in a district has not its shape.
    names = ["id", "uuid", "name", "level", "parent", "lat", "lon"]
    rows = s3db.db(table.id.belongs(wanted)).select(*(table[name] for name in names if name in table.fields))
    shapes = _shapes(s3db, [row.id for row in rows if not row.get("level")])
    return {row.id: _place(row, shapes.get(row.id)) for row in rows}


def shape_of(row: Any) -> Geometry | None:
    """Return the geometry of a location itself, whatever its level.

    Args:
        row: with lat, lon, and wkt where the table has it.
    """
    return _geometry(row, row.get("wkt"))


def _shapes(s3db: Any, keys: Collection[int]) -> dict[int, str]:
    table = s3db[LOCATION]
    if not keys or "wkt" not in table.fields:
        return {}
    rows = s3db.db(table.id.belongs(keys) & (table.wkt != None)).select(table.id, table.wkt)  # noqa: E711 - SQL
    return {row.id: row.wkt for row in rows}


def _place(row: Any, shape: str | None) -> Place:
    return Place(
        row.id, row.uuid, row.name or "", row.get("parent"), bool(row.get("level")), _geometry(row, shape)
    )


def _geometry(row: Any, shape: str | None) -> Geometry | None:
    """Return a shape, else the point: what no program could have written is not handed on."""
    try:
        found = wkt.read(shape) if shape else None
        if found is None and row.lat is not None and row.lon is not None:
            found = checked(point(row.lon, row.lat))
    except GeometryError:
        return None if not shape else _geometry(row, None)
    return found
