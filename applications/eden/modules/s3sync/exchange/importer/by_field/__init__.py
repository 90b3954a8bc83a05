"""Merges incoming versions of records with those that are here field by field, and remembers what was changed."""

from __future__ import annotations

from .changed_here import ChangesHere
from .cleared import ClearedFields, SentFields
from .dating import date_after, is_later
from .decisions import DecisionReader
from .handed_on import HandedOn
from .merger import FieldMerger, tells_edits
from .noting import ChangeWriter, has_learned
from .older import decide_older

__all__ = [
    "ChangeWriter",
    "ChangesHere",
    "ClearedFields",
    "DecisionReader",
    "FieldMerger",
    "HandedOn",
    "SentFields",
    "date_after",
    "decide_older",
    "has_learned",
    "is_later",
    "tells_edits",
]
