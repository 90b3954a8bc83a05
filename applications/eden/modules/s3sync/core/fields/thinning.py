"""What of the changes of a record can be forgotten: not what its present version has seen, nor who edited it last."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Callable

from .changes import Change
from .edits import EVERY_FIELD


def thinned(changes: Sequence[Change], old: Callable[[Change], bool]) -> list[Change | None]:
    """Return each change as it is to be remembered, None for one that is to be forgotten.

    Of an old change the former values go, and the fields that were changed again. It is forgotten if nothing is left
    of it, unless it is the latest that was seen of its site. What a person decided stays decided. ``fold`` gives the
    same edits before and after.

    Args:
        changes: all that is remembered of a record, in the order in which it was written down.
        old: returns whether a change is old enough.
    """
    whole = max((number for number, each in enumerate(changes) if EVERY_FIELD in each.fields), default=0)
    last: dict[str, int] = {}
    latest: dict[str, int] = {}
    for number, change in enumerate(changes):
        if number >= whole:
            last.update(dict.fromkeys(change.fields, number))
        known = latest.get(change.stamp.site)
        if known is None or change.stamp.time > changes[known].stamp.time:
            latest[change.stamp.site] = number
    newest = set(latest.values())
    found: list[Change | None] = []
    for number, change in enumerate(changes):
        if not old(change):
            found.append(change)
            continue
        decided = bool(change.settled) and number >= whole
        left = [name for name in change.fields if decided or last.get(name) == number]
        stays = left or number in newest
        found.append(change._replace(fields={name: [] for name in left}) if stays else None)
    return found
