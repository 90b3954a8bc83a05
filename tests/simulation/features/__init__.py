"""What histories may have besides edits, synchronisations, faults and backups; each feature is a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .base import Feature
from .filtered import Filtered
from .hand_over import HandOver

#: What histories without any feature do.
ALWAYS = (
    "backup",
    "broken off",
    "changes lost by a restore",
    "cut",
    "lost pull",
    "lost push",
    "record conflict",
    "record created",
    "record deleted",
    "record updated",
)
FEATURES: dict[str, Feature] = {each.name: each for each in (Filtered(), HandOver())}

#: Features whose histories do not all converge yet, with what is left. The command runs them when they are named.
OPEN = {
    "hand over": "In one of some hundred histories a record stays at one site, and no list there says why.",
}
CONVERGING = tuple(name for name in FEATURES if name not in OPEN)


def never_happened(happened: "Counter[str]", features: Iterable[str]) -> list[str]:
    """Return what should have happened in many histories and never did.

    Args:
        happened: how often what happened in them.
        features: what they had.
    """
    wanted = {*ALWAYS, *(what for name in features for what in FEATURES[name].fires)}
    return sorted(what for what in wanted if not happened[what])


__all__ = ["CONVERGING", "FEATURES", "OPEN", "Feature", "never_happened"]
