"""Pulls of many pages, of which two are on their way while a third one is stored."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

TABLE = "org_organisation"
#: How many records somebody enters at once.
FEWEST, MOST = 4, 9


class LongPulls(Feature):
    """Many records are new at once, so that pages of few records are asked for ahead."""

    name = "long pulls"
    fires = ("asked two ahead", "lost with another one on its way", "broken off")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        for each in range(rnd.randint(FEWEST, MOST)):
            place.insert(TABLE, name=f"{number} of many {each}", uuid=f"many{number}-{each}")
