"""Retries: how often, and after how long, a step or a run with a transient failure is repeated."""

from __future__ import annotations

import random
import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Callable, TypeVar

from .errors import PeerBusy, SyncError
from .limits import LEAST_BROUGHT, RETRIES, RETRY_DELAY

T = TypeVar("T")

#: Minutes before something is asked for again that was refused, or was not there yet; the last one from then on.
_PAUSES = (0, 1, 5, 15, 60, 360, 1440)


def pause(attempts: int) -> timedelta:
    """Return how long to wait before something is asked for once more.

    Args:
        attempts: how often it was asked for in vain, at least once.
    """
    return timedelta(minutes=_PAUSES[min(attempts, len(_PAUSES)) - 1])


@dataclass(frozen=True)
class RetryPolicy:
    """The rule for repeating a step after a transient failure (decided by the error's type, never by its text).

    Attributes:
        attempts: total number of attempts.
        first_delay: seconds to wait before the second attempt.
        factor: how many times longer each further delay is.
        longest_delay: maximum delay in seconds, whatever the peer asks for.
        spread: how much of the delay that the peer asked for is added at most, at random.
    """

    attempts: int = RETRIES + 1
    first_delay: float = RETRY_DELAY
    factor: float = 3.0
    longest_delay: float = 30.0
    spread: float = 0.1

    def delay(self, attempt: int, error: SyncError) -> float:
        """Return how many seconds to wait after the given attempt (1 = the first) failed with ``error``.

        A Retry-After of the peer is respected up to the longest delay, and never cut short. A random part keeps many
        sites that lost the same server, or were told the same second by it, from returning at the same moment.
        """
        asked = error.retry_after if isinstance(error, PeerBusy) else None
        usual = self.first_delay * self.factor ** (attempt - 1) * random.uniform(0.8, 1.2)
        if asked is None or asked < usual:
            return min(usual, self.longest_delay)
        return min(asked, self.longest_delay) * random.uniform(1.0, 1.0 + self.spread)

    def run(
        self,
        step: Callable[[], T],
        *,
        on_retry: Callable[[SyncError, int, float], None] | None = None,
        sleep: Callable[[float], None] = time.sleep,
    ) -> T:
        """Call ``step`` until it succeeds, fails for good, or the attempts are used up.

        An attempt that brought a part of what is asked for, from where the next one goes on, was not in vain: they are
        counted anew. What is asked for has an end, so the attempts have one.

        Args:
            step: the step, which must be safe to repeat.
            on_retry: is called with the error, the number of the failed attempt, and the seconds until the next.
            sleep: waits the given seconds; may raise ``Cancelled``.

        Raises:
            SyncError: the last error.
        """
        attempt = 0
        while True:
            try:
                return step()
            except SyncError as error:
                got_on = error.brought >= LEAST_BROUGHT
                attempt = 1 if got_on else attempt + 1
                if not error.transient or (attempt >= self.attempts and not got_on):
                    raise
                wait = self.delay(attempt, error)
                if on_retry is not None:
                    on_retry(error, attempt, wait)
                sleep(wait)


#: Minutes after which a run of the schedule that failed is tried again: after the first failure, the second, and so on.
RUN_DELAYS = (1, 5, 15, 60)


def next_try(attempt: int, now: datetime, scheduled: datetime | None) -> datetime | None:
    """Return when a run that failed is tried again.

    Args:
        attempt: how often it was tried again before.
        now: when it failed.
        scheduled: the next run of the schedule.

    Returns:
        the time; None if the schedule comes before it, or it was tried often enough: then the schedule goes on.
    """
    if attempt >= len(RUN_DELAYS):
        return None
    moment = now + timedelta(minutes=RUN_DELAYS[attempt])
    return moment if scheduled is None or moment < scheduled else None


NO_RETRY = RetryPolicy(attempts=1)
