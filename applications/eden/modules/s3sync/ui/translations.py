"""Translated texts in attributes of pages."""

from __future__ import annotations

import copyreg
import html
from typing import Any

from gluon.languages import lazyT


def _quoted(text: Any) -> str:
    if text.M:
        return str(text)
    return html.escape(str(text), quote=False).replace('"', "&quot;")


def _plain(text: Any) -> tuple[type[str], tuple[str]]:
    return str, (str(text),)


def quote_translations() -> None:
    """Let translations escape double quotes: web2py 2.26 leaves them, and a value put into one ends its attribute.

    What goes into a session is the text, not its markup, which would be escaped once more when it is shown.
    """
    lazyT.xml = _quoted
    copyreg.pickle(lazyT, _plain)
