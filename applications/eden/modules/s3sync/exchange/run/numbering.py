"""The numbers of the requests of a run, by which the peer recognises those that arrive late."""

from __future__ import annotations

from uuid import uuid4

from ...core.cursor import RequestNumber
from ...core.errors import LateRequest
from .ports import Local, Progress, Task

#: How often requests of one task may be refused as late before that is a failure.
MOST_REFUSALS = 5
TOKEN_LENGTH = 16


class Numbering:
    """Numbers the requests of a task in one direction.

    Args:
        local: this site.
        progress: tells whether the run may continue.
        task: the task.
    """

    def __init__(self, local: Local, progress: Progress, task: Task) -> None:
        self._local = local
        self._progress = progress
        self._task = task
        self._refusals = 0
        self._above = 0

    def next(self, last: int, pushed: int | None = None) -> RequestNumber:
        """Return the number of the next request.

        Args:
            last: the number that was stored last.
            pushed: for a pull, the number of the last push.
        """
        return RequestNumber(max(last, self._above) + 1, uuid4().hex[:TOKEN_LENGTH], pushed)

    def go_above(self, refusal: LateRequest, refused: RequestNumber) -> None:
        """Let the next number be higher than all that the peer has taken.

        Every number is stored before it is used. So if this run still has the lease, this site has forgotten some: it
        was restored from a backup.

        Args:
            refusal: what the peer answered.
            refused: number of the request.

        Raises:
            LateRequest: it is refused again and again.
            AlreadyRunning, Cancelled: this run must not continue.
        """
        self._refusals += 1
        if self._refusals > MOST_REFUSALS or refusal.last < refused.value:
            raise refusal
        self._progress.check()
        self._local.was_restored(self._task)
        self._above = refusal.last
