"""Listens at other sites, and begins jobs before their time once something has changed there.

A thread for each of them asks over HTTP and knows no database. What it hears is taken up by the worker, with its next
look or at once if it does nothing else.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Callable

from ..core.clock import Clock
from ..core.errors import SyncError
from ..core.task import RunState
from ..database.tables.fields import live
from ..exchange.listening import ListenedPeer
from ..exchange.peer import Capability
from ..monitoring import status as status
from ..scheduler import jobs as jobs
from ..scheduler.listening import Ear, note_ear
from ..site import Repository, Site
from ..transport.limits import InteractiveLimits
from ..wire.protocol.listening import LISTEN_AGAIN, LISTENS_FOR, ListenAnswer
from ..wire.protocol.names import PeerCapability
from .on_change import jobs_after_change

logger = logging.getLogger("eden.sync")

#: Seconds beyond those of the other site after which an answer does not come any more.
LATE = 30.0
#: Seconds of a rest after a failure of the line, at first and at most, and before a repository that cannot be listened
#: to just now is looked at again.
FIRST_REST, LONGEST_REST, LOOK_AGAIN = 30, 900, 10
#: Seconds in which no site says that nothing has changed: one that does, or a proxy, is left alone as long.
HASTY = 5.0
#: Seconds in which a run begins that was queued: nothing is listened to meanwhile that it fetches.
BEGINS = 3
LIMITS = InteractiveLimits(read_timeout=LISTENS_FOR + LATE, answer_time=LISTENS_FOR + LATE)


class Listening:
    """Listens at one site until there is something to say of it.

    Args:
        peer: the site; it is closed at the end.
        heard: what was heard of before, "" for nothing.
        clock: the site's clock.
        wake: is called at the end.

    Attributes:
        answer: what the site said at last: that something has changed, or that it lets nobody listen; None if nothing.
        error: why it could not be asked, None if it could.
        over_on: since when there is something to say (UTC), None before.
    """

    def __init__(self, peer: ListenedPeer, heard: str, clock: Clock, wake: Callable[[], object]) -> None:
        self._peer = peer
        self._heard = heard
        self._clock = clock
        self._wake = wake
        self._stopped = threading.Event()
        self.answer: ListenAnswer | None = None
        self.error: SyncError | None = None
        self.over_on: datetime | None = None

    def start(self) -> None:
        """Begin, in a thread that ends with the worker whatever it waits for."""
        threading.Thread(target=self.run, name="listening", daemon=True).start()

    def run(self) -> None:
        try:
            self._listen()
        except SyncError as error:
            self.error = error
        except Exception:
            logger.exception("A worker could not listen at another site.")
        finally:
            self._peer.close()
            self.over_on = self._clock.now()
            if not self._stopped.is_set():
                self._wake()

    def _listen(self) -> None:
        while not self._stopped.is_set():
            began = time.monotonic()
            self.answer = self._peer.listen(self._heard)
            if self.answer is None or self.answer.changed or self.answer.again is not None:
                return
            self._heard = self.answer.heard
            if time.monotonic() - began < HASTY:
                self._stopped.wait(HASTY)

    def stop(self) -> None:
        """Let nothing come of it any more; what is on the line ends by itself."""
        self._stopped.set()


@dataclass
class _Place:
    """What a worker knows of listening at one site.

    Attributes:
        listening: what listens there now, None if nothing does.
        asked: how it is reached; another one begins anew.
        heard: up to where the worker has heard, as the site told it.
        rests: until when nothing is asked (UTC), None for no rest.
        failed: how often in a row the line failed.
        wants_run: whether a run is to be begun.
    """

    listening: Listening | None = None
    asked: Any = None
    heard: str = ""
    rests: datetime | None = None
    failed: int = 0
    wants_run: bool = False


class Watch:
    """Listens for a worker.

    Args:
        wake: lets the worker look at once.
        is_first: whether this worker is the one of all that listens.
    """

    def __init__(self, wake: Callable[[], object], is_first: Callable[[], bool]) -> None:
        self._wake = wake
        self._is_first = is_first
        self._places: dict[int, _Place] = {}

    def look(self, site: Site) -> bool:
        """Begin the jobs of sites at which something has changed, and listen where that is of use.

        Args:
            site: this site, with the scheduler's tables.

        Returns:
            whether a job was queued.
        """
        found = jobs_after_change(site) if self._is_first() else {}
        repositories = _listened(site, list(found)) if found else {}
        for key in [each for each in self._places if each not in repositories]:
            self._leave(key)
        begun = False
        for key, repository in repositories.items():
            place = self._places.setdefault(key, _Place())
            self._take_up(site, repository, place)
            if place.wants_run and jobs.reset_job(site, found[key].id):
                place.wants_run, begun = False, True
                place.rests = site.clock.now() + timedelta(seconds=BEGINS)
        site.db.commit()
        self._begin_listening(site, repositories)
        site.db.commit()
        return begun

    def _leave(self, key: int) -> None:
        place = self._places.pop(key)
        if place.listening is not None:
            place.listening.stop()

    def _take_up(self, site: Site, repository: Repository, place: _Place) -> None:
        """Take up what was heard; and stop where the site is reached in another way now."""
        listening = place.listening
        if listening is None:
            return
        if place.asked != _asked(repository):
            listening.stop()
            place.listening, place.failed = None, 0
            return
        if listening.over_on is None:
            return
        place.listening = None
        answer, now = listening.answer, site.clock.now()
        if answer is not None and answer.changed:
            place.failed = 0
            if _is_fetched(site, repository.id, listening.over_on):
                # Afterwards the other site is asked from where it was heard before.
                return
            place.heard, place.wants_run = answer.heard, True
            note_ear(repository, Ear.LISTENS)
        elif listening.error is not None:
            place.failed += 1
            seconds = min(FIRST_REST * 2 ** (place.failed - 1), LONGEST_REST) * random.uniform(0.8, 1.2)
            place.rests = now + timedelta(seconds=seconds)
            note_ear(repository, Ear.NO_LINE)
        else:
            asked = LISTEN_AGAIN if answer is None or answer.again is None else answer.again
            again = min(max(asked, FIRST_REST), LONGEST_REST)
            place.rests = now + timedelta(seconds=again * random.uniform(1.0, 1.2))
            note_ear(repository, Ear.NO_PLACE)

    def _begin_listening(self, site: Site, repositories: Mapping[int, Repository]) -> None:
        now = site.clock.now()
        idle = [
            key
            for key in repositories
            if self._places[key].listening is None
            and not self._places[key].wants_run
            and (self._places[key].rests or now) <= now
        ]
        if not idle:
            return
        table = site.db.sync_repository
        for each in status.statuses(site, table.id.belongs(idle), looked_at=1):
            place, facts = self._places[each.id], each.facts
            if facts.is_live or facts.is_queued:
                continue
            if facts.run_state is not RunState.COMPLETED or facts.next_try is not None:
                # A run has to succeed first, and has its own times for that.
                place.rests = now + timedelta(seconds=LOOK_AGAIN)
                continue
            repository = repositories[each.id]
            try:
                peer = repository.peer(LIMITS)
            except SyncError:
                # The next run says why.
                place.rests = now + timedelta(seconds=LONGEST_REST)
                continue
            place.asked, place.rests = _asked(repository), None
            place.listening = Listening(peer, place.heard, site.clock, self._wake)
            note_ear(repository, Ear.LISTENS)
            place.listening.start()


def _is_fetched(site: Site, key: int, heard_on: datetime) -> bool:
    """Return whether a run may have fetched what was heard of, or may be fetching it."""
    for each in status.statuses(site, site.db.sync_repository.id == key, looked_at=1):
        facts = each.facts
        since = facts.last_success is not None and facts.last_success > heard_on
        return since or facts.is_live or facts.is_queued
    return True


def _listened(site: Site, keys: list[int]) -> dict[int, Repository]:
    """Return those of some repositories at which this site may listen, by their keys."""
    table = site.db.sync_repository
    rows = site.db(live(table) & table.id.belongs(keys)).select()
    found = (Repository.read(site, row) for row in rows)
    return {each.id: each for each in found if _may_be_heard(each)}


def _may_be_heard(repository: Repository) -> bool:
    return (
        PeerCapability.LISTEN in repository.capabilities
        and repository.can_ask
        and not (repository.is_revoked or repository.is_waiting)
        and Capability.CARRIED not in repository.type_capabilities
        and any(row.mode.pulls for row in repository.task_rows)
    )


def _asked(repository: Repository) -> Any:
    """Return what tells how a site is reached, and as whom."""
    settings = {name: repository.settings.get(name) for name in ("certificate",)}
    return (
        repository.apitype,
        repository.url,
        repository.username,
        repository.password,
        repository.proxy,
        settings,
    )
