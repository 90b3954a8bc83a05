"""Clocks that jump."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from ..edits import edit
from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..place import Place
    from ..world import World

HOUR, DAY = 3600, 86400


class SmallClockJumps(Feature):
    """A clock is set, by less than what a record's time may be ahead."""

    name = "small clock jumps"
    fires = ("clock set back", "clock set ahead")
    jumps: "tuple[int, ...]" = (-2 * HOUR, -HOUR, -30, -1, 30, HOUR)

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``."""
        jump = rnd.choice(self.jumps)
        place.clock.step(jump)
        world.happened["clock set back" if jump < 0 else "clock set ahead"] += 1


class WrongClocks(SmallClockJumps):
    """A clock is wrong by days for some time, as that of a computer that lost its battery."""

    name = "wrong clocks"
    fires = ("clock set back", "clock set ahead", "record rejected")
    jumps = (-3 * DAY, -DAY, 3 * DAY, 2 * DAY)
    #: Nothing stays rejected once the clocks are right.
    telling = ()

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        self._latest = datetime.min

    def act(self, world: World, place: Place, number: str, rnd: random.Random) -> None:
        """See ``Feature``: something is changed by the wrong clock."""
        super().act(world, place, number, rnd)
        self._latest = max(self._latest, place.clock.moment)
        edit(place, number, rnd)

    def settle(self, world: World, history: History) -> None:
        """See ``Feature``: clocks are right again, some days after what any of them has shown."""
        latest = max(self._latest, *(place.clock.moment for place in world.sites)) + timedelta(days=4)
        for place in world.sites:
            place.clock.moment = latest
