"""What headquarters prescribes reaches a site with its next run, as far as that was agreed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from s3sync.active import joining as joining
from s3sync.active import prescribed as prescribed
from s3sync.administration import scopes as administration_scopes
from s3sync.core.errors import ConfigurationError, ProtocolError, UnknownResource
from s3sync.core.policy import Method, Policy
from s3sync.core.repository_state import Reason
from s3sync.core.task import Mode
from s3sync.exchange.scope import ScopeRule
from s3sync.monitoring.status import statuses
from s3sync.passive import news as passive_news
from s3sync.scheduler import queue as queue
from s3sync.scheduler import schedule as schedule
from s3sync.scheduler.schedule import WantedSchedule
from s3sync.site.scoping import prescribing as prescribing
from s3sync.site.scoping.scopes import Prescribes
from s3sync.site.tasks import TaskRules
from s3sync.site.wanted import tasks as wanted_tasks
from s3sync.site.wanted.followed import Followed, followed_in
from s3sync.site.wanted.tasks import WantedTask
from s3sync.wire.filters import parse_filter_string
from s3sync.wire.protocol.invitation import Invitation, InvitedResource
from s3sync.wire.protocol.names import PeerCapability
from s3sync.wire.protocol.news import NewsAnswer, NewsQuestion
from s3sync.wire.protocol.prescription import Prescription, digest_of
from tests.support.jobs import World

ORG, OFFICE, PERSON = "org_organisation", "org_office", "pr_person"
AGREED = Prescription(
    (InvitedResource(ORG, Mode.BOTH), InvitedResource(OFFICE, Mode.PULL, filters="~.name__like=A*")),
    minutes=15,
)
RULES = (ScopeRule(ORG), ScopeRule(OFFICE, writes=False))


class Office(World):
    """A site that follows what the other one prescribes to it."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        from gluon.scheduler import Scheduler

        Scheduler(self.site.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
        self.site.db(self.site.db.sync_repository.id == self.repository).update(
            capabilities=sorted(PeerCapability)
        )
        self.scope = 0
        self.prescribe()
        _, second = AGREED.resources
        filters = tuple(parse_filter_string(second.filters))
        with self.site.store.transaction():
            # As it is once a person has taken up an invitation.
            wanted_tasks.add(self.site, self.repository, WantedTask(OFFICE, TaskRules(second.mode), filters))
            prescribed.let_prescribe(self.headquarters, AGREED)

    @property
    def headquarters(self) -> Any:
        return self.site.repository(self.repository)

    @property
    def here(self) -> Any:
        """This site, as it is known at headquarters."""
        found = self.other.known_repository(self.site.uuid)
        assert found is not None
        return found

    def prescribe(self, *rules: ScopeRule, minutes: int = 0, wins: bool = False) -> None:
        given = Prescribes(minutes, wins)
        key = self.scope or None
        self.scope = administration_scopes.save(self.other, key, "Field", rules or RULES, given)
        administration_scopes.give(self.here, self.scope)
        self.other.db.commit()

    @property
    def followed(self) -> Followed:
        found = followed_in(self.headquarters.settings)
        assert found is not None
        return found

    @property
    def heard(self) -> tuple[bool, bool, bool]:
        """What headquarters knows of it."""
        return prescribing.heard_of(self.here.settings, prescribing.of_repository(self.here))

    @property
    def modes(self) -> dict[str, Mode]:
        return {each.resource: each.mode for each in self.headquarters.task_rows}

    @property
    def reason(self) -> Reason:
        (found,) = [each for each in statuses(self.site) if each.id == self.repository]
        return found.state.reason


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    made = Office(tmp_path)
    yield made
    made.site.close()
    made.other.close()


def test_a_change_at_headquarters_is_there_with_the_next_run(office: Office) -> None:
    assert office.run()["state"] == "completed"
    assert office.modes == {ORG: Mode.BOTH, OFFICE: Mode.PULL}
    assert [row.name for row in office.site.rows(ORG)] == ["One"]
    assert office.followed.in_force is not None and office.followed.problem is None
    # It tells so within the same run.
    assert office.heard == (True, True, True)

    office.prescribe(ScopeRule(ORG, filters=tuple(parse_filter_string("~.name__like=R*"))))
    office.run()
    assert office.modes == {ORG: Mode.BOTH}
    (task,) = office.headquarters.tasks
    assert [each.values for each in task.exchange.filters] == [("R*",)]


def test_one_that_did_not_change_costs_a_few_bytes_and_no_request(office: Office) -> None:
    office.run()
    office.run()
    office.peer.questions.clear()
    office.peer.pulls.clear()
    office.run()
    (question,) = office.peer.questions
    assert office.peer.pulls == []
    assert question.pulls is None and question.follows == office.followed.mark
    assert len(question.to_body()) - len(_without(question).to_body()) <= 32


@pytest.mark.parametrize(
    ("rules", "wins"),
    [
        ((*RULES, ScopeRule(PERSON)), False),
        ((*RULES, ScopeRule(PERSON, writes=False)), False),
        ((ScopeRule(ORG), ScopeRule(OFFICE)), False),
        (RULES, True),
    ],
)
def test_more_than_was_agreed_waits_for_a_person_and_what_was_there_goes_on(
    office: Office, rules: tuple[ScopeRule, ...], wins: bool
) -> None:
    office.run()
    former = office.modes
    office.prescribe(*rules, wins=wins)
    assert office.run()["state"] == "completed"
    assert office.modes == former and office.followed.problem is not None
    assert office.reason is Reason.PRESCRIBED
    assert not any(each.rules.conflict_policy is Policy.OTHER for each in office.headquarters.task_rows)
    # It is told once, and headquarters knows that it waits.
    office.run()
    assert len([each for each in _warnings(office) if "more than was agreed" in each]) == 1
    assert office.heard == (True, True, False)

    prescribed.accept(office.headquarters, office.followed.fingerprint)
    assert office.followed.problem is None and len(office.modes) == len(rules)
    assert office.run()["state"] == "completed"
    wanted = Policy.OTHER if wins else Policy.NEWER
    assert {each.rules.conflict_policy for each in office.headquarters.task_rows} == {wanted}
    # What was narrowed meanwhile may come back without asking.
    office.prescribe(ScopeRule(ORG))
    office.run()
    office.prescribe(*rules, wins=wins)
    office.run()
    assert office.followed.problem is None and len(office.modes) == len(rules)


def test_what_came_after_a_person_looked_is_not_accepted(office: Office) -> None:
    office.run()
    office.prescribe(*RULES, ScopeRule(PERSON, writes=False))
    office.run()
    seen = office.followed.fingerprint
    office.prescribe(*RULES, ScopeRule(PERSON), wins=True)
    office.run()
    former, told = office.modes, office.followed
    assert PERSON not in former
    for each in (seen, ""):
        with pytest.raises(prescribed.ChangedMeanwhile):
            prescribed.accept(office.headquarters, each)
    assert (office.modes, office.followed) == (former, told)
    prescribed.accept(office.headquarters, told.fingerprint)
    assert office.modes[PERSON] is Mode.BOTH


def _warnings(office: Office) -> list[str]:
    log = office.site.db.sync_log
    return [str(row.message) for row in office.site.db(log.result == "warning").select()]


@pytest.mark.parametrize(
    "told",
    [
        {"resources": [["nowhere_table", 3, True, ""]], "policies": ["NEWER", "NEWER"], "minutes": 0},
        {"resources": [["auth_user", 3, True, ""]], "policies": ["NEWER", "NEWER"], "minutes": 0},
        {"resources": [["org_organisation", 3, True, "~.nowhere=1"]], "policies": ["NEWER", "NEWER"]},
        {"resources": [["org_organisation", 3, True, "((("]], "policies": ["NEWER", "NEWER"]},
        {"resources": [["org_organisation", 9, True, ""]], "policies": ["NEWER", "NEWER"]},
        {"resources": [["org_organisation", 3, True, ""]] * 2, "policies": ["NEWER", "NEWER"]},
        {"resources": "all", "policies": []},
        {},
        "all",
        [1],
    ],
)
def test_a_wrong_one_is_told_and_leaves_what_was_there(
    office: Office, told: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    office.run()
    former, in_force = office.modes, office.followed.in_force
    seen: list[str | None] = []
    answer = passive_news.news

    def another(site: Any, asking: Any, question: Any) -> NewsAnswer:
        seen.append(question.follows)
        if len(seen) > 1:
            return answer(site, asking, _without(question))
        return NewsAnswer(prescribed=told, prescribes=True)

    monkeypatch.setattr("tests.support.exchange.passive_news.news", another)
    assert office.run()["state"] == "completed"
    assert office.modes == former and office.followed.in_force == in_force
    assert office.followed.problem is not None and office.reason is Reason.PRESCRIBED
    assert "cannot be carried out here" in "".join(_warnings(office))


def test_one_that_is_too_large_is_told_once_and_each_run_ends_well(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prescribed, "LARGEST", 100)
    former = office.modes
    for _ in range(2):
        assert office.run()["state"] == "completed"
        assert office.modes == former and office.followed.problem is not None
        assert office.heard == (True, True, False)
    (warning,) = [each for each in _warnings(office) if "too large" in each]
    assert "100 characters" in warning


@pytest.mark.parametrize("told", ["all", [1], {"resources": "all"}])
def test_what_cannot_be_read_is_known_by_its_digits(office: Office, told: Any) -> None:
    found = prescribed.take(office.headquarters, told)
    assert found is not None and found.mark == digest_of(told) + "-"
    assert office.followed == found


def test_headquarters_prescribes_no_more_than_a_site_takes(office: Office) -> None:
    def rule(count: int) -> ScopeRule:
        text = "~.name__belongs=" + ",".join(f"{'x' * 180}{each}" for each in range(count))
        return ScopeRule(ORG, filters=tuple(parse_filter_string(text)))

    stored = prescribing.of_repository(office.here)
    with pytest.raises(ConfigurationError, match="too large: at most 200 resources with 64000 characters"):
        office.prescribe(rule(400))
    assert prescribing.of_repository(office.here) == stored
    # What is not prescribed may be as large as it likes.
    administration_scopes.save(office.other, None, "Large", (rule(400),))


def _without(question: NewsQuestion) -> NewsQuestion:
    return replace(question, follows=None)


def test_one_that_changes_with_every_question_ends_the_run(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    count = iter(range(100))

    def another(site: Any, asking: Any, question: Any) -> NewsAnswer:
        told = Prescription((InvitedResource(ORG, Mode.BOTH),), minutes=next(count) + 1)
        return NewsAnswer(prescribed=told.to_json(), prescribes=True)

    monkeypatch.setattr("tests.support.exchange.passive_news.news", another)
    with pytest.raises(ProtocolError, match="again and again"):
        office.run()
    assert next(count) < 10


def test_what_people_here_paused_stays_paused_and_their_own_tasks_stay(office: Office) -> None:
    office.run()
    db = office.site.db
    db(db.sync_task.resource_name == ORG).update(mode=Mode.NONE.value)
    db.sync_task.insert(repository_id=office.repository, resource_name=PERSON)
    db.commit()
    office.prescribe(ScopeRule(ORG, components=False))
    office.run()
    assert office.modes == {ORG: Mode.NONE, PERSON: Mode.BOTH}
    (task,) = [each for each in office.headquarters.task_rows if each.resource == ORG]
    assert not task.rules.components


def test_what_people_chose_holds_again_when_a_resource_is_prescribed_again(office: Office) -> None:
    office.run()
    db = office.site.db
    db(db.sync_task.resource_name == ORG).update(mode=Mode.NONE.value, strategy=["create", "update"])
    db(db.sync_task.resource_name == OFFICE).update(strategy=["update"])
    db.commit()
    for _ in range(2):
        # Without it, without any, and with it again.
        office.prescribe(ScopeRule(OFFICE, writes=False))
        office.run()
        assert office.modes == {OFFICE: Mode.PULL}
        administration_scopes.save(office.other, office.scope, "Field", (), Prescribes())
        office.run()
        office.prescribe(*RULES)
        office.run()
        assert office.modes == {ORG: Mode.NONE, OFFICE: Mode.PULL}
        strategies = {each.resource: list(each.rules.strategy) for each in office.headquarters.task_rows}
        assert strategies == {ORG: [Method.CREATE, Method.UPDATE], OFFICE: [Method.UPDATE]}
    assert office.followed.dropped == {}


def test_the_job_runs_as_often_as_prescribed_and_stays_off_where_it_was_switched_off(office: Office) -> None:
    site, key = office.site, office.repository
    with site.store.transaction():
        schedule.arrange(site, key, None, WantedSchedule(900, None, 5, False))
    office.prescribe(*RULES, minutes=120)
    office.run()
    (found,) = schedule.of_repository(site, key)
    assert (found.period, found.enabled, found.after_change) == (7200, False, 5)
    with site.store.transaction():
        schedule.arrange(site, key, None, None)
    office.prescribe(*RULES, minutes=30)
    office.run()
    assert schedule.of_repository(site, key) == []


def test_where_nothing_is_prescribed_any_more_it_is_decided_here(office: Office) -> None:
    office.run()
    administration_scopes.save(office.other, office.scope, "Field", RULES, None)
    office.run()
    assert office.followed.in_force is None and office.followed.mark == ""
    assert office.modes == {ORG: Mode.BOTH, OFFICE: Mode.PULL}
    prescribed.stop_following(office.headquarters)
    assert office.headquarters.follows is None
    office.prescribe(ScopeRule(ORG, writes=False))
    office.peer.questions.clear()
    office.run()
    assert office.modes[ORG] is Mode.BOTH
    assert all(each.follows is None for each in office.peer.questions)


@pytest.mark.parametrize("begins", [True, False])
@pytest.mark.parametrize(
    "narrowed",
    [
        {"mode": Mode.PULL.value},
        {"components": False},
        {"update_policy": "THIS"},
        {"conflict_policy": "THIS"},
        {"filters": "~.name=A"},
        {"deleted": True},
    ],
)
def test_what_people_narrowed_while_nothing_was_prescribed_waits_for_them(
    office: Office, narrowed: dict[str, Any], begins: bool
) -> None:
    if not begins:
        office.run()
    administration_scopes.save(office.other, office.scope, "Field", RULES, None)
    office.run()
    (task,) = [each for each in office.headquarters.task_rows if each.resource == ORG]
    if "filters" in narrowed:
        wanted_tasks.write_filters(office.site, task.id, ORG, parse_filter_string(narrowed["filters"]))
    elif "deleted" in narrowed:
        wanted_tasks.remove(office.headquarters, task)
    else:
        office.site.db(office.site.db.sync_task.id == task.id).update(**narrowed)
    office.site.db.commit()
    former = office.headquarters.task_rows
    office.prescribe(*RULES)
    office.run()
    assert office.followed.problem is not None and office.headquarters.task_rows == former
    prescribed.accept(office.headquarters, office.followed.fingerprint)
    assert office.followed.problem is None and office.modes == {ORG: Mode.BOTH, OFFICE: Mode.PULL}
    office.run()
    assert office.followed.problem is None and office.followed.resources == {ORG, OFFICE}


def test_what_was_paused_while_nothing_was_prescribed_stays_paused_and_nobody_is_asked(
    office: Office,
) -> None:
    office.site.db(office.site.db.sync_task.resource_name == ORG).update(mode=Mode.NONE.value)
    office.site.db.commit()
    office.run()
    assert office.followed.problem is None and office.modes == {ORG: Mode.NONE, OFFICE: Mode.PULL}


def test_a_resource_that_an_invitation_left_out_because_it_is_unknown_here_is_not_agreed(
    office: Office,
) -> None:
    named = (InvitedResource(ORG, Mode.BOTH), InvitedResource("nowhere_table", Mode.BOTH))
    when = office.site.clock.now()
    invitation = Invitation("http://b", "key", "uuid", "HQ", when, named)
    assert joining.unknown_here(office.site, invitation) == ["nowhere_table"]
    assert [each.resource for each in joining._agreed(office.site, invitation).resources] == [ORG]


def test_a_scope_without_resources_and_one_that_has_some_again(office: Office) -> None:
    office.run()
    administration_scopes.save(office.other, office.scope, "Field", (), Prescribes())
    office.run()
    assert office.modes == {}
    assert office.run()["state"] == "completed"
    office.prescribe(*RULES)
    office.run()
    assert office.modes == {ORG: Mode.BOTH, OFFICE: Mode.PULL}


def test_what_could_not_be_carried_out_is_tried_again_after_an_upgrade(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    check = wanted_tasks.check_resource

    def lacks(site: Any, resource: str) -> None:
        if resource == OFFICE and site is office.site:
            raise UnknownResource("This site has no table org_office.")
        check(site, resource)

    monkeypatch.setattr(wanted_tasks, "check_resource", lacks)
    office.run()
    assert office.followed.problem is not None and office.followed.in_force is None
    monkeypatch.setattr(wanted_tasks, "check_resource", check)
    office.run()
    assert office.followed.problem is None and office.followed.resources == {ORG, OFFICE}


def test_what_is_agreed_by_hand_is_what_is_exchanged_now(office: Office) -> None:
    db = office.site.db
    db(db.sync_task.resource_name == OFFICE).update(conflict_policy="THIS")
    db.commit()
    found = prescribed.present_agreement(office.headquarters)
    assert {each.resource: each.mode for each in found.resources} == {ORG: Mode.BOTH, OFFICE: Mode.PULL}
    assert found.conflict_policy is Policy.THIS
    db(db.sync_task.resource_name == OFFICE).update(update_policy="MASTER", conflict_policy="MASTER")
    db.commit()
    found = prescribed.present_agreement(office.headquarters)
    assert (found.update_policy, found.conflict_policy) == (Policy.THIS, Policy.THIS)
