"""What histories may have besides edits, synchronisations, faults and backups; each feature is a file."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from .base import Feature
from .clocks import SmallClockJumps, WrongClocks
from .documents import Files
from .filtered import Filtered
from .hand_over import HandOver
from .hierarchies import Branches, Hierarchy
from .merges import Merges
from .mid_run import MidRun
from .names import AdoptedUuids, Renames, SameNames, SameTypes
from .people import MovedContacts, Staff
from .policies import AnyPolicies, LastWord
from .programs import PastTheJournal, RestEdits
from .restores import PartialRestores
from .second_thoughts import Decisions, Undeletion
from .upkeep import OtherTasks, Purge

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
    "said not to be in step",
    "said to be in step",
)
FEATURES: dict[str, Feature] = {
    each.name: each
    for each in (
        AdoptedUuids(),
        AnyPolicies(),
        Branches(),
        Decisions(),
        Files(),
        Filtered(),
        HandOver(),
        Hierarchy(),
        LastWord(),
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
        WrongClocks(),
    )
}

#: Features whose histories do not all converge yet, with what is left. The command runs them when they are named.
OPEN = {
    "any policies": "With policies other than NEWER, a lost answer in a ring of three can keep sites busy for good.",
    "partial restores": "The known cause of a false word is mended; not tried often enough since.",
    "adopted uuids": "Untold: older records are not adopted; who deletes one of two deletes both elsewhere.",
    "same types": "Not tried often enough.",
    "wrong clocks": "All seeds up to 999 that failed are mended; not tried often enough since.",
    "decisions": "What a decision brings back is merged at the other site; this one says in step until the next run.",
    "edits in the middle of a run": "What a push is merged with comes back with the next run, not before.",
    "sql past the journal": "What was written past the journal and lost to an edit elsewhere is not always kept.",
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
