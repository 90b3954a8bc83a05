"""Small pieces of pages that look the same wherever they are shown: times, states, what to do when a list is empty.

They carry classes only, no styles: the policy of the site forbids those in pages (``static/sync/eden.css``).
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from gluon import DIV, H2, SPAN, TAG, A, P

#: States have a word and a sign besides their colour.
SIGNS = {"good": "✓", "working": "↻", "waiting": "…", "attention": "!", "bad": "✕", "off": "–"}


def moment(value: datetime | None, never: Any = "") -> Any:
    """Return a time for a page: in UTC as it stands, in the reader's own zone and language with ``eden.js``.

    Args:
        value: a time in UTC without a zone, as the database has it; None where there is none.
        never: what to say where there is none.
    """
    if value is None:
        return never
    return TAG.time(
        f"{value:%Y-%m-%d %H:%M} UTC",
        _datetime=f"{value:%Y-%m-%dT%H:%M:%S}Z",
        _title=f"{value:%Y-%m-%d %H:%M:%S} UTC",
        **{"_data-moment": ""},
    )


def state(kind: str, words: Any) -> Any:
    """Return a state as a badge: a sign, words, and a colour.

    Args:
        kind: one of ``SIGNS``.
        words: what the state is called, translated.
    """
    return SPAN(
        SPAN(SIGNS[kind], _class="sign", **{"_aria-hidden": "true"}), words, _class=f"state state-{kind}"
    )


def nothing_here(title: Any, text: Any, label: Any = None, url: str | None = None) -> Any:
    """Return what an empty screen shows: that it is empty, why, and what to do next.

    Args:
        title: that there is nothing, in a few words.
        text: what would be here and how it gets here.
        label: of the button that leads there, None for no button.
        url: where the button leads.
    """
    parts = [H2(title), P(text)]
    if label is not None:
        parts.append(A(label, _class="btn btn-primary", _href=url))
    return DIV(*parts, _class="empty")
