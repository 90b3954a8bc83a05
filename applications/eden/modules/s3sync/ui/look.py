"""Small parts of pages with the same look everywhere: times, states, what an empty list shows, the writing direction.

They have only classes, no styles: the site's policy forbids styles in pages (see ``static/sync/eden.css``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gluon import DIV, H2, SPAN, TAG, A, P

#: A state has a sign besides its words and its colour.
SIGNS = {"good": "✓", "working": "↻", "waiting": "…", "attention": "!", "bad": "✕", "off": "–"}
_RIGHT_TO_LEFT = ("ar", "fa", "he", "ur", "ps")


class Problem(str):
    """A message for the next page which says that something was not done: the page shows it as such.

    It is a text like any other one for a layout that does not ask.
    """

    is_problem = True


def right_to_left(language: str | None) -> bool:
    """Return whether a language is written from right to left.

    Args:
        language: its code, such as ``ar`` or ``fa-ir``.
    """
    return (language or "").split("-")[0] in _RIGHT_TO_LEFT


def moment(value: datetime | None, never: Any = "", *, exact: bool = False) -> Any:
    """Return a time for a page: in UTC, which ``eden.js`` turns into the reader's time zone and language.

    Args:
        value: a time in UTC without time zone, as in the database; None if there is none.
        never: text to show if there is none.
        exact: whether seconds are shown.
    """
    if value is None:
        return never
    return TAG.time(
        f"{value:%Y-%m-%d %H:%M:%S} UTC" if exact else f"{value:%Y-%m-%d %H:%M} UTC",
        _datetime=f"{value:%Y-%m-%dT%H:%M:%S}Z",
        _title=f"{value:%Y-%m-%d %H:%M:%S} UTC",
        **{"_data-moment": "exact" if exact else ""},
    )


def state(kind: str, words: Any) -> Any:
    """Return a state as a badge: a sign, words, and a colour.

    Args:
        kind: one of ``SIGNS``.
        words: the name of the state, translated.
    """
    return SPAN(
        SPAN(SIGNS[kind], _class="sign", **{"_aria-hidden": "true"}), words, _class=f"state state-{kind}"
    )


def nothing_here(title: Any, text: Any, label: Any = None, url: str | None = None) -> Any:
    """Return the content of an empty screen: that it is empty, why, and what to do next.

    Args:
        title: that there is nothing, in a few words.
        text: what would be shown here, and how it gets here.
        label: label of the button, None for no button.
        url: address of the button.
    """
    parts = [H2(title), P(text)]
    if label is not None:
        parts.append(A(label, _class="btn btn-primary", _href=url))
    return DIV(*parts, _class="empty")
