"""Deletions and merges, with their effects on other records; and their undoing."""

from __future__ import annotations

from ...survivors import merge_steps
from .columns import foreign_keys, placeholder
from .deriving import catch_up
from .emptying import Emptying
from .merger import Merger
from .noting import DeletionNotes, Taken
from .obstacles import Obstacle, ObstacleKind, Obstacles
from .removing import RecordToDelete, Restriction
from .replacing import Deleter
from .restoring import Restored, Restorer
from .reviving import Reviver
from .set_aside import rejected_components

__all__ = [
    "Deleter",
    "DeletionNotes",
    "Emptying",
    "Merger",
    "Obstacle",
    "ObstacleKind",
    "Obstacles",
    "RecordToDelete",
    "Restored",
    "Restorer",
    "Restriction",
    "Reviver",
    "Taken",
    "catch_up",
    "foreign_keys",
    "merge_steps",
    "placeholder",
    "rejected_components",
]
