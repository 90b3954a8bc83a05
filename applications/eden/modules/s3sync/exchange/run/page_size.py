"""How many records are asked for at once: as many as the line brings within a few seconds.

A slow line has small pages, of which little is lost when it breaks or the run is stopped, and a good one large pages.
What the line brings is learned from the pages of the run, for a peer that is asked ahead: of the first one already from
how it begins. The setting stays the upper limit. The last pages are smaller: nothing is on the line any more while the
last one is imported.
"""

from __future__ import annotations

import math

from ..peer import PullResult

#: Seconds that a page shall take on the line at most.
SECONDS = 5.0
#: Main records of the first page of a run, while nothing is known, and of a page over the worst line.
FIRST, FEWEST = 2000, 50
#: Bytes that a record is expected to have on the line before the first page of its task.
USUAL_RECORD = 500
#: How many times larger than the page before a page is at most: the records of one page may be small by chance.
GROWTH = 8
#: How much what was learned before still counts beside a further page.
MEMORY = 0.5
#: Seconds that a page takes at least: what came at once says only that the line is good.
LEAST_SECONDS = 0.01
#: How much of what is left a page brings at most, where all of it takes the line so many seconds; and how many records
#: are worth a page then.
LAST, LAST_SECONDS, LAST_FEWEST = 2 / 3, 0.5, 500


class LineSpeed:
    """What the line to a peer brings in a second, as far as a run has seen."""

    def __init__(self) -> None:
        self._bytes = self._seconds = 0.0
        self._ended = float("-inf")

    def note(self, size: int, began: float, ended: float) -> None:
        """Take account of a page.

        Args:
            size: its bytes on the line.
            began, ended: when its body began and ended to arrive, in seconds. Two pages may arrive at once: time that
                both took counts once.
        """
        seconds = max(LEAST_SECONDS, ended - max(began, self._ended))
        self._ended = max(ended, self._ended)
        self._bytes = MEMORY * self._bytes + size
        self._seconds = MEMORY * self._seconds + seconds

    @property
    def rate(self) -> float | None:
        """Bytes a second, None while nothing is known."""
        return self._bytes / self._seconds if self._bytes else None


class PageSize:
    """The size of the pages of one task.

    Args:
        line: what is known of the line.
        is_learned: whether the size is learned; if not, it is always the largest.
    """

    def __init__(self, line: LineSpeed, *, is_learned: bool) -> None:
        self._line = line
        self._is_learned = is_learned
        self._record: float | None = None
        self._last: int | None = None
        self._glimpsed: float | None = None

    @property
    def rate(self) -> float | None:
        """Bytes a second that the line brings, as far as that is known."""
        return self._line.rate or self._glimpsed

    def limit(self, most: int, left: int | None = None) -> int:
        """Return how many main records to ask for.

        Args:
            most: the largest number.
            left: how many there still are, None if that is not known.
        """
        if not self._is_learned:
            return most
        rate = self.rate
        fits = FIRST if rate is None else int(rate * SECONDS / (self._record or USUAL_RECORD))
        if self._last is not None:
            fits = min(fits, GROWTH * self._last)
        if left and rate and left * (self._record or USUAL_RECORD) > rate * LAST_SECONDS:
            fits = min(fits, max(LAST_FEWEST, math.ceil(LAST * left)))
        return min(most, max(fits, FEWEST))

    def glimpse(self, limit: int, size: int, rate: float | None) -> None:
        """Learn from the beginning of a page, while nothing is known of the line.

        Args:
            limit: how many main records were asked for: those that it has, for another page follows.
            size: its bytes on the line, 0 if that is not known.
            rate: how many came in a second, None if too few came.
        """
        if self._is_learned and self._line.rate is None and size and rate:
            self._glimpsed = rate
            self._record = max(1.0, size / limit)
            self._last = limit

    def note(self, page: PullResult, limit: int, began: float, ended: float) -> None:
        """Learn from a page; one with fewer records than it could have had says little.

        Args:
            page: the page.
            limit: how many main records were asked for.
            began, ended: as in ``LineSpeed.note``.
        """
        if page.more and page.received:
            self._line.note(page.received, began, ended)
            self._record = max(1.0, page.received / limit)
            self._last = limit
