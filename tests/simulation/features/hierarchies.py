"""Hierarchies: locations below locations, and branches of organisations."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ..edits import some
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World


class Hierarchy(Feature):
    """Locations move to other places in their hierarchy."""

    name = "hierarchy"
    fires = ("location moved",)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        table = place.s3db["gis_location"]
        key = some(place, "gis_location", number, rnd)
        above = place.any("gis_location", rnd)
        if above == key or rnd.random() < 0.15:
            above = place.insert("gis_location", name=f"{number}above", uuid=f"l{number}above")
        # What is above itself no form takes.
        seen, each = {key}, above
        while each is not None and each not in seen:
            seen.add(each)
            row = table[each]
            each = row.parent if row else None
        if each == key:
            above = None
        place.change("gis_location", key, parent=above)
        world.happened["location moved"] += 1


class Branches(Feature):
    """Organisations become branches of others and leave them."""

    name = "branches"
    fires = ("branch made", "branch left")
    tables = {"org_organisation_branch": ""}

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        link = place.any("org_organisation_branch", rnd)
        if link is not None and rnd.random() < 0.4:
            world.happened["branch left"] += place.delete("org_organisation_branch", link)
            return
        above = some(place, "org_organisation", number, rnd)
        below = place.insert("org_organisation", name=f"{number}b", uuid=f"o{number}b")
        if rnd.random() < 0.5:
            below = place.any("org_organisation", rnd) or below
        if below == above or self._has_parent(place, below) or self._is_above(place, below, above):
            return
        place.insert("org_organisation_branch", organisation_id=above, branch_id=below, uuid=f"b{number}")
        world.happened["branch made"] += 1

    @staticmethod
    def _parent(place: Place, key: int) -> "int | None":
        table = place.s3db["org_organisation_branch"]
        query = (table.branch_id == key) & (table.deleted == False)  # noqa: E712
        row = place.db(query).select(table.organisation_id).first()
        return row.organisation_id if row else None

    def _has_parent(self, place: Place, key: int) -> bool:
        return self._parent(place, key) is not None

    def _is_above(self, place: Place, upper: int, lower: int) -> bool:
        seen: "set[int]" = set()
        each: "int | None" = lower
        while each is not None and each not in seen:
            if each == upper:
                return True
            seen.add(each)
            each = self._parent(place, each)
        return False
