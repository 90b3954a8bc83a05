"""Text on its way into an XML document, and into messages for people."""

from __future__ import annotations

import re

# What XML 1.0 cannot carry in any spelling: control characters, halves of surrogate pairs, two noncharacters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_legal(value: str) -> bool:
    """Tell whether XML can carry the text as it is."""
    return value.isprintable() or _ILLEGAL.search(value) is None


def escape_text(value: str) -> str:
    """Return the text as content of an element; characters that XML cannot carry are left out."""
    if "&" in value:
        value = value.replace("&", "&amp;")
    if "<" in value:
        value = value.replace("<", "&lt;")
    if ">" in value:
        value = value.replace(">", "&gt;")
    if value.isprintable():
        return value
    return _ILLEGAL.sub("", value).replace("\r", "&#13;")


def escape_attr(value: str) -> str:
    """Return the text as value of an attribute in double quotes; line ends and tabs survive the parser."""
    value = escape_text(value)
    if '"' in value:
        value = value.replace('"', "&quot;")
    if value.isprintable():
        return value
    return value.replace("\n", "&#10;").replace("\t", "&#9;")


def shown(value: str, limit: int = 60) -> str:
    """Return the beginning of a text that came from outside, short enough for a message."""
    return value if len(value) <= limit else f"{value[:limit]}…"
