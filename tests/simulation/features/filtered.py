"""Offices that a filter lets through or keeps back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..place import Contents, Place
    from ..world import World

OFFICE, ORGANISATION = "org_office", "org_organisation"
#: One in two of the numbers that names end in.
DIGITS = "02468"
FILTER = "~.name__like=" + ",".join(f"*{digit}" for digit in DIGITS)


def passes(version: tuple[str, ...]) -> bool:
    """Return whether the filter lets a version of an office through."""
    return any(value.startswith("name=") and value[-1] in DIGITS for value in version)


class Filtered(Feature):
    """Every exchange of offices has a filter."""

    name = "filter"
    fires = ("kept back by the filter", "let through by the filter")

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        for place in world.sites:
            db = place.db
            for task in db(db.sync_task.resource_name == OFFICE).select():
                db.sync_resource_filter.insert(task_id=task.id, tablename=OFFICE, filter_string=FILTER)
            db.commit()

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        owner = place.any(ORGANISATION, rnd)
        if owner is None:
            owner = place.s3db[ORGANISATION].insert(name=number, uuid=f"o{number}")
        office = place.any(OFFICE, rnd)
        if office is None or rnd.random() < 0.5:
            place.s3db[OFFICE].insert(name=number, uuid=f"f{number}", organisation_id=owner)
        else:
            place.change(OFFICE, office, comments=number, organisation_id=owner)

    def is_exchanged(self, world: World, known: list[Contents], key: tuple[str, str]) -> bool:
        """See ``Feature``."""
        if key[0] != OFFICE:
            return True
        if all(passes(each[key]) for each in known if key in each):
            world.happened["let through by the filter"] += all(key in each for each in known)
            return True
        world.happened["kept back by the filter"] += not all(key in each for each in known)
        return False
