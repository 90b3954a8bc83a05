"""Records that are merged while others change, move or delete them."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ..edits import make, some
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

MERGED = ("pr_person", "gis_location", "org_organisation")


class Merges(Feature):
    """People, locations and organisations are merged, and what belongs to them changes elsewhere."""

    name = "merges"
    fires = ("people merged", "record merged")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        tablename = rnd.choice(MERGED)
        chance = rnd.random()
        if chance < 0.6:
            if place.merge(tablename, rnd):
                world.happened["people merged"] += 1
            else:
                make(place, tablename, number, rnd)
        elif chance < 0.7:
            place.delete(tablename, some(place, tablename, number, rnd))
        else:
            self._belong(place, tablename, number, rnd)

    @staticmethod
    def _belong(place: Place, tablename: str, number: str, rnd: random.Random) -> None:
        """Let something belong to a record that may be merged elsewhere."""
        key = some(place, tablename, number, rnd)
        if tablename == "pr_person":
            joined = place.s3db[tablename][key].pe_id
            contact = place.any("pr_contact", rnd)
            if contact is None or rnd.random() < 0.5:
                place.insert(
                    "pr_contact", pe_id=joined, contact_method="SMS", value=number, uuid=f"d{number}"
                )
            else:
                place.change("pr_contact", contact, comments=number)
        elif tablename == "gis_location":
            place.change(tablename, key, comments=number)
        else:
            place.change("org_office", some(place, "org_office", f"{number}o", rnd), organisation_id=key)
