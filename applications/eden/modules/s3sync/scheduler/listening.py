"""How this site listens at another one: noted by the worker, shown on the schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..core.text import TextEnum
from ..site import Repository

#: Key of a repository's settings.
EAR = "listening"


class Ear(TextEnum):
    """How it listens.

    Attributes:
        LISTENS: it hears at once.
        NO_PLACE: the other site lets nobody else listen, or its web server cannot.
        NO_LINE: the other site could not be reached.
    """

    LISTENS = "listens"
    NO_PLACE = "no place"
    NO_LINE = "no line"


def ear_of(settings: Mapping[str, Any]) -> Ear | None:
    """Return how this site listened at a repository at last, None where it never did."""
    found = settings.get(EAR)
    return Ear(found) if found in tuple(Ear) else None


def note_ear(repository: Repository, ear: Ear) -> None:
    """Store how this site listens, where that is another way than before."""
    if ear_of(repository.settings) is not ear:
        with repository.site.store.transaction():
            repository.update(settings=repository.settings_with(**{EAR: ear.value}))
