"""What a cell of a table may hold, and texts that a spreadsheet program would take for a formula."""

from __future__ import annotations

import re
from typing import Union

#: Limits of a table that is read: rows, columns, and characters of a cell (as many as a spreadsheet program takes).
MOST_ROWS, MOST_COLUMNS, LONGEST_CELL = 200_000, 200, 32_767
#: Programs leave out what is blank before a formula, and take the wide signs of East Asian keyboards for it, too.
_FORMULA = re.compile(r"'*\s*[=+\-@\uff1d\uff0b\uff0d\uff20\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(?:[.,][0-9]+)?(?:[eE][+-]?[0-9]+)?")


#: What is written into a cell: a number is one for the program, too.
Cell = Union[str, int, float]


class TableError(ValueError):
    """A table cannot be read; the text says why, for a person."""


def guarded(text: str) -> str:
    """Return a text for a cell: one that would be run as a formula gets an apostrophe before it.

    A name such as ``=HYPERLINK(...)`` from another site must not do anything in the program of who opens the table
    (OWASP, "CSV Injection").
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


def unguarded(text: str) -> str:
    """Return the text that ``guarded`` was given."""
    return text[1:] if text.startswith("'") and _FORMULA.match(text) else text


def checked_row(cells: list[str], number: int) -> list[str]:
    """Return a row within the limits.

    Args:
        cells: its texts.
        number: of the row in the file, from 1.

    Raises:
        TableError: it has too many cells, one is too long, or there are too many rows.
    """
    if number > MOST_ROWS + 1 and any(cells):
        raise TableError(f"more than {MOST_ROWS} rows")
    if len(cells) > MOST_COLUMNS:
        raise TableError(f"row {number} has more than {MOST_COLUMNS} columns")
    if any(len(each) > LONGEST_CELL for each in cells):
        raise TableError(f"row {number} has a text of more than {LONGEST_CELL} characters")
    return [unguarded(each.strip()) for each in cells]
