"""Long lists: what is searched in them, by which column they are sorted."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, NamedTuple, Optional, Sequence

from gluon import TAG, URL, A

_ESCAPE = "!"


class Order(NamedTuple):
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


def order_of(variables: Any, columns: Sequence[str], default: str) -> Order:
    """Return the order that is asked for by the URL variable ``sort``, or the default.

    Args:
        variables: URL variables.
        columns: the names that there are.
        default: in the form of ``Order.text``.
    """
    given = str(variables.get("sort") or "")
    text = given if given.lstrip("-") in columns else default
    return Order(text.lstrip("-"), text.startswith("-"))


def heading(request: Any, order: Order, column: str, label: Any) -> Any:
    """Return the heading of a column by which the list can be sorted: a link that sorts, or turns the order."""
    turned = Order(column, not order.descending if order.column == column else False)
    kept = {name: value for name, value in request.get_vars.items() if name not in ("page", "sort")}
    link = A(label, _href=URL(args=request.args, vars={**kept, "sort": turned.text}))
    if order.column != column:
        return TAG.th(link, _scope="col")
    return TAG.th(link, _scope="col", **{"_aria-sort": "descending" if order.descending else "ascending"})


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


def day(text: Any, days_later: int = 0) -> Optional[datetime]:
    """Return the beginning (UTC) of a day as a form sends it, year-month-day; None where it is none.

    Args:
        text: what was sent.
        days_later: of a later day.
    """
    try:
        return datetime.strptime(str(text or ""), "%Y-%m-%d") + timedelta(days=days_later)
    except (ValueError, OverflowError):
        return None
