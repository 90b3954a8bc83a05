"""Times that cannot be: who edits such a record heals it everywhere, and no edit is lost by it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Callable

import pytest

from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import NOW, Clock, SampleSite

YEAR, SECOND = timedelta(days=365), timedelta(seconds=1)
Sites = Callable[..., SampleSite]


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    made: list[SampleSite] = []

    def make(name: str, **more: Any) -> SampleSite:
        made.append(SampleSite(tmp_path / name, **more))
        return made[-1]

    yield make
    for each in made:
        each.close()


def organisation(site: SampleSite, name: str, moment: datetime, uuid: str = "u") -> int:
    with site.store.transaction():
        return int(site.s3db[ORG].insert(uuid=uuid, name=name, modified_on=moment))


def edit(site: SampleSite, table: str = ORG, uuid: str = "u", **values: Any) -> datetime:
    """Change a record as a form does; return its time."""
    with site.store.transaction():
        site.db(site.s3db[table].uuid == uuid).update(**values)
    moment: datetime = site.row(table, uuid).modified_on
    return moment


def test_a_correction_of_a_record_from_the_future_is_taken_everywhere(sites: Sites) -> None:
    a, b, c = sites("a"), sites("b"), sites("c")
    organisation(a, "Timely", NOW + YEAR)
    # The third site took it while its own clock was wrong too.
    organisation(c, "Timely, elsewhere", NOW + YEAR)
    to_b, to_c = Pair(b, a, ORG), Pair(c, a, ORG)
    to_b.run()
    assert b.row(ORG, "u") is None
    assert edit(a, name="Timely, corrected") == NOW
    for pair in (to_b, to_c, to_b, to_c):
        pair.run()
    assert [each.row(ORG, "u").name for each in (a, b, c)] == ["Timely, corrected"] * 3
    assert b.kept() == []
    # What the third site had is not gone.
    former = [each.fields.get("name") for found in c.changes.of(ORG, [1]).values() for each in found]
    assert ["Timely, elsewhere"] in former


def test_whoever_deletes_a_record_from_the_future_deletes_it_everywhere(sites: Sites) -> None:
    a, b = sites("a"), sites("b")
    key = organisation(a, "Timely", NOW + YEAR)
    organisation(b, "Timely", NOW - YEAR)
    with a.store.transaction():
        a.s3db.delete(ORG, [key])
    assert a.row(ORG, "u").modified_on == NOW
    Pair(b, a, ORG).run()
    assert b.row(ORG, "u").deleted


def test_what_a_deletion_changes_besides_gets_a_time_that_can_be(sites: Sites) -> None:
    site = sites("a")
    key = organisation(site, "Parent", NOW - YEAR)
    with site.store.transaction():
        site.s3db["org_organisation_branch"].insert(
            uuid="b", organisation_id=key, branch_id=key, modified_on=NOW + YEAR
        )
    gone = f'<resource name="{ORG}" uuid="u" deleted="True" modified_on="{NOW.isoformat()}"/>'
    site.push(gone, ORG, is_possible=site.is_possible)
    branch = site.row("org_organisation_branch", "b")
    assert site.row(ORG, "u").deleted and branch.deleted and branch.modified_on <= NOW + SECOND


def test_a_slow_clock_does_not_lose_the_edits_of_its_people(sites: Sites) -> None:
    hub = sites("hub")
    field = sites("field", clock=Clock(NOW))
    organisation(hub, "Red Cross", NOW)
    pair = Pair(field, hub, ORG)
    pair.run()
    pair.repository.note_contact(0.0)
    field.clock.moment = NOW - YEAR
    assert edit(field, name="Red Cross, renamed") == NOW + SECOND
    pair.run()
    assert hub.row(ORG, "u").name == "Red Cross, renamed"


def test_one_clock_that_is_ahead_does_not_decide_what_time_it_is(sites: Sites) -> None:
    site = sites("a")
    organisation(site, "Timely", NOW + YEAR)
    table = site.db.sync_repository
    for number, skew in enumerate((YEAR.total_seconds(), 0.0, 1.0)):
        with site.store.transaction():
            key = int(table.insert(name=str(number), uuid=str(number)))
        site.repository(key).note_contact(skew)
    assert edit(site, name="Corrected") == NOW
