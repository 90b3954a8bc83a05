"""Tells which side lost references of a record by a deletion: no edit says so, and it is in conflict with none."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Callable

from ....core.fields import Edits, Undated
from ..items import Item
from .dating import is_earlier


def has_lost(before: Any, after: Any) -> bool:
    """Return whether a reference is empty in a later version, or a list of them has fewer members."""
    return not after or (isinstance(after, list) and set(after) < set(before or ()))


def undated(
    item: Item, ours: Edits, theirs: Edits, differing: Collection[str], was_emptied: Callable[[], bool]
) -> Undated | None:
    """Return what becomes of references that one side lost while the other one edited other fields.

    Args:
        item: a record that is here with other values.
        ours, theirs: the edits of both versions.
        differing: names of the fields with different values.
        was_emptied: returns whether a deletion emptied a reference of the record here.

    Returns:
        None where anything else differs that no edit explains, such as a reference that was filled again.
    """
    names = [name for name in differing if _is_seen(name, ours, theirs) and _is_seen(name, theirs, ours)]
    if not names or not all(name in item.plan.references and name in item.changes for name in names):
        return None
    if all(has_lost(item.changes[name], item.ours(name)) for name in names):
        # Filled again it would be later, and tell of no edit.
        is_before = not ours.covers(theirs) or is_earlier(item)
        return Undated(False, False) if is_before and was_emptied() else None
    if all(has_lost(item.ours(name), item.changes[name]) for name in names):
        return None if was_emptied() else Undated(True, False)
    return None


def _is_seen(name: str, version: Edits, other: Edits) -> bool:
    edit = version.of(name)
    return edit is None or other.has_seen(edit.stamp)
