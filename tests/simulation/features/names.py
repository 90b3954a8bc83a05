"""Names: records are renamed, and several sites give the same name to new ones."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ..edits import MAKERS, some
from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..place import Place
    from ..world import World

TYPE = "org_organisation_type"
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


class AdoptedUuids(SameNames):
    """The same, at sites that adopt each other's uuids: such organisations become one record.

    Of a site that has several of one name itself, that is told in the next run: the other one adopts in a push.
    """

    name = "adopted uuids"
    words_hold = False

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        for place in world.sites:
            place.db(place.db.sync_repository).update(synchronise_uuids=True)
            place.db.commit()


class SameTypes(Feature):
    """Several sites make types of the same unique name, or give it to those that they have."""

    name = "same types"
    fires = ("same type made", "same type renamed")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        table = place.s3db[TYPE]
        name = f"type {rnd.choice('PQRST')}"
        if not place.db(table.name == name).isempty():
            return
        key = place.any(TYPE, rnd) if rnd.random() < 0.4 else None
        if key is None:
            place.insert(TYPE, name=name, uuid=f"t{number}")
            world.happened["same type made"] += 1
        else:
            place.change(TYPE, key, name=name)
            world.happened["same type renamed"] += 1
