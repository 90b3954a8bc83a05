"""Finds the records here that incoming ones are versions of."""

from __future__ import annotations

from .identifier import Identifier

__all__ = ["Identifier"]
