"""Asks for the next pages of a task while the present one is on its way, or is being imported.

Never more than two pages are fetched ahead of the first one that is not stored, on the disk. What is asked ahead
acknowledges no more than is stored: it presents the cursor of that, and names the one at which it begins.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection
from dataclasses import replace
from typing import Callable

from ...core.cursor import RequestNumber
from ...core.errors import DocumentTooLarge, LateRequest
from ...wire.protocol.names import PeerCapability
from ..peer import Asking, PullResult
from .fetch import LOOK, Fetch, end, next_of
from .page_size import LineSpeed, PageSize
from .starting import Start, in_a_thread


def pages_ahead(capabilities: Collection[str]) -> int:
    """Return how many pages a peer sends beside the first one that is not stored.

    With one, the line rests from the end of that until an import has ended and the next question is answered.

    Args:
        capabilities: those of the peer.
    """
    if PeerCapability.AHEAD not in capabilities:
        return 0
    return 2 if PeerCapability.TWO_AHEAD in capabilities else 1


class Ahead:
    """The pages of one task, one after the other.

    Args:
        pull: asks for a page.
        check: raises an error if the run must not continue.
        start: begins to fetch the pages after the present one.
        most: how many of them the peer sends.
        size: how many records are asked for at once, None for as many as the first request says.
    """

    def __init__(
        self,
        pull: Callable[[Asking], PullResult],
        check: Callable[[], None],
        start: Start = in_a_thread,
        *,
        most: int,
        size: PageSize | None = None,
    ) -> None:
        self._pull = pull
        self._check = check
        self._start = start
        self._most = most
        self._size = size or PageSize(LineSpeed(), is_learned=False)
        #: How many main records the peer has beside those of pages that were taken, None while that is not known.
        self._left: int | None = None
        #: What the first page that is not stored was asked for with, as the run sees it.
        self._asking: Asking | None = None
        #: Pages that were asked for and have not been taken; whether the first one is waited for.
        self._fetches: list[Fetch] = []
        self._is_waiting = False
        #: Pages are begun by the run and by the threads that receive them.
        self._lock = threading.RLock()

    def page(self, asking: Asking) -> PullResult:
        """Return a page, and go on fetching those after it.

        Args:
            asking: how the page is asked for if it was not asked for before.

        Raises:
            SyncError: as by ``Peer.pull``. Who asks the same again goes on where it broke off.
            Cancelled, AlreadyRunning: the run must not continue; ``discard`` ends what is on its way.
        """
        fetch = self._first(asking)
        looked = 0.0
        while not fetch.is_over:
            if time.monotonic() - looked >= LOOK:
                self._check()
                looked = time.monotonic()
            fetch.wait(LOOK)
        try:
            page = fetch.result()
        except LateRequest:
            self.discard()
            if not fetch.asking.ahead:
                raise
            # The page before it is stored by now.
            return self.page(asking)
        except DocumentTooLarge:
            self.discard()
            raise
        if fetch.asking.ahead and page.cursor == fetch.asking.ahead:
            # It is the page before once more: the peer has gone back to a version that does not know the parameter.
            page.discard()
            self.discard()
            self._most = 0
            return self.page(asking)
        with self._lock:
            del self._fetches[0]
            self._is_waiting = False
            self._left = self._left if page.total is None else page.total
            self._left = None if self._left is None else self._left - fetch.asking.limit
        self.follow(asking, page)
        return page

    def _first(self, asking: Asking) -> Fetch:
        """Return the page that is asked for, on its way or here."""
        first = self._fetches[0] if self._fetches else None
        if first is not None and not _fits(first.then, asking):
            self.discard()
            first = None
        with self._lock:
            self._asking, self._is_waiting = asking, True
        if first is None or first.has_failed:
            again = self._sized(asking) if first is None else first.asking
            fetch = Fetch(self._pull, again, asking, self._go_on)
            fetch.is_again = first is not None
            with self._lock:
                self._fetches[:1] = [fetch]
            fetch.run(self._check)
            return fetch
        self._go_on(self._fetches[-1])
        return first

    def follow(self, asking: Asking, page: PullResult) -> None:
        """Fetch the page after one that is here.

        Args:
            asking: how that one was asked for.
            page: that one.
        """
        cursor = next_of(page)
        if self._fetches and self._fetches[0].asking.ahead != cursor:
            self.discard()
        with self._lock:
            self._asking = asking
            if cursor and not self._fetches:
                self._begin(asking, cursor)
        if self._fetches:
            self._go_on(self._fetches[-1])

    def discard(self) -> None:
        """End what is on its way, and remove pages that nobody took."""
        with self._lock:
            fetches, self._fetches = self._fetches, []
        end(fetches)

    def _go_on(self, fetch: Fetch) -> None:
        """Begin to fetch the page after one, if that is the last one, and it is time."""
        with self._lock:
            self._learn(fetch)
            if not self._fetches or self._fetches[-1] is not fetch or fetch.next in ("", fetch.asking.ahead):
                return
            self._size.glimpse(fetch.asking.limit, fetch.size, fetch.rate)
            left = sum(each.left for each in self._fetches)
            rate = max(fetch.rate or 0.0, self._size.rate or 0.0)
            if not left or (rate and left <= rate * fetch.soon):
                self._begin(fetch.then, fetch.next)

    def _learn(self, fetch: Fetch) -> None:
        """Learn from a page that is here, once; of one that broke off only the rest has just arrived."""
        if fetch.page is not None and not fetch.is_again and not fetch.is_learned:
            fetch.is_learned = True
            self._size.note(fetch.page, fetch.asking.limit, fetch.began, fetch.ended)

    def _begin(self, before: Asking, cursor: str) -> None:
        """Begin to fetch a page.

        Args:
            before: how the page before it would be asked for if all before that were stored.
            cursor: where it begins.
        """
        assert self._asking is not None
        if len(self._fetches) >= self._most + self._is_waiting:
            return
        then = replace(before, cursor=cursor, total=False, first=False, number=_next(before.number))
        asking = replace(self._asking, ahead=cursor, total=False, first=False)
        fetch = Fetch(self._pull, self._sized(asking), then, self._go_on)
        self._fetches.append(fetch)
        self._start(fetch.run)

    def _sized(self, asking: Asking) -> Asking:
        left = self._left
        if left is not None:
            left = max(0, left - sum(each.asking.limit for each in self._fetches))
        return replace(asking, limit=self._size.limit(asking.limit, left))


def _fits(then: Asking, asking: Asking) -> bool:
    """Return whether a page that was asked for is what would be asked for now.

    Args:
        then: how it would have been asked for, were all before it stored.
        asking: how it would be asked for now, when they are.
    """
    return replace(then, number=_named(then.number)) == replace(asking, number=_named(asking.number))


def _next(number: RequestNumber | None) -> RequestNumber | None:
    """Return the number of the request after one, without its random name."""
    return None if number is None else _named(number._replace(value=number.value + 1))


def _named(number: RequestNumber | None) -> RequestNumber | None:
    return None if number is None else number._replace(token="")
