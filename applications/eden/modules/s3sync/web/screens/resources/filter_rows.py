"""Converts filters to rows of a form (a field, a comparison, values) and back.

A filter that no row can express, for instance one with alternative fields, stays a line of text, so that no filter
written by hand is lost.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from ....core.errors import FilterError
from ....wire.filters import (
    Filter,
    Operator,
    Selector,
    filter_text,
    parse_filter,
    parse_filter_string,
    write_filter,
)

NOTHING, ONE, SEVERAL = "nothing", "one", "several"


class Comparison(NamedTuple):
    """A comparison in the form.

    Attributes:
        operator, negate: as in the filter.
        before, after: the text around the value in a pattern.
        takes: number of values: NOTHING, ONE or SEVERAL.
    """

    operator: Operator
    negate: bool = False
    before: str = ""
    after: str = ""
    takes: str = ONE


COMPARISONS: dict[str, Comparison] = {
    "is": Comparison(Operator.EQ),
    "is_not": Comparison(Operator.NE),
    "one_of": Comparison(Operator.EQ, takes=SEVERAL),
    "none_of": Comparison(Operator.NE, takes=SEVERAL),
    "contains": Comparison(Operator.LIKE, before="*", after="*"),
    "not_contains": Comparison(Operator.LIKE, negate=True, before="*", after="*"),
    "begins": Comparison(Operator.LIKE, after="*"),
    "ends": Comparison(Operator.LIKE, before="*"),
    "like": Comparison(Operator.LIKE),
    "ge": Comparison(Operator.GE),
    "le": Comparison(Operator.LE),
    "gt": Comparison(Operator.GT),
    "lt": Comparison(Operator.LT),
    "any_of": Comparison(Operator.ANYOF, takes=SEVERAL),
    "all_of": Comparison(Operator.CONTAINS, takes=SEVERAL),
    "unset": Comparison(Operator.EQ, takes=NOTHING),
    "set": Comparison(Operator.NE, takes=NOTHING),
}

_SIZES = ("ge", "le", "gt", "lt")
_EMPTY = ("unset", "set")

#: The comparisons for each kind of entry, the default one first.
OFFERED: dict[str, tuple[str, ...]] = {
    "text": (
        "is",
        "is_not",
        "begins",
        "contains",
        "not_contains",
        "ends",
        "like",
        "one_of",
        "none_of",
        *_EMPTY,
    ),
    "number": ("is", "is_not", *_SIZES, "one_of", "none_of", *_EMPTY),
    "date": ("ge", "le", "gt", "lt", "is", "is_not", *_EMPTY),
    "datetime": (*_SIZES, *_EMPTY),
    "time": (*_SIZES, "is", *_EMPTY),
    "yesno": ("is", *_EMPTY),
    "choice": ("one_of", "none_of", *_EMPTY),
    "list": ("any_of", "all_of", *_EMPTY),
    "presence": _EMPTY,
}

_SPELLINGS: dict[str, "re.Pattern[str]"] = {
    "date": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}"),
    "datetime": re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}(:[0-9]{2})?"),
    "time": re.compile(r"[0-9]{2}:[0-9]{2}(:[0-9]{2})?"),
    "yesno": re.compile(r"true|false"),
}
_WILDCARD = re.compile(r"[*?]")


class FieldEntry(NamedTuple):
    """A field that can be chosen in the form.

    Attributes:
        selector: its selector in filters, "~.name".
        label: its label.
        kind: a key of ``OFFERED``, for the comparisons and the input.
        options: value -> label, if there are only a few values.
    """

    selector: str
    label: Any
    kind: str
    options: Mapping[str, Any] = {}


class FilterRow(NamedTuple):
    """A row of the form.

    Attributes:
        selector: the field; "" for a filter as text.
        comparison: a key of ``COMPARISONS``.
        values: the entered values; more than one only if they were ticked.
        text: a filter written by hand.
    """

    selector: str
    comparison: str = ""
    values: tuple[str, ...] = ()
    text: str = ""


def filter_of(row: FilterRow, entry: FieldEntry | None) -> Filter:
    """Return the filter of a row.

    Args:
        row: the row, complete.
        entry: its field; None for a filter written by hand.

    Raises:
        FilterError: it is no valid filter.
    """
    if entry is None:
        found = parse_filter_string(row.text)
        if len(found) != 1:
            raise FilterError("Write one filter on each line.", hint="Write it as ~.field=value.")
        return found[0]
    comparison = COMPARISONS[row.comparison]
    if comparison.takes == NOTHING:
        values: tuple[str | None, ...] = (None,)
    elif comparison.takes == SEVERAL and not entry.options:
        values = _listed(row.selector, row.values[0])
    else:
        values = tuple(f"{comparison.before}{each}{comparison.after}" for each in row.values)
    alias, _, path = row.selector.partition(".")
    selector = Selector(alias, tuple(path.split("$")))
    return Filter(None, (selector,), comparison.operator, values, comparison.negate)


def _listed(selector: str, text: str) -> tuple[str | None, ...]:
    """Return the values of a typed list; quoted values may contain commas."""
    listed = [each if each is None else each.strip() for each in parse_filter(selector, text).values]
    values = tuple(each for each in listed if each != "")
    if not values:
        raise FilterError("There is nothing between the commas.", hint="Enter at least one value.")
    return values


def row_of(filter: Filter, entries: Mapping[str, FieldEntry]) -> FilterRow:
    """Return the row for a filter, a line of text if no row can express it.

    Args:
        filter: the filter; one for the table itself names no table.
        entries: the fields of the form, by selector.
    """
    by_hand = FilterRow("", text=filter_text(filter))
    selector = str(filter.selectors[0])
    entry = entries.get(selector)
    if filter.table is not None or len(filter.selectors) > 1 or entry is None:
        return by_hand
    for name in OFFERED[entry.kind]:
        comparison = COMPARISONS[name]
        if (comparison.operator, comparison.negate) == (filter.operator, filter.negate):
            values = _entered(comparison, filter, entry)
            if values is not None:
                return FilterRow(selector, name, values)
    return by_hand


def rows_of(filters: Iterable[Filter], entries: Mapping[str, FieldEntry]) -> list[FilterRow]:
    """Return the rows for filters."""
    return [row_of(each, entries) for each in filters]


def _entered(comparison: Comparison, filter: Filter, entry: FieldEntry) -> tuple[str, ...] | None:
    """Return the form's values for those of a filter, None if there are none."""
    if comparison.takes == NOTHING:
        return () if filter.values == (None,) else None
    given = [each for each in filter.values if each is not None and _is_plain(each)]
    if len(given) < len(filter.values):
        return None
    if comparison.takes == SEVERAL:
        if entry.options:
            return tuple(given) if _all_offered(given, entry) else None
        return (write_filter(filter)[1],)
    if len(given) > 1:
        return None
    inner = _without(comparison, given[0])
    return None if inner is None or not _fits(entry.kind, inner) else (inner,)


def _is_plain(value: str) -> bool:
    """Return whether an input of one line returns the value unchanged."""
    return bool(value) and value == value.strip() and value.isprintable()


def _all_offered(values: Sequence[str], entry: FieldEntry) -> bool:
    return len(set(values)) == len(values) and [each for each in entry.options if each in values] == [*values]


def _without(comparison: Comparison, value: str) -> str | None:
    """Return the text between the wildcards of a pattern, None if it is another pattern."""
    if not comparison.before and not comparison.after:
        return value
    if not (value.startswith(comparison.before) and value.endswith(comparison.after)):
        return None
    inner = value[len(comparison.before) : len(value) - len(comparison.after)]
    return inner if _is_plain(inner) and not _WILDCARD.search(inner) else None


def _fits(kind: str, value: str) -> bool:
    spelling = _SPELLINGS.get(kind)
    return spelling is None or spelling.fullmatch(value) is not None
