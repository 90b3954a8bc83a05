"""What lost a conflict can be restored, and then travels."""

from __future__ import annotations

from pathlib import Path
from typing import Iterator

import pytest

from s3sync import resolution
from s3sync.errors import BadRequest
from s3sync.ports import Kept
from s3sync.records import Action
from tests.simulation.history import History
from tests.simulation.world import World

HISTORY = History(0, 2, "chain", (0, 0), False, ())
ORG = "org_organisation"


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    found = World(2)
    yield found
    found.close()


@pytest.fixture
def conflict(world: World) -> World:
    """Two sites that changed the same record: the second site's version won."""
    world._begin(HISTORY)
    here, there = world.places[:2]
    here.s3db[ORG].insert(name="First", uuid="u")
    here.db.commit()
    world.synchronise(here, there)
    for seconds, place in enumerate((here, there)):
        place.clock.step(60 + seconds)
        place.db(place.s3db[ORG].uuid == "u").update(name=f"Changed at {place.name}")
        place.db.commit()
    world.synchronise(here, there)
    return world


def name_at(world: World, number: int) -> str:
    place = world.places[number]
    return str(place.db(place.s3db[ORG].uuid == "u").select().first().name)


def kept_id(world: World) -> int:
    row = world.places[0].db(world.places[0].db.sync_kept.kind == "conflict").select().first()
    return int(row.id)


def test_the_loser_can_be_restored_and_wins_everywhere(conflict: World) -> None:
    here, there = conflict.places[:2]
    assert [name_at(conflict, 0), name_at(conflict, 1)] == ["Changed at B"] * 2
    report = resolution.restore(here.site, kept_id(conflict), "ours", None)
    assert report.counts == {Action.UPDATED: 1}
    assert name_at(conflict, 0) == "Changed at A"
    conflict.synchronise(here, there)
    assert name_at(conflict, 1) == "Changed at A"
    row = here.db.sync_kept[kept_id(conflict)]
    assert (row.state, row.closed_on) == ("resolved", here.clock.now())


def test_the_decision_can_be_accepted(conflict: World) -> None:
    here = conflict.places[0]
    resolution.accept(here.site, kept_id(conflict), None)
    assert here.db.sync_kept[kept_id(conflict)].state == "resolved"
    assert name_at(conflict, 0) == "Changed at B"


@pytest.mark.parametrize("side", ["", "mine"])
def test_a_side_that_does_not_exist_is_refused(conflict: World, side: str) -> None:
    with pytest.raises(BadRequest):
        resolution.restore(conflict.places[0].site, kept_id(conflict), side)
    assert conflict.places[0].db.sync_kept[kept_id(conflict)].state == "open"


def test_an_unknown_version_is_refused(conflict: World, tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        resolution.restore(conflict.places[0].site, 4711, "ours")
    with pytest.raises(BadRequest):
        resolution.accept(conflict.places[0].site, 4711)


def test_every_loser_of_several_conflicts_is_kept(conflict: World) -> None:
    here, there = conflict.places[:2]
    for seconds, place in enumerate((here, there)):
        place.clock.step(120 + seconds)
        place.db(place.s3db[ORG].uuid == "u").update(name=f"Again at {place.name}")
        place.db.commit()
    conflict.synchronise(here, there)
    kept = here.db(here.db.sync_kept.kind == "conflict").select()
    assert sorted(name for row in kept for name in ("Changed", "Again") if name in row.ours) == [
        "Again",
        "Changed",
    ]


def test_what_belongs_to_the_record_is_left_as_it_is_now(conflict: World) -> None:
    here, there = conflict.places[:2]
    for seconds, place in enumerate((here, there)):
        place.clock.step(120 + seconds)
        place.db(place.s3db[ORG].uuid == "u").update(name=f"Again at {place.name}")
    entity = there.db(there.s3db[ORG].uuid == "u").select().first().pe_id
    there.s3db["pr_contact"].insert(pe_id=entity, contact_method="SMS", value="1", uuid="c")
    here.db.commit()
    there.db.commit()
    conflict.synchronise(here, there)
    contacts = here.s3db["pr_contact"]
    here.db(contacts.uuid == "c").update(value="2")
    here.db.commit()
    kept = here.db(here.db.sync_kept.theirs.like("%pr_contact%value%1%")).select().first()
    here.db(here.s3db[ORG].uuid == "u").update(name="Changed since")
    assert resolution.restore(here.site, kept.id, "theirs").counts == {Action.UPDATED: 1}
    assert name_at(conflict, 0) == "Again at B"
    assert here.db(contacts.uuid == "c").select().first().value == "2"


def rejected(world: World, inner: str) -> int:
    """Keep a rejected version of a record that is not here; return its key."""
    here = world.places[0]
    text = f'<resource name="{ORG}" uuid="new">{inner}</resource>'
    ledger = here.site.ledger
    with here.site.store.transaction():
        ledger.keep([Kept("rejected", ORG, "new", None, 1, None, "why", None, text, None, "f")])
    return int(here.db(here.db.sync_kept.uuid == "new").select().first().id)


GOOD = '<data field="name">New</data>'
CONTACT = (
    '<resource name="pr_contact" uuid="c"><data field="contact_method" value="&quot;SMS&quot;"/>{}</resource>'
)


def test_a_rejected_record_comes_with_what_belongs_to_it(conflict: World) -> None:
    here = conflict.places[0]
    key = rejected(conflict, GOOD + CONTACT.format('<data field="value">1</data>'))
    with here.site.store.transaction():
        why = "The record it belongs to was not stored."
        part = Kept("rejected", "pr_contact", "c", None, 1, None, why, None, "<resource/>", None, "g")
        here.site.ledger.keep([part])
    assert resolution.restore(here.site, key, "theirs", None).counts == {Action.CREATED: 2}
    table = here.db.sync_kept
    states = {row.uuid: row.state for row in here.db(table.kind == "rejected").select()}
    assert states == {"new": "resolved", "c": "superseded"}


@pytest.mark.parametrize("inner", ["", GOOD + CONTACT.format("")])
def test_what_is_rejected_again_stays_open_and_changes_nothing(conflict: World, inner: str) -> None:
    here = conflict.places[0]
    key = rejected(conflict, inner)
    report = resolution.restore(here.site, key, "theirs", None)
    assert report.failures
    rows = here.db(here.db.sync_kept.kind == "rejected").select()
    assert [(row.id, row.state, row.repository_id) for row in rows] == [(key, "open", 1)]
    assert here.db(here.s3db[ORG].uuid == "new").isempty()
