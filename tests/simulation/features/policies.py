"""Policies other than the usual one."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from s3sync.core.policy import Policy

from .base import Feature

if TYPE_CHECKING:
    from ..history import History
    from ..world import World


class LastWord(Feature):
    """Of two sites one has the last word where both changed a record; they end equal."""

    name = "last word"
    acts = False
    fires = ("record conflict", "one site has the last word")

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        if len(world.sites) == 2:
            policy = random.Random(history.seed).choice((Policy.THIS, Policy.OTHER))
            self._set(world, Policy.NEWER, policy)
            world.happened["one site has the last word"] += 1

    @staticmethod
    def _set(world: World, update: Policy, conflict: Policy) -> None:
        for place in world.sites:
            table = place.db.sync_task
            place.db(table).update(update_policy=update.value, conflict_policy=conflict.value)
            place.db.commit()


class AnyPolicies(LastWord):
    """Any policies but MASTER: sites may differ then, and what was refused is listed.

    MASTER takes no record from a site that did not create it, and says no more than that it was left out.
    """

    name = "any policies"
    fires = ("kept conflict", "kept refused")
    alone = True
    differ_by_choice = True
    #: Whoever chose the policy decided on these.
    telling = ("rejected", "refused", "conflict")

    def begin(self, world: World, history: History) -> None:
        """See ``Feature``."""
        rnd = random.Random(history.seed)
        policies = (Policy.NEWER, Policy.OTHER, Policy.THIS)
        self._set(world, rnd.choice(policies), rnd.choice(policies))
