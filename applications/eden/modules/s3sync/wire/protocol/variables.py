"""URL variables of requests: reading, checking and writing."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import Any
from urllib.parse import quote

from ...core.errors import BadRequest
from ...core.limits import MOST_WORDS
from ...core.text import shown
from .replies import AnsweredWith200, as_texts

_SAFE = "[]~:,.*$|!"

#: How kinds of sites and capabilities are called.
WORD = re.compile(r"[\w.:-]{1,64}", re.ASCII)


# --- variables ----------------------------------------------------------------------------------------------


def read_single(variables: Mapping[str, Any], name: str) -> str | None:
    value = variables.get(name)
    if isinstance(value, (list, tuple)):
        if len(set(value)) > 1:
            raise BadRequest(f"{name} is given more than once.", hint=f"Give {name} once.")
        value = value[0] if value else None
    if value is None:
        return None
    text = str(value)
    if not text.isprintable():
        raise BadRequest(
            f"{name} cannot be read: {shown(text)!r}.", hint="Send it without control characters."
        )
    return text


def read_resource(variables: Mapping[str, Any]) -> str:
    name = read_single(variables, "resource")
    if not name or name == "mixed":
        raise AnsweredWith200(
            "Mixed resource synchronization not supported",
            hint="Name one table, e.g. resource=org_organisation.",
        )
    if "_" not in name:
        raise BadRequest(
            f"{shown(name)} is no resource.", hint="Name a table, e.g. resource=org_organisation."
        )
    return name


def read_components(variables: Mapping[str, Any], *also: str) -> bool:
    """Return whether components are exchanged.

    Args:
        variables: those of the request.
        also: further variables that say so.
    """
    return "None" not in [read_single(variables, name) for name in ("components", *also)]


def query_string(pairs: Sequence[tuple[str, str | None]]) -> str:
    return "&".join(f"{name}={quote(value, safe=_SAFE)}" for name, value in pairs if value is not None)


def read_words(value: Any) -> frozenset[str]:
    return frozenset(islice((each for each in as_texts(value) if WORD.fullmatch(each)), MOST_WORDS))
