"""Tasks follow the data sets of another site; what people here decide about them stays theirs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gluon.scheduler import Scheduler

from s3sync.active import subscribed as subscribed
from s3sync.active.subscribed import Changes
from s3sync.core.policy import Method, Policy
from s3sync.core.task import Mode
from s3sync.site.tasks import TaskRow, filters_of
from s3sync.site.wanted import subscriptions as subscriptions
from s3sync.wire.data_sets import MOST_CONDITIONS, Condition, PublishedSet, PublishedTask, Stamp
from s3sync.wire.filters import filter_text
from tests.support.site import IN_A_FILE, SampleSite

ORG, OFFICE = "org_organisation", "org_office"


def condition(text: str, table: str = OFFICE) -> Condition:
    return Condition(Stamp(f"urn:{text}"), table, text)


def task(resource: str, *conditions: str, **values: object) -> PublishedTask:
    found = tuple(condition(each, resource) for each in conditions)
    return PublishedTask(Stamp(f"urn:{resource}"), resource, conditions=found, **values)  # type: ignore[arg-type]


def published(code: str, *tasks: PublishedTask) -> PublishedSet:
    return PublishedSet(Stamp(f"urn:{code}"), code, f"Set {code}", tasks=tasks)


class Here:
    """A site with a repository that publishes data sets."""

    def __init__(self, folder: Path) -> None:
        self.site = SampleSite(folder, IN_A_FILE)
        Scheduler(self.site.db, {}, migrate=True, utc_time=True)
        db = self.site.db
        self.key: int = db.sync_repository.insert(
            name="Provider", apitype="data", url="http://127.0.0.1:9/eden"
        )
        db.commit()

    def choose(self, *told: PublishedSet, codes: tuple[str, ...] | None = None) -> list[Changes]:
        wanted = [each.code for each in told] if codes is None else codes
        return subscribed.choose(self.site.repository(self.key), wanted, told)

    @property
    def tasks(self) -> dict[str, TaskRow]:
        return {each.resource: each for each in self.site.repository(self.key).task_rows}

    def conditions(self, resource: str) -> list[str]:
        return [filter_text(each) for each in filters_of(self.site.db, self.tasks[resource])]


@pytest.fixture()
def here(tmp_path: Path) -> Iterator[Here]:
    here = Here(tmp_path)
    yield here
    here.site.db.close()


def test_a_new_task_is_as_the_other_site_says_and_only_fetches(here: Here) -> None:
    (changes,) = here.choose(
        published(
            "A",
            task(OFFICE, "~.name=X", components=True, strategy=(Method.CREATE,), update_policy=Policy.OTHER),
        )
    )
    rules = here.tasks[OFFICE].rules
    assert (rules.mode, rules.components, rules.strategy) == (Mode.PULL, True, (Method.CREATE,))
    assert rules.update_policy is Policy.OTHER and here.conditions(OFFICE) == ["~.name=X"]
    assert changes.added == [OFFICE] and not changes.problems


def test_policies_and_a_pause_stay_as_people_here_set_them(here: Here) -> None:
    here.choose(published("A", task(OFFICE, "~.name=X")))
    row = here.tasks[OFFICE]
    here.site.db(here.site.db.sync_task.id == row.id).update(
        mode=Mode.NONE.value, conflict_policy=Policy.THIS.value
    )
    (changes,) = here.choose(
        published("A", task(OFFICE, "~.name=Y", components=True, conflict_policy=Policy.OTHER))
    )
    rules = here.tasks[OFFICE].rules
    assert (rules.mode, rules.conflict_policy, rules.components) == (Mode.NONE, Policy.THIS, True)
    assert here.conditions(OFFICE) == ["~.name=Y"] and changes.changed == [OFFICE]
    assert here.tasks[OFFICE].id == row.id, "the same task: how far it has come is known"
    assert here.choose(published("A", task(OFFICE, "~.name=Y", components=True)))[0].changed == []


@pytest.mark.parametrize("resource", ["auth_user", "sync_repository", "no_such", "pr_pentity"])
def test_what_never_travels_and_what_is_not_here_is_not_fetched(here: Here, resource: str) -> None:
    (changes,) = here.choose(published("A", task(resource), task(ORG)))
    assert [*here.tasks] == [ORG] and [*changes.problems] == [resource]
    assert subscriptions.found_last(here.site.repository(here.key).settings)["A"][resource]


@pytest.mark.parametrize("wrong", ["name=X", "~.no_such=1", "nonsense", "~.name=" + "x" * 600])
def test_a_resource_whose_condition_cannot_be_met_is_not_fetched_with_others(here: Here, wrong: str) -> None:
    here.choose(published("A", task(OFFICE, "~.name=X")))
    (changes,) = here.choose(published("A", task(OFFICE, wrong)))
    assert here.tasks == {} and changes.ended == [OFFICE] and [*changes.problems] == [OFFICE]


def test_more_conditions_than_anybody_has_are_refused(here: Here) -> None:
    many = [f"~.name=X{at}" for at in range(MOST_CONDITIONS + 1)]
    (changes,) = here.choose(published("A", task(OFFICE, *many)))
    assert here.tasks == {} and OFFICE in changes.problems


def test_two_sets_with_the_same_records_share_a_task_and_with_others_the_first_has_it(here: Here) -> None:
    one, same = published("A", task(OFFICE, "~.name=X")), published("B", task(OFFICE, "~.name=X"), task(ORG))
    found = here.choose(one, same)
    assert not any(each.problems for each in found) and sorted(here.tasks) == [OFFICE, ORG]
    other = published("C", task(OFFICE, "~.name=Y"))
    found = here.choose(one, other)
    assert [*found[1].problems] == [OFFICE] and "second" not in str(found[1].problems[OFFICE])
    assert here.conditions(OFFICE) == ["~.name=X"]
    here.choose(one, other, codes=("C",))
    assert here.conditions(OFFICE) == ["~.name=Y"]


def test_what_is_unticked_ends_and_its_rows_go(here: Here) -> None:
    here.choose(published("A", task(OFFICE)), published("B", task(ORG)))
    here.choose(published("A", task(OFFICE)), published("B", task(ORG)), codes=("B",))
    assert [*here.tasks] == [ORG]
    assert subscriptions.codes_of(here.site.db, here.key) == ("B",)
    here.choose(codes=())
    assert here.tasks == {} and subscriptions.codes_of(here.site.db, here.key) == ()


def test_a_resource_that_people_added_themselves_stays_theirs(here: Here) -> None:
    here.site.db.sync_task.insert(repository_id=here.key, resource_name=ORG, mode=Mode.PULL.value)
    here.choose(published("A", task(OFFICE)))
    assert sorted(here.tasks) == [OFFICE, ORG]
    here.choose(codes=())
    assert [*here.tasks] == [ORG]


def test_a_set_of_this_site_with_the_same_code_is_another_one(here: Here) -> None:
    own = here.site.db.sync_dataset.insert(code="A", name="Own", use_archive=True)
    here.site.db.sync_task.insert(dataset_id=own, resource_name=ORG)
    here.choose(published("A", task(OFFICE)))
    here.choose(codes=())
    db = here.site.db
    assert db.sync_dataset(own).name == "Own" and db(db.sync_task.dataset_id == own).count() == 1


def test_a_table_that_moves_to_another_set_keeps_its_task(here: Here) -> None:
    here.choose(published("A", task(OFFICE), task(ORG)), published("B", task("pr_person")))
    row = here.tasks[ORG]
    here.site.db(here.site.db.sync_task.id == row.id).update(
        mode=Mode.NONE.value, conflict_policy=Policy.THIS.value
    )
    found = here.choose(published("A", task(OFFICE)), published("B", task("pr_person"), task(ORG)))
    kept = here.tasks[ORG]
    assert (kept.id, kept.mode, kept.rules.conflict_policy) == (row.id, Mode.NONE, Policy.THIS)
    assert not any(each.ended or each.added for each in found)


def test_a_table_that_another_chosen_set_has_as_well_keeps_its_task(here: Here) -> None:
    one, other = published("A", task(ORG), task(OFFICE)), published("B", task(ORG))
    here.choose(one, other)
    row = here.tasks[ORG]
    here.choose(one, other, codes=("B",))
    assert {name: each.id for name, each in here.tasks.items()} == {ORG: row.id}
    here.choose(codes=())
    assert here.tasks == {}
