"""Decisions on conflicts that are known by field: what they write, and how they close the conflict at other sites."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable

import pytest

from s3sync.conflicts import resolve as resolve
from s3sync.conflicts import resolve_many as resolve_many
from s3sync.conflicts.kept_list import KeptVersionQuery
from s3sync.conflicts.resolve_many import LeftOpen, Selection
from s3sync.core.clock import milliseconds
from s3sync.core.fields import ChangeKind
from s3sync.core.kept import Kept, KeptKind, Side
from s3sync.core.policy import Policy
from tests.support.documents import ORG
from tests.support.exchange import Pair
from tests.support.site import NOW, SampleSite

ANN, BEN = "ann@example.org", "ben@example.org"
#: Of edits that are later than all here, in milliseconds.
TIME = milliseconds(NOW + timedelta(hours=2))
Sites = Callable[..., SampleSite]


@pytest.fixture
def sites(tmp_path: Path) -> Iterator[Sites]:
    made: list[SampleSite] = []

    def make(name: str) -> SampleSite:
        made.append(SampleSite(tmp_path / name, users={ANN: 1, BEN: 2}))
        return made[-1]

    yield make
    for each in made:
        each.close()


def edit(site: SampleSite, uuid: str = "u", **values: Any) -> None:
    """Change an organisation like a person, a minute later."""
    site.clock.step()
    with site.store.transaction():
        site.db(site.s3db[ORG].uuid == uuid).update(**values)


def says(site: SampleSite, *names: str, uuid: str = "u") -> list[Any]:
    row = site.row(ORG, uuid)
    return [row[name] for name in names]


def open_at(site: SampleSite) -> list[int]:
    return [row.id for row in site.kept()]


def closed_at(site: SampleSite) -> list[Any]:
    table = site.db.sync_kept
    return list(site.db(table.state == "resolved").select(orderby=table.id))


@pytest.fixture
def two(sites: Sites) -> tuple[SampleSite, SampleSite, Pair]:
    """Two sites that changed the telephone of an organisation, and each something else: the second one's counts."""
    here, there = sites("here"), sites("there")
    with here.store.transaction():
        here.s3db[ORG].insert(uuid="u", name="Red Cross", phone="0", modified_on=here.clock.now())
    pair = Pair(here, there, ORG)
    pair.run()
    edit(here, phone="1", year=2001)
    there.clock.step()
    edit(there, phone="2", comments="Closed on Sundays")
    pair.run()
    return here, there, pair


BOTH = ("phone", "year", "comments")


@pytest.mark.parametrize("side", [Side.OURS, Side.THEIRS])
def test_a_version_that_is_chosen_leaves_alone_what_merged_by_itself(
    two: tuple[SampleSite, SampleSite, Pair], side: Side
) -> None:
    here, there, pair = two
    assert says(here, *BOTH) == ["2", 2001, "Closed on Sundays"]
    (row,) = open_at(here)
    assert not resolve.restore(here, row, side, 1).failures
    phone = "1" if side is Side.OURS else "2"
    assert says(here, *BOTH) == [phone, 2001, "Closed on Sundays"]
    pair.run()
    assert says(there, *BOTH) == [phone, 2001, "Closed on Sundays"]
    assert here.kept() == there.kept() == []


# --- decisions travel ------------------------------------------------------------------------------------------------


class Ring:
    """A field site and headquarters that changed the same, and a region: field and region list the conflict.

    Args:
        make: makes a site.
        fields: the fields that both changed.
        count: of organisations.
        later: whose changes win.
        besides: whether each changed something else, too.
    """

    def __init__(
        self, make: Sites, *fields: str, count: int = 1, later: str = "head", besides: bool = True
    ) -> None:
        self.field, self.head, self.region = make("field"), make("head"), make("region")
        self.sites = (self.field, self.head, self.region)
        self.uuids = ["u"] if count == 1 else [f"u{number}" for number in range(count)]
        with self.head.store.transaction():
            for uuid in self.uuids:
                self.head.s3db[ORG].insert(uuid=uuid, name=f"Org {uuid}", modified_on=self.head.clock.now())
        self.field_head = Pair(self.field, self.head, ORG, page_size=100)
        self.region_head = Pair(self.region, self.head, ORG, page_size=100)
        self.region_field = Pair(self.region, self.field, ORG, page_size=100)
        self.run()
        getattr(self, later).clock.step()
        by_field, by_head = ({"comments": "by the field"}, {"year": 2001}) if besides else ({}, {})
        for uuid in self.uuids:
            edit(self.field, uuid, **dict.fromkeys(fields, "7"), **by_field)
            edit(self.head, uuid, **dict.fromkeys(fields, "8"), **by_head)
        # The region hears of both before they hear of each other, and tells nobody yet.
        for pair in (self.region_field, self.region_head):
            pair.listen()
        self.field_head.run()

    def run(self) -> None:
        """Let all exchange with all, until each has learned of everything."""
        for _ in range(2):
            for pair in (self.field_head, self.region_head, self.region_field):
                pair.run()

    def said(self, *names: str) -> list[list[Any]]:
        return [says(site, *names, uuid=self.uuids[0]) for site in self.sites]


@pytest.fixture
def ring(sites: Sites) -> Ring:
    found = Ring(sites, "phone")
    assert [len(each.kept()) for each in found.sites] == [1, 0, 1]
    assert found.said("phone", "year", "comments") == [["8", 2001, "by the field"]] * 3
    return found


CHOSEN = {"keep": "8", "ours": "7", "theirs": "8"}


@pytest.mark.parametrize("decision", [*CHOSEN])
def test_a_decision_closes_the_conflict_at_every_site_that_lists_it(ring: Ring, decision: str) -> None:
    (row,) = open_at(ring.field)
    ring.field.clock.step()
    if decision == "keep":
        resolve.accept(ring.field, row, 1)
    else:
        resolve.restore(ring.field, row, Side(decision), 1)
    ring.run()
    assert [each.kept() for each in ring.sites] == [[], [], []]
    assert ring.said("phone", "year", "comments") == [[CHOSEN[decision], 2001, "by the field"]] * 3
    (closed,) = closed_at(ring.region)
    # The region heard of the field first: what is ours at the field is ours there.
    assert closed.decision == ("ours" if CHOSEN[decision] == "7" else "theirs")
    assert (closed.resolved_by_email, closed.resolved_at_site) == (ANN, ring.field.changes.site)
    assert closed.resolved_on == ring.field.clock.now() and closed.resolved_by is None
    changes = ring.region.changes.of(ORG, [ring.region.row(ORG, "u").id]).popitem()[1]
    assert [(each.kind, each.by) for each in changes][-1] == (ChangeKind.DECISION, ANN)


@pytest.mark.parametrize("asks", [True, False], ids=["pulled", "pushed"])
def test_the_log_says_who_decided_what_where_and_when(ring: Ring, asks: bool) -> None:
    decides, listens = (ring.field, ring.region) if asks else (ring.region, ring.field)
    decides.clock.step(3600)
    resolve.restore(decides, open_at(decides)[0], Side.OURS, 1)
    ring.region_field.run()
    told = [message for _, mode, _, message in ring.region_field.told.entries if mode == "decide"]
    if not asks:
        log = listens.db.sync_log
        told = [row.message for row in listens.db(log.mode == "decide/incoming").select()]
    where, when = "other" if asks else "direct", f"{decides.clock.now():%Y-%m-%d %H:%M:%S}"
    assert told == [
        "Conflicts decided at other sites: 1.\n"
        f"{ORG} 'Org u' (u): our version, decided by {ANN} at {where} on {when} (UTC)."
    ]


def test_sites_are_quiet_after_a_decision(ring: Ring) -> None:
    resolve.accept(ring.field, open_at(ring.field)[0], 1)
    ring.run()
    heads = [each.journal.head() for each in ring.sites]
    ring.run()
    assert [each.journal.head() for each in ring.sites] == heads


def test_the_conflict_is_closed_also_if_the_field_is_edited_before_the_decision_travels(ring: Ring) -> None:
    resolve.restore(ring.field, open_at(ring.field)[0], Side.OURS, 1)
    edit(ring.field, phone="9")
    ring.run()
    assert ring.said("phone") == [["9"]] * 3
    assert [each.kept() for each in ring.sites] == [[], [], []]
    (closed,) = closed_at(ring.region)
    assert closed.decision is None and closed.resolved_at_site == ring.field.changes.site


def decide_at_both(ring: Ring, at_field: Side, at_region: Side) -> None:
    """Decide at the field, and an hour later at the region, before either hears of the other one."""
    resolve.restore(ring.field, open_at(ring.field)[0], at_field, 1)
    ring.region.clock.step(3600)
    resolve.restore(ring.region, open_at(ring.region)[0], at_region, 2)
    ring.run()


def test_of_two_decisions_at_two_sites_the_later_one_counts_and_the_other_one_is_listed(ring: Ring) -> None:
    decide_at_both(ring, Side.OURS, Side.THEIRS)
    assert ring.said("phone", "year") == [["8", 2001]] * 3
    # Two people disagree: that is a conflict as any other, and closed everywhere by the next decision.
    (listed,) = [row for each in ring.sites for row in each.kept()]
    at = next(each for each in ring.sites if each.kept())
    resolve.restore(at, listed.id, Side.OURS if ">7<" in listed.ours else Side.THEIRS, 2)
    ring.run()
    assert ring.said("phone", "year") == [["7", 2001]] * 3
    assert [each.kept() for each in ring.sites] == [[], [], []]


@pytest.mark.parametrize(("later", "phone"), [("region", "7"), ("field", "8")])
def test_a_decision_for_a_version_that_was_ours_is_learned_when_that_comes_back(
    sites: Sites, later: str, phone: str
) -> None:
    ring = Ring(sites, "phone", later="field", besides=False)
    ring.region_head.run()
    assert ring.said("phone") == [["7"]] * 3
    getattr(ring, later).clock.step(3600)
    resolve.restore(ring.field, open_at(ring.field)[0], Side.THEIRS, 1)
    resolve.accept(ring.region, open_at(ring.region)[0], 2)
    # The field gets its former version from headquarters alone, with the decision of the region.
    for _ in range(3):
        ring.region_head.run()
        ring.field_head.run()
    assert ring.said("phone") == [[phone]] * 3, "the later decision"
    changes = ring.field.changes.of(ORG, [ring.field.row(ORG, "u").id]).popitem()[1]
    assert {each.by for each in changes if each.kind is ChangeKind.DECISION} == {ANN, BEN}
    seen = [site.changes.edits(ORG, [site.row(ORG, "u").id]).popitem()[1].seen for site in ring.sites]
    assert seen[0] == seen[1] == seen[2]


@pytest.mark.parametrize("first", ["field", "region"])
def test_the_later_one_of_two_decisions_within_one_second_counts(ring: Ring, first: str) -> None:
    sides = {"field": Side.OURS, "region": Side.THEIRS}
    second = next(name for name in sides if name != first)
    for name, fraction in ((first, 0.3), (second, 0.7)):
        site = getattr(ring, name)
        site.clock.moment = NOW + timedelta(hours=2, seconds=fraction)
        resolve.restore(site, open_at(site)[0], sides[name], 1)
    ring.run()
    assert ring.said("phone") == [[{"field": "7", "region": "8"}[second]]] * 3


def test_two_decisions_for_the_same_are_one(ring: Ring) -> None:
    decide_at_both(ring, Side.OURS, Side.OURS)
    assert ring.said("phone", "year") == [["7", 2001]] * 3
    assert [each.kept() for each in ring.sites] == [[], [], []]


def test_a_conflict_is_closed_by_a_later_decision_if_an_edit_beat_the_one_on_it(ring: Ring) -> None:
    ring.field.clock.step()
    resolve.accept(ring.field, open_at(ring.field)[0], 1)
    ring.head.clock.step(3600)
    edit(ring.head, phone="9")
    # The field's decision loses against that; the region only hears of the edit.
    ring.field_head.run()
    ring.region_head.run()
    ring.run()
    assert ring.said("phone") == [["9"]] * 3
    assert [len(each.kept()) for each in ring.sites] == [1, 0, 1]
    resolve.accept(ring.field, open_at(ring.field)[0], 2)
    ring.run()
    assert [each.kept() for each in ring.sites] == [[], [], []]
    assert [row.resolved_by_email for row in closed_at(ring.region)] == [BEN]


def test_who_loses_against_a_decision_that_changed_no_value_is_listed_beside_who_lost_before(
    sites: Sites,
) -> None:
    site = sites("here")
    with site.store.transaction():
        site.s3db[ORG].insert(uuid="u", name="Red Cross", modified_on=NOW)
    # A version, and the same one after a person left it as it was: both win against edits that they have not seen.
    edited, decided = (
        f"{TIME:x}@aaaa=phone",
        f"{TIME + 9:x}@aaaa=phone!{TIME:x}@aaaa,{TIME:x}@bbbb {TIME:x}@bbbb",
    )
    for phone, edits in (("1", edited), ("3", decided)):
        edit(site, phone=phone)
        record = f'<resource name="{ORG}" uuid="u" modified_on="{NOW.isoformat()}" edits="{edits}">'
        phone_field = '<data field="phone">2</data></resource>'
        site.take(f'<s3xml edits="1">{record}{phone_field}</s3xml>', ORG, repository_id=1, exchanged=0)
        assert says(site, "phone") == ["2"]
    assert [f">{phone}<" in row.ours for phone, row in zip("13", site.kept())] == [True, True]


# --- by a rule -------------------------------------------------------------------------------------------------------


def by_rule(site: SampleSite, rule: str) -> Any:
    """Decide on all conflicts by a rule; return the row of the work."""
    site.clock.step(3600)
    key = resolve_many.begin(site, Selection(None, KeptVersionQuery(kind="conflict")), rule, 1)
    assert resolve_many.work(site, key)
    return site.db.sync_decision(key)


@pytest.mark.parametrize(("rule", "phone"), [("keep", "8"), ("ours", "7"), ("theirs", "8"), ("newer", "8")])
def test_a_rule_decides_on_the_fields_in_dispute_and_closes_the_conflicts_everywhere(
    sites: Sites, rule: str, phone: str
) -> None:
    ring = Ring(sites, "phone", count=3)
    row = by_rule(ring.field, rule)
    assert (row.done, row.left_open) == (3, 0)
    ring.run()
    assert [each.kept() for each in ring.sites] == [[], [], []]
    for uuid in ring.uuids:
        found = [says(site, "phone", "year", "comments", uuid=uuid) for site in ring.sites]
        assert found == [[phone, 2001, "by the field"]] * 3
    assert {row.resolved_by_email for row in closed_at(ring.region)} == {ANN}


def test_the_rule_for_the_newer_one_chooses_it_for_each_field(sites: Sites) -> None:
    here, there = sites("here"), sites("there")
    with here.store.transaction():
        here.s3db[ORG].insert(uuid="u", name="Red Cross", modified_on=here.clock.now())
    pair = Pair(here, there, ORG, conflict_policy=Policy.THIS)
    pair.run()
    edit(here, phone="1")
    there.clock.step(60)
    edit(there, phone="2")
    edit(there, contact="Ben")
    here.clock.step(3600)
    edit(here, contact="Ann")
    pair.run()
    assert says(here, "phone", "contact") == ["1", "Ann"]
    assert by_rule(here, "newer").done == 1
    assert says(here, "phone", "contact") == ["2", "Ann"]
    assert [row.decision for row in closed_at(here)] == ["fields"]
    pair.run()
    assert says(there, "phone", "contact") == ["2", "Ann"]


def test_a_rule_leaves_open_what_was_changed_since_in_dispute_and_nothing_else(sites: Sites) -> None:
    ring = Ring(sites, "phone", count=2)
    edit(ring.field, "u0", phone="9")
    edit(ring.field, "u1", website="http://example.org")
    row = by_rule(ring.field, "ours")
    assert (row.done, row.left_open, row.problems[0]["why"]) == (1, 1, LeftOpen.CHANGED)
    assert says(ring.field, "phone", uuid="u0") == ["9"]
    assert says(ring.field, "phone", "website", uuid="u1") == ["7", "http://example.org"]


# --- whole versions --------------------------------------------------------------------------------------------------


def test_a_conflict_with_a_sender_that_tells_no_edits_is_decided_as_a_whole(sites: Sites) -> None:
    site = sites("here")
    with site.store.transaction():
        site.s3db[ORG].insert(uuid="u", name="Red Cross", phone="2", comments="now", modified_on=NOW)
        ours, theirs = (
            f'<resource name="{ORG}" uuid="u"><data field="phone">{phone}</data><data field="comments">{text}</data>'
            "</resource>"
            for phone, text in (("1", "ours"), ("2", "theirs"))
        )
        kept = Kept(KeptKind.CONFLICT, ORG, "u", None, 1, Side.THEIRS, "newer", ours, theirs, NOW, "f")
        site.kept_versions.keep([kept])
    (row,) = open_at(site)
    resolve.restore(site, row, Side.OURS, 1)
    assert says(site, "phone", "comments") == ["1", "ours"]
    (change,) = site.changes.of(ORG, [site.row(ORG, "u").id]).popitem()[1]
    assert change.kind is ChangeKind.EDIT and change.settled == ()
