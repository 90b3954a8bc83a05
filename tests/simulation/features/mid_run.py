"""Edits at either end while a request is under way."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from ..edits import edit
from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..world import World


class MidRun(Feature):
    """People go on working while sites synchronise."""

    name = "edits in the middle of a run"
    acts = False
    fires = ("edited in the middle of a run",)

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self._edits = 0
        self._is_over = self._unheard = False

    @property
    def words_hold(self) -> bool:  # type: ignore[override]
        """See ``Feature``: no site can know of an edit after the last request that tells of changes."""
        return not self._unheard

    def told(self) -> None:
        """See ``Feature``."""
        self._unheard = False

    def before_run(self, choice: int) -> None:
        """See ``Feature``."""
        self._random = random.Random(choice)
        self._unheard = False

    def meanwhile(self, world: World) -> None:
        """See ``Feature``."""
        if self._is_over:
            return
        place = world.sites[self._random.randrange(len(world.sites))]
        if self._random.random() > 0.35 or place.site.store.in_transaction:
            return
        self._edits += 1
        edit(place, f"{place.name}m{self._edits}", self._random)
        place.db.commit()
        self._unheard = True
        world.happened["edited in the middle of a run"] += 1
        if self._random.random() < 0.3:
            for each in world.sites:
                each.clock.step(1)

    def settle(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self._is_over = True
