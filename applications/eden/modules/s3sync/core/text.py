"""Text that may be shown and stored: without control characters."""

from __future__ import annotations

import re

# What XML 1.0 cannot carry in any spelling: control characters, halves of surrogate pairs, two noncharacters.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_legal(value: str) -> bool:
    """Tell whether XML can carry the text as it is."""
    return value.isprintable() or ILLEGAL.search(value) is None


def legible(value: str) -> str:
    """Return a text that came from outside as every database takes it and every document can carry it."""
    return value if is_legal(value) else ILLEGAL.sub("", value)


def shown(value: str, limit: int = 60) -> str:
    """Return the beginning of a text that came from outside, short enough for a message."""
    return value if len(value) <= limit else f"{value[:limit]}…"
