"""A worker listens where the schedule says so, and begins a run once something has changed there."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.core.clock import SystemClock
from s3sync.core.errors import PeerUnreachable
from s3sync.core.recurrence import DAY
from s3sync.core.task import Mode
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.scheduler.listening import Ear, ear_of
from s3sync.site.repositories import REVOKED
from s3sync.wire.protocol.listening import LISTEN_AGAIN, ListenAnswer
from s3sync.worker import listening as listening
from s3sync.worker.listening import LONGEST_REST, Listening, Watch
from tests.support.jobs import World


class Ears:
    """Another site, which answers when the test says so."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.closed = 0
        self._answers: list[Any] = []
        self._there = threading.Semaphore(0)

    def listen(self, heard: str) -> ListenAnswer | None:
        self.asked.append(heard)
        assert self._there.acquire(timeout=30)
        found = self._answers.pop(0)
        if isinstance(found, Exception):
            raise found
        return found  # type: ignore[no-any-return]

    def answers(self, *answers: Any) -> None:
        self._answers += answers
        for _ in answers:
            self._there.release()

    def close(self) -> None:
        self.closed += 1

    def __enter__(self) -> Ears:
        return self

    def __exit__(self, *exc: object) -> None:
        return


class Worker:
    """A worker's watch at a site with one repository."""

    def __init__(self, world: World) -> None:
        self.world, self.site = world, world.site
        self.ears = Ears()
        self.is_first = True
        self.woken = threading.Event()
        self.watch = Watch(self.woken.set, lambda: self.is_first)

    def look(self) -> bool:
        self.woken.clear()
        return self.watch.look(self.site)

    def hears(self, *answers: Any) -> bool:
        """Let the other site answer; return whether a run is begun then."""
        self.woken.clear()
        self.ears.answers(*answers)
        assert self.woken.wait(30)
        return self.look()

    @property
    def ear(self) -> Ear | None:
        return ear_of(self.site.repository(self.world.repository).settings)

    def step(self, seconds: float) -> None:
        self.site.clock.step(seconds)

    def is_due(self) -> bool:
        row = jobs.jobs_of(self.site.db, self.world.repository)[0].scheduler_task
        return bool(row.next_run_time <= self.site.clock.now())

    def ran(self) -> None:
        """The worker has done the run, and its next one is tomorrow."""
        self.world.run(manual=False)
        db = self.site.db
        tomorrow = self.site.clock.now() + timedelta(days=1)
        db(db.scheduler_task).update(next_run_time=tomorrow, status="QUEUED")
        db.commit()


@pytest.fixture
def worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Worker]:
    world = World(tmp_path)
    Scheduler(world.site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    world.run()
    made = Worker(world)
    peer = listening.Repository.peer

    def listened_to(repository: Any, limits: Any = None) -> Any:
        return peer(repository) if limits is None else made.ears

    monkeypatch.setattr(listening.Repository, "peer", listened_to)
    monkeypatch.setattr(listening, "HASTY", 0.0)
    change(made, capabilities=["cursor", "listen"])
    tomorrow = world.site.clock.now() + timedelta(days=1)
    jobs.add_job(world.site, world.repository, None, period=DAY, timeout=60, start=tomorrow, after_change=5)
    world.site.db.commit()
    yield made
    # No thread of a test outlives it.
    made.ears.answers(*[None] * 5)


def change(worker: Worker, **columns: Any) -> None:
    worker.site.repository(worker.world.repository).update(**columns)
    worker.site.db.commit()


def listens(worker: Worker) -> bool:
    return any(each.listening is not None for each in worker.watch._places.values())


def test_a_change_there_begins_a_run_and_is_heard_of_once(worker: Worker) -> None:
    assert not worker.look() and worker.ear is Ear.LISTENS
    assert worker.hears(ListenAnswer("j.5"), ListenAnswer("j.9", changed=True))
    assert worker.is_due() and worker.ears.asked == ["", "j.5"] and worker.ears.closed == 1
    assert not worker.look() and not listens(worker), "the run is about to begin"
    worker.ran()
    worker.step(3)
    assert not worker.look() and not worker.is_due()
    assert worker.hears(ListenAnswer("j.11", changed=True)) and worker.ears.asked[2:] == ["j.9"]


def test_it_listens_once_at_each_site(worker: Worker) -> None:
    for _ in range(5):
        assert not worker.look()
        worker.step(1)
    assert len(worker.ears.asked) <= 1 and listens(worker)


@pytest.mark.parametrize(
    "columns",
    [{"capabilities": ["cursor"]}, {"approval": REVOKED}, {"url": None}, {"deleted": True}],
    ids=lambda columns: next(iter(columns)),
)
def test_it_listens_no_more_where_that_is_not_of_use(worker: Worker, columns: dict[str, Any]) -> None:
    worker.look()
    change(worker, **columns)
    assert not worker.look() and not listens(worker)
    worker.ears.answers(ListenAnswer("j.9", changed=True))
    assert not worker.look() and not worker.is_due()


@pytest.mark.parametrize("what", ["no pause", "off", "only sends", "not first"])
def test_where_the_schedule_does_not_say_so_it_does_not_listen(worker: Worker, what: str) -> None:
    db = worker.site.db
    if what == "no pause":
        db(db.sync_job).update(after_change=None)
    elif what == "off":
        db(db.scheduler_task).update(enabled=False)
    elif what == "only sends":
        db(db.sync_task).update(mode=int(Mode.PUSH))
    else:
        worker.is_first = False
    db.commit()
    assert not worker.look() and not listens(worker) and worker.ears.asked == []


def test_under_another_address_it_begins_anew(worker: Worker) -> None:
    worker.look()
    former = worker.ears
    worker.ears = Ears()
    change(worker, url="http://elsewhere")
    worker.look()
    assert listens(worker)
    former.answers(ListenAnswer("j.9", changed=True))
    assert not worker.look() and not worker.is_due(), "what the former one says counts for nothing"
    assert worker.hears(ListenAnswer("j.9", changed=True))


def test_a_line_that_fails_is_left_alone_for_a_while(worker: Worker) -> None:
    worker.look()
    for number in range(1, 8):
        assert not worker.hears(PeerUnreachable("no line")) and worker.ear is Ear.NO_LINE
        assert len(worker.ears.asked) == number and not listens(worker)
        worker.step(LONGEST_REST * 1.3)
        worker.look()
    assert worker.hears(ListenAnswer("j.9", changed=True)) and worker.ear is Ear.LISTENS


def test_a_rest_that_another_site_asks_for_has_an_end(worker: Worker) -> None:
    worker.look()
    assert not worker.hears(ListenAnswer("j.5", again=10**17)) and worker.ear is Ear.NO_PLACE
    worker.step(LONGEST_REST * 1.3)
    worker.look()
    assert listens(worker)


def test_a_site_that_answers_at_once_is_not_asked_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hasty(Ears):
        def listen(self, heard: str) -> ListenAnswer | None:
            self.asked.append(heard)
            return ListenAnswer("j.5", changed=len(self.asked) > 1000)

    ears = Hasty()
    waited: list[float] = []
    one = Listening(ears, "", SystemClock(), lambda: None)

    def wait(seconds: float) -> bool:
        waited.append(seconds)
        if len(waited) == 5:
            one.stop()
        return False

    monkeypatch.setattr(one._stopped, "wait", wait)
    one.run()
    assert len(ears.asked) == 5 and min(waited) >= 1


@pytest.mark.parametrize("answer", [None, ListenAnswer("j.5", again=LISTEN_AGAIN)])
def test_where_there_is_no_place_the_schedule_counts(worker: Worker, answer: Any) -> None:
    worker.look()
    assert not worker.hears(answer) and worker.ear is Ear.NO_PLACE
    worker.step(LISTEN_AGAIN - 1)
    assert not worker.look() and not listens(worker)
    worker.step(LISTEN_AGAIN)
    worker.look()
    assert listens(worker)


def test_a_change_during_a_run_is_asked_for_again_afterwards(worker: Worker) -> None:
    worker.look()
    lease = worker.world.lease()
    lease.acquire()
    db = worker.site.db
    db(db.sync_lease).update(run_id=worker.world.last.id)
    db.commit()
    assert not worker.hears(ListenAnswer("j.9", changed=True)) and not listens(worker)
    lease.release()
    worker.look()
    assert listens(worker) and not worker.is_due()
    # One that is over by the time the worker looks may have fetched it as well.
    worker.ears.answers(ListenAnswer("j.9", changed=True))
    assert worker.woken.wait(30)
    worker.step(1)
    worker.ran()
    assert not worker.look() and not worker.is_due() and listens(worker)
    assert worker.hears(ListenAnswer("j.9", changed=True)) and worker.ears.asked == ["", "", ""]


def test_after_a_failed_run_its_own_times_count(worker: Worker) -> None:
    worker.world.peer.fails = PeerUnreachable("no line")
    with pytest.raises(Exception, match="no line"):
        worker.world.run(manual=False)
    assert not worker.look() and not listens(worker)
    worker.world.peer.fails = None
    worker.ran()
    worker.step(60)
    worker.look()
    assert listens(worker)


def test_what_listens_keeps_no_process_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[threading.Thread] = []
    start: Callable[..., None] = threading.Thread.start
    monkeypatch.setattr(threading.Thread, "start", lambda thread: (made.append(thread), start(thread)))
    ears = Ears()
    one = Listening(ears, "", SystemClock(), lambda: pytest.fail("it was stopped"))
    one.start()
    assert [each.daemon for each in made] == [True]
    one.stop()
    ears.answers(ListenAnswer("j.9", changed=True))
    made[0].join(30)
    assert ears.closed == 1
