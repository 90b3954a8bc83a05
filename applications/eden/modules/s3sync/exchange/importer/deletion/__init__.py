"""Deletions and merges, with their effects on other records; and their undoing."""

from __future__ import annotations

from .columns import placeholder
from .deriving import catch_up
from .merger import Merger
from .noting import DeletionNotes, Taken
from .obstacles import Obstacle, ObstacleKind
from .removing import RecordToDelete, Restriction
from .replacing import Deleter
from .restoring import Restored, Restorer
from .reviving import Reviver
from .set_aside import rejected_components
from .survivors import end_of_merges, merge_steps

__all__ = [
    "Deleter",
    "DeletionNotes",
    "Merger",
    "Obstacle",
    "ObstacleKind",
    "RecordToDelete",
    "Restored",
    "Restorer",
    "Restriction",
    "Reviver",
    "Taken",
    "catch_up",
    "end_of_merges",
    "merge_steps",
    "placeholder",
    "rejected_components",
]
