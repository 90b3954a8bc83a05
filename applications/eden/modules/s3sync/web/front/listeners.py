"""Sites that listen for changes: their connections wait here, without a thread, a turn or a transaction.

One thread looks for all of them, once a second and only while somebody listens.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Collection
from typing import Callable, NamedTuple

from ...wire.protocol.listening import LISTEN_AGAIN, LISTENS_FOR, ListenAnswer
from .answers import Answer, json_answer

#: Seconds between two looks.
LOOKS_EVERY = 1.0
logger = logging.getLogger("eden.web")

#: Takes a position and keys of repositories; returns the present position, and for which of them something changed.
Look = Callable[[int, Collection[int]], "tuple[int, Collection[int]]"]


class Begun(NamedTuple):
    """What the application says of a site that may listen.

    Attributes:
        key: of its repository; of each one only one request waits.
        position: up to which nothing has changed for it.
        journal: identity of the journal.
    """

    key: int
    position: int
    journal: str

    def answer(self, position: int, *, changed: bool = False, again: int | None = None) -> Answer:
        """Return the answer to its request.

        Args:
            position: of which it has heard now.
            changed, again: as of ``ListenAnswer``.
        """
        told = ListenAnswer(f"{self.journal}.{position}", changed, again)
        return json_answer(200, told.to_json())


class Listener:
    """A request that waits.

    Args:
        begun: whose it is.
        until: when it is answered at the latest, by the clock.
    """

    def __init__(self, begun: Begun, until: float) -> None:
        self.begun = begun
        self.position = begun.position
        self.until = until
        self._lock = threading.Lock()
        self._answer: Answer | None = None
        self._then: Callable[[Answer], object] | None = None

    def when_over(self, then: Callable[[Answer], object]) -> None:
        """Call a function with the answer as soon as there is one; in whatever thread."""
        with self._lock:
            self._then = then
        self._tell()

    def end(self, answer: Answer) -> None:
        """Answer the request. Only the first answer counts."""
        with self._lock:
            if self._answer is None:
                self._answer = answer
        self._tell()

    def _tell(self) -> None:
        with self._lock:
            then, answer = self._then, self._answer
            if then is None or answer is None:
                return
            self._then = None
        then(answer)


class Listeners:
    """The requests that wait in one process.

    Args:
        look: asks the application.
        most: how many may wait.
        every: seconds between two looks.
        clock: the time in seconds.
    """

    def __init__(
        self,
        look: Look,
        most: int,
        every: float = LOOKS_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self.most = most
        self._every = every
        self._now = clock
        self._lock = threading.Lock()
        self._waiting: dict[int, Listener] = {}
        self._thread: threading.Thread | None = None

    def __len__(self) -> int:
        return len(self._waiting)

    def add(self, begun: Begun) -> Listener | None:
        """Let a request wait; return None where there is no place. A former one of the same site ends."""
        listener = Listener(begun, self._now() + LISTENS_FOR)
        with self._lock:
            former = self._waiting.pop(begun.key, None)
            if former is None and len(self._waiting) >= self.most:
                return None
            self._waiting[begun.key] = listener
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="listeners", daemon=True)
                self._thread.start()
        if former is not None:
            # Two processes of that site would push each other out again and again.
            former.end(former.begun.answer(former.position, again=LISTEN_AGAIN))
        return listener

    def _run(self) -> None:
        while self._goes_on():
            time.sleep(self._every)
            self.look()

    def _goes_on(self) -> bool:
        with self._lock:
            if not self._waiting:
                self._thread = None
            return bool(self._waiting)

    def look(self) -> None:
        """Answer those for whom something has changed, and those who have waited long enough."""
        with self._lock:
            waiting = dict(self._waiting)
        if not waiting:
            return
        try:
            head, changed = self._look(min(each.position for each in waiting.values()), sorted(waiting))
        except Exception:
            # A site that is busy, or has lost its database: they wait on, and end in time.
            logger.exception("It could not be looked what is new for sites that listen.")
            head, changed = 0, ()
        now = self._now()
        for key, each in waiting.items():
            each.position = max(each.position, head)
            if key in changed:
                self._end(key, each, each.begun.answer(each.position, changed=True))
            elif now >= each.until:
                self._end(key, each, each.begun.answer(each.position))

    def _end(self, key: int, listener: Listener, answer: Answer) -> None:
        with self._lock:
            if self._waiting.get(key) is listener:
                del self._waiting[key]
        listener.end(answer)
