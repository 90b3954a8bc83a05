"""Geometries of imported rows: which location a record gets.

A location of a record's own is moved. One that is a district, or that other records are at, stays as it is: the record
gets a new one within it. So no row moves what is not its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple
from uuid import UUID, uuid5

from gluon import current

from s3sync.core.schema import Table
from s3sync.core.text import shown
from s3sync.wire.geo import wkt as wkt
from s3sync.wire.geo.geometry import Geometry, GeometryError, checked, middle, number_of
from s3sync.wire.tables.feature_table import GEOMETRY, IDENTIFIER
from s3sync.wire.values.reading import parse_json
from s3sync.wire.xml_text import escape_attr, escape_text

from ..data_model.datamodel import reference_target
from .cells import CellError
from .places import LOCATION, POSITION, Place, place_field, places, shape_of

#: What the name of a location of a record ends with: equal names would be taken for the same place.
_WHERE = re.compile(r" \(-?[0-9.]+, -?[0-9.]+\)$")
LONGEST_NAME = 128


class Known(NamedTuple):
    """What is here of rows.

    Attributes:
        places: identifier of a record -> its location, or the record itself.
        parents: key of a location -> its identifier.
        shared: keys of locations that more than one record has.
        names: identifier of a record -> its name.
    """

    places: Mapping[str, Place]
    parents: Mapping[int, str]
    shared: frozenset[int]
    names: Mapping[str, str]


class PlacesIn:
    """Writes the geometries of rows as S3XML.

    Args:
        s3db: the site's data model.
        schema: the tables in which records may be at a location.
        table: the table that is imported into.
        columns: for each cell the name of its field.
        source: name of the import.
    """

    def __init__(
        self, s3db: Any, schema: Iterable[Table], table: Any, columns: Sequence[str | None], source: UUID
    ) -> None:
        self._s3db, self._schema, self._table, self._source = s3db, schema, table, source
        self._field = place_field(s3db, table)
        self._column = (
            list(columns).index(GEOMETRY) if GEOMETRY in columns and self._field is not None else None
        )
        self._names = [
            columns.index(name)
            for name in s3db.get_config(table, "name_fields", ("name",))
            if name in columns
        ]
        self._called = columns.index(self._field) if self._field and self._field in columns else None
        self._identifier = columns.index(IDENTIFIER) if IDENTIFIER in columns else None

    def stands_for(self, cells: Sequence[str]) -> frozenset[str]:
        """Return the fields that a row says by its geometry, so that its cells do not."""
        if not self._cell(cells, self._column):
            return frozenset()
        return POSITION if self._field == "" else frozenset((str(self._field),))

    def known(self, rows: Sequence[Sequence[str]]) -> Known:
        """Look up what is here of rows, in a number of statements that does not depend on theirs."""
        if self._column is None:
            return Known({}, {}, frozenset(), {})
        table, db = self._table, self._s3db.db
        uuids = {self._cell(cells, self._identifier) for cells in rows if self._cell(cells, self._column)} - {
            ""
        }
        if not uuids:
            return Known({}, {}, frozenset(), {})
        if self._field == "":
            names = [name for name in ("wkt", "lat", "lon") if name in table.fields]
            rows_here = db(table.uuid.belongs(uuids)).select(
                table.id, table.uuid, *(table[each] for each in names)
            )
            own = {row.uuid: Place(row.id, row.uuid, "", None, False, shape_of(row)) for row in rows_here}
            return Known(own, {}, frozenset(), {})
        fields = [
            table[each]
            for each in self._s3db.get_config(table, "name_fields", ("name",))
            if each in table.fields
        ]
        found = db(table.uuid.belongs(uuids)).select(table.uuid, table[self._field], *fields)
        there = places(self._s3db, (row[self._field] for row in found))
        at = {row.uuid: there[row[self._field]] for row in found if row[self._field] in there}
        called = {row.uuid: " ".join(str(row[each]) for each in fields if row[each]) for row in found}
        return Known(
            at, self._uuids({each.parent for each in there.values()}), self._shared(set(there)), called
        )

    def element(self, number: int, cells: Sequence[str], known: Known) -> str:
        """Return what a row says of its place as S3XML, "" where it says nothing new.

        Args:
            number: of the row.
            cells: of the row.
            known: from ``known``.

        Raises:
            CellError: its geometry cannot be taken.
        """
        text = self._cell(cells, self._column)
        if not text:
            return ""
        geometry = self._geometry(text)
        uuid = self._cell(cells, self._identifier)
        present = known.places.get(uuid)
        if present is not None and present.geometry == geometry:
            return ""
        if self._field == "":
            return self._position(geometry)
        name = self._cell(cells, self._called) or self._name(cells) or known.names.get(uuid, "")
        return (
            f'<reference field="{self._field}" resource="{LOCATION}">'
            f"{self._place(number, geometry, present, name, known)}</reference>"
        )

    # --- in detail -------------------------------------------------------------------------------------------------

    @staticmethod
    def _cell(cells: Sequence[str], place: int | None) -> str:
        return cells[place] if place is not None and place < len(cells) else ""

    def _name(self, cells: Sequence[str]) -> str:
        return " ".join(each for each in (self._cell(cells, place) for place in self._names) if each)

    def _geometry(self, text: str) -> Geometry:
        T = current.T
        try:
            if text.startswith("{"):
                found = checked(parse_json(text))
            else:
                found = wkt.read(text)
        except GeometryError as error:
            raise CellError(str(T("Geometry: %s") % error)) from error
        except ValueError as error:
            raise CellError(str(T("Geometry: %s") % f"{shown(text)}: {error}")) from error
        if found["type"] != "Point" and "wkt" not in self._s3db[LOCATION].fields:
            raise CellError(str(T("Geometry: this site keeps points, and no %s") % found["type"]))
        return found

    def _position(self, geometry: Geometry) -> str:
        fields = self._s3db[LOCATION].fields
        lon, lat = middle(geometry)
        values = {
            "lat": wkt.number(lat),
            "lon": wkt.number(lon),
            "gis_feature_type": str(number_of(geometry)),
            "inherited": "false",
        }
        parts = [f'<data field="{name}">{value}</data>' for name, value in values.items() if name in fields]
        if "wkt" in fields:
            is_point = geometry["type"] == "Point"
            parts.append(
                '<data field="wkt" value="null"/>'
                if is_point
                else f'<data field="wkt">{escape_text(wkt.written(geometry))}</data>'
            )
        return "".join(parts)

    def _place(self, number: int, geometry: Geometry, present: Place | None, name: str, known: Known) -> str:
        is_own = present is not None and not present.is_area and present.key not in known.shared
        uuid, parent = f"urn:uuid:{uuid5(self._source, f'place-{number}')}", ""
        if present is not None and is_own:
            uuid = present.uuid
            # The name of one that a file has made says where it was.
            name = present.name if not _WHERE.search(present.name) else _WHERE.sub("", present.name)
            is_named = present.name != name
        else:
            is_named = True
            within = present.uuid if present is not None and present.is_area else None
            if within is None and present is not None and present.parent is not None:
                within = known.parents.get(present.parent)
            if within:
                parent = f'<reference field="parent" resource="{LOCATION}" uuid="{escape_attr(within)}"/>'
        told = f'<data field="name">{escape_text(_with_position(name, geometry))}</data>' if is_named else ""
        where = self._position(geometry)
        return f'<resource name="{LOCATION}" uuid="{escape_attr(uuid)}">{told}{where}{parent}</resource>'

    def _uuids(self, keys: set[int | None]) -> dict[int, str]:
        table, wanted = self._s3db[LOCATION], keys - {None}
        if not wanted:
            return {}
        rows = self._s3db.db(table.id.belongs(wanted)).select(table.id, table.uuid)
        return {row.id: row.uuid for row in rows}

    def _shared(self, keys: set[int]) -> frozenset[int]:
        """Return the locations at which more than one record is; what belongs to a location does not count."""
        if not keys:
            return frozenset()
        counts: dict[int, int] = {}
        for referring in self._schema:
            if referring.is_super or referring.name.startswith(f"{LOCATION}_"):
                continue
            table = self._s3db[referring.name]
            for field in table:
                if reference_target(field) == LOCATION:
                    self._count(table, field, keys, counts)
        return frozenset(key for key, count in counts.items() if count > 1)

    def _count(self, table: Any, field: Any, keys: set[int], counts: dict[int, int]) -> None:
        number = table.id.count()
        query = field.belongs(keys) & (table.deleted != True)  # noqa: E712 - SQL
        for row in self._s3db.db(query).select(field, number, groupby=field):
            key = row[str(field)]
            counts[key] = counts.get(key, 0) + row[number]


def _with_position(name: str, geometry: Geometry) -> str:
    lon, lat = middle(geometry)
    where = f" ({lat:.5f}, {lon:.5f})"
    plain = name or str(current.T("Location"))
    return f"{plain[: LONGEST_NAME - len(where)]}{where}"
