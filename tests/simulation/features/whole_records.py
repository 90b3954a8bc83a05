"""A site that tells no edits, and hears of none: as an Eden, and a site of ours of before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..place import Place
    from ..world import World


class WholeRecords(Feature):
    """One of the sites exchanges whole records with all others, which tell their edits among themselves."""

    name = "whole records"
    acts = False
    fires = ("edits not told",)
    one_time = False

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self.silent(world, history).tells_no_edits = True

    @staticmethod
    def silent(world: World, history: History) -> Place:
        """Return the site that tells no edits in a history with this feature."""
        return world.sites[history.seed % len(world.sites)]
