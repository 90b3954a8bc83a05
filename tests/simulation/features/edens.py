"""A Sahana Eden among our sites: it exchanges whole records by time, and keeps nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..eden import Eden
from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..world import World


class EdenInBetween(Feature):
    """One of the sites is a classic Sahana Eden, wherever it stands: it is asked, or asks itself."""

    name = "an Eden in between"
    acts = False
    # An Eden takes bare identifiers for its own, and has no words for what we know of edits.
    alone = True
    # A deletion of an Eden that waits is refused after a day: nobody says that nothing more comes.
    puts_off = True
    fires = ("asked an Eden", "asked by an Eden", "replaced by an Eden", "touched by an Eden")

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        place = world.sites[history.seed % len(world.sites)]
        place.eden = Eden(place, world.happened)
        for each in world.sites:
            each.beside_eden = True
            known = each.db.sync_repository
            each.db(known.uuid == place.uuid).update(capabilities=[])
            each.db.commit()

    def settle(self, world: World, history: History) -> None:
        """See ``Feature``: what reached an Eden late with an older time it passes on only if somebody compares."""
        for place in world.sites:
            if place.eden is not None:
                place.eden.compares = True
