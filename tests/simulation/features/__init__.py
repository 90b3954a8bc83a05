"""What histories may have besides edits, synchronisations, faults and backups; each feature is a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .base import Feature
from .bins import EmptiedBins
from .carried import Carried
from .clocks import SmallClockJumps, WrongClocks
from .documents import Files
from .edens import EdenInBetween
from .filtered import Filtered
from .hand_over import HandOver
from .hierarchies import Branches, Hierarchy
from .long_pulls import LongPulls
from .merges import Merges
from .mid_run import MidRun
from .names import AdoptedUuids, Renames, SameNames, SameTypes
from .people import MovedContacts, Staff
from .policies import AnyPolicies, LastWord
from .programs import PastTheJournal, RestEdits
from .restores import PartialRestores
from .second_thoughts import Decisions, Undeletion
from .upkeep import OtherTasks, Purge
from .whole_records import WholeRecords

#: What histories without any feature do.
ALWAYS = (
    "answers column by column",
    "answers packed with the dictionary",
    "backup",
    "broken off",
    "changes lost by a restore",
    "cut",
    "documents column by column",
    "lost pull",
    "lost push",
    "record conflict",
    "record created",
    "record deleted",
    "record updated",
    "said not to be in step",
    "said to be in step",
)
FEATURES: dict[str, Feature] = {
    each.name: each
    for each in (
        AdoptedUuids(),
        AnyPolicies(),
        Branches(),
        Carried(),
        Decisions(),
        EdenInBetween(),
        EmptiedBins(),
        Files(),
        Filtered(),
        HandOver(),
        Hierarchy(),
        LastWord(),
        LongPulls(),
        Merges(),
        MidRun(),
        MovedContacts(),
        OtherTasks(),
        PartialRestores(),
        PastTheJournal(),
        Purge(),
        Renames(),
        RestEdits(),
        SameNames(),
        SameTypes(),
        SmallClockJumps(),
        Staff(),
        Undeletion(),
        WholeRecords(),
        WrongClocks(),
    )
}

#: Features whose histories do not all converge yet, with what is left. The command runs them when they are named.
OPEN = {
    "adopted uuids": "The seeds that failed pass (41216, 41279), and 200 histories; few were run since.",
    "edits in the middle of a run": "The seeds that failed pass (46, 59, 7155, 93050); few histories were run since.",
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
