"""Names: records are renamed, and several sites give the same name to new ones."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ..edits import MAKERS, some
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

NAMED = tuple(name for name in MAKERS if name not in ("pr_person", "org_office"))


class Renames(Feature):
    """Records are renamed, also those whose names are unique, by names that nobody has."""

    name = "renames"
    fires = ("renamed",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        tablename = rnd.choice(NAMED)
        place.change(tablename, some(place, tablename, number, rnd), name=f"renamed {number}")
        world.happened["renamed"] += 1


class SameNames(Feature):
    """Several sites make organisations of the same name, which are records of their own."""

    name = "same names"
    fires = ("same name given",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        name = rnd.choice(("Aqua", "Food", "Shelter"))
        table = place.s3db["org_organisation"]
        world.happened["same name given"] += not place.db(table.name == name).isempty()
        place.insert("org_organisation", name=name, uuid=f"o{number}")
