"""Text on its way into an XML document, and into messages for people."""

from __future__ import annotations

import re
from collections.abc import Sequence

# What XML 1.0 cannot carry in any spelling: control characters, halves of surrogate pairs, two noncharacters.
_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")


def is_legal(value: str) -> bool:
    """Tell whether XML can carry the text as it is."""
    return value.isprintable() or _ILLEGAL.search(value) is None


def legible(value: str) -> str:
    """Return a text that came from outside as every database takes it and every document can carry it."""
    return value if is_legal(value) else _ILLEGAL.sub("", value)


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


def escape_texts(values: Sequence[str], legal: str | None = None) -> Sequence[str]:
    """Return what ``escape_text`` makes of each text, in a few steps for all of them.

    Args:
        values: the texts.
        legal: all of them together, where that is known to be legal.
    """
    if legal is None:
        legal = "".join(values)
        if not is_legal(legal):
            return [escape_text(value) for value in values]
    return _replaced(values, legal, _IN_TEXT)


def escape_attrs(values: Sequence[str], legal: str | None = None) -> Sequence[str]:
    """Return what ``escape_attr`` makes of each text; as ``escape_texts``."""
    if legal is None:
        legal = "".join(values)
        if not is_legal(legal):
            return [escape_attr(value) for value in values]
    return _replaced(values, legal, _IN_ATTRIBUTE)


_IN_TEXT = (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ("\r", "&#13;"))
_IN_ATTRIBUTE = (*_IN_TEXT, ('"', "&quot;"), ("\n", "&#10;"), ("\t", "&#9;"))


def _replaced(values: Sequence[str], legal: str, spellings: Sequence[tuple[str, str]]) -> Sequence[str]:
    wanted = [each for each in spellings if each[0] in legal]
    if not wanted:
        return values
    # a legal text holds no NUL, so that NUL keeps the values apart
    together = "\0".join(values)
    for character, spelling in wanted:
        together = together.replace(character, spelling)
    return together.split("\0")


def shown(value: str, limit: int = 60) -> str:
    """Return the beginning of a text that came from outside, short enough for a message."""
    return value if len(value) <= limit else f"{value[:limit]}…"
