"""The attribute ``edits`` of a record: what is known of its edits, as two sites of ours tell each other.

It lists edits, separated by blanks::

    TIME@SITE~BY=FIELD,FIELD!TIME@SITE,TIME@SITE

TIME is in milliseconds since 1970, hexadecimal. BY is who made it, percent-encoded; "~" alone means the record's
``modified_by``, and without it nobody is known. After "=" are the fields of which it is the last edit, none where it
was replaced; after "!" the edits on which it decided. A record that was never edited has no attribute, and one that is
kept for later an empty one. Eden knows nothing of it (docs/PROTOCOL.md, "Merging by field").
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from urllib.parse import quote, unquote

from ...core.fields import NO_EDITS, Edit, Edits, Stamp
from .limits import LONGEST_ATTRIBUTE

_TIME = re.compile("[0-9a-f]{1,13}")
_EDIT = re.compile(
    r"(?P<site>[0-9a-z.]{1,32})(?:~(?P<by>[^\s=!]{0,1024}))?"
    r"(?:=(?P<fields>[\w*]{1,64}(?:,[\w*]{1,64})*))?(?:!(?P<settled>[0-9a-z.@,]+))?",
    re.ASCII,
)
_UNREADABLE = "is no list of edits"
_SETTLED = re.compile(r"([0-9a-f]{1,13})@([0-9a-z.]{1,32})")
_UNESCAPED = "@+"
#: Characters after its time up to which an edit is remembered: many records have been edited in the same fields.
_USUAL = 200


def write_edits(edits: Edits, modified_by: str | None) -> str:
    """Return the value of the attribute; "" for a record without edits.

    Where that is longer than a reader takes, it leaves out who made the edits and on what they decided.

    Args:
        edits: the edits of a version.
        modified_by: the e-mail address in the attribute of this name, None without.
    """
    text = _listed(edits, modified_by)
    if len(text) <= LONGEST_ATTRIBUTE:
        return text
    return _listed(
        edits._replace(fields={name: Edit(each.stamp) for name, each in edits.fields.items()}), None
    )


def _listed(edits: Edits, modified_by: str | None) -> str:
    fields: dict[Edit, list[str]] = {}
    told: dict[str, int] = {}
    for name, edit in edits.fields.items():
        fields.setdefault(edit, []).append(name)
        time, site = edit.stamp
        told[site] = max(time, told.get(site, time))
    parts = [_written(edit, names, modified_by) for edit, names in fields.items()]
    parts += [f"{time:x}@{site}" for site, time in edits.seen.items() if time > told.get(site, -1)]
    return " ".join(parts)


def _written(edit: Edit, names: Iterable[str], modified_by: str | None) -> str:
    time, site = edit.stamp
    text = f"{time:x}@{site}"
    if edit.by:
        text += "~" if edit.by == modified_by else f"~{quote(edit.by, safe=_UNESCAPED)}"
    text += f"={','.join(names)}"
    if edit.settled:
        text += "!" + ",".join(f"{time:x}@{site}" for time, site in edit.settled)
    return text


def read_edits(text: str, modified_by: str | None) -> Edits:
    """Return the edits of a record, the inverse of ``write_edits``.

    Raises:
        ValueError: it cannot be read.
    """
    if not text:
        return NO_EDITS
    if len(text) > LONGEST_ATTRIBUTE:
        raise ValueError(f"has {len(text)} characters, at most {LONGEST_ATTRIBUTE} are allowed")
    fields: dict[str, Edit] = {}
    seen: dict[str, int] = {}
    for part in text.split(" "):
        clock, _, rest = part.partition("@")
        if _TIME.fullmatch(clock) is None:
            raise ValueError(_UNREADABLE)
        time = int(clock, 16)
        site, by, names, settled = (_told if len(rest) <= _USUAL else _parsed)(rest)
        if time > seen.get(site, -1):
            seen[site] = time
        if names:
            who = (modified_by or "") if by is None else by
            fields.update(dict.fromkeys(names, Edit(Stamp(time, site), who, settled)))
    return Edits(fields, seen)


def _parsed(text: str) -> tuple[str, str | None, tuple[str, ...], tuple[Stamp, ...]]:
    """Return what follows the time of an edit: site, who made it (None as in ``modified_by``), fields, and settled."""
    found = _EDIT.fullmatch(text)
    if found is None:
        raise ValueError(_UNREADABLE)
    site, by, names, settled = found.groups()
    who = "" if by is None else unquote(by) or None
    return site, who, tuple(names.split(",")) if names else (), _stamps(settled)


_told = lru_cache(256)(_parsed)


def _stamps(text: str | None) -> tuple[Stamp, ...]:
    if text is None:
        return ()
    found = [_SETTLED.fullmatch(part) for part in text.split(",")]
    if None in found:
        raise ValueError(_UNREADABLE)
    return tuple(Stamp(int(each[1], 16), each[2]) for each in found if each is not None)
