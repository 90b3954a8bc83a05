"""Text without the characters that cannot be stored or shown."""

from __future__ import annotations

import re

# XML 1.0 cannot contain these in any form: control characters, single surrogates, two noncharacters.
ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_legal(value: str) -> bool:
    """Return whether XML can contain the text as it is."""
    return value.isprintable() or ILLEGAL.search(value) is None


def legible(value: str) -> str:
    """Return a text from outside without the characters that some databases or XML cannot store."""
    return value if is_legal(value) else ILLEGAL.sub("", value)


def shown(value: str, limit: int = 60) -> str:
    """Return the beginning of a text from outside, short enough for a message."""
    return value if len(value) <= limit else f"{value[:limit]}…"
