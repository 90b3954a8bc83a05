"""Turns: so many requests at once, some that wait a moment, and the others told when to come again.

Who is refused is remembered in the order in which it came: the seconds of its Retry-After are the time at which the
others before it should be done, so that those who were refused come back one after the other. Who comes at that time
goes before those who come without having been told one, else a site that asks again at once would always find the place
that it has just left.
"""

from __future__ import annotations

import itertools
import math
import random
import threading
import time
from collections import deque
from collections.abc import Hashable
from typing import Callable

from .limits import PATIENCE

#: Seconds after which everybody shall come again at the latest, and after which one that does not is forgotten.
LONGEST, LATE = 24.0, 10.0
#: Seconds before that time from which on a place is kept.
AHEAD = 1.0
#: The part of those seconds that is left to chance, and how many are remembered.
SPREAD, MOST_REMEMBERED = 0.25, 1000
#: Seconds between two looks for those that do not come: each refusal of a crowd would go through all of them.
TIDY = 1.0
#: How much one more turn changes what a turn is expected to take, and the seconds that one counts at most.
WEIGHT, LONGEST_COUNTED = 0.1, 5.0


class Turn:
    """A turn, or a place among those that wait for one. It has to be left in the end, however that comes.

    Args:
        turns: where it belongs.
        who: by what the caller is known.
    """

    def __init__(self, turns: Turns, who: Hashable) -> None:
        self._turns = turns
        self.who = who
        #: Held until the turn begins.
        self.gate = threading.Lock()
        self.gate.acquire()
        self.began: float | None = None
        self.asked: float = turns.now()
        self._then: Callable[[], object] | None = None

    def wait(self) -> float | None:
        """Wait until the turn begins.

        Returns:
            None when it has begun; the seconds after which to come again if that took too long.
        """
        if self.gate.acquire(timeout=self._turns.longest_wait):
            return None
        return self._turns.give_up(self)

    def when_begun(self, then: Callable[[], object]) -> None:
        """Call a function when the turn begins, or at once if it has begun; for servers that wait without a thread."""
        with self._turns.lock:
            self._then = then
            if self.began is not None:
                self.told()

    def told(self) -> None:
        if self._then is not None:
            self._then()

    def give_up(self) -> float | None:
        """End a wait that takes too long; return the seconds after which to come again, None if it goes on."""
        if self._turns.now() - self.asked < self._turns.longest_wait:
            return None
        return self._turns.give_up(self)

    def leave(self) -> None:
        """End the turn, or the wait for it. Once more does nothing."""
        self._turns.end(self)


class Turns:
    """The turns of one kind of requests.

    Args:
        at_once: how many have their turn at the same time.
        waiting: how many may wait for it.
        patience: seconds that one may be expected to wait.
        clock: the time in seconds.
    """

    def __init__(
        self,
        at_once: int,
        waiting: int,
        patience: float = PATIENCE,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._at_once = at_once
        self._most_waiting = waiting
        self._patience = patience
        self.longest_wait = 2 * patience
        self.now = clock
        self.lock = threading.Lock()
        self._running: set[Turn] = set()
        self._queue: deque[Turn] = deque()
        #: Who was refused, in the order of the first time, and when it was told to come.
        self._refused: dict[Hashable, float] = {}
        self._tidied = clock()
        self._pace = 0.1 / at_once

    def ask(self, who: Hashable = None) -> Turn | float:
        """Ask for a turn; this never waits.

        Args:
            who: by what the caller is known when it comes again, None if by nothing.

        Returns:
            the turn, for which the caller may have to wait, or the seconds after which it shall come again.
        """
        with self.lock:
            now = self.now()
            self._forget(now)
            turn = Turn(self, who)
            if len(self._running) < self._at_once:
                self._begin(turn, now)
            elif self._may_wait(who, now):
                self._queue.append(turn)
            else:
                return self._refuse(who, now)
            self._refused.pop(who, None)
            return turn

    def give_up(self, turn: Turn) -> float | None:
        """End the wait for a turn; return None if it has begun in this very moment."""
        with self.lock:
            if turn.began is not None or turn not in self._queue:
                return None
            self._queue.remove(turn)
            return self._refuse(turn.who, self.now())

    def end(self, turn: Turn) -> None:
        with self.lock:
            now = self.now()
            if turn in self._running and turn.began is not None:
                self._running.remove(turn)
                counted = min(now - turn.began, LONGEST_COUNTED) / self._at_once
                self._pace += WEIGHT * (counted - self._pace)
            elif turn in self._queue:
                self._queue.remove(turn)
            while self._queue and len(self._running) < self._at_once:
                self._begin(self._queue.popleft(), now)

    def _begin(self, turn: Turn, now: float) -> None:
        turn.began = now
        self._running.add(turn)
        turn.gate.release()
        turn.told()

    def _may_wait(self, who: Hashable, now: float) -> bool:
        """Return whether there is a place besides those of others who were refused before and are about to come."""
        soon = now + AHEAD
        expected = self._before(who) if self._refused.get(who, math.inf) <= soon else self._refused.values()
        places = len(self._queue) + 1 + sum(1 for told in expected if told <= soon)
        return places <= self._most_waiting and places * self._pace <= self._patience

    def _before(self, who: Hashable) -> list[float]:
        """Return when those were told to come who were refused before somebody was."""
        if who not in self._refused:
            return list(self._refused.values())
        refused = list(self._refused.items())
        return [told for _, told in itertools.takewhile(lambda each: each[0] != who, refused)]

    def _refuse(self, who: Hashable, now: float) -> float:
        """Return the seconds until somebody shall come; who comes earlier is told the same time again."""
        seconds = self._refused.get(who, now) - now
        if seconds <= AHEAD:
            seconds = self._pace * (len(self._queue) + len(self._before(who)) + 1)
            seconds = min(seconds, LONGEST) * random.uniform(1 - SPREAD, 1 + SPREAD)
            # Retry-After is told in whole seconds.
            seconds = float(math.ceil(max(seconds, random.uniform(AHEAD, 2 * AHEAD))))
            if who is not None and (who in self._refused or len(self._refused) < MOST_REMEMBERED):
                self._refused[who] = now + seconds
        return math.ceil(seconds)

    def _forget(self, now: float) -> None:
        if now - self._tidied < TIDY:
            return
        self._tidied = now
        for who in [who for who, told in self._refused.items() if told + LATE < now]:
            del self._refused[who]
