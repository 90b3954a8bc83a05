"""web2py's scheduler, whose workers also look for what is due without a time of its own."""

from __future__ import annotations

import logging
import math
import threading
import time
from functools import partial
from typing import Any, Callable

from gluon.scheduler import ACTIVE, PICK, Scheduler

Look = Callable[[], bool]
#: Seconds between two glances of a worker that does nothing else.
GLANCE = 0.5
logger = logging.getLogger("eden.scheduler")


class WatchingScheduler(Scheduler):
    """A scheduler that looks around each time before it takes a task from the queue, at least once a heartbeat.

    Args:
        args, options: those of web2py's scheduler.

    Attributes:
        watches: functions that a worker calls once; each returns one that queues what is due, if anything, commits it,
            and returns whether there was anything. A look may have a ``glance``, which costs little and returns
            whether to look at once.
    """

    def __init__(self, *args: Any, **options: Any) -> None:
        self.watches: list[Callable[[], Look]] = []
        self._looks: list[Look] | None = None
        self._awake = threading.Event()
        self._again = math.inf
        super().__init__(*args, **options)

    def wake(self) -> None:
        """Let the worker look around at once, if it does nothing else; from any thread."""
        self._awake.set()

    def look_again(self, seconds: float) -> None:
        """Let this worker look around after so many seconds at the latest, if it does nothing else."""
        self._again = min(self._again, seconds)

    def sleep(self) -> None:
        """Wait for the next heartbeat, or until somebody wakes this worker, or a glance finds something."""
        ends = time.monotonic() + min(self.w_stats.sleep, self._again)
        glances = [each for each in (getattr(look, "glance", None) for look in self._looks or ()) if each]
        while not self._awake.wait(max(0.0, min(GLANCE, ends - time.monotonic()))):
            if time.monotonic() >= ends or any(map(self._look, glances)):
                break
        self._awake.clear()
        self._again = math.inf

    def pop_task(self) -> Any:
        """Return the next task of this worker, None if there is none."""
        if self._looks is None:
            self._looks = [watch() for watch in self.watches]
        found = [self._look(each) for each in self._looks]
        if any(found) and self.is_a_ticker:
            # Otherwise it would wait for one heartbeat to be noticed, and for another one to be assigned. Who queues a
            # task orders the next heartbeat to assign it, and workers with that order get none.
            self.db(self.db.scheduler_worker.status == PICK).update(status=ACTIVE)
            self.wrapped_assign_tasks()
        return super().pop_task()

    @staticmethod
    def with_glance(look: Look, glance: Look) -> Look:
        """Return a look that has a glance."""
        found = partial(look)
        found.glance = glance  # type: ignore[attr-defined]
        return found

    def _look(self, look: Look) -> bool:
        try:
            return look()
        except Exception:
            # The worker has other work to do, which must not wait for this; the next heartbeat looks again.
            logger.exception(
                "A worker could not look for what is due; it looks again with its next heartbeat."
            )
            self.db.rollback()
            return False
