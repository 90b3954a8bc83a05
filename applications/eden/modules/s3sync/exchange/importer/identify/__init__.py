"""Finds the records here that incoming ones are versions of."""

from __future__ import annotations

from .holder import Holder, moved
from .identifier import Identifier

__all__ = ["Holder", "Identifier", "moved"]
