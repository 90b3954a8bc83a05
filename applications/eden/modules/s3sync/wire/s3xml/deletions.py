"""The attribute ``deletion`` of a deleted record: who deleted it where, as two sites of ours tell each other.

It is one word::

    SITE~BY=TABLE/UUID

SITE is the site as in stamps. After "~" stands who it was,
percent-encoded; after "=" the record whose deletion took this one along, its uuid percent-encoded. Parts that are not
known are left out. Eden knows nothing of it (docs/PROTOCOL.md, "Deletions").
"""

from __future__ import annotations

import re
from urllib.parse import quote, unquote

from ...core.kept import DeletionMark
from .identifiers import checked_identifier
from .limits import LONGEST_ATTRIBUTE

_MARK = re.compile(
    r"(?P<site>[0-9a-z.]{1,32})?(?:~(?P<by>[^\s=!]{1,1024}))?"
    r"(?:=(?P<table>[a-z0-9_]{1,64})/(?P<uuid>[^\s=!]{1,1024}))?",
    re.ASCII,
)
_UNESCAPED = "@+:"


def write_deletion(mark: DeletionMark) -> str:
    """Return the value of the attribute; "" if nothing is known."""
    text = mark.site
    if mark.by:
        text += f"~{quote(mark.by, safe=_UNESCAPED)}"
    if mark.along is not None:
        table, uuid = mark.along
        text += f"={table}/{quote(uuid, safe=_UNESCAPED)}"
    return text


def read_deletion(text: str) -> DeletionMark:
    """Return what is known of a deletion, the inverse of ``write_deletion``.

    Raises:
        ValueError: it cannot be read.
    """
    if len(text) > LONGEST_ATTRIBUTE:
        raise ValueError(f"has {len(text)} characters, at most {LONGEST_ATTRIBUTE} are allowed")
    found = _MARK.fullmatch(text)
    if found is None:
        raise ValueError("says of no deletion who made it")
    site, by, table, uuid = found.groups()
    along = (table, checked_identifier(unquote(uuid))) if table else None
    return DeletionMark(site or "", unquote(by) if by else "", along)
