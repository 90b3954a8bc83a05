"""A list that is searched, sorted and paged in the database, by the variables of its address."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from s3sync.core.text import asked_text

from ..data_model.validators import is_key

PAGE_LENGTH = 50
#: Types that a list can be sorted by. A reference would be sorted by its id, which means nothing to people.
SORTABLE = {"string", "text", "integer", "double", "date", "time", "datetime", "boolean", "float", "bigint"}


class Column(NamedTuple):
    """A column of a list.

    Attributes:
        field: the table's field.
        label: heading.
        sorted: "ascending", "descending", or "" if the list is not sorted by this column.
        next_sort: ``sort`` in the address of the heading's link; "" if the column cannot be sorted.
    """

    field: Any
    label: Any
    sorted: str
    next_sort: str


class Listing(NamedTuple):
    """One page of a list.

    Attributes:
        rows: the rows.
        columns: the columns shown.
        number: number of the page, from 1.
        pages: number of pages.
        total: number of rows on all pages.
        searched: the text searched for.
        sort: ``sort`` of the address.
    """

    rows: Any
    columns: list[Column]
    number: int
    pages: int
    total: int
    searched: str
    sort: str


def columns_of(fields: Sequence[Any], sort: str) -> list[Column]:
    """Return the columns of a list, with how each one is sorted.

    Args:
        fields: fields of one table.
        sort: name of the field, with a minus before it for descending.
    """
    columns = []
    for field in fields:
        if field.type not in SORTABLE:
            columns.append(Column(field, field.label, "", ""))
            continue
        direction = {field.name: "ascending", f"-{field.name}": "descending"}.get(sort, "")
        following = f"-{field.name}" if direction == "ascending" else field.name
        columns.append(Column(field, field.label, direction, following))
    return columns


def searched_for(query: Any, variables: Mapping[str, Any], searchable: Sequence[Any]) -> tuple[Any, str]:
    """Return the query for the rows that have the text of an address in one of the fields, and that text.

    Args:
        query, variables, searchable: as for ``listing``.
    """
    searched = asked_text(variables, "q")
    if searched and searchable:
        found = searchable[0].contains(searched)
        for field in searchable[1:]:
            found |= field.contains(searched)
        query &= found
    return query, searched


def listing(
    db: Any,
    query: Any,
    fields: Sequence[Any],
    variables: Mapping[str, Any],
    searchable: Sequence[Any] = (),
    order: Sequence[Any] = (),
) -> Listing:
    """Return the page of rows that the address asks for, or the last one if there are fewer pages.

    Args:
        db: the DAL.
        query: the rows of one table.
        fields: the fields of that table to show.
        variables: variables of the address: ``q`` searches in texts, ``sort`` sorts, ``page`` counts from 1.
        searchable: the fields to search in.
        order: the order without ``sort``; ties are broken by the id.
    """
    table = fields[0].table
    query, searched = searched_for(query, variables, searchable)
    sort = str(variables.get("sort") or "")
    columns = columns_of(fields, sort)
    chosen = next((column for column in columns if column.sorted), None)
    if chosen is not None:
        order = [~chosen.field if chosen.sorted == "descending" else chosen.field]
    total = db(query).count()
    pages = max(1, -(-total // PAGE_LENGTH))
    given = str(variables.get("page") or "1")
    number = min(max(int(given), 1), pages) if is_key(given) else 1
    start = (number - 1) * PAGE_LENGTH
    rows = db(query).select(
        table._id,
        *[field for field in fields if field.name != table._id.name],
        orderby=[*order, table._id],
        limitby=(start, start + PAGE_LENGTH),
    )
    return Listing(rows, columns, number, pages, total, searched, sort if chosen is not None else "")
