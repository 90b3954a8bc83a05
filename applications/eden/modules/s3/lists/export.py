"""A list as a file: all rows that the list has, with the columns that people see and the identifier."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Callable

from gluon import current

from s3sync.ui.refusals import refusal
from s3sync.wire.geo import features as feature_files
from s3sync.wire.geo.features import Feature
from s3sync.wire.tables import csv_table as csv_table
from s3sync.wire.tables import xlsx_table as xlsx_table
from s3sync.wire.tables.cells import Cell

from ..pages.listing import Column, columns_of, searched_for
from ..pages.presentation import Presentation
from .cells import cell_of
from .places import LOCATION, POSITION, place_field, places, shape_of

#: Rows that are in memory at the same time.
AT_ONCE = 1000
CHUNK = 64 * 1024
#: Records that are in memory with their shapes.
SHAPES_AT_ONCE = 100
GEOJSON = "geojson"
#: Format of tables -> media type, and what writes rows.
FORMATS: dict[str, tuple[str, Callable[[BinaryIO, Iterable[Iterable[Cell]]], None]]] = {
    "csv": ("text/csv; charset=utf-8", csv_table.write),
    **({"xlsx": (xlsx_table.MEDIA_TYPE, xlsx_table.write)} if xlsx_table.is_possible() else {}),
}
#: All formats, of whatever list.
NAMES = (*FORMATS, GEOJSON)


def send(s3db: Any, auth: Any, prefix: str, name: str, request: Any, response: Any) -> Any:
    """Send a list as a file, with the search and the order of its address.

    Args:
        s3db: the site's data model.
        auth: the site's ``S3Auth``.
        prefix, name: the table.
        request, response: web2py's.

    Raises:
        HTTP: 403, 404 as for the list itself, 415 where it cannot be had so.
    """
    view = Presentation(s3db, auth, f"{prefix}_{name}")
    if not auth.s3_has_permission("list", view.table):
        raise refusal(403, current.T("Your roles do not allow it. Ask an administrator for access."))
    if request.extension not in formats_of(view):
        raise refusal(415, current.T("The records of this list have no location."))
    folder = Path(request.folder) / "private" / "spool"
    folder.mkdir(parents=True, exist_ok=True)
    # It has no name in the folder: it is gone when it is closed, however the request ends.
    out: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by web2py when it was sent
    try:
        if request.extension == GEOJSON:
            media = feature_files.MEDIA_TYPE
            feature_files.write(out, features(view, request.get_vars))
        else:
            media, write = FORMATS[request.extension]
            write(out, rows(view, request.get_vars))
        out.seek(0)
    except BaseException:
        out.close()
        raise
    response.headers["Content-Type"] = media
    response.headers["Content-Disposition"] = f'attachment; filename="{prefix}_{name}.{request.extension}"'
    return response.stream(out, CHUNK, request=request)


def formats_of(view: Presentation) -> tuple[str, ...]:
    """Return the formats in which a list can be saved: as features only where its records have a place."""
    has_place = place_field(view.s3db, view.table) is not None
    return (*FORMATS, GEOJSON) if has_place else tuple(FORMATS)


def called(name: str) -> str:
    """Return what people call a format."""
    return "GeoJSON" if name == GEOJSON else name.upper()


def rows(view: Presentation, variables: Any) -> Iterator[list[Cell]]:
    """Return the rows of a list, headings first.

    Args:
        view: the table.
        variables: ``q`` and ``sort`` as for the list.
    """
    fields = [column.field for column in view.columns()]
    yield [*(str(field.label) for field in fields), str(current.T("Identifier"))]
    for page in _pages(view, variables, fields, AT_ONCE):
        for row in page:
            yield [*(cell_of(field, row[field.name]) for field in fields), row.uuid or ""]


def features(view: Presentation, variables: Any) -> Iterator[Feature]:
    """Return the records of a list with their places; one whose place is not known, or may not be seen, has none.

    Args:
        view: a table whose records have a place.
        variables: as for ``rows``.
    """
    place = place_field(view.s3db, view.table)
    fields = [column.field for column in view.columns() if place or column.field.name not in POSITION]
    more = [view.table[name] for name in (place or "lat", "lon", "wkt") if name in view.table.fields]
    may_see = view.auth is None or view.auth.s3_has_permission("read", LOCATION)
    for page in _pages(view, variables, [*fields, *more], SHAPES_AT_ONCE):
        there = places(view.s3db, (row[place] for row in page)) if place and may_see else {}
        for row in page:
            if place:
                geometry = there[row[place]].geometry if row[place] in there else None
            else:
                geometry = shape_of(row)
            properties = {field.name: _property(field, row[field.name]) for field in fields}
            yield Feature(row.uuid or None, geometry, properties)


def _property(field: Any, value: Any) -> Any:
    """Return a stored value for a program for maps: as people see it, but numbers, and true and false."""
    if isinstance(value, bool):
        return value
    cell = cell_of(field, value)
    return None if cell == "" else cell


def _pages(view: Presentation, variables: Any, fields: list[Any], at_once: int) -> Iterator[list[Any]]:
    table, db = view.table, view.s3db.db
    query, _ = searched_for(table.deleted == False, variables, view.searchable())  # noqa: E712 - SQL
    names = view.s3db.get_config(table, "name_fields", ("name",))
    usual = [table[name] for name in names if name in table.fields]
    shown = [column.field for column in view.columns()]
    keys = _keys(db, table, query, columns_of(shown, str(variables.get("sort") or "")), usual)
    distinct = list({str(field): field for field in (table.id, table.uuid, *fields)}.values())
    for start in range(0, len(keys), at_once):
        wanted = keys[start : start + at_once]
        found = {row.id: row for row in db(table.id.belongs(wanted)).select(*distinct)}
        page = [found[key] for key in wanted if key in found]
        view.preload(columns_of(fields, ""), page)
        yield page


def _keys(db: Any, table: Any, query: Any, columns: list[Column], usual: list[Any]) -> list[int]:
    """Return the keys of all rows in the order of the list: one number a row, not the row."""
    chosen = next((each for each in columns if each.sorted), None)
    order = usual if chosen is None else [~chosen.field if chosen.sorted == "descending" else chosen.field]
    return [row[0] for row in db.executesql(db(query)._select(table.id, orderby=[*order, table.id]))]
