"""Columns of texts for many rows: a piece is one text for all rows, or a sequence with a text for each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import repeat
from typing import Any, Callable, NamedTuple, Union

from ...wire.values.writing import Pieces

#: Which rows of a column have no value: all, none, or a flag for each.
Gaps = Union[bool, Sequence[bool]]


class Spread(NamedTuple):
    """A column as it was written.

    Attributes:
        pieces: the texts.
        gaps: which rows have no value.
    """

    pieces: Pieces
    gaps: Gaps


def spread(values: Sequence[Any], write: Callable[[Sequence[Any]], Pieces], nothing: str = "") -> Spread:
    """Write the values of a column.

    Args:
        values: one for each row, None for no value.
        write: returns the pieces for values other than None.
        nothing: the text for None.
    """
    gaps = [value is None for value in values]
    if True not in gaps:
        return Spread(write(values), False)
    if False not in gaps:
        return Spread([nothing] if nothing else [], True)
    given = [value for value in values if value is not None]
    texts = iter(joined(write(given), len(given)))
    return Spread([[nothing if gap else next(texts) for gap in gaps]], gaps)


def attribute(name: str, texts: Sequence[str | None]) -> Pieces:
    """Return an attribute, left out if the text is None; the texts are escaped already."""
    return spread(texts, lambda given: [f' {name}="', given, '"']).pieces


def of_each(values: Iterable[Any], text_of: Callable[[Any], Any]) -> list[Any]:
    """Apply a function to each value; it is called once for equal values."""
    values = list(values)
    known = {value: text_of(value) for value in set(values)}
    return [known[value] for value in values]


def joined(pieces: Pieces, count: int) -> list[str]:
    """Return the joined text of each row."""
    merged: Pieces = []
    for piece in pieces:
        if isinstance(piece, str) and merged and isinstance(merged[-1], str):
            merged[-1] += piece
        else:
            merged.append(piece)
    if all(isinstance(piece, str) for piece in merged):
        return ["".join(map(str, merged))] * count
    return list(map("".join, zip(*(repeat(piece) if isinstance(piece, str) else piece for piece in merged))))


def gap_lists(names: Sequence[str], gaps: Sequence[Gaps], count: int) -> Sequence[str | None]:
    """Return for each row the names of the columns without a value, None if there are none.

    Args:
        names: names of the columns.
        gaps: the gaps of each column.
        count: number of rows.
    """
    varying = [each for each in gaps if not isinstance(each, bool)]
    patterns: Sequence[Sequence[bool]] = list(zip(*varying)) if varying else [()] * count

    def listed(pattern: Sequence[bool]) -> str | None:
        told = iter(pattern)
        missing = [
            name for name, each in zip(names, gaps) if (each if isinstance(each, bool) else next(told))
        ]
        return " ".join(missing) or None

    return of_each(patterns, listed)
