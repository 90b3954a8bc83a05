"""What the page of the bin lists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from s3sync.bin import entries as entries
from s3sync.bin.restore import restore
from s3sync.exchange.importer.deletion import ObstacleKind
from tests.support.documents import CONTACT, ORG, PERSON, STAFF, contact, org, person, staff
from tests.support.exchange import Pair
from tests.support.site import NOW, SampleSite
from tests.support.two_sites import TwoSites


def fill(site: SampleSite) -> None:
    site.push(org("o", "Ferry"), ORG, repository_id=None)
    site.push(person("p", "Uma", contact("c", "uma@example.org")), PERSON, repository_id=None)
    site.push(staff("h", "H1"), STAFF, repository_id=None)


def delete(site: SampleSite, table: str, uuid: str) -> None:
    site.clock.step()
    site.s3db.delete(site.s3db[table], [site.row(table, uuid).id])
    site.db.commit()


def listed(site: SampleSite, **variables: Any) -> list[entries.BinEntry]:
    return entries.entries(site, variables, str(variables.get("q", "")))[1]


def test_one_entry_a_deletion_with_what_went_along(site: SampleSite) -> None:
    fill(site)
    delete(site, PERSON, "p")
    (found,) = listed(site)
    assert (found.place[0], found.name, found.deleted_on) == (PERSON, "Uma", NOW + timedelta(minutes=1))
    assert found.kept_until == NOW + timedelta(minutes=1, days=30)
    assert found.site is not None and found.site.here
    assert {each.table: each.many for each in found.along} == {CONTACT: 1, STAFF: 1}
    shown = entries.entry(site, str(found.number))
    assert shown is not None
    assert {each.table: list(each.names) for each in shown.along} == {
        CONTACT: ["uma@example.org"],
        STAFF: ["H1"],
    }


def test_the_newest_comes_first_and_names_are_searched(site: SampleSite) -> None:
    fill(site)
    delete(site, PERSON, "p")
    delete(site, ORG, "o")
    assert [each.name for each in listed(site)] == ["Ferry", "Uma"]
    assert [each.name for each in listed(site, q="um")] == ["Uma"]


def test_what_was_restored_is_no_longer_listed(site: SampleSite) -> None:
    fill(site)
    delete(site, PERSON, "p")
    (found,) = listed(site)
    assert len(restore(site, [found.place]).records) == 3
    assert listed(site) == [] and entries.entry(site, str(found.number)) is None


def test_only_what_the_reader_may_read(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    fill(site)
    delete(site, PERSON, "p")
    (found,) = listed(site)
    monkeypatch.setattr(type(site.host), "has_permission", lambda host, method, table: table != STAFF)
    shown = entries.entry(site, str(found.number))
    assert shown is not None
    assert {each.table: list(each.names) for each in shown.along} == {CONTACT: ["uma@example.org"], STAFF: []}
    monkeypatch.setattr(type(site.host), "has_permission", lambda host, method, table: table != PERSON)
    assert listed(site) == [] and entries.entry(site, str(found.number)) is None


@pytest.mark.parametrize("by_record", [False, True])
def test_a_table_that_this_site_has_no_more_is_left_out(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, by_record: bool
) -> None:
    """After an upgrade, or where a module of an Eden was switched off."""
    fill(site)
    delete(site, PERSON, "p")
    (found,) = listed(site)
    if by_record:
        monkeypatch.setattr(
            type(site.host), "accessible", lambda host, method, table: f"SELECT id FROM {table}"
        )
    deletions = site.db.sync_deletion
    site.db(deletions.tablename == STAFF).update(tablename="gone_table")
    shown = entries.entry(site, str(found.number))
    assert shown is not None and [list(each.names) for each in shown.along if each.table == "gone_table"] == [
        []
    ]
    site.db(deletions.tablename == PERSON).update(tablename="also_gone")
    assert listed(site) == [] and entries.entry(site, str(found.number)) is None


@pytest.mark.parametrize("number", ["0", "99", "x", "-1", "9" * 30, None])
def test_a_number_that_names_nothing(site: SampleSite, number: str | None) -> None:
    assert entries.entry(site, number) is None


def test_what_is_in_the_way_leads_to_its_own_entry(site: SampleSite) -> None:
    fill(site)
    delete(site, STAFF, "h")
    delete(site, PERSON, "p")
    above, below = listed(site)
    (blocking,) = entries.obstacles(site, below)
    assert (blocking.obstacle.kind, blocking.name, blocking.number) == (
        ObstacleKind.NEEDED,
        "Uma",
        above.number,
    )


def test_a_deletion_past_the_bin_is_found_when_somebody_looks(site: SampleSite) -> None:
    fill(site)
    site.clock.step()
    with site.store.transaction():
        row = site.row(ORG, "o")
        site.db(site.s3db[ORG].id == row.id).update(deleted=True)
    assert listed(site) == []
    entries.look(site)
    assert [each.name for each in listed(site)] == ["Ferry"]


def test_the_other_site_says_where_it_was_deleted(world: TwoSites[SampleSite]) -> None:
    fill(world.b)
    pair = Pair(world.a, world.b, ORG, PERSON, STAFF)
    pair.run()
    delete(world.b, PERSON, "p")
    pair.run()
    (found,) = listed(world.a)
    assert found.name == "Uma" and found.site is not None and not found.site.here
    assert {each.table: each.many for each in found.along} == {CONTACT: 1, STAFF: 1}


def test_a_page_takes_the_same_statements_however_much_is_there_and_reads_no_table(site: SampleSite) -> None:
    def asked() -> list[str]:
        del site.db._timings[:]
        listed(site, q="er")
        return [sql for sql, _ in site.db._timings]

    site.push(org("o", "Ferry"), ORG, repository_id=None)
    delete(site, ORG, "o")
    one = asked()
    site.push("".join(org(f"o{number}", f"Ferry {number}") for number in range(20)), ORG, repository_id=None)
    for number in range(20):
        delete(site, ORG, f"o{number}")
    assert len(listed(site)) == 21
    assert len(asked()) == len(one)
    about = [sql for sql in one if "sync_deletion" in sql]
    assert len(about) == 3
    for sql in about:
        plan = str(site.db.executesql(f"EXPLAIN QUERY PLAN {sql}"))
        assert "SEARCH" in plan and "SCAN" not in plan, (sql, plan)


ALLOWED = "SELECT org_organisation.id FROM org_organisation WHERE org_organisation.name = 'Ferry'"


def test_where_rights_are_by_record_only_those_are_listed_and_named(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    for uuid, name in (("f", "Ferry"), ("s", "Secret")):
        site.push(org(uuid, name), ORG, repository_id=None)
        delete(site, ORG, uuid)
    assert {each.name for each in listed(site)} == {"Ferry", "Secret"}
    numbers = {each.name: str(each.number) for each in listed(site)}
    monkeypatch.setattr(site.host, "accessible", lambda method, table: ALLOWED if table == ORG else False)
    monkeypatch.setattr(type(site.host), "limits_records", True)
    assert [each.name for each in listed(site)] == ["Ferry"]
    assert entries.entry(site, numbers["Ferry"]) is not None
    assert entries.entry(site, numbers["Secret"]) is None


def test_of_what_went_along_only_what_may_be_read_is_named(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    fill(site)
    delete(site, PERSON, "p")
    (found,) = listed(site)
    monkeypatch.setattr(site.host, "accessible", lambda method, table: table != STAFF)
    shown = entries.entry(site, str(found.number))
    assert shown is not None
    assert {each.table: list(each.names) for each in shown.along} == {CONTACT: ["uma@example.org"], STAFF: []}
