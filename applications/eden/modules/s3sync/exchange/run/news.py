"""What is new of all tasks, asked in one request at the beginning of a run; only of a peer that can be asked so."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Callable

from ...wire.protocol.names import PeerCapability
from ..peer import Asking, Capability, News, Peer, PullResult
from .numbering import Numbering
from .ports import ImportSummary, Local, Progress, Stage, Task

log = logging.getLogger("eden.sync")

#: With fewer tasks the pull itself is as short.
WORTH_ASKING = 2


class NewsOfTasks:
    """Asks, and has for each task what the answer says. Where nothing is known, the task is pulled.

    Args:
        peer: the other end.
        local: this site.
        progress: records how far the run is.
        page_size: maximum number of main records in a page.
        repeat: runs a step again that failed in passing.
    """

    def __init__(
        self,
        peer: Peer,
        local: Local,
        progress: Progress,
        page_size: int,
        repeat: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._peer = peer
        self._local = local
        self._progress = progress
        self._page_size = page_size
        self._repeat = repeat
        self._idle: Mapping[str, ImportSummary] = {}
        self._pages: dict[str, PullResult] = {}

    def ask(self, tasks: Sequence[Task]) -> int | None:
        """Ask what is new of these tasks.

        Returns:
            the number of our deletions that wait at the peer, None if it was not asked.

        Raises:
            Cancelled, AlreadyRunning: the run must not continue.
            AnotherPrescription: nor must this one, with these tasks.
            SyncError: the peer cannot be reached, or refuses. Nothing is lost: each task can be pulled.
        """
        self.discard()
        pulling = [task for task in tasks if task.pulls]
        least = 0 if self._local.follows() else WORTH_ASKING
        if len(pulling) < least or not self._can_be_asked:
            return None
        self._progress.stage(Stage.PULLING)
        asked = [(task, self._asking(task)) for task in pulling]
        news: News | None = self._repeat(partial(self._local.ask, self._peer, asked))
        if news is None:
            return None
        self._pages = dict(news.pages)
        idle = [task for task in pulling if task.resource not in {*news.waits, *news.pages}]
        self._idle = self._local.nothing_new(idle) if idle else {}
        return news.waiting

    @property
    def _can_be_asked(self) -> bool:
        return (
            Capability.PULL in self._peer.capabilities
            and PeerCapability.TOGETHER in self._local.capabilities()
        )

    def _asking(self, task: Task) -> Asking:
        position = self._local.position(task)
        number = Numbering(self._local, self._progress, task).next(position.pull_number, position.push_number)
        return Asking(
            position.cursor,
            self._page_size,
            checkpoint=position.checkpoint,
            total=True,
            number=number,
        )

    def nothing(self, task: Task) -> ImportSummary | None:
        """Return what became of records that were put off, where the peer has nothing new; None where it has.

        The answer counts once: whoever pulls the task again pulls it.
        """
        found = self._idle.get(task.resource)
        self._idle = {name: each for name, each in self._idle.items() if name != task.resource}
        return found

    def is_idle(self, task: Task) -> bool:
        """Return whether the peer has nothing new of a task."""
        return task.resource in self._idle

    def page(self, task: Task) -> PullResult | None:
        """Return the first page of a task, if it travelled with the answer; the caller removes it."""
        return self._pages.pop(task.resource, None)

    def discard(self) -> None:
        """Forget the answer, and remove pages that nobody took."""
        self.discard_pages()
        self._idle = {}

    def discard_pages(self) -> None:
        """Remove the pages that nobody took yet: the records may have changed there."""
        for page in self._pages.values():
            page.discard()
        self._pages = {}
