"""Bins that are emptied between exchanges: by an administrator, and when their time is over."""

from __future__ import annotations

import random
from datetime import timedelta
from typing import TYPE_CHECKING

from s3sync.bin import emptying as emptying

from .. import edits as edits
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World

#: How many deletions are looked at.
MOST = 1000


class EmptiedBins(Feature):
    """What was deleted is deleted for good at one site, while others still have it, or have not heard of it."""

    name = "emptied bins"
    fires = ("deleted for good", "bin emptied")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        found = place.site.deletions.overdue(place.clock.now() + timedelta(days=1), MOST)
        places = [(table, key) for table, keys in sorted(found.items()) for key in keys]
        place.db.commit()
        if not places:
            edits.delete(place, rnd)
        elif rnd.random() < 0.7:
            world.happened["deleted for good"] += emptying.delete_for_good(place.site, rnd.choice(places))
        else:
            days = place.site.host.settings.get_sync_bin_days()
            for each in world.sites:
                each.clock.step((days + 1) * 86400)
            world.happened["bin emptied"] += emptying.empty_bin(place.site)
