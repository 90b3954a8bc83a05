"""Texts and times of the pages for a terminal, and answers that say why there are none."""

from __future__ import annotations

import html
import re
from datetime import datetime
from typing import Any

from gluon.html import XmlComponent

_TAG = re.compile(r"<[^>]*>")


class Refusal(Exception):
    """A command cannot be carried out.

    Args:
        message: what is wrong.
        remedy: what to do.
    """

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


def plain(value: Any) -> str:
    """Return a text of a page without its elements; None is "".

    Args:
        value: a text, or one of web2py's helpers.
    """
    if value is None:
        return ""
    if not isinstance(value, XmlComponent):
        return str(value)
    found: Any = value.xml()
    # web2py 2 writes bytes, web2py 3 text.
    text = found.decode("utf-8") if isinstance(found, bytes) else str(found)
    return html.unescape(_TAG.sub("", text))


def moment(value: datetime | None) -> str | None:
    """Return a time (UTC) as in JSON: 2026-11-29T12:00:00Z; None if there is none."""
    return None if value is None else f"{value:%Y-%m-%dT%H:%M:%SZ}"
