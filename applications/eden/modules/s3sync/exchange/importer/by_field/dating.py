"""Times of versions: that of the sender, or one later than both."""

from __future__ import annotations

from copy import copy
from datetime import datetime, timedelta
from typing import Any, Callable

from ....core.clock import TICK, milliseconds
from ..context import Context
from ..items import Item

_LAST_OF_SECOND, _BEFORE_SECOND = timedelta(milliseconds=999), timedelta(milliseconds=-1)


def within_second(item: Item, moment: datetime, is_above: Callable[[Item], bool]) -> datetime:
    """Return when the sender of a whole record edited it.

    Its time is that of a whole second, for ours at the sender as well: within the same one each would keep its own.

    Args:
        item: the record.
        moment: its time.
        is_above: returns whether an incoming version of the second of ours comes after ours, at every site.
    """
    if moment != item.ours("modified_on"):
        return moment
    return moment + (_LAST_OF_SECOND if is_above(item) else _BEFORE_SECOND)


def time_of(item: Item) -> int:
    """Return the time of our version, in milliseconds since 1970."""
    moment = item.ours("modified_on")
    return -1 if moment is None else milliseconds(moment)


def is_later(item: Item) -> bool:
    """Return whether a record that is as it is here has a later time there: that counts here, too."""
    ours, theirs = item.ours("modified_on"), item.record.modified_on
    return ours is not None and theirs is not None and theirs > ours


def is_earlier(item: Item) -> bool:
    """Return whether a version has an earlier time than ours, or either has none."""
    ours, theirs = item.ours("modified_on"), item.record.modified_on
    return ours is None or theirs is None or theirs < ours


def date(item: Item, merged: bool, context: Context) -> bool:
    """Give a version its time: that of the sender, or one later than both.

    No version has the time of another one: what was edited twice within a second is ahead of the clock, and may lose
    against an edit of an earlier time. An Eden beyond this site takes only what is later than what it has.

    Args:
        item: the record as it came, without what stays as it is here.
        merged: whether it holds more than what the sender has.
        context: knows which times can be.

    Returns:
        whether it is later than what the sender has.
    """
    ours, theirs = item.ours("modified_on"), item.record.modified_on
    if ours is None or theirs is None or (not merged and theirs >= ours) or not context.is_possible(ours):
        return False
    own_copy(item).modified_on = max(ours, theirs) + TICK
    return True


def date_after(item: Item, context: Context) -> None:
    """Give a version that is taken with another content than it came with a time later than both."""
    ours, theirs = None if item.is_new else item.ours("modified_on"), item.record.modified_on
    newest = max((each for each in (ours, theirs) if each is not None), default=None)
    if newest is not None and context.is_possible(newest):
        own_copy(item).modified_on = newest + TICK


def own_copy(item: Item) -> Any:
    """Return a copy of an incoming record that may be changed; ``item.whole`` has it as it came."""
    if item.whole is None:
        item.whole = item.record
        item.record = copy(item.record)
    return item.record
