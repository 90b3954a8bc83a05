"""Deletions and merges, with their effects on other records."""

from __future__ import annotations

from .merger import Merger
from .removing import RecordToDelete, Restriction
from .replacing import Deleter
from .set_aside import rejected_components
from .survivors import end_of_merges, merge_steps

__all__ = [
    "Deleter",
    "Merger",
    "RecordToDelete",
    "Restriction",
    "end_of_merges",
    "merge_steps",
    "rejected_components",
]
