"""Components that move to another record at one site while they are edited at another one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.documents import CONTACT, PERSON
from tests.support.exchange import Pair
from tests.support.site import NOW, SampleSite


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two sites that both have two people, one of them with a contact."""
    hq, field = SampleSite(tmp_path / "hq"), SampleSite(tmp_path / "field")
    with hq.store.transaction():
        people = hq.s3db[PERSON]
        for uuid in ("p1", "p2"):
            people[people.insert(uuid=uuid, first_name=uuid)]
        joined = hq.row(PERSON, "p1").pe_id
        hq.s3db[CONTACT].insert(uuid="c", pe_id=joined, contact_method="SMS", value="+977 1")
    made = Pair(field, hq, PERSON)
    made.run()
    yield made
    hq.close()
    field.close()


def change(site: SampleSite, second: float, **values: object) -> None:
    site.clock.moment = NOW + timedelta(minutes=1, seconds=second)
    with site.store.transaction():
        site.db(site.s3db[CONTACT].uuid == "c").update(**values)


@pytest.mark.parametrize("moved_at_field", [True, False])
@pytest.mark.parametrize("moved_first", [True, False])
def test_an_edit_follows_its_contact_to_another_person(
    pair: Pair, moved_at_field: bool, moved_first: bool
) -> None:
    mover, editor = (pair.own, pair.other) if moved_at_field else (pair.other, pair.own)
    change(mover, 1 if moved_first else 5, pe_id=mover.row(PERSON, "p2").pe_id)
    change(editor, 3, comments="new number")
    for _ in range(3):
        for site in (pair.own, pair.other):
            site.clock.moment = max(site.clock.moment, NOW + timedelta(minutes=2)) + timedelta(minutes=1)
        pair.run()
    for site in (pair.own, pair.other):
        found = site.row(CONTACT, "c")
        assert (found.comments, found.pe_id) == ("new number", site.row(PERSON, "p2").pe_id)
