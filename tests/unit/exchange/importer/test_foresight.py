"""Records are checked with the state that a document leads to, alike however they are spread over documents."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from itertools import permutations

import pytest

from s3sync.core.policy import Policy, Terms
from s3sync.exchange.importer import Importer
from s3sync.site.rejected import retry_rejected
from tests.support.documents import LOCATION, NOW, ORG, data, deleted, org, reasons, ref, resource, told
from tests.support.site import SampleSite

DAY = timedelta(days=1)
BRANCH = "org_organisation_branch"
TYPES = ("org_facility_type", "event_incident_type", "org_organisation_type")


@pytest.fixture(autouse=True)
def repository(site: SampleSite, a_month_later: None) -> None:
    with site.store.transaction():
        site.db.sync_repository.insert(name="other", uuid="urn:uuid:other")


def place(
    uuid: str, level: str | None, parent: str | None, when: datetime = NOW, table: str = LOCATION, **more: str
) -> str:
    parts = [data("name", f"Place {uuid}")]
    parts += [data("level", level)] if level else []
    parts += [ref("parent", table, parent)] if parent else []
    nulls = {} if parent else {"null": "parent"}
    return resource(table, uuid, *parts, modified_on=when, **nulls, **more)


def send(site: SampleSite, records: Iterable[str], table: str, *, together: bool) -> list[str]:
    """Push records in one document or in one each; try again what was rejected; return why some stay so."""
    records = list(records)
    for text in ["".join(records)] if together else records:
        site.push(text, table)
    repository = site.repository("urn:uuid:other")
    with site.store.transaction():
        return reasons(retry_rejected(repository, table, Terms(), site.context(repository.id, None)))


def parents(site: SampleSite, table: str = LOCATION) -> dict[str, str | None]:
    uuids = {row.id: row.uuid for row in site.rows(table)}
    return {row.uuid: uuids.get(row.parent) for row in site.rows(table)}


def levels(site: SampleSite) -> dict[str, str]:
    return {row.uuid: row.level for row in site.rows(LOCATION)}


both = pytest.mark.parametrize("together", [True, False])


# --- what is valid at the end is taken ------------------------------------------------------------------


@both
@pytest.mark.parametrize("order", list(permutations("pqr")))
@pytest.mark.parametrize(("old", "new"), [((2, 3, 4), (1, 2, 3)), ((1, 2, 3), (2, 3, 4))])
def test_levels_that_are_renumbered_arrive(
    site: SampleSite, order: Sequence[str], together: bool, old: Sequence[int], new: Sequence[int]
) -> None:
    def places(numbers: Sequence[int], when: datetime) -> dict[str, str]:
        above = dict(zip("pqr", (None, "p", "q")))
        return {uuid: place(uuid, f"L{number}", above[uuid], when) for uuid, number in zip("pqr", numbers)}

    assert send(site, places(old, NOW).values(), LOCATION, together=True) == []
    texts = places(new, NOW + DAY)
    assert send(site, [texts[uuid] for uuid in order], LOCATION, together=together) == []
    assert levels(site) == {uuid: f"L{number}" for uuid, number in zip("pqr", new)}
    assert site.kept() == []


@both
@pytest.mark.parametrize("order", list(permutations("abc")))
@pytest.mark.parametrize("table", [LOCATION, *TYPES])
def test_a_hierarchy_that_is_turned_round_arrives(
    site: SampleSite, order: Sequence[str], together: bool, table: str
) -> None:
    before = {uuid: place(uuid, None, above, table=table) for uuid, above in zip("abc", (None, "a", "b"))}
    send(site, before.values(), table, together=True)
    after = {uuid: place(uuid, None, above, NOW + DAY, table) for uuid, above in zip("abc", ("b", "c", None))}
    assert send(site, [after[uuid] for uuid in order], table, together=together) == []
    assert parents(site, table) == {"a": "b", "b": "c", "c": None}
    assert site.kept() == []


@both
@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_branches_that_are_turned_round_arrive(
    site: SampleSite, order: tuple[int, int], together: bool
) -> None:
    site.push(org("a", "A", link("l", "b")) + org("b", "B"), ORG)
    gone = resource(BRANCH, "l", deleted="True", alias="branch", modified_on=NOW + DAY)
    texts = [org("a", "A", gone, modified_on=NOW + DAY), org("b", "B", link("m", "a"), modified_on=NOW + DAY)]
    assert send(site, [texts[each] for each in order], ORG, together=together) == []
    assert links(site) == [("b", "a")]


# --- what is not is refused, alike ----------------------------------------------------------------------


@both
@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("table", [LOCATION, *TYPES])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_of_a_circle_the_last_one_is_refused(
    site: SampleSite, together: bool, known: bool, table: str, count: int
) -> None:
    uuids = "xyz"[:count]
    if known:
        send(site, [place(uuid, None, None, table=table) for uuid in uuids], table, together=True)
    circle = [
        place(uuid, None, uuids[(number + 1) % count], NOW + DAY, table) for number, uuid in enumerate(uuids)
    ]
    (why,) = send(site, circle, table, together=together)
    assert "itself" in why
    found = parents(site, table)
    last = uuids[-1]
    assert found.get(last) is None and (last in found) == known
    for number, uuid in enumerate(uuids[:-1]):
        assert found[uuid] == (uuids[number + 1] if known or uuids[number + 1] != last else None)
    (kept,) = site.kept()
    assert (kept.kind, kept.uuid) == ("rejected", last)


@both
def test_it_is_taken_when_the_circle_is_opened(site: SampleSite, together: bool) -> None:
    send(site, [place("x", None, "y"), place("y", None, "x")], LOCATION, together=together)
    assert [row.uuid for row in site.kept()] == ["y"]
    assert send(site, [place("x", None, None, NOW + DAY)], LOCATION, together=True) == []
    assert parents(site) == {"x": None, "y": "x"} and site.kept() == []


@both
@pytest.mark.parametrize("order", list(permutations("pq")))
def test_a_wrong_level_is_refused_wherever_its_parent_stands(
    site: SampleSite, order: Sequence[str], together: bool
) -> None:
    texts = {"p": place("p", "L2", None), "q": place("q", "L1", "p")}
    send(site, [texts[uuid] for uuid in order], LOCATION, together=together)
    assert parents(site).get("q") is None and "p" in parents(site)


@both
def test_a_level_cannot_fall_below_that_of_what_is_part_of_it(site: SampleSite, together: bool) -> None:
    send(site, [place("p", "L1", None), place("q", "L2", "p")], LOCATION, together=True)
    send(site, [place("p", "L3", None, NOW + DAY)], LOCATION, together=together)
    assert levels(site) == {"p": "L1", "q": "L2"}
    assert send(site, [place("q", "L4", "p", NOW + DAY)], LOCATION, together=True) == []
    assert levels(site) == {"p": "L3", "q": "L4"}


def test_what_is_out_of_order_already_can_be_edited(site: SampleSite) -> None:
    send(site, [place("p", "L1", None), place("q", "L2", "p")], LOCATION, together=True)
    site.db(site.s3db[LOCATION].uuid == "p").update(level="L2", modified_on=NOW)
    site.db.commit()
    edited = place("q", "L2", "p", NOW + DAY).replace("Place q", "Renamed")
    assert send(site, [edited], LOCATION, together=True) == []
    assert site.row(LOCATION, "q").name == "Renamed"


# --- the master of a component, and waiting references --------------------------------------------------


def link(uuid: str, branch: str) -> str:
    return resource(BRANCH, uuid, ref("branch_id", ORG, branch), alias="branch")


def links(site: SampleSite) -> list[tuple[str, str]]:
    uuids = {row.id: row.uuid for row in site.rows(ORG)}
    return [(uuids[row.organisation_id], uuids[row.branch_id]) for row in site.rows(BRANCH)]


@both
@pytest.mark.parametrize("known", [True, False])
def test_an_organisation_is_no_branch_of_itself_through_others(
    site: SampleSite, together: bool, known: bool
) -> None:
    if known:
        site.push(org("a", "A") + org("b", "B"), ORG)
    texts = [org("a", "A", link("l", "b")), org("b", "B", link("m", "a"))]
    if not known and not together:
        texts[0] += org("b", "B")
    send(site, texts, ORG, together=together)
    assert links(site) == [("a", "b")]
    assert [(row.tablename, row.uuid) for row in site.kept()] == [(BRANCH, "m")]
    gone = resource(BRANCH, "l", deleted="True", alias="branch", modified_on=NOW + DAY)
    assert send(site, [org("a", "A", gone, modified_on=NOW + DAY)], ORG, together=True) == []
    assert links(site) == [("b", "a")] and site.kept() == []


def test_an_organisation_is_no_branch_of_itself(site: SampleSite) -> None:
    site.push(org("a", "A", link("l", "a")), ORG)
    assert links(site) == [] and [row.uuid for row in site.rows(ORG)] == ["a"]


def test_a_merge_leaves_no_branch_of_itself(site: SampleSite) -> None:
    site.push(org("p", "P", link("l", "m")) + org("m", "M", link("n", "c")) + org("c", "C"), ORG)
    site.push(deleted(ORG, "p", NOW + DAY, replaced_by="c"), ORG)
    assert links(site) == [("m", "c")]
    site.push(deleted(ORG, "m", NOW + DAY, replaced_by="c"), ORG)
    assert links(site) == []


# --- plain rules of the data model ----------------------------------------------------------------------


def test_many_records_take_no_more_statements(site: SampleSite) -> None:
    from tests.contracts.exchange.test_statements import statements

    counts = []
    for number, size in enumerate((20, 80)):
        chain = [place(f"{number}-top", "L0", None)]
        chain += [place(f"{number}-{each}", "L1", f"{number}-top") for each in range(size)]
        with statements() as calls:
            assert not site.push("".join(chain), LOCATION).failures
        counts.append(len(calls))
    assert counts[0] == counts[1]


# --- in documents of several batches ----------------------------------------------------------------------

BY_HAND = Terms(update_policy=Policy.OTHER, conflict_policy=Policy.OTHER)


@pytest.fixture
def in_batches(site: SampleSite) -> SampleSite:
    """A site that writes each record of a document before it reads the next one."""
    site.importer = Importer(site.ports, site.exporter.snapshot, batch_size=1)
    return site


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_a_large_document_of_a_program_turns_a_hierarchy_round(
    in_batches: SampleSite, order: Sequence[str]
) -> None:
    site = in_batches
    send(
        site,
        [place(uuid, None, above) for uuid, above in zip("abc", (None, "a", "b"))],
        LOCATION,
        together=True,
    )
    after = {uuid: place(uuid, None, above, NOW + DAY) for uuid, above in zip("abc", ("b", "c", None))}
    report = site.push("".join(after[uuid] for uuid in order), LOCATION, BY_HAND, repository_id=None)
    assert told(report) == {"updated": 3}
    assert parents(site) == {"a": "b", "b": "c", "c": None}


@pytest.mark.parametrize("order", list(permutations("pqr")))
@pytest.mark.parametrize(("old", "new"), [((2, 3, 4), (1, 2, 3)), ((1, 2, 3), (2, 3, 4))])
def test_a_large_document_of_a_program_renumbers_levels(
    in_batches: SampleSite, order: Sequence[str], old: Sequence[int], new: Sequence[int]
) -> None:
    above = dict(zip("pqr", (None, "p", "q")))
    for numbers, when in ((old, NOW), (new, NOW + DAY)):
        texts = {uuid: place(uuid, f"L{number}", above[uuid], when) for uuid, number in zip("pqr", numbers)}
        document = "".join(texts[uuid] for uuid in order)
        report = in_batches.push(document, LOCATION, BY_HAND, repository_id=None)
        assert not report.failures
    assert levels(in_batches) == {uuid: f"L{number}" for uuid, number in zip("pqr", new)}


def test_what_stays_refused_in_a_large_document_is_told_once(in_batches: SampleSite) -> None:
    texts = [place("a", None, "b"), place("b", None, "a"), place("c", None, None)]
    report = in_batches.push("".join(texts), LOCATION)
    assert report.counts["rejected"] == 1 and len(report.failures) == 1
    assert len(in_batches.kept()) == 1
