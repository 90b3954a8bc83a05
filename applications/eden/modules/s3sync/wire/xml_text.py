"""Text on its way into an XML document, and into messages for people."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.text import ILLEGAL, is_legal


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
    return ILLEGAL.sub("", value).replace("\r", "&#13;")


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
