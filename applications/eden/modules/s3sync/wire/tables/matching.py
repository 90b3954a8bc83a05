"""Which column of a table is which field, by the names that people and programs have for it."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_BLANKS = re.compile(r"[\s_*:.]+")


def plain(heading: str) -> str:
    """Return a heading as it is compared: without case, blanks, underscores and marks around it."""
    return _BLANKS.sub(" ", heading).strip().casefold()


def matched(headings: Sequence[str], fields: Mapping[str, Sequence[str]]) -> list[str | None]:
    """Return for each heading the name of its field, None for a column that has none; each field once.

    Args:
        headings: the first row of a table.
        fields: name of a field -> further names that it has for people; the first field wins a name.
    """
    known: dict[str, str] = {}
    for name, labels in fields.items():
        for label in (*labels, name):
            known.setdefault(plain(label), name)
    found: list[str | None] = []
    for heading in headings:
        match = known.get(plain(heading))
        found.append(match if match not in found else None)
    return found
