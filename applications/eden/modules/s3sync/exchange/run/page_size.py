"""How many records are asked for at once: as many as the line brings within a few seconds.

A slow line has small pages, of which little is lost when it breaks or the run is stopped, and a good one large pages.
What the line brings is learned from the pages of the run, for a peer that is asked ahead; the setting stays the upper
limit.
"""

from __future__ import annotations

from ..peer import PullResult

#: Seconds that a page shall take on the line at most.
SECONDS = 5.0
#: Main records of the first page of a run, while nothing is known, and of a page over the worst line.
FIRST, FEWEST = 500, 50
#: Bytes that a record is expected to have on the line before the first page of its task.
USUAL_RECORD = 500
#: How many times larger than the page before a page is at most: the records of one page may be small by chance.
GROWTH = 8
#: How much what was learned before still counts beside a further page.
MEMORY = 0.5
#: Seconds that a page takes at least: what came at once says only that the line is good.
LEAST_SECONDS = 0.01


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

    def limit(self, most: int) -> int:
        """Return how many main records to ask for.

        Args:
            most: the largest number.
        """
        if not self._is_learned:
            return most
        rate = self._line.rate
        fits = FIRST if rate is None else int(rate * SECONDS / (self._record or USUAL_RECORD))
        if self._last is not None:
            fits = min(fits, GROWTH * self._last)
        return min(most, max(fits, FEWEST))

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
