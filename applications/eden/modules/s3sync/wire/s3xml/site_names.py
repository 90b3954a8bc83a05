"""The attribute ``sites`` of the root element: what the sender calls sites whose edits are in the document.

It lists names by the identifiers that stand in stamps, ``IDENTIFIER=NAME;IDENTIFIER=NAME``; in NAME the characters that
XML or the list need are percent-encoded. Eden knows nothing of it (docs/PROTOCOL.md, "Merging by field").
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import unquote

from .limits import LONGEST_ATTRIBUTE

#: Longest name, in characters: that of a repository.
LONGEST_NAME = 64
_MOST_NAMES = 50
_IDENTIFIER = re.compile(r"[0-9a-z]{1,32}")
_RESERVED = re.compile(r"[%;=\"&<>]")


def write_site_names(names: Mapping[str, str], room: int) -> str:
    """Return the value of the attribute: the first names that fit, "" if none does.

    Args:
        names: identifier -> name.
        room: bytes that it may take.
    """
    parts: list[str] = []
    for identifier, name in names.items():
        if not _is_valid(identifier, name):
            continue
        part = f"{identifier}={_RESERVED.sub(lambda found: f'%{ord(found.group()):02X}', name)}"
        room -= len(part.encode("utf-8")) + bool(parts)
        if room < 0:
            break
        parts.append(part)
    return ";".join(parts)


def read_site_names(text: str | None) -> dict[str, str]:
    """Return the names that a document tells by identifier, the inverse of ``write_site_names``.

    What is no identifier or no name is left out: nothing but what a page shows depends on it.
    """
    if not text or len(text) > LONGEST_ATTRIBUTE:
        return {}
    pairs = (part.partition("=") for part in text.split(";", _MOST_NAMES)[:_MOST_NAMES])
    names = {identifier: unquote(name) for identifier, _, name in pairs}
    return {identifier: name for identifier, name in names.items() if _is_valid(identifier, name)}


def _is_valid(identifier: str, name: str) -> bool:
    named = bool(name.strip()) and len(name) <= LONGEST_NAME and name.isprintable()
    return named and _IDENTIFIER.fullmatch(identifier) is not None
