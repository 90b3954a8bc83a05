"""Searching, sorting and paging of long lists."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..core.limits import is_number

_ESCAPE = "!"
#: The years of entries that somebody may ask for.
YEARS = range(1900, 3000)


class SortOrder(NamedTuple):
    """The order of a list.

    Attributes:
        column: name of the column.
        descending: whether the order is descending.
    """

    column: str
    descending: bool

    @property
    def text(self) -> str:
        """The order as in an address: the name, with a minus before it if it is descending."""
        return f"-{self.column}" if self.descending else self.column


class ListPage(NamedTuple):
    """A page of rows, and its place among all pages."""

    rows: list[Any]
    number: int
    pages: int
    total: int

    @classmethod
    def asked(cls, variables: Any, total: int, length: int) -> "ListPage":
        """Return the requested page, or the last one if there are fewer pages; it has no rows yet.

        Args:
            variables: URL variables: page.
            total: number of rows in the whole list.
            length: number of rows per page.
        """
        pages = max(1, -(-total // length))
        return cls([], min(max(1, whole_number(variables.get("page")) or 1), pages), pages, total)

    def bounds(self, length: int) -> tuple[int, int]:
        """Return the begin and end of its rows in the whole list, as for ``limitby``."""
        return (self.number - 1) * length, self.number * length


def page_of(db: Any, query: Any, order: Any, variables: Any, length: int) -> ListPage:
    """Return the requested page of rows, or the last one if there are fewer pages.

    Args:
        db: the DAL.
        query: the rows.
        order: their order.
        variables: URL variables: page.
        length: number of rows per page.
    """
    page = ListPage.asked(variables, db(query).count(), length)
    return page._replace(rows=list(db(query).select(orderby=order, limitby=page.bounds(length))))


def order_of(variables: Any, columns: Sequence[str], default: str) -> SortOrder:
    """Return the order from the URL variable ``sort``, or the default.

    Args:
        variables: URL variables.
        columns: the allowed names.
        default: the default, in the form of ``Order.text``.
    """
    given = str(variables.get("sort") or "")
    text = given if given.lstrip("-") in columns else default
    return SortOrder(text.lstrip("-"), text.startswith("-"))


def containing(text: str, *fields: Any) -> Any:
    """Return the query for the rows in which one of the fields contains a text, case-insensitively."""
    found = None
    for field in fields:
        condition = field.lower().like(_pattern(text.lower()), escape=_ESCAPE)
        if not text.isascii():
            # SQLite changes the case of ASCII letters only.
            condition |= field.like(_pattern(text), escape=_ESCAPE)
        found = condition if found is None else found | condition
    return found


def _pattern(text: str) -> str:
    for sign in (_ESCAPE, "%", "_"):
        text = text.replace(sign, _ESCAPE + sign)
    return f"%{text}%"


def day(text: Any, days_later: int = 0) -> datetime | None:
    """Return the beginning (UTC) of a day in the form year-month-day, None if the text is none, or far from today.

    Args:
        text: the text from a form.
        days_later: number of days to add.
    """
    try:
        found = datetime.strptime(str(text or ""), "%Y-%m-%d")
    except ValueError:
        return None
    # Databases differ in the years that they know, and the last day of all has none after it.
    return found + timedelta(days=days_later) if found.year in YEARS else None


def whole_number(value: Any) -> int | None:
    """Return a part of a URL as a number, None if it is none or larger than any id."""
    return int(value) if isinstance(value, str) and is_number(value) else None
