"""Tells the other site how a run ended and what was not taken here, and stores what was not taken there."""

from __future__ import annotations

import hashlib
import json
import logging

from ..core.errors import SyncError
from ..exchange.peer import Peer
from ..exchange.run.ports import Task
from ..exchange.run.report import RunReport
from ..site import Repository
from ..site.exchange_state import Standing
from ..site.standing import open_here, store_there
from ..wire.protocol.names import PeerCapability
from ..wire.protocol.standing import OpenList, StandingReport

log = logging.getLogger("eden.sync")


class StandingExchange:
    """What is told around a run; nothing where nothing has changed, or the other site has no ears for it.

    Args:
        repository: the repository.
        peer: the other site.
        tasks: what is exchanged.
    """

    def __init__(self, repository: Repository, peer: Peer, tasks: list[Task]) -> None:
        self._repository = repository
        self._peer = peer
        self._tasks = tasks

    def begin(self) -> None:
        """Tell what a former run could not tell: the other site must not take what is fetched now for all well.

        A failure is left to the end of the run.
        """
        found = open_here(self._repository)
        try:
            if self._digest(found) != self._repository.states.standing().told:
                self._tell(found, complete=False)
        except SyncError as error:
            log.warning("Repository %s was not told how the last run ended: %s", self._repository.id, error)

    def end(self, report: RunReport) -> None:
        """Tell that the run is complete.

        Raises:
            SyncError: the other site cannot be told.
        """
        found, told = open_here(self._repository), self._repository.states.standing()
        moved = report.sent or sum(report.received.values())
        if moved or not told.complete or self._digest(found) != told.told or self._is_open_there():
            self._tell(found, complete=True)

    def _is_open_there(self) -> bool:
        there = self._repository.site.db.sync_open_there
        return not self._repository.site.db(there.repository_id == self._repository.id).isempty()

    def _cursors(self) -> dict[str, str]:
        states = self._repository.states
        found = {task.resource: states.pulled(task.resource).cursor for task in self._tasks if task.pulls}
        return {table: cursor for table, cursor in found.items() if cursor}

    def _fetches(self) -> list[str]:
        return sorted(task.resource for task in self._tasks if task.pulls)

    def _digest(self, found: OpenList) -> str:
        told = json.dumps([found.to_json(), self._fetches()], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def _tell(self, found: OpenList, *, complete: bool) -> None:
        repository, site = self._repository, self._repository.site
        if PeerCapability.CURSOR not in repository.site.repository(repository.id).capabilities:
            return
        states = repository.states
        number = states.standing().number + 1
        answer = self._peer.standing(
            StandingReport(
                states.identity,
                number,
                complete,
                site.clock.now(),
                self._fetches(),
                self._cursors(),
                found,
            )
        )
        with site.store.transaction():
            told = Standing(number=number, complete=complete, told=self._digest(found))
            states.save_standing(told)
            if answer is not None:
                store_there(repository, answer)
