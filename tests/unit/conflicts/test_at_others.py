"""Everybody who may read a record learns whether other sites have it, and nothing that is not known."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from s3sync.conflicts.at_others import AtOther, at_others
from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import SampleSite


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """A field office that asks headquarters, with one organisation that both have."""
    hq, field = SampleSite(tmp_path / "hq"), SampleSite(tmp_path / "field")
    with field.store.transaction():
        field.s3db[ORG].insert(uuid="u", name="Red Cross", comments="old")
    made = Pair(field, hq, ORG, "org_organisation_type")
    made.run()
    for site in (hq, field):
        (repository,) = site.db(site.db.sync_repository).select()
        site.db.sync_task.insert(repository_id=repository.id, resource_name=ORG, mode=3)
        site.db.commit()
    yield made
    hq.close()
    field.close()


def known(site: SampleSite) -> list[AtOther]:
    return [each.known for each in at_others(site, site.schema.table(ORG), site.row(ORG, "u"))]


def edit(site: SampleSite, comments: str) -> None:
    site.clock.step(60)
    with site.store.transaction():
        site.db(site.s3db[ORG].uuid == "u").update(comments=comments)


def test_it_is_there_after_a_run_and_waits_after_an_edit(pair: Pair) -> None:
    assert known(pair.own) == [AtOther.HAS]
    edit(pair.own, "new")
    assert known(pair.own) == [AtOther.WAITS]
    pair.run()
    assert known(pair.own) == [AtOther.HAS]


def test_the_site_that_only_answers_knows_it_as_well(pair: Pair) -> None:
    assert known(pair.other) == [AtOther.HAS]
    edit(pair.other, "new")
    assert known(pair.other) == [AtOther.WAITS]
    for _ in range(2):
        pair.run()
    assert known(pair.other) == [AtOther.HAS]


def test_what_a_filter_may_hold_back_is_not_known(pair: Pair) -> None:
    db = pair.own.db
    (task,) = db(db.sync_task).select()
    db.sync_resource_filter.insert(
        task_id=task.id, tablename=ORG, filter_string="organisation.name__like=Green*"
    )
    db.commit()
    assert known(pair.own) == [AtOther.UNKNOWN]


def test_of_a_site_that_fetches_only_some_it_is_not_known(pair: Pair) -> None:
    edit(pair.other, "new")
    for _ in range(2):
        pair.run()
    states = pair.other.repository(str(pair.own.uuid)).states
    digest, pulls = states.question()
    with pair.other.store.transaction():
        states.save_question(digest, [f"{each}&~.name__like=Green*" for each in pulls])
    assert known(pair.other) == [AtOther.UNKNOWN]
    with pair.other.store.transaction():
        states.save_question("", [])
    assert known(pair.other) == [AtOther.UNKNOWN]


def test_what_lies_in_a_folder_was_read_by_nobody_yet(pair: Pair) -> None:
    db = pair.own.db
    db(db.sync_repository).update(apitype="folder")
    db.commit()
    assert known(pair.own) == [AtOther.UNKNOWN]


def test_what_was_not_taken_there_differs(pair: Pair) -> None:
    db = pair.own.db
    (repository,) = db(db.sync_repository).select()
    db.sync_open_there.insert(repository_id=repository.id, tablename=ORG, uuid="u", kind="refused", records=1)
    db.commit()
    assert known(pair.own) == [AtOther.DIFFERS]


def test_without_a_task_there_is_nothing_to_tell(pair: Pair) -> None:
    db = pair.own.db
    db(db.sync_task).update(deleted=True)
    db.commit()
    assert known(pair.own) == []


def test_of_many_sites_nothing_is_told_where_that_is_asked(pair: Pair) -> None:
    site = pair.own
    table, row = site.schema.table(ORG), site.row(ORG, "u")
    assert len(at_others(site, table, row, most=1)) == 1
    assert at_others(site, table, row, most=0) == []
