"""Unique values that change hands."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

TABLE = "org_organisation_type"


class HandOver(Feature):
    """A record gets the unique value of another one, which gets the former one's or a new one."""

    name = "hand over"
    fires = ("handed over",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        table = place.s3db[TABLE]
        first, second = place.any(TABLE, rnd), place.any(TABLE, rnd)
        if first is None or second is None or first == second:
            for each in ("a", "b"):
                table.insert(name=f"{number}{each}", uuid=f"t{number}{each}")
            return
        world.happened["handed over"] += 1
        given, taken = table[first].name, table[second].name
        place.change(TABLE, first, name=f"in between {number}")
        place.change(TABLE, second, name=given)
        place.change(TABLE, first, name=taken if rnd.random() < 0.5 else f"{number} renamed")
