"""Long lists: what is searched in them, by which column they are sorted, which page of them is shown."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from ..core.limits import is_number

_ESCAPE = "!"


class SortOrder(NamedTuple):
    """By which column a list is sorted.

    Attributes:
        column: its name.
        descending: whether the last comes first.
    """

    column: str
    descending: bool

    @property
    def text(self) -> str:
        """How an address says it: the name, with a minus before it where the last comes first."""
        return f"-{self.column}" if self.descending else self.column


class ListPage(NamedTuple):
    """A page of rows, and where it stands among the others."""

    rows: list[Any]
    number: int
    pages: int
    total: int

    @classmethod
    def asked(cls, variables: Any, total: int, length: int) -> "ListPage":
        """Return the page that is asked for, the last one if there are not so many; its rows are still to come.

        Args:
            variables: URL variables, of them page.
            total: rows of the whole list.
            length: rows a page.
        """
        pages = max(1, -(-total // length))
        return cls([], min(max(1, whole_number(variables.get("page")) or 1), pages), pages, total)

    def bounds(self, length: int) -> tuple[int, int]:
        """Return where its rows begin and end in the whole list, as ``limitby`` takes it."""
        return (self.number - 1) * length, self.number * length


def page_of(db: Any, query: Any, order: Any, variables: Any, length: int) -> ListPage:
    """Return the page of rows that is asked for, the last one if there are not so many.

    Args:
        db: the DAL.
        query: which rows.
        order: in which order.
        variables: URL variables, of them page.
        length: rows a page.
    """
    page = ListPage.asked(variables, db(query).count(), length)
    return page._replace(rows=list(db(query).select(orderby=order, limitby=page.bounds(length))))


def order_of(variables: Any, columns: Sequence[str], default: str) -> SortOrder:
    """Return the order that is asked for by the URL variable ``sort``, or the default.

    Args:
        variables: URL variables.
        columns: the names that there are.
        default: in the form of ``Order.text``.
    """
    given = str(variables.get("sort") or "")
    text = given if given.lstrip("-") in columns else default
    return SortOrder(text.lstrip("-"), text.startswith("-"))


def containing(text: str, *fields: Any) -> Any:
    """Return the query of the rows in which one of the fields contains a text, whatever its case."""
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
    """Return the beginning (UTC) of a day as a form sends it, year-month-day; None where it is none.

    Args:
        text: what was sent.
        days_later: of a later day.
    """
    try:
        return datetime.strptime(str(text or ""), "%Y-%m-%d") + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return None


def whole_number(value: Any) -> int | None:
    """Return the number that a part of a URL is, None where it is none, or larger than any id."""
    return int(value) if isinstance(value, str) and is_number(value) else None
