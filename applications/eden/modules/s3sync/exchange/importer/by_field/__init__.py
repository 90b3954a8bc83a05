"""Merges incoming versions of records with those that are here field by field, and remembers what was changed."""

from __future__ import annotations

from .merger import FieldMerger
from .noting import ChangeWriter, has_learned
from .whole_records import former_values

__all__ = ["ChangeWriter", "FieldMerger", "former_values", "has_learned"]
