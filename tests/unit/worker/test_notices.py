"""A worker looks once a minute what people have to be told, and has it sent by one task at a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gluon import current
from gluon.scheduler import Scheduler

from s3sync.core.messages import FailureRecord
from s3sync.monitoring.notices import deliver as deliver
from s3sync.monitoring.notices import outbox as outbox
from s3sync.monitoring.notices import stored as stored
from s3sync.monitoring.notices.outbox import MessageState
from s3sync.monitoring.notices.rules import Kind, Rule
from s3sync.monitoring.notices.stored import StoredRule
from s3sync.scheduler import queue as queue
from s3sync.worker import cleanup as cleanup
from s3sync.worker import notices as notices
from tests.support.site import SampleSite

WRONG = FailureRecord(None, "", "", "No.", "", None)


class Seconds:
    """A clock of seconds that the test turns."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def site(tmp_path: Path) -> SampleSite:
    made = SampleSite(tmp_path)
    Scheduler(made.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    key = made.db.sync_repository.insert(name="North", url="http://127.0.0.1:9/eden")
    made.db.sync_run.insert(repository_id=key, state="failed")
    made.db.commit()
    return made


def rule(site: SampleSite, mail_to: str = "a@example.org") -> int:
    return stored.save(site, StoredRule(Rule(0, Kind.FAILED, 1), True, mail_to, "", None))


def tasks(site: SampleSite) -> list[Any]:
    return list(site.db(site.db.scheduler_task.function_name == notices.FUNCTION).select())


def test_without_a_rule_nothing_is_queued(site: SampleSite) -> None:
    assert not notices.Watch(Seconds()).look(site) and tasks(site) == []


def test_what_is_found_is_sent_by_one_task_and_looked_for_once_a_minute(site: SampleSite) -> None:
    seconds = Seconds()
    watch = notices.Watch(seconds)
    assert not watch.look(site)
    rule(site)
    seconds.now = notices.LOOKS_EVERY - 1
    assert not watch.look(site)
    seconds.now += 1
    assert watch.look(site) and len(tasks(site)) == 1
    seconds.now += notices.LOOKS_EVERY
    assert not watch.look(site) and len(tasks(site)) == 1, "it is under way"
    site.db(site.db.scheduler_task.id > 0).update(status="COMPLETED")
    seconds.now += notices.LOOKS_EVERY
    assert watch.look(site) and len(tasks(site)) == 2, "what was not sent is taken up again"


def test_one_that_cannot_be_delivered_keeps_no_other_waiting(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    rule(site), rule(site, "b@example.org")
    asked: list[str] = []

    def send(site: SampleSite, found: StoredRule, message: outbox.Message) -> FailureRecord | None:
        asked.append(found.mail_to)
        return WRONG if found.mail_to.startswith("a") else None

    monkeypatch.setattr(deliver, "send", send)
    assert notices.send(site) == 1 and asked == ["a@example.org", "b@example.org"]
    assert [each.state for each in outbox.newest(site, 9)] == [MessageState.SENT, MessageState.WAITING]
    assert notices.send(site) == 0 and len(asked) == 2, "it has to wait a minute"
    site.clock.step(60)
    assert notices.send(site) == 0 and len(asked) == 3


def test_only_workers_that_do_not_look_have_a_recurring_task(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "scheduler_watches", [], raising=False)
    notices.schedule(site)
    assert tasks(site) == []
    monkeypatch.delattr(current, "scheduler_watches")
    notices.schedule(site)
    notices.schedule(site)
    (task,) = tasks(site)
    assert (task.period, task.repeats, task.status) == (notices.EVERY, 0, "QUEUED")
    task.update_record(status="FAILED")
    notices.schedule(site)
    (task,) = tasks(site)
    assert task.status == "QUEUED"


def test_the_cleanup_removes_calls_that_were_made_once_and_keeps_the_recurring_one(site: SampleSite) -> None:
    old = site.clock.now()
    for repeats in (1, 0):
        queue.queue(site, notices.FUNCTION, "Notices", {}, timeout=60, repeats=repeats, last_run_time=old)
    site.db(site.db.scheduler_task.id > 0).update(status="COMPLETED")
    site.db.commit()
    site.clock.step(100 * 86_400)
    cleanup.tidy(site)
    assert [each.repeats for each in tasks(site)] == [0]
