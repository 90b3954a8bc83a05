"""What the parts of one run share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import TypeVar

from ...core.limits import LOGGED_PROBLEMS
from ...core.messages import Sentence, Text, bounded, received, sent
from ...core.records import Action
from ...core.task import Activity, LogAction, Result
from ..peer import Peer
from .ports import Local, Log, Progress
from .report import RunReport

T = TypeVar("T")


@dataclass
class RunContext:
    """One run.

    Attributes:
        peer: the other site.
        local: this site.
        progress: where to report the progress.
        journal_log: the log for people.
        page_size: maximum number of main records in a page.
        peer_time: returns the time by the peer's clock, as far as known (UTC).
        repeat: runs a step again that failed in passing.
        quiet: whether tasks with nothing to do write no entry in the log.
        report: what the run did so far.
        waiting_there: number of our deletions that wait at the peer.
    """

    peer: Peer
    local: Local
    progress: Progress
    journal_log: Log
    page_size: int
    peer_time: Callable[[], datetime]
    repeat: Callable[[Callable[[], T]], T]
    quiet: bool = False
    report: RunReport = field(default_factory=RunReport)
    waiting_there: int = 0

    def tell(
        self,
        resource: str,
        mode: Activity,
        records: int,
        counts: dict[str, int],
        problems: Sequence[Text],
    ) -> None:
        """Write the log entry for a completed direction of a task.

        Args:
            resource: name of its table.
            mode: PULL or PUSH.
            records: number of main records.
            counts: action -> number of records.
            problems: a line each.
        """
        bad = sum(counts.get(name, 0) for name in (Action.REJECTED, Action.CONFLICT))
        self.report.warnings += len(problems)
        moved = any(count for name, count in counts.items() if name != Action.UNCHANGED)
        if self.quiet and not problems and not moved:
            return
        if not records:
            message = (Sentence.NOTHING_TO_SEND if mode is Activity.PUSH else Sentence.NOTHING_NEW).say()
        else:
            message = sent(records, counts) if mode is Activity.PUSH else received(counts)
        self.journal_log.task(
            resource,
            mode,
            LogAction.SEND if mode is Activity.PUSH else LogAction.FETCH,
            Result.WARNING if problems or bad else Result.SUCCESS,
            message,
            details=list(bounded(problems, LOGGED_PROBLEMS)),
        )
