"""Joins lists to which two sites added members, or from which they removed some."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def joined(base: Sequence[Any], earlier: Sequence[Any], later: Sequence[Any]) -> list[Any]:
    """Return the members that both left, and those that either added, the same at every site.

    Args:
        base: the members before both changes.
        earlier, later: the members after each, in the order of the edits.
    """
    first = [each for each in earlier if each in later or each not in base]
    return first + [each for each in later if each not in earlier and each not in base]
