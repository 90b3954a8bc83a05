"""Deletions and merges, with their effects on other records; and their undoing."""

from __future__ import annotations

from .merger import Merger
from .noting import DeletionNotes, Taken
from .removing import RecordToDelete, Restriction
from .replacing import Deleter
from .reviving import Reviver
from .set_aside import rejected_components
from .survivors import end_of_merges, merge_steps

__all__ = [
    "Deleter",
    "DeletionNotes",
    "Merger",
    "RecordToDelete",
    "Restriction",
    "Reviver",
    "Taken",
    "end_of_merges",
    "merge_steps",
    "rejected_components",
]
