"""Backups of which only a part is put back."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from .. import edits as edits
from .base import Feature

if TYPE_CHECKING:
    from ..place import Place
    from ..world import World


class PartialRestores(Feature):
    """The database is put back alone, the file beside it is lost, or both are of different days."""

    name = "partial restores"
    fires = ("changes lost by a restore", "database put back alone", "journal file lost")

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        chance = rnd.random()
        if place.backup is None or chance < 0.3:
            place.take_backup()
            edits.edit(place, number, rnd)
        elif chance < 0.6:
            world.happened["database put back alone"] += 1
            world.restore(place, with_file=False)
        elif chance < 0.8:
            world.happened["journal file lost"] += 1
            place.lose_journal_file()
        else:
            world.happened["journal file lost"] += 1
            world.restore(place, with_file=False)
            place.lose_journal_file()
