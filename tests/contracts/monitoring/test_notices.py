"""Notices on each database: what is told and what holds, once whatever number of workers looks, and what waits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from s3sync.core.messages import FailureRecord
from s3sync.monitoring.notices import outbox as outbox
from s3sync.monitoring.notices import stored as stored
from s3sync.monitoring.notices.facts import figures
from s3sync.monitoring.notices.outbox import Channel, MessageState
from s3sync.monitoring.notices.rules import THIS_SITE, Figure, Kind, Rule, Step
from s3sync.monitoring.notices.stored import StoredRule
from s3sync.monitoring.troubles import failed_in_a_row
from tests.support.jobs import add
from tests.support.server_sites import EVERY_KIND, site_on
from tests.support.site import NOW, SampleSite

ADDRESS, HOOK = "a@example.org", "https://chat.example.org/hook"
BROKEN = FailureRecord(None, "", "peer_unreachable", "No route.", "Check the line.", None)
TABLES = ("sync_notice_rule", "sync_notice", "sync_notice_message")


@pytest.fixture(scope="module", params=EVERY_KIND)
def made(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[SampleSite]:
    with site_on(request.param, tmp_path_factory.mktemp("notices")) as made:
        yield made


@pytest.fixture
def site(made: SampleSite) -> Iterator[SampleSite]:
    made.clock.moment = NOW
    yield made
    made.db.rollback()
    for name in (*TABLES, "sync_kept", "sync_run", "sync_task", "sync_repository"):
        made.db(made.db[name].id > 0).delete()
    made.db.commit()


def rule(site: SampleSite, kind: Kind = Kind.FAILED, limit: float = 2, **given: Any) -> int:
    bound = given.pop("repository_id", None)
    hours = given.pop("remind_hours", 4)
    ways = {"is_on": True, "mail_to": ADDRESS, "webhook": "", "webhook_key": None, **given}
    return stored.save(site, StoredRule(Rule(0, kind, limit, bound, hours), **ways))


def run(site: SampleSite, key: int, state: str) -> None:
    site.db.sync_run.insert(repository_id=key, state=state, started_on=site.clock.now())
    site.db.commit()


def north(site: SampleSite, *states: str) -> int:
    key = int(site.db.sync_repository.insert(name="North", url="http://north.example.org/eden"))
    site.db.sync_task.insert(repository_id=key, resource_name="org_organisation")
    for state in states:
        run(site, key, state)
    site.db.commit()
    return key


def steps(site: SampleSite) -> list[tuple[Step, MessageState]]:
    return [(each.step, each.state) for each in reversed(outbox.newest(site, 100))]


def test_a_rule_is_stored_changed_and_removed_with_all_that_it_told(site: SampleSite) -> None:
    north(site, "failed", "failed")
    key = rule(site, webhook=HOOK, webhook_key="a long secret")
    (found,) = stored.all_of(site)
    assert found.webhook_key != "a long secret" and site.vault.open(found.webhook_key) == "a long secret"
    assert found._replace(webhook_key=None) == StoredRule(
        Rule(key, Kind.FAILED, 2.0, None, 4), True, ADDRESS, HOOK, None
    )
    assert outbox.look(site) == 2
    stored.save(site, found._replace(rule=found.rule._replace(limit=5), is_on=False))
    assert stored.all_of(site, only_on=True) == []
    again = stored.find(site, key)
    assert again is not None and again.rule.limit == 5 and again.webhook_key == found.webhook_key
    stored.remove(site, key)
    assert [site.db(site.db[name].id > 0).count() for name in TABLES] == [0, 0, 0]
    assert stored.find(site, key) is None


def test_the_runs_that_failed_since_the_last_complete_one_are_counted(site: SampleSite) -> None:
    found = {
        north(site): 0,
        north(site, "failed", "completed"): 0,
        north(site, "completed", "failed", "cancelled", "failed"): 2,
        north(site, "failed", "failed", "failed", "running"): 3,
    }
    gone = north(site, "failed")
    site.db(site.db.sync_repository.id == gone).update(deleted=True)
    site.db.commit()
    assert failed_in_a_row(site) == found


def test_it_is_told_once_reminded_after_the_pause_and_told_once_that_it_is_over(site: SampleSite) -> None:
    key = north(site, "failed")
    rule(site)
    assert outbox.look(site) == 0
    run(site, key, "failed")
    since = site.clock.now()
    assert (outbox.look(site), outbox.look(site)) == (1, 0)
    site.clock.step(4 * 3600 - 1)
    assert outbox.look(site) == 0
    site.clock.step(1)
    assert (outbox.look(site), outbox.look(site)) == (1, 0)
    run(site, key, "completed")
    assert (outbox.look(site), outbox.look(site)) == (1, 0)
    assert [each[0] for each in steps(site)] == [Step.RAISED, Step.REMINDED, Step.OVER]
    assert {each.since for each in outbox.newest(site, 9)} == {since}
    assert outbox.raised(site) == {}
    run(site, key, "failed")
    run(site, key, "failed")
    assert outbox.look(site) == 1, "and if it comes again, it is told again"


def test_of_two_workers_that_look_at_the_same_time_one_tells(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = north(site, "failed", "failed")
    rule(site)
    with monkeypatch.context() as late:
        late.setattr(outbox, "raised", lambda site: {})
        assert (outbox.look(site), outbox.look(site)) == (1, 0), "the second one has not seen the first"
    held = outbox.raised(site)
    site.clock.step(4 * 3600)
    with monkeypatch.context() as late:
        late.setattr(outbox, "raised", lambda site: held)
        assert (outbox.look(site), outbox.look(site)) == (1, 0)
        run(site, key, "completed")
        assert (outbox.look(site), outbox.look(site)) == (1, 0)
    assert [each[0] for each in steps(site)] == [Step.RAISED, Step.REMINDED, Step.OVER]


def test_what_is_switched_off_or_has_lost_its_repository_is_dropped_without_a_word(site: SampleSite) -> None:
    key = north(site, "failed", "failed")
    first, second = rule(site), rule(site, limit=1)
    assert outbox.look(site) == 2
    found = stored.find(site, first)
    assert found is not None
    stored.save(site, found._replace(is_on=False))
    assert outbox.look(site) == 0 and [each for each, _ in outbox.raised(site)] == [second]
    site.db(site.db.sync_repository.id == key).update(deleted=True)
    site.db.commit()
    assert outbox.look(site) == 0 and outbox.raised(site) == {}
    assert {each[1] for each in steps(site)} == {MessageState.OVERTAKEN}, "and is not sent any more"


def test_a_message_is_tried_again_after_1_5_15_and_60_minutes_and_given_up_after_a_day(
    site: SampleSite,
) -> None:
    north(site, "failed", "failed")
    rule(site, remind_hours=0)
    outbox.look(site)
    pauses = []
    while True:
        (message,) = outbox.due(site)
        assert outbox.claim(site, message) and not outbox.claim(site, message), "it belongs to one worker"
        assert outbox.due(site) == [], "and to nobody else meanwhile"
        outbox.note_outcome(site, message, BROKEN)
        (after,) = outbox.newest(site, 1)
        assert after.problem == BROKEN and outbox.undelivered(site) == 1
        if after.next_try is None:
            break
        pauses.append((after.next_try - site.clock.now()) / timedelta(minutes=1))
        site.clock.moment = after.next_try
    assert pauses[:6] == [1, 5, 15, 60, 60, 60] and 24 < len(pauses) < 30
    assert after.state is MessageState.GIVEN_UP and outbox.due(site) == []
    site.clock.step(3 * 86_400)
    assert outbox.undelivered(site) == 0, "nobody needs to be reminded of it for ever"


def test_a_message_of_a_worker_that_died_is_sent_later(site: SampleSite) -> None:
    north(site, "failed", "failed")
    rule(site)
    outbox.look(site)
    (message,) = outbox.due(site)
    assert outbox.claim(site, message)
    site.clock.moment += outbox.CLAIMED
    (again,) = outbox.due(site)
    assert outbox.claim(site, again)
    outbox.note_outcome(site, again, None)
    (sent,) = outbox.newest(site, 1)
    assert (sent.state, sent.sent_on, sent.problem) == (MessageState.SENT, site.clock.now(), None)


def test_a_later_message_takes_the_place_of_those_that_still_wait(site: SampleSite) -> None:
    key = north(site, "failed", "failed")
    rule(site, webhook=HOOK)
    outbox.look(site)
    mail = next(each for each in outbox.due(site) if each.channel is Channel.MAIL)
    assert outbox.claim(site, mail)
    outbox.note_outcome(site, mail, None)
    run(site, key, "completed")
    outbox.look(site)
    assert steps(site) == [
        (Step.RAISED, MessageState.SENT),
        (Step.RAISED, MessageState.OVERTAKEN),
        (Step.OVER, MessageState.WAITING),
        (Step.OVER, MessageState.WAITING),
    ]


def test_figures_of_each_kind_are_those_of_the_database(site: SampleSite) -> None:
    now = site.clock.now()
    active = add(site, "Active", "failed", last_connected=now - timedelta(hours=30))
    served = site.db.sync_repository.insert(
        name="Served", last_connected=now - timedelta(hours=2), settings={"skew": -90.0}
    )
    never = site.db.sync_repository.insert(name="Never", created_on=now - timedelta(hours=50))
    site.db.sync_repository.insert(name="Revoked", approval="revoked")
    site.db.sync_kept.insert(
        repository_id=active,
        tablename="org_organisation",
        uuid="u",
        kind="conflict",
        state="open",
        fingerprint="f",
    )
    site.db.commit()
    found = {(each.kind, each.subject): each.value for each in figures(site, Kind)}
    assert found[Kind.FAILED, active] == 1 and (Kind.FAILED, served) not in found
    assert [found[Kind.SILENT, each] for each in (active, served, never)] == [30, 2, 50]
    assert found[Kind.CONFLICTS, active] == 1 == found[Kind.CONFLICTS, THIS_SITE]
    assert {key for key in found if key[1] not in (THIS_SITE, active, served, never)} == set()
    (disk,) = figures(site, [Kind.DISK])
    assert disk.value is not None and disk.value > 0
    assert figures(site, []) == []
    assert Figure(Kind.SILENT, served, 2.0) in figures(site, [Kind.SILENT])


def test_old_messages_are_removed_but_not_those_that_wait(site: SampleSite) -> None:
    key = north(site, "failed", "failed")
    rule(site)
    outbox.look(site)
    run(site, key, "completed")
    outbox.look(site)
    site.clock.step(60)
    with site.store.transaction():
        outbox.purge(site, site.clock.now())
    assert steps(site) == [(Step.OVER, MessageState.WAITING)]
