"""One page that is fetched, and what is known of it while it is on its way."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Callable

from ..peer import Asking, PullResult

#: Seconds that the next page is asked for before it has to be: on a line that rests nothing is carried, and on one that
#: two pages share for a moment nothing is lost.
MARGIN = 0.2
#: How many times longer than the answer before an answer may take.
VARIES = 1.5
#: Seconds between two looks whether the run may continue while a page is received in the thread of the run.
LOOK = 1.0
#: Seconds to wait for the end of pages that are not wanted any more; after that their threads remove them.
PATIENCE = 5.0
#: Bytes of a page, or part of it, of which the speed says something of the line; and seconds that they take at least.
TELLING, TELLING_PART, LEAST_SECONDS = 16_000, 0.25, 0.05


class NotWanted(Exception):
    """A page is not wanted any more. Only the thread that receives it sees this."""


class Fetch:
    """A page that is fetched, in the thread of the run or in another one.

    Args:
        pull: asks for a page.
        asking: how.
        then: how it would be asked for if all before it were stored.
        told: called, in the thread that receives the page, as soon as it is known where the next one begins, and then
            whenever something has arrived.

    Attributes:
        next: where the next page begins, "" while that is not known.
        asked, began, ended: when it was asked for, and when its body began and ended to arrive, in seconds.
        size: its bytes on the line, 0 if the peer does not say.
        arrived: how many of them are here.
        page: the page, from when it is here until it is taken.
        is_over, is_again: whether it is here or has failed; whether it was asked for before.
        has_failed: whether its failure was told: the next attempt is another one.
        is_learned: whether the size of further pages goes by it.
    """

    def __init__(
        self,
        pull: Callable[[Asking], PullResult],
        asking: Asking,
        then: Asking,
        told: Callable[[Fetch], None] = lambda fetch: None,
    ) -> None:
        self.asking = asking
        self.then = then
        self.next = ""
        self.asked = self.began = self.ended = 0.0
        self.size = self.arrived = 0
        self.page: PullResult | None = None
        self.is_over = self.is_again = self.has_failed = self.is_learned = False
        self._pull = pull
        self._told = told
        self._is_wanted = True
        self._check: Callable[[], None] | None = None
        self._looked = 0.0
        self._changed = threading.Condition()
        self._error: BaseException | None = None

    def next_begins(self, cursor: str, size: int) -> None:
        """See port ``Receiving``."""
        self.began, self.size = time.monotonic(), size
        self.next = cursor
        self._tell()

    def received(self, size: int) -> None:
        """See port ``Receiving``."""
        self.arrived = size
        if not self._is_wanted:
            raise NotWanted
        if self._check is not None and time.monotonic() - self._looked >= LOOK:
            self._looked = time.monotonic()
            self._check()
        self._tell()

    @property
    def left(self) -> int:
        """Bytes of it that are still to come, as far as that is known."""
        return 0 if self.is_over else max(0, self.size - self.arrived)

    @property
    def rate(self) -> float | None:
        """Bytes a second, None while too little of it is here: what comes first was waiting for us."""
        if not self.arrived or self.arrived < min(TELLING, TELLING_PART * self.size):
            return None
        return self.arrived / max(LEAST_SECONDS, (self.ended or time.monotonic()) - self.began)

    @property
    def soon(self) -> float:
        """Seconds before the line is free at which the next page is asked for: those of the answer to a question.

        Who is asked then begins to send when the line is free: much earlier, the two would share the line, and both
        would be here late.
        """
        return VARIES * (self.began - self.asked) + MARGIN

    def _tell(self) -> None:
        if self.next:
            self._told(self)

    def run(self, check: Callable[[], None] | None = None) -> None:
        """Fetch the page; whatever happens is kept for ``result``.

        Args:
            check: raises an error if the run must not continue; only in the thread of the run.
        """
        error: BaseException | None = None
        self.asked = self.began = self._looked = time.monotonic()
        self._check = check
        try:
            self.page = self._pull(replace(self.asking, receiving=self))
            self.ended = time.monotonic()
            self.next, self.size = next_of(self.page), self.arrived
            # Before anybody takes it: what it tells counts for the next one.
            self._tell()
        except BaseException as failure:
            error = failure
        with self._changed:
            self._error, self.is_over = error, True
            if not self._is_wanted:
                self._remove()
            self._changed.notify_all()

    def wait(self, seconds: float) -> None:
        """Wait until it is over, at most so many seconds."""
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
            self._remove()
            raise self._error
        assert self.page is not None
        page, self.page = self.page, None
        return page

    def stop(self) -> None:
        """Let it end at the next bytes that arrive."""
        with self._changed:
            self._is_wanted = False

    def discard(self, seconds: float) -> None:
        """Remove the page of one that was stopped; wait so many seconds for its end at most."""
        with self._changed:
            self._changed.wait_for(lambda: self.is_over, seconds)
            self._remove()

    def _remove(self) -> None:
        if self.page is not None:
            self.page.discard()
            self.page = None


def end(fetches: Sequence[Fetch]) -> None:
    """Stop all of these, and remove their pages: several hold a run that is stopped no longer than one."""
    for each in fetches:
        each.stop()
    deadline = time.monotonic() + PATIENCE
    for each in fetches:
        each.discard(max(0.0, deadline - time.monotonic()))


def next_of(page: PullResult) -> str:
    """Return where the page after one begins that may be asked for before this one is stored, "" if none may."""
    return (page.cursor or "") if page.is_ours and page.more and not page.restored else ""
