"""Tells the other site how a run ended and what was not taken here, and stores what was not taken there."""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import replace
from typing import Callable

from .. import VERSION
from ..core.errors import SyncError
from ..core.limits import MOST_FILES
from ..core.task import Activity
from ..exchange.peer import Peer
from ..exchange.run.engine import Engine
from ..exchange.run.ports import Task
from ..exchange.run.report import RunReport
from ..exchange.run.starting import Start, at_once
from ..site import Repository
from ..site import left_records as left_records
from ..site.exchange_state import Standing
from ..site.standing import changed_since, open_here, store_there
from ..wire.protocol.names import PeerCapability
from ..wire.protocol.standing import OpenList, StandingAnswer, StandingReport

log = logging.getLogger("eden.sync")

#: Between begin and end nobody is told what has changed: the run is about to exchange it.
_NOT_TOLD: Mapping[str, int] = {}


def run(engine: Engine, standing: StandingExchange) -> RunReport:
    """Run all tasks, and tell how that ended.

    What was pushed may have been merged there, or brought something back: that is fetched in the same run, once.

    Args:
        engine: runs the tasks.
        standing: what is told.

    Raises:
        RunFailed, Cancelled, AlreadyRunning: as by ``Engine.run``.
        SyncError: the other site cannot be told.
    """
    standing.begin()
    try:
        report = engine.run()
    finally:
        standing.settle()
    changed = standing.end(report)
    if changed:
        report = engine.run_again(changed)
        standing.end(report)
    return report


class Telling:
    """A report that is on its way.

    Args:
        peer: the other site.
        report: what it is told.
    """

    def __init__(self, peer: Peer, report: StandingReport) -> None:
        self.report = report
        self._peer = peer
        self._told: Future[StandingAnswer | None] = Future()

    def run(self) -> None:
        """Tell it; whatever happens is kept for ``answer``."""
        try:
            self._told.set_result(self._peer.standing(self.report))
        except BaseException as error:
            self._told.set_exception(error)

    def answer(self) -> StandingAnswer | None:
        """Wait for the answer, None from a site that does not tell.

        Raises:
            SyncError: the other site cannot be told.
        """
        return self._told.result()


class StandingExchange:
    """What is told around a run; nothing where nothing has changed, or the other site has no ears for it.

    Args:
        repository: the repository.
        peer: the other site.
        tasks: what is exchanged.
        start: tells the other site at the beginning of the first run, while the run goes on.
        guard: as in ``LocalSite``.
    """

    def __init__(
        self,
        repository: Repository,
        peer: Peer,
        tasks: list[Task],
        start: Start = at_once,
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        self._repository = repository
        self._peer = peer
        self._tasks = tasks
        self._start = start
        self._guard = guard
        #: Number of the last report, whether or not its answer arrived: of two with one number only the first counts.
        self._number = 0
        self._beginning: Telling | None = None

    def begin(self) -> None:
        """Tell what a former run could not tell: the other site must not take what is fetched now for all well.

        A failure is left to the end of the run.
        """
        found = open_here(self._repository)
        if not self._has_ears or self._digest(found) == self._repository.states.standing().told:
            return
        self._beginning = Telling(self._peer, self._report(found, _NOT_TOLD, complete=False))
        if self._cursors():
            # The first request acknowledges what was fetched before.
            at_once(self._beginning.run)
            self.settle()
        else:
            self._start(self._beginning.run)

    def settle(self) -> None:
        """Store what the other site answered to that, before anything of the run is stored, and so acknowledged."""
        telling, self._beginning = self._beginning, None
        if telling is None:
            return
        try:
            self._note(telling.report, telling.answer())
        except SyncError as error:
            log.warning("Repository %s was not told how the last run ended: %s", self._repository.id, error)

    def end(self, report: RunReport) -> Collection[str]:
        """Tell that the run is complete.

        Returns:
            the tables of which the other site has something newer by now.

        Raises:
            SyncError: the other site cannot be told.
        """
        self._close_outdated()
        found, told = open_here(self._repository), self._repository.states.standing()
        pushed = {
            task.resource: task.exchange.filters
            for task in self._tasks
            if task.pushes and Activity.PUSH not in report.not_allowed.get(task.resource, ())
        }
        changed = changed_since(self._repository, pushed)
        moved = report.sent or sum(report.received.values()) or changed != told.changed
        if moved or not told.complete or self._digest(found) != told.told or self._is_open_there():
            return self._tell(found, changed)
        return ()

    def _close_outdated(self) -> None:
        site, rows = self._repository.site, left_records.outdated(self._repository)
        if rows:
            with self._writing():
                site.kept_versions.supersede(rows)

    def _is_open_there(self) -> bool:
        there = self._repository.site.db.sync_open_there
        return not self._repository.site.db(there.repository_id == self._repository.id).isempty()

    def _cursors(self) -> dict[str, str]:
        states = self._repository.states
        found = {table: states.pulled(table).cursor for table in self._fetches()}
        return {table: cursor for table, cursor in found.items() if cursor}

    def _fetches(self) -> list[str]:
        return sorted(task.resource for task in self._tasks if task.pulls)

    def _digest(self, found: OpenList) -> str:
        told = json.dumps([found.to_json(), self._fetches(), VERSION], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    @property
    def _has_ears(self) -> bool:
        repository = self._repository
        return PeerCapability.CURSOR in repository.site.repository(repository.id).capabilities

    def _report(self, found: OpenList, changed: Mapping[str, int], *, complete: bool) -> StandingReport:
        states = self._repository.states
        self._number = max(self._number, states.standing().number) + 1
        return StandingReport(
            states.identity,
            self._number,
            complete,
            self._repository.site.clock.now(),
            self._fetches(),
            self._cursors(),
            found,
            changed,
            VERSION,
        )

    def _tell(self, found: OpenList, changed: Mapping[str, int]) -> Collection[str]:
        """Tell how this site stands; return the tables of which the other site has something newer."""
        if not self._has_ears:
            return ()
        report = self._report(found, changed, complete=True)
        with self._writing():
            # Should the answer get lost, the next run tells it with another number.
            states = self._repository.states
            states.save_standing(replace(states.standing(), number=report.number, complete=False))
        return self._note(report, self._peer.standing(report))

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        """Run a write transaction, unless another worker has taken over, which may have told something since."""
        with self._repository.site.store.transaction():
            self._guard()
            yield

    def _note(self, report: StandingReport, answer: StandingAnswer | None) -> Collection[str]:
        """Store what the other site answered; return the tables of which it has something newer."""
        repository, states = self._repository, self._repository.states
        waiting = {} if answer is None else answer.changed
        waiting = {table: count for table, count in waiting.items() if table in self._fetches()}
        with self._writing():
            told = Standing(
                number=report.number,
                complete=report.complete,
                told=self._digest(report.open),
                changed=dict(report.changed),
            )
            states.save_standing(told)
            if answer is not None:
                store_there(repository, answer.open)
                self._learn(answer.capabilities)
                self._note_files(answer.files)
            for table, count in waiting.items():
                states.save_pulled(table, replace(states.pulled(table), waiting=count))
        return waiting

    def _note_files(self, told: Sequence[str]) -> None:
        """Let the next run send files that the other site waits for, within the current transaction.

        An answer to a push tells them, too; but a record can be taken there without one, once what kept it out is gone.
        """
        states = self._repository.states
        pushed = {task.resource: states.pushed(task.resource) for task in self._tasks if task.pushes}
        known = {name for state in pushed.values() for name in state.files}
        for name in told:
            table = name.partition(".")[0]
            resource = table if table in pushed else next(iter(pushed), None)
            if resource is not None and name not in known:
                pushed[resource] = replace(
                    pushed[resource], files=[*pushed[resource].files, name][:MOST_FILES]
                )
                states.save_pushed(resource, pushed[resource])

    def _learn(self, told: frozenset[str]) -> None:
        """Store what the other site can do since it was upgraded, within the current transaction."""
        repository = self._repository.site.repository(self._repository.id)
        if told - repository.capabilities:
            repository.update(capabilities=sorted(repository.capabilities | told))
