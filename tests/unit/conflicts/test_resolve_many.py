"""Many kept versions decided by a rule: what a rule says, and what becomes of a whole list."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest

from s3sync.conflicts import resolve_many as resolve_many
from s3sync.conflicts.kept_list import KeptVersionQuery
from s3sync.conflicts.resolve_many import LeftOpen, RuleResult, Selection, VersionFacts, apply_rule
from s3sync.core.errors import BadRequest
from s3sync.core.kept import Kept, KeptKind, Resolution, Rule
from s3sync.exchange.versions import RecordStatus
from tests.simulation.world import World
from tests.support.disagreement import ORG, disagree, two_sites

OLD, NEW = datetime(2026, 1, 1), datetime(2026, 1, 2)


def conflict(status: str, ours: datetime | None = OLD, theirs: datetime | None = NEW) -> VersionFacts:
    return VersionFacts(KeptKind.CONFLICT, RecordStatus(status), ours, theirs, NEW)


def rejected(status: str = "absent", now: datetime | None = None, kind: str = "rejected") -> VersionFacts:
    return VersionFacts(KeptKind(kind), RecordStatus(status), None, OLD, now)


@pytest.mark.parametrize(
    ("rule", "facts", "expected"),
    [
        ("keep", conflict("other"), RuleResult(Resolution.KEEP)),
        ("keep", rejected(), RuleResult(Resolution.KEEP)),
        ("ours", conflict("theirs"), RuleResult(Resolution.OURS)),
        ("ours", conflict("ours"), RuleResult(Resolution.OURS)),
        ("theirs", conflict("ours"), RuleResult(Resolution.THEIRS)),
        ("ours", conflict("other"), RuleResult(why=LeftOpen.CHANGED)),
        ("theirs", conflict("deleted"), RuleResult(why=LeftOpen.DELETED)),
        ("newer", conflict("other"), RuleResult(why=LeftOpen.CHANGED)),
        ("newer", conflict("ours"), RuleResult(Resolution.THEIRS)),
        ("newer", conflict("ours", NEW, OLD), RuleResult(Resolution.OURS)),
        ("newer", conflict("ours", OLD, OLD), RuleResult(why=LeftOpen.SAME_TIME)),
        ("newer", conflict("ours", None, OLD), RuleResult(why=LeftOpen.SAME_TIME)),
        ("ours", rejected(), RuleResult(Resolution.KEEP)),
        ("theirs", rejected(), RuleResult(Resolution.THEIRS)),
        ("again", rejected(), RuleResult(Resolution.THEIRS)),
        ("again", rejected("other", NEW), RuleResult(why=LeftOpen.LATER)),
        ("theirs", rejected("other", NEW, "refused"), RuleResult(why=LeftOpen.LATER)),
        ("theirs", rejected("theirs", NEW), RuleResult(Resolution.THEIRS)),
        ("newer", rejected("other", NEW), RuleResult(Resolution.KEEP)),
        ("newer", rejected("other", OLD - timedelta(days=1)), RuleResult(Resolution.THEIRS)),
        ("again", rejected("deleted"), RuleResult(Resolution.THEIRS)),
    ],
)
def test_a_rule_never_overrules_what_happened_since(
    rule: str, facts: VersionFacts, expected: RuleResult
) -> None:
    assert apply_rule(Rule(rule), facts) == expected


WANTED = KeptVersionQuery(3, "conflict", "org_office", "open", "2026-01-31", "Red")


def test_a_selection_is_stored_by_name() -> None:
    selection = Selection(None, WANTED)
    stored = json.loads(selection.to_text())
    assert stored["wanted"]["resource"] == "org_office" and stored["wanted"]["search"] == "Red"
    assert Selection.from_text(selection.to_text()) == selection


def test_a_selection_that_was_stored_by_position_is_still_read() -> None:
    text = '{"ids": [7], "wanted": [3, "conflict", "org_office", "open", "2026-01-31", "Red"]}'
    assert Selection.from_text(text) == Selection([7], WANTED)


def test_what_a_stored_selection_does_not_name_is_as_usual() -> None:
    assert Selection.from_text('{"ids": null, "wanted": {"kind": "conflict"}}').wanted == KeptVersionQuery(
        kind="conflict"
    )


@pytest.fixture(scope="module")
def world() -> Iterator[World]:
    yield from two_sites()


@pytest.fixture
def conflicts(world: World) -> World:
    """Two sites that changed the same records; the second site's versions won."""
    uuids = [f"u{number}" for number in range(5)]
    return disagree(world, uuids, lambda place, uuid: f"{place.name}{uuid[1:]}")


def names(world: World, number: int = 0) -> list[str]:
    place = world.places[number]
    rows = place.db(place.s3db[ORG].deleted == False).select(orderby=place.s3db[ORG].uuid)  # noqa: E712
    return [row.name for row in rows]


def states(world: World) -> list[tuple[str, str | None]]:
    table = world.places[0].db.sync_kept
    return [(row.state, row.decision) for row in world.places[0].db(table).select(orderby=table.id)]


def run(
    world: World, rule: str, ids: list[int] | None = None, wanted: KeptVersionQuery = KeptVersionQuery()
) -> int:
    site = world.places[0].site
    key = resolve_many.begin(site, Selection(ids, wanted), rule, None)
    assert resolve_many.work(site, key)
    return key


def test_a_rule_decides_all_and_the_sites_agree(conflicts: World) -> None:
    assert names(conflicts) == [f"B{number}" for number in range(5)]
    key = run(conflicts, "ours")
    assert names(conflicts) == [f"A{number}" for number in range(5)]
    assert states(conflicts) == [("resolved", "ours")] * 5
    here, there = conflicts.places[:2]
    for place in (here, there):
        place.clock.step(60)
    conflicts.synchronise(here, there)
    assert names(conflicts, 1) == names(conflicts)
    row = here.db.sync_decision(key)
    assert (row.state, row.total, row.done, row.left_open, row.problems) == ("finished", 5, 5, 0, [])
    (entry,) = here.db(here.db.sync_log.action == "decide").select()
    assert entry.result == "success" and "by the rule 'ours': 5. Left open: 0." in entry.message


def test_what_the_record_says_already_is_not_written_again_and_others_hear_of_the_decision(
    conflicts: World,
) -> None:
    here = conflicts.places[0]
    head, before = here.site.journal.head(), here.db(here.s3db[ORG]).select().as_list()
    run(conflicts, "theirs")
    assert states(conflicts) == [("resolved", "theirs")] * 5
    assert here.db(here.s3db[ORG]).select().as_list() == before
    assert here.site.journal.head() == head + 5


def test_what_was_changed_since_is_left_open_with_the_reason(conflicts: World) -> None:
    here = conflicts.places[0]
    here.db(here.s3db[ORG].uuid == "u1").update(name="Later")
    here.s3db.delete(here.s3db[ORG], [here.db(here.s3db[ORG].uuid == "u2").select().first().id])
    here.db.commit()
    row = here.db.sync_decision(run(conflicts, "ours"))
    assert (row.done, row.left_open) == (3, 2)
    assert [each["why"] for each in row.problems] == [LeftOpen.CHANGED, LeftOpen.DELETED]
    assert names(conflicts) == ["A0", "Later", "A3", "A4"]
    (entry,) = here.db(here.db.sync_log.action == "decide").select()
    assert entry.result == "warning" and "B1: changed" in entry.message


def test_only_what_was_chosen_is_decided(conflicts: World) -> None:
    first = conflicts.places[0].db(conflicts.places[0].db.sync_kept).select().first().id
    run(conflicts, "keep", [first, 4711])
    assert sorted(states(conflicts), key=str) == [("open", None)] * 4 + [("resolved", "keep")]
    run(conflicts, "newer", wanted=KeptVersionQuery(search="B3"))
    assert states(conflicts).count(("resolved", "theirs")) == 1
    run(conflicts, "keep", wanted=KeptVersionQuery(resource="org_office"))
    assert states(conflicts).count(("open", None)) == 3


def test_two_versions_of_one_record_are_decided_one_after_the_other(conflicts: World) -> None:
    here, there = conflicts.places[:2]
    for seconds, place in enumerate((here, there)):
        place.clock.step(120 + seconds)
        place.db(place.s3db[ORG].uuid == "u0").update(name=f"{place.name} again")
        place.db.commit()
    conflicts.synchronise(here, there)
    row = here.db.sync_decision(run(conflicts, "ours"))
    assert names(conflicts)[0] == "A again"
    assert (row.done, row.left_open) == (5, 1)


def test_a_sweep_goes_on_where_it_was_broken_off(conflicts: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resolve_many, "BATCH", 2)
    site, db = conflicts.places[0].site, conflicts.places[0].db
    key = resolve_many.begin(site, Selection(None, KeptVersionQuery()), "ours", None)
    assert not resolve_many.work(site, key, 0.0)
    assert (db.sync_decision(key).done, db.sync_decision(key).state) == (2, "running")
    assert resolve_many.work(site, key)
    assert resolve_many.work(site, key)
    assert db.sync_decision(key).done == 5
    assert db(db.sync_log.action == "decide").count() == 1


def test_a_batch_that_another_has_claimed_is_left_to_it(
    conflicts: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    site, db = conflicts.places[0].site, conflicts.places[0].db
    key = resolve_many.begin(site, Selection(None, KeptVersionQuery()), "ours", None)
    transaction = site.store.transaction

    def overtaken() -> object:
        monkeypatch.setattr(site.store, "transaction", transaction)
        db(db.sync_decision.id == key).update(position=10**6)
        return transaction()

    monkeypatch.setattr(site.store, "transaction", overtaken)
    assert resolve_many._batch(site, key)
    assert names(conflicts) == [f"B{number}" for number in range(5)]
    assert db.sync_decision(key).done == 0


def test_rejected_records_are_tried_again_and_told_if_they_fail(conflicts: World) -> None:
    here = conflicts.places[0]
    good, bad = '<data field="name">New</data>', '<data field="year" value="99999">99999</data>'

    def put_aside(table: str, uuid: str, inner: str) -> Kept:
        text = f'<resource name="{table}" uuid="{uuid}">{inner}</resource>'
        return Kept(KeptKind.REJECTED, table, uuid, None, 1, None, "why", None, text, None, uuid)

    with here.site.store.transaction():
        here.site.kept_versions.keep(
            [put_aside(ORG, "good", good), put_aside(ORG, "bad", good + bad), put_aside("nosuch", "x", good)]
        )
    assert resolve_many.counts(here.site, Selection(None, KeptVersionQuery()), Rule.AGAIN) == {"rejected": 3}
    assert resolve_many.counts(here.site, Selection(None, KeptVersionQuery()), Rule.OURS) == {
        "conflict": 5,
        "rejected": 3,
    }
    row = here.db.sync_decision(run(conflicts, "again"))
    assert (row.done, row.left_open) == (1, 2)
    assert "New" in names(conflicts)
    told = {each["why"] for each in row.problems}
    assert LeftOpen.UNKNOWN in told and any("year" in why for why in told)
    assert states(conflicts).count(("open", None)) == 7


def test_what_is_not_there_is_refused(conflicts: World) -> None:
    site = conflicts.places[0].site
    with pytest.raises(BadRequest):
        resolve_many.begin(site, Selection(None, KeptVersionQuery()), "mine", None)
    with pytest.raises(BadRequest):
        resolve_many.work(site, 4711)


def test_old_sweeps_are_forgotten(conflicts: World) -> None:
    db = conflicts.places[0].db
    run(conflicts, "keep")
    resolve_many.purge(db, datetime(2000, 1, 1))
    assert db(db.sync_decision).count() == 1
    resolve_many.purge(db, datetime(2100, 1, 1))
    assert db(db.sync_decision).isempty()
