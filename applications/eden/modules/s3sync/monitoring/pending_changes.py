"""The numbers of records waiting to be sent, for many repositories and resources at once.

Counting each one would take a query per resource. Instead the last changes of every table are read once, newest first,
and each count is a look-up in them; anything before them is reported as "more than" that.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

#: Number of the last changes of a table to read.
LOOKED_AT = 1000


@dataclass(frozen=True)
class PendingChanges:
    """A number of waiting records.

    Attributes:
        count: number of records found.
        is_more: whether there may be more before the last changes.
    """

    count: int = 0
    is_more: bool = False

    def __add__(self, other: object) -> "PendingChanges":
        if not isinstance(other, PendingChanges):
            return NotImplemented
        return PendingChanges(self.count + other.count, self.is_more or other.is_more)


class Tail:
    """The last changes of a table.

    Args:
        changes: (position, repository that brought the change or None), newest first.
        is_whole: whether these are all changes after the lowest requested position.
    """

    def __init__(self, changes: Sequence[tuple[int, int | None]], is_whole: bool) -> None:
        self._is_whole = is_whole
        self._newest_first = [-position for position, _ in changes]
        self._brought_by: dict[int, list[int]] = {}
        for position, origin in changes:
            if origin is not None:
                self._brought_by.setdefault(origin, []).append(-position)

    def behind(self, position: int, repository_id: int) -> PendingChanges:
        """Return the number of changes after a position, without those that the repository brought itself."""
        found = bisect_left(self._newest_first, -position)
        own = bisect_left(self._brought_by.get(repository_id, []), -position)
        return PendingChanges(found - own, not self._is_whole and found == len(self._newest_first))


NOTHING = Tail((), True)


def tails(store: Any, lowest: Mapping[str, int], most: int = LOOKED_AT) -> dict[str, Tail]:
    """Return the last changes of tables, in few statements.

    Args:
        store: the site's store (``store.base.SqlStore``).
        lowest: table -> lowest position that will be requested.
        most: maximum number of changes of a table.
    """
    if not lowest:
        return {}
    journal, mark = store.columns.name("sync_journal"), store.mark
    last = (
        f"SELECT tablename, seq, origin FROM {journal} WHERE tablename = {mark} AND seq > {mark} "
        f"ORDER BY seq DESC LIMIT {most + 1}"
    )
    found: dict[str, list[tuple[int, int | None]]] = {name: [] for name in lowest}
    for table, position, origin in store.first_of_each(last, list(lowest.items())):
        found[table].append((position, origin))
    return {name: Tail(changes[:most], len(changes) <= most) for name, changes in found.items()}


def lowest_of(positions: Iterable[tuple[str, int]]) -> dict[str, int]:
    """Return table -> lowest position, from pairs of table and position."""
    lowest: dict[str, int] = {}
    for table, position in positions:
        lowest[table] = min(position, lowest.get(table, position))
    return lowest
