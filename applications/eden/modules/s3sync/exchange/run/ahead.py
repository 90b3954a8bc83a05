"""Asks for the next page of a task while the present one is on its way, or is being imported.

Never more than one page is fetched ahead of the first one that is not stored. What is asked ahead acknowledges no
more than is stored: it presents the cursor of that, and names the one at which it begins.
"""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import Callable

from ...core.cursor import RequestNumber
from ...core.errors import DocumentTooLarge, LateRequest
from ..peer import Asking, PullResult
from .page_size import LineSpeed, PageSize

#: Calls a function, at once or in a thread.
Start = Callable[[Callable[[], None]], None]
#: Seconds between two looks whether the run may continue while a page is waited for.
LOOK = 1.0
#: Seconds between two looks how far a page has come, and those that the next one is asked for before it has to be: on a
#: line that rests nothing is carried, and on one that two pages share for a moment nothing is lost.
GLANCE, MARGIN = 0.1, 0.2
#: How many times longer than the answer before an answer may take.
VARIES = 1.5
#: Seconds to wait for the end of a page that is not wanted any more; after that its thread removes it.
PATIENCE = 5.0


def in_a_thread(work: Callable[[], None]) -> None:
    """Call a function in a thread, which does not keep the process from ending."""
    threading.Thread(target=work, name="next page", daemon=True).start()


class NotWanted(Exception):
    """A page is not wanted any more. Only the thread that receives it sees this."""


class Fetch:
    """A page that is fetched, in the thread of the run or in another one.

    Args:
        pull: asks for a page.
        asking: how.
        told: called as soon as it is known where the next page begins, in the thread that receives this one.
    """

    def __init__(
        self,
        pull: Callable[[Asking], PullResult],
        asking: Asking,
        told: Callable[[str], None] | None = None,
    ) -> None:
        self.asking = asking
        self.next = ""
        #: When it was asked for, and when its body began and ended to arrive, in seconds.
        self.asked = self.began = self.ended = 0.0
        self._size = self._received = 0
        self.is_over = self.is_again = False
        #: Whether its failure was told: the next attempt is another one.
        self.has_failed = False
        self._pull = pull
        self._told = told
        self._is_wanted = True
        self._changed = threading.Condition()
        self._page: PullResult | None = None
        self._error: BaseException | None = None

    def next_begins(self, cursor: str, size: int) -> None:
        """See port ``Receiving``."""
        self.began, self._size = time.monotonic(), size
        with self._changed:
            self.next = cursor
            self._changed.notify_all()
        if self._told is not None:
            self._told(cursor)

    def received(self, size: int) -> None:
        """See port ``Receiving``."""
        self._received = size
        if not self._is_wanted:
            raise NotWanted

    @property
    def is_near(self) -> bool:
        """Whether the rest of the page takes not much longer than the answer to a question.

        Who is asked for the next page then begins to send it when the line is free: much earlier, the two would share
        the line, and both would be here late.
        """
        now = time.monotonic()
        if self.is_over or self._received >= self._size:
            return True
        if not self._received:
            return False
        left = (self._size - self._received) * (now - self.began) / self._received
        return left <= VARIES * (self.began - self.asked) + MARGIN

    def run(self) -> None:
        """Fetch the page; whatever happens is kept for ``result``."""
        page: PullResult | None = None
        error: BaseException | None = None
        self.asked = self.began = time.monotonic()
        try:
            page = self._pull(replace(self.asking, receiving=self))
        except BaseException as failure:
            error = failure
        self.ended = time.monotonic()
        with self._changed:
            self._page, self._error, self.is_over = page, error, True
            if not self._is_wanted:
                self._remove()
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until it is over, or something becomes known of it, at most so many seconds."""
        with self._changed:
            if not self.is_over:
                self._changed.wait(seconds)

    def result(self) -> PullResult:
        """Return the page, which is removed by the caller.

        Raises:
            SyncError: as by ``Peer.pull``.
        """
        if self._error is not None:
            self.has_failed = True
            raise self._error
        assert self._page is not None
        page, self._page = self._page, None
        return page

    def discard(self) -> None:
        """Stop, and remove the page."""
        with self._changed:
            self._is_wanted = False
            if not self.is_over:
                self._changed.wait_for(lambda: self.is_over, PATIENCE)
            self._remove()

    def _remove(self) -> None:
        if self._page is not None:
            self._page.discard()
            self._page = None


class Ahead:
    """The pages of one task, one after the other.

    Args:
        pull: asks for a page.
        check: raises an error if the run must not continue.
        start: begins to fetch the page after the present one.
        is_able: whether the peer can be asked ahead.
        size: how many records are asked for at once, None for as many as the first request says.
    """

    def __init__(
        self,
        pull: Callable[[Asking], PullResult],
        check: Callable[[], None],
        start: Start = in_a_thread,
        *,
        is_able: bool,
        size: PageSize | None = None,
    ) -> None:
        self._pull = pull
        self._check = check
        self._start = start
        self._is_able = is_able
        self._size = size or PageSize(LineSpeed(), is_learned=False)
        #: The page that was asked for last, if it has not been taken, and the one after it.
        self._fetches: list[Fetch] = []

    def page(self, asking: Asking) -> PullResult:
        """Return a page, and begin to fetch the one after it.

        Args:
            asking: how the page is asked for if it was not asked for before.

        Raises:
            SyncError: as by ``Peer.pull``. Who asks the same again goes on where it broke off.
            Cancelled, AlreadyRunning: the run must not continue; ``discard`` ends what is on its way.
        """
        if self._fetches and not _fits(self._fetches[0].asking, asking):
            self.discard()
        if not self._fetches or self._fetches[0].has_failed:
            again = self._fetches[0].asking if self._fetches else self._sized(asking)
            fetch = Fetch(self._pull, again, lambda cursor: self._begin_next(asking, cursor))
            fetch.is_again = bool(self._fetches)
            self._fetches[:1] = [fetch]
            fetch.run()
        fetch = self._fetches[0]
        looked = 0.0
        while not fetch.is_over:
            if fetch.next and fetch.is_near:
                self._begin_next(asking, fetch.next)
            if time.monotonic() - looked >= LOOK:
                self._check()
                looked = time.monotonic()
            fetch.wait(GLANCE if fetch.next else LOOK)
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
        del self._fetches[0]
        if not fetch.is_again:
            # Of one that broke off only the rest has just arrived.
            self._size.note(page, fetch.asking.limit, fetch.began, fetch.ended)
        if fetch.asking.ahead and page.cursor == fetch.asking.ahead:
            # It is the page before once more: the peer has gone back to a version that does not know the parameter.
            page.discard()
            self.discard()
            self._is_able = False
            return self.page(asking)
        self.follow(asking, page)
        return page

    def follow(self, asking: Asking, page: PullResult) -> None:
        """Fetch the page after one that is here.

        Args:
            asking: how that one was asked for.
            page: that one.
        """
        if self._fetches and self._fetches[0].asking.ahead != page.cursor:
            self.discard()
        if page.is_ours and page.more and not page.restored and not self._fetches:
            self._begin(asking, page.cursor or "")

    def discard(self) -> None:
        """End what is on its way, and remove pages that nobody took."""
        for fetch in self._fetches:
            fetch.discard()
        self._fetches = []

    def _begin_next(self, asking: Asking, cursor: str) -> None:
        if len(self._fetches) == 1:
            self._begin(asking, cursor)

    def _begin(self, asking: Asking, cursor: str) -> None:
        if not (self._is_able and cursor):
            return
        fetch = Fetch(self._pull, self._sized(replace(asking, ahead=cursor, total=False, first=False)))
        self._fetches.append(fetch)
        self._start(fetch.run)

    def _sized(self, asking: Asking) -> Asking:
        return replace(asking, limit=self._size.limit(asking.limit))


def _fits(asked: Asking, asking: Asking) -> bool:
    """Return whether what was asked for is what would be asked for now.

    Args:
        asked: how a page was asked for.
        asking: how it would be asked for now, when all before it is stored.
    """
    if not asked.ahead:
        return asked == replace(asking, limit=asked.limit)
    follows = replace(asked, cursor=asked.ahead, ahead="", number=_next(asked.number), limit=asking.limit)
    return follows == replace(asking, number=_named(asking.number))


def _next(number: RequestNumber | None) -> RequestNumber | None:
    """Return the number of the request after one, without its random name."""
    return None if number is None else _named(number._replace(value=number.value + 1))


def _named(number: RequestNumber | None) -> RequestNumber | None:
    return None if number is None else number._replace(token="")
