"""This site in a run with one that reads later (``exchange.run.ports.Outbox``): what was left here, what it leaves."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Callable
from uuid import uuid4

from ..core.cursor import CheckpointKind, Comparison, Cursor
from ..core.errors import DocumentError
from ..core.messages import Sentence, Text
from ..core.task import Activity, LogAction, Result
from ..exchange.peer import Capability, CarriedPeer, Link
from ..exchange.run.engine import Engine
from ..exchange.run.failures import RunFailed
from ..exchange.run.ports import Log, PushPage, Task, WritingPlace
from ..exchange.run.report import RunReport
from ..site import Repository
from ..site.standing import open_here, store_there
from ..wire.carried.chain import is_interrupted
from ..wire.carried.numbers import (
    Freshness,
    Meeting,
    Numbers,
    arrived,
    cursor_at,
    hand_out,
    meet,
    next_boundary,
    start_again,
)
from ..wire.carried.state import State
from ..wire.protocol.names import PeerCapability
from .registration import introduce

TOKEN_LENGTH = 16
#: Maximum number of files that a state asks for.
MOST_WANTED = 5000


@dataclass(frozen=True)
class Memory:
    """What is stored of an exchange by carried states.

    Attributes:
        own, seen: see ``wire.carried.numbers.Numbers``.
        told: number of the first state that tells that this site was restored, until the other one has seen it; 0 for
            none.
        restart: table -> why its pages begin anew, until the other site has read the first of them: "restored" where
            it has to compare everything, too.
    """

    own: int = 0
    seen: int = 0
    told: int = 0
    restart: dict[str, str] = field(default_factory=dict)

    @property
    def numbers(self) -> Numbers:
        """Its numbers."""
        return Numbers(self.own, self.seen)


def memory_of(repository: Repository) -> Memory:
    """Return what is stored of the exchange with a repository by carried states."""
    text = repository.site.checkpoints.read(repository.id, "", CheckpointKind.CARRIED)
    found: dict[str, Any] = json.loads(text) if text else {}
    return Memory(**found)


def introduced(repository: Repository) -> Repository:
    """Return a repository that knows which site it is about, found in the folder if it did not know yet.

    Raises:
        SyncError: the other site has not been there yet, or cannot be told from others.
    """
    is_carried = Capability.CARRIED in repository.type_capabilities
    if not is_carried or PeerCapability.CURSOR in repository.capabilities:
        return repository
    outcome = introduce(repository.site, repository.id)
    if outcome.error is not None:
        raise outcome.error
    return repository.site.repository(outcome.repository_id)


#: Marks a restart at which the other site has to compare everything, too.
RESET = "reset"


def run(engine: Engine, carried: CarriedExchange) -> RunReport:
    """Read what the other site left, run all tasks, and leave what it shall read.

    Raises:
        RunFailed: at least one task failed; what the others did is left all the same.
        Cancelled, AlreadyRunning, SyncError: nothing was left; the next run goes on.
    """
    carried.begin()
    try:
        report = engine.run()
    except RunFailed:
        carried.end()
        raise
    carried.end()
    return report


class CarriedExchange:
    """What this site has written for a repository that reads it later, and what that one has read.

    Args:
        repository: the repository.
        peer: its adapter.
        tasks: what is exchanged.
        journal_log: the log for people.
        guard: raises AlreadyRunning if another worker has taken over; called in each write transaction.
    """

    def __init__(
        self,
        repository: Repository,
        peer: CarriedPeer,
        tasks: Sequence[Task],
        journal_log: Log,
        guard: Callable[[], None] = lambda: None,
    ) -> None:
        self._repository = repository
        self._site = repository.site
        self._states = repository.states
        self._peer = peer
        self._tasks = tasks
        self._log = journal_log
        self._guard = guard
        self._theirs: State | None = None

    @contextlib.contextmanager
    def _writing(self) -> Iterator[None]:
        with self._site.store.transaction():
            self._guard()
            yield

    # --- what the other site left ------------------------------------------------------------------------

    def begin(self) -> None:
        """Read the state of the other site, and store what it has read of ours.

        Raises:
            SyncError: the place cannot be read.
            AlreadyRunning: another worker has taken over.
        """
        try:
            theirs = self._peer.theirs()
        except DocumentError as error:
            # It was pulled out while the other site wrote. What this site has to say is written all the same.
            self._log.task(
                None,
                Activity.PULL,
                LogAction.FETCH,
                Result.WARNING,
                error.said,
                remote=True,
                remedy=error.remedy,
            )
            self._peer.disregard()
            return
        if theirs is None:
            return
        self._site.db.commit()
        memory = self._memory()
        met = meet(memory.numbers, theirs.number, theirs.seen)
        with self._writing():
            memory = replace(memory, own=met.numbers.own, seen=met.numbers.seen)
            if memory.told and theirs.seen >= memory.told:
                memory = replace(memory, told=0)
            if met.restored:
                memory = self._restored_here(memory)
            if met.freshness is Freshness.NEW:
                memory = self._take(theirs, memory)
            self._save(memory)
        self._after(met, theirs)

    def _after(self, met: Meeting, theirs: State) -> None:
        if met.restored:
            self._tell(Activity.PULL, Sentence.RESTORED_HERE.say())
        if met.freshness is Freshness.OLD:
            self._peer.disregard()
            self._tell(Activity.PULL, Sentence.OLD_COPY.say())
            return
        self._theirs = theirs
        for task in self._tasks:
            pages = theirs.pages.get(task.resource, ())
            if task.pulls and is_interrupted(pages, self._states.pulled(task.resource).cursor):
                self._tell(Activity.PULL, Sentence.PAGES_LOST.say(), task.resource)

    def _restored_here(self, memory: Memory) -> Memory:
        """Let the versions decide, not the policies, and ask for what we may have lost."""
        for task in self._tasks:
            self._states.mark_restored(task.resource)
        return replace(memory, told=memory.own + 1)

    def _take(self, theirs: State, memory: Memory) -> Memory:
        """Store what a new state says, within the current transaction; return what is to be remembered."""
        restart = dict(memory.restart)
        for task in self._tasks:
            cursor = theirs.read.get(task.resource)
            if task.pushes and cursor is not None:
                self._arrived(task.resource, Cursor.parse(cursor), theirs.restored, restart)
        store_there(self._repository, theirs.open)
        if theirs.journal != self._repository.peer_journal:
            self._repository.update(peer_journal=theirs.journal)
        return replace(memory, restart=restart)

    def _arrived(self, table: str, cursor: Cursor | None, restored: bool, restart: dict[str, str]) -> None:
        states, journal = self._states, self._site.journal
        served = states.served(table)
        outcome = arrived(served, cursor, states.identity, journal.head())
        if table in restart and not outcome.checkpoint.acknowledged:
            # It has not read the first page of the exchange that began anew.
            return
        lost = outcome.resume if restored and outcome.lost_after is None else outcome.lost_after
        pushed = states.pushed(table)
        if lost is not None:
            journal.forget_origin(self._repository.id, lost)
            pushed = replace(pushed, position=min(pushed.position, lost))
        if outcome.restored:
            restart[table] = RESET
        elif outcome.checkpoint.acknowledged and restart.pop(table, None) is not None:
            pushed = replace(pushed, again="")
        if pushed != states.pushed(table):
            states.save_pushed(table, pushed)
        if outcome.checkpoint != served:
            states.save_served(table, outcome.checkpoint)

    # --- port Outbox -------------------------------------------------------------------------------------

    def wanted(self) -> Sequence[str]:
        """See port ``Outbox``."""
        return () if self._theirs is None else self._theirs.wanted

    def place(self, task: Task) -> WritingPlace:
        """See port ``Outbox``."""
        table, states = task.resource, self._states
        pushed = states.pushed(table)
        memory = self._memory()
        if pushed.again and table not in memory.restart:
            with self._writing():
                memory = replace(memory, restart={**memory.restart, table: pushed.again})
                states.save_served(table, start_again(states.served(table)))
                self._save(memory)
        served = states.served(table)
        base = cursor_at(served, served.acknowledged, states.identity)
        known = {str(Cursor(states.identity, each.seq, each.token)) for each in served.handed}
        kept = self._peer.still_there(table, base, known)
        last = Cursor.parse(kept[-1].cursor) if kept else None
        after = max(served.acknowledged, pushed.position, last.seq if last else 0)
        why = memory.restart.get(table)
        begins = why is not None and not kept
        return WritingPlace(
            after,
            str(last) if last else base,
            next_boundary(served, after),
            restart=begins,
            restored=begins and why == RESET,
            again=_comparison(why),
            pending=bool(kept),
        )

    def hand_out(self, task: Task, place: WritingPlace, page: PushPage) -> tuple[Link, WritingPlace]:
        """See port ``Outbox``."""
        states, table = self._states, task.resource
        before = states.served(table)
        served = hand_out(before, page.position, uuid4().hex[:TOKEN_LENGTH])
        if served != before:
            with self._writing():
                states.save_served(table, served)
        end = cursor_at(served, page.position, states.identity)
        link = Link(place.start, end, page.count, place.restart, place.restored)
        following = WritingPlace(
            page.position, end, next_boundary(served, page.position), again=place.again, pending=True
        )
        return link, following

    def nothing(self, task: Task, place: WritingPlace, page: PushPage) -> None:
        """See port ``Outbox``."""
        pushed = self._states.pushed(task.resource)
        if page.position > pushed.position:
            with self._writing():
                self._states.save_pushed(task.resource, replace(pushed, position=page.position))

    # --- what is left ------------------------------------------------------------------------------------

    def end(self) -> None:
        """Leave what the other site shall know.

        Raises:
            SyncError: it cannot be written; what was left before is unchanged.
            AlreadyRunning: another worker has taken over.
        """
        repository, states = self._repository, self._states
        memory = self._memory()
        number = memory.own + 1
        with self._writing():
            # Before it is used: no two states have the same number, also if this process dies now.
            self._save(replace(memory, own=number))
        waiting = self._site.pending_references.missing_files(repository.id, MOST_WANTED)
        remote = repository.remote
        self._peer.leave(
            State(
                sender=remote.own_uuid,
                receiver=repository.uuid,
                name=remote.own_name,
                number=number,
                seen=memory.seen,
                journal=states.identity,
                restored=bool(memory.told),
                time=self._site.clock.now(),
                read={
                    task.resource: states.pulled(task.resource).cursor for task in self._tasks if task.pulls
                },
                wanted=list(dict.fromkeys(each.uuid for each in waiting)),
                open=open_here(repository),
            )
        )

    def _memory(self) -> Memory:
        return memory_of(self._repository)

    def _save(self, memory: Memory) -> None:
        text = json.dumps(vars(memory))
        self._site.checkpoints.write(self._repository.id, "", CheckpointKind.CARRIED, text)

    def _tell(self, mode: Activity, message: Text, resource: str | None = None) -> None:
        self._log.task(resource, mode, LogAction.FETCH, Result.WARNING, message)


def _comparison(why: str | None) -> Comparison | None:
    if why is None:
        return None
    return Comparison.RESTORED if why == RESET else Comparison(why)
