"""What lost a conflict can be restored, and then travels."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from s3sync.conflicts import resolve as resolve
from s3sync.core.errors import BadRequest
from s3sync.core.kept import Kept, KeptKind, Side
from s3sync.core.records import Action
from tests.simulation.world import World
from tests.support.disagreement import ORG, disagree, two_sites
from tests.support.documents import (
    LATER,
    OFFICE,
    PERSON,
    contact,
    data,
    deleted,
    org,
    person,
    ref,
    resource,
)
from tests.support.site import SampleSite


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from two_sites()


@pytest.fixture
def conflict(world: World) -> World:
    """Two sites that changed the same record: the second site's version won."""
    return disagree(world, ["u"], lambda place, uuid: f"Changed at {place.name}")


def name_at(world: World, number: int) -> str:
    place = world.places[number]
    return str(place.db(place.s3db[ORG].uuid == "u").select().first().name)


def kept_id(world: World) -> int:
    row = world.places[0].db(world.places[0].db.sync_kept.kind == "conflict").select().first()
    return int(row.id)


def test_the_loser_can_be_restored_and_wins_everywhere(conflict: World) -> None:
    here, there = conflict.places[:2]
    assert [name_at(conflict, 0), name_at(conflict, 1)] == ["Changed at B"] * 2
    report = resolve.restore(here.site, kept_id(conflict), Side.OURS, None)
    assert report.counts == {Action.UPDATED: 1}
    assert name_at(conflict, 0) == "Changed at A"
    conflict.synchronise(here, there)
    assert name_at(conflict, 1) == "Changed at A"
    row = here.db.sync_kept[kept_id(conflict)]
    assert (row.state, row.closed_on) == ("resolved", here.clock.now())


def test_the_decision_can_be_accepted(conflict: World) -> None:
    here = conflict.places[0]
    resolve.accept(here.site, kept_id(conflict), None)
    assert here.db.sync_kept[kept_id(conflict)].state == "resolved"
    assert name_at(conflict, 0) == "Changed at B"


@pytest.mark.parametrize("side", [Side.OURS, None])
def test_who_keeps_what_a_deletion_waits_for_gives_it_back(tmp_path: Path, side: Side | None) -> None:
    site = SampleSite(tmp_path)
    site.push(
        resource(OFFICE, "o", data("name", "Office"), ref("organisation_id", ORG, "g")) + org("g", "Org"),
        OFFICE,
    )
    site.push(deleted(ORG, "g", LATER), ORG, final=False)
    head = site.journal.head()
    (waiting,) = site.kept()
    if side is None:
        resolve.accept(site, waiting.id, None)
    else:
        resolve.restore(site, waiting.id, side, None)
    row = site.row(ORG, "g")
    assert not row.deleted and row.modified_on > LATER, (
        "or its sender, and all others, would go on without it"
    )
    seq, origin = site.journal.positions(ORG, [row.id])[row.id]
    assert seq > head and origin is None
    assert site.kept() == []
    site.close()


def test_what_belongs_to_a_record_that_is_deleted_here_cannot_live_without_it(tmp_path: Path) -> None:
    site = SampleSite(tmp_path)
    site.push(person("p", "Asha", contact("c", "a@example.org")), PERSON)
    site.delete(PERSON, "p")
    site.push(person("p", "Asha", contact("c", "b@example.org", modified_on=LATER)), PERSON, exchanged=0)
    (kept,) = [each for each in site.kept() if each.tablename == "pr_contact"]
    assert kept.kind == "refused"
    report = resolve.restore(site, kept.id, Side.THEIRS, None)
    ((_, outcome),) = report.failures
    assert (
        outcome.reason == "The record that it belongs to (pr_person p) is deleted here: restore that first."
    )
    assert site.rows("pr_contact") == [] and site.db.sync_kept[kept.id].state == "open"


@pytest.mark.parametrize("side", ["", "mine"])
def test_a_side_that_does_not_exist_is_refused(conflict: World, side: str) -> None:
    with pytest.raises(BadRequest):
        resolve.restore(conflict.places[0].site, kept_id(conflict), side)
    assert conflict.places[0].db.sync_kept[kept_id(conflict)].state == "open"


def test_an_unknown_version_is_refused(conflict: World, tmp_path: Path) -> None:
    with pytest.raises(BadRequest):
        resolve.restore(conflict.places[0].site, 4711, Side.OURS)
    with pytest.raises(BadRequest):
        resolve.accept(conflict.places[0].site, 4711)


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
    assert resolve.restore(here.site, kept.id, Side.THEIRS).counts == {Action.UPDATED: 1}
    assert name_at(conflict, 0) == "Again at B"
    assert here.db(contacts.uuid == "c").select().first().value == "2"


def rejected(world: World, inner: str) -> int:
    """Keep a rejected version of a record that is not here; return its key."""
    here = world.places[0]
    text = f'<resource name="{ORG}" uuid="new">{inner}</resource>'
    kept_versions = here.site.kept_versions
    with here.site.store.transaction():
        kept_versions.keep([Kept(KeptKind.REJECTED, ORG, "new", None, 1, None, "why", None, text, None, "f")])
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
        part = Kept(KeptKind.REJECTED, "pr_contact", "c", None, 1, None, why, None, "<resource/>", None, "g")
        here.site.kept_versions.keep([part])
    assert resolve.restore(here.site, key, Side.THEIRS, None).counts == {Action.CREATED: 2}
    table = here.db.sync_kept
    states = {row.uuid: row.state for row in here.db(table.kind == "rejected").select()}
    assert states == {"new": "resolved", "c": "superseded"}


@pytest.mark.parametrize("inner", ["", GOOD + CONTACT.format("")])
def test_what_is_rejected_again_stays_open_and_changes_nothing(conflict: World, inner: str) -> None:
    here = conflict.places[0]
    key = rejected(conflict, inner)
    report = resolve.restore(here.site, key, Side.THEIRS, None)
    assert report.failures
    rows = here.db(here.db.sync_kept.kind == "rejected").select()
    assert [(row.id, row.state, row.repository_id) for row in rows] == [(key, "open", 1)]
    assert here.db(here.s3db[ORG].uuid == "new").isempty()


# --- field by field ------------------------------------------------------------------------------------------


def values_at(world: World, number: int, *fields: str) -> list[object]:
    place = world.places[number]
    row = place.db(place.s3db[ORG].uuid == "u").select().first()
    return [row[name] for name in fields]


@pytest.fixture
def apart(conflict: World) -> World:
    """Two sites whose versions of a record differ in several fields, one cleared and one a reference among them."""
    here, there = conflict.places[:2]
    for seconds, (place, values) in enumerate(
        (
            (here, {"name": "Here", "acronym": "H", "year": 2001, "website": None, "comments": "one"}),
            (
                there,
                {
                    "name": "There",
                    "acronym": "T",
                    "year": None,
                    "website": "http://t.example",
                    "comments": "two",
                },
            ),
        )
    ):
        place.clock.step(300 + 10 * seconds)
        place.db(place.s3db[ORG].uuid == "u").update(**values)
        place.db.commit()
    conflict.synchronise(here, there)
    return conflict


def latest(world: World) -> int:
    table = world.places[0].db.sync_kept
    row = world.places[0].db(table.kind == "conflict").select(orderby=~table.id).first()
    return int(row.id)


CHOSEN = ("name", "acronym", "year", "website", "comments")
SAID = {
    Side.OURS: {"name": "Here", "acronym": "H", "year": 2001, "website": None, "comments": "one"},
    Side.THEIRS: {
        "name": "There",
        "acronym": "T",
        "year": None,
        "website": "http://t.example",
        "comments": "two",
    },
}


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(sides=st.lists(st.sampled_from(list(Side)), min_size=5, max_size=5))
def test_the_record_says_exactly_what_was_chosen_and_so_does_the_other_site(
    apart: World, sides: list[Side]
) -> None:
    here, there = apart.places[:2]
    before = dict(zip(CHOSEN, values_at(apart, 0, *CHOSEN)))
    said = {**SAID, Side.NOW: before}
    picks = dict(zip(CHOSEN, sides))
    report = resolve.combine(here.site, latest(apart), picks, None)
    assert not report.failures
    wanted = [said[side][name] for name, side in picks.items()]
    assert values_at(apart, 0, *CHOSEN) == wanted
    for place in (here, there):
        place.clock.step(60)
    apart.synchronise(here, there)
    apart.synchronise(here, there)
    assert values_at(apart, 1, *CHOSEN) == wanted
    row = here.db.sync_kept[latest(apart)]
    assert (row.state, row.decision) == ("resolved", "fields")


def test_fields_that_are_not_named_stay(apart: World) -> None:
    here = apart.places[0]
    # Of the year only one side knows an edit: it is in no dispute.
    assert values_at(apart, 0, *CHOSEN) == ["There", "T", 2001, "http://t.example", "two"]
    resolve.combine(here.site, latest(apart), {"acronym": Side.OURS}, None)
    assert values_at(apart, 0, *CHOSEN) == ["There", "H", 2001, "http://t.example", "two"]


def test_what_was_decided_is_in_the_log(apart: World) -> None:
    here = apart.places[0]
    resolve.combine(here.site, latest(apart), {"acronym": Side.OURS, "name": Side.THEIRS}, None)
    resolve.restore(here.site, latest(apart), Side.OURS, None)
    resolve.restore(here.site, latest(apart), Side.THEIRS, None, quiet=True)
    entries = here.db(here.db.sync_log.mode == "decide/outgoing").select(orderby=here.db.sync_log.id)
    assert [row.message.partition(": ")[2] for row in entries] == [
        "field by field (acronym: our version, name: the other site's version).",
        "our version of acronym, comments, name.",
    ]
    assert "on the conflict of org_organisation 'There' (u)" in entries[0].message


@pytest.mark.parametrize("choices", [{"nosuch": Side.OURS}, {"uuid": Side.OURS}, {"name": "mine"}])
def test_what_cannot_be_chosen_changes_nothing(apart: World, choices: dict[str, str]) -> None:
    before = values_at(apart, 0, *CHOSEN, "modified_on")
    with pytest.raises(BadRequest):
        resolve.combine(apart.places[0].site, latest(apart), choices)
    assert values_at(apart, 0, *CHOSEN, "modified_on") == before
    assert apart.places[0].db.sync_kept[latest(apart)].state == "open"


def test_fields_of_a_record_that_is_not_here_cannot_be_chosen(conflict: World) -> None:
    key = rejected(conflict, GOOD)
    with pytest.raises(BadRequest, match="not here"):
        resolve.combine(conflict.places[0].site, key, {"name": Side.THEIRS})


def test_a_choice_that_the_data_model_forbids_changes_nothing(apart: World) -> None:
    here = apart.places[0]
    key = latest(apart)
    text = f'<resource name="{ORG}" uuid="u"><data field="year" value="99999">99999</data></resource>'
    here.db(here.db.sync_kept.id == key).update(theirs=text)
    before = values_at(apart, 0, *CHOSEN, "modified_on")
    report = resolve.combine(here.site, key, {"year": Side.THEIRS, "acronym": Side.OURS})
    assert [outcome.errors.keys() for _, outcome in report.failures] == [{"year"}]
    assert values_at(apart, 0, *CHOSEN, "modified_on") == before
    assert here.db.sync_kept[key].state == "open"


def open_conflicts(world: World) -> list[int]:
    counted = []
    for place in world.places[:2]:
        kept = place.db.sync_kept
        counted.append(place.db((kept.kind == "conflict") & (kept.state == "open")).count())
    return counted


@pytest.fixture
def won_here(world: World) -> World:
    """The first site's version won, and was pushed: the second site holds what the first one had."""
    disagree(world, ["u"], lambda place, uuid: f"Changed at {place.name}")
    here, there = world.places[:2]
    for seconds, place in enumerate((there, here)):
        place.clock.step(300 + 10 * seconds)
        place.db(place.s3db[ORG].uuid == "u").update(name=f"Later at {place.name}")
        place.db.commit()
    world.synchronise(here, there)
    assert [name_at(world, 0), name_at(world, 1)] == ["Later at A"] * 2
    return world


def test_a_decision_after_a_conflict_is_no_conflict_again(won_here: World) -> None:
    here, there = won_here.places[:2]
    rows = here.db(here.db.sync_kept.state == "open").select(orderby=~here.db.sync_kept.id)
    here.clock.step(60)
    for row in rows:
        resolve.accept(here.site, int(row.id), None)
    resolve.restore(here.site, int(rows[0].id), Side.THEIRS, None)
    assert name_at(won_here, 0) == "Later at B"
    before = open_conflicts(won_here)
    for _ in range(2):
        there.clock.step(60)
        here.clock.step(60)
        won_here.synchronise(here, there)
        assert [name_at(won_here, 0), name_at(won_here, 1)] == ["Later at B"] * 2
        assert open_conflicts(won_here) == [0, before[1]]


def test_another_version_of_the_other_site_is_still_a_conflict(won_here: World) -> None:
    here, there = won_here.places[:2]
    for place, name in ((here, "Decided at A"), (there, "Decided at B")):
        place.clock.step(60)
        place.db(place.s3db[ORG].uuid == "u").update(name=name)
        place.db.commit()
    (before, _) = open_conflicts(won_here)
    won_here.synchronise(here, there)
    assert open_conflicts(won_here)[0] == before + 1
