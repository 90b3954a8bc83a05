"""How large filters may be, so that every database takes them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from ..core.errors import FilterError
from ..core.text import shown

#: Maximum characters of the name of a filter (table, selectors, operator), of all its values, and of one value.
LONGEST_NAME, LONGEST_VALUES, LONGEST_VALUE = 4096, 131_072, 4096
#: Maximum number of foreign keys that a selector follows.
MOST_HOPS = 8
#: Maximum number of comparisons of one filter: selectors times values; and of all filters together.
MOST_COMPARISONS, MOST_COMPARISONS_TOGETHER = 500, 1000
#: Maximum number of filters for one table.
MOST_FILTERS = 100

_HINT = "Use several tasks, or a filter that says the same in fewer words."


def check_length(name: str, values: str) -> None:
    """Look at a filter before it is parsed.

    Args:
        name: name of the URL variable; "" for the filters of a task in one text.
        values: its value, or that text.

    Raises:
        FilterError: one of them is too long.
    """
    for text, most in ((name, LONGEST_NAME), (values, LONGEST_VALUES)):
        if len(text) > most:
            raise FilterError(
                f"The filter {shown(name or values)} has {len(text)} characters, at most {most} are allowed.",
                hint=_HINT,
            )


def check_counts(name: str, hops: int, selectors: int, values: Sequence[str | None]) -> None:
    """Look at a filter after it was parsed.

    Args:
        name: name of the URL variable.
        hops: the most foreign keys that one of its selectors follows.
        selectors: number of selectors.
        values: its values.

    Raises:
        FilterError: there are too many of something, or a value is too long.
    """
    if hops > MOST_HOPS:
        raise FilterError(
            f"The filter {shown(name)} follows {hops} references, at most {MOST_HOPS} are allowed.",
            hint=_HINT,
        )
    comparisons = selectors * len(values)
    if comparisons > MOST_COMPARISONS:
        raise FilterError(
            f"The filter {shown(name)} makes {comparisons} comparisons, at most {MOST_COMPARISONS} are allowed.",
            hint=_HINT,
        )
    if any(value is not None and len(value) > LONGEST_VALUE for value in values):
        raise FilterError(
            f"The filter {shown(name)} has a value of more than {LONGEST_VALUE} characters.", hint=_HINT
        )


class Comparing(Protocol):
    """A filter, as far as its size is concerned."""

    @property
    def selectors(self) -> Sequence[object]:
        """Its fields."""
        ...

    @property
    def values(self) -> Sequence[object]:
        """What each of them is compared with."""
        ...


AnyFilter = TypeVar("AnyFilter", bound=Comparing)


def together(filters: Iterable[AnyFilter]) -> tuple[AnyFilter, ...]:
    """Return the filters of one exchange.

    Raises:
        FilterError: they are more than any database takes.
    """
    found = tuple(filters)
    if len(found) > MOST_FILTERS:
        raise FilterError(f"There are {len(found)} filters, at most {MOST_FILTERS} are allowed.", hint=_HINT)
    comparisons = sum(len(each.selectors) * len(each.values) for each in found)
    if comparisons > MOST_COMPARISONS_TOGETHER:
        raise FilterError(
            f"The filters make {comparisons} comparisons, at most {MOST_COMPARISONS_TOGETHER} are allowed.",
            hint=_HINT,
        )
    return found
