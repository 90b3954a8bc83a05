"""Files of records on their way between two sites, beside the documents; only where the peer's type can do that."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Callable

from ...core.errors import AlreadyRunning, SyncError
from ...core.messages import Sentence, Text
from ..peer import Capability, Peer
from .failures import Cancelled
from .ports import Local, Progress, Stage, Task


class FileTransfer:
    """Fetches and sends the files of one run.

    Args:
        peer: the other end.
        local: this site.
        tasks: what is exchanged with the peer, which gets no other files.
        progress: records how far the run is.
        repeat: runs a step again that failed in passing.
    """

    def __init__(
        self,
        peer: Peer,
        local: Local,
        tasks: Sequence[Task],
        progress: Progress,
        repeat: Callable[[Callable[[], Any]], Any],
    ) -> None:
        self._peer = peer
        self._local = local
        self._tasks = tasks
        self._progress = progress
        self._repeat = repeat
        self._failed: set[str] = set()
        self._is_offline = False

    @property
    def _is_possible(self) -> bool:
        return Capability.FILES in self._peer.capabilities

    def fetch(self, resource: str) -> list[Text]:
        """Fetch the files that records here wait for; return what went wrong.

        Args:
            resource: the resource whose records were pulled, for the progress.
        """
        if not self._is_possible:
            return []
        self._progress.stage(Stage.FILES, resource)
        return list(self._local.fetch_files(self._fetch, lambda stored: self._progress.check()))

    def _fetch(self, url: str, target: Path) -> None:
        """Fetch one file; where the line has failed for good, others are tried once each."""
        step = partial(self._peer.fetch, url, target)
        try:
            if self._is_offline:
                step()
            else:
                self._repeat(step)
        except SyncError as error:
            self._is_offline = error.transient
            raise
        self._is_offline = False

    def send(self, stored: Sequence[str], problems: list[Text]) -> list[str]:
        """Send files that the peer needs; return those to send in another run.

        Args:
            stored: their stored names.
            problems: is given what went wrong.
        """
        if not stored or not self._is_possible:
            return []
        self._progress.stage(Stage.FILES)
        left = []
        for name in stored:
            self._progress.check()
            if name in self._failed:
                left.append(name)
                continue
            try:
                path = self._local.file_path(name, self._tasks)
                size = self._repeat(partial(self._peer.send_file, name, path))
                self._progress.advance(bytes_out=size)
            except (Cancelled, AlreadyRunning):
                raise
            except SyncError as error:
                problems.append(Sentence.FILE_NOT_SENT.say(file=name, reason=error.explain()))
                # It may not be here yet, or the peer may take it another time.
                self._failed.add(name)
                left.append(name)
        return left
