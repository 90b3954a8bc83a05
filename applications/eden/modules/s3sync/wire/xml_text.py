"""Text on its way into an XML document, and into messages for people."""

from __future__ import annotations

from collections.abc import Sequence

from ..core.text import ILLEGAL, is_legal


def escape_text(value: str) -> str:
    """Return the text as content of an element, without the characters that XML cannot contain."""
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
    """Return the text as value of an attribute in double quotes; the parser keeps line ends and tabs."""
    value = escape_text(value)
    if '"' in value:
        value = value.replace('"', "&quot;")
    if value.isprintable():
        return value
    return value.replace("\n", "&#10;").replace("\t", "&#9;")


def escape_texts(values: Sequence[str], legal: str | None = None) -> Sequence[str]:
    """Return ``escape_text`` of each text, in a few steps for all of them.

    Args:
        values: the texts.
        legal: all of them together, if that is known to be legal.
    """
    if legal is None:
        legal = "".join(values)
        if not is_legal(legal):
            return [escape_text(value) for value in values]
    return _replaced(values, legal, _IN_TEXT)


def escape_attrs(values: Sequence[str], legal: str | None = None) -> Sequence[str]:
    """Return ``escape_attr`` of each text; as ``escape_texts``."""
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
    # A legal text contains no NUL, so NUL can separate the values.
    together = "\0".join(values)
    for character, spelling in wanted:
        together = together.replace(character, spelling)
    return together.split("\0")
