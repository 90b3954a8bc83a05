"""A list as a file: all rows that the list has, with the columns that people see and the identifier."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Callable

from gluon import current

from s3sync.ui.refusals import refusal
from s3sync.wire.tables import csv_table as csv_table
from s3sync.wire.tables import xlsx_table as xlsx_table
from s3sync.wire.tables.cells import Cell

from ..pages.listing import Column, columns_of, searched_for
from ..pages.presentation import Presentation
from .cells import cell_of

#: Rows that are in memory at the same time.
AT_ONCE = 1000
CHUNK = 64 * 1024
#: Format -> media type, and what writes rows.
FORMATS: dict[str, tuple[str, Callable[[BinaryIO, Iterable[Iterable[Cell]]], None]]] = {
    "csv": ("text/csv; charset=utf-8", csv_table.write),
    **({"xlsx": (xlsx_table.MEDIA_TYPE, xlsx_table.write)} if xlsx_table.is_possible() else {}),
}


def send(s3db: Any, auth: Any, prefix: str, name: str, request: Any, response: Any) -> Any:
    """Send a list as a file, with the search and the order of its address.

    Args:
        s3db: the site's data model.
        auth: the site's ``S3Auth``.
        prefix, name: the table.
        request, response: web2py's.

    Raises:
        HTTP: 403, 404 as for the list itself.
    """
    view = Presentation(s3db, auth, f"{prefix}_{name}")
    if not auth.s3_has_permission("list", view.table):
        raise refusal(403, current.T("Your roles do not allow it. Ask an administrator for access."))
    media, write = FORMATS[request.extension]
    folder = Path(request.folder) / "private" / "spool"
    folder.mkdir(parents=True, exist_ok=True)
    # It has no name in the folder: it is gone when it is closed, however the request ends.
    out: BinaryIO = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 - closed by web2py when it was sent
    try:
        write(out, rows(view, request.get_vars))
        out.seek(0)
    except BaseException:
        out.close()
        raise
    response.headers["Content-Type"] = media
    response.headers["Content-Disposition"] = f'attachment; filename="{prefix}_{name}.{request.extension}"'
    return response.stream(out, CHUNK, request=request)


def rows(view: Presentation, variables: Any) -> Iterator[list[Cell]]:
    """Return the rows of a list, headings first.

    Args:
        view: the table.
        variables: ``q`` and ``sort`` as for the list.
    """
    table, db = view.table, view.s3db.db
    fields = [column.field for column in view.columns()]
    identifier = table.uuid
    yield [*(str(field.label) for field in fields), str(current.T("Identifier"))]
    query, _ = searched_for(table.deleted == False, variables, view.searchable())  # noqa: E712 - SQL
    names = view.s3db.get_config(table, "name_fields", ("name",))
    usual = [table[name] for name in names if name in table.fields]
    keys = _keys(db, table, query, columns_of(fields, str(variables.get("sort") or "")), usual)
    for start in range(0, len(keys), AT_ONCE):
        wanted = keys[start : start + AT_ONCE]
        found = {row.id: row for row in db(table.id.belongs(wanted)).select(table.id, identifier, *fields)}
        page = [found[key] for key in wanted if key in found]
        view.preload(columns_of(fields, ""), page)
        for row in page:
            yield [*(cell_of(field, row[field.name]) for field in fields), row.uuid or ""]


def _keys(db: Any, table: Any, query: Any, columns: list[Column], usual: list[Any]) -> list[int]:
    """Return the keys of all rows in the order of the list: one number a row, not the row."""
    chosen = next((each for each in columns if each.sorted), None)
    order = usual if chosen is None else [~chosen.field if chosen.sorted == "descending" else chosen.field]
    return [row[0] for row in db.executesql(db(query)._select(table.id, orderby=[*order, table.id]))]
