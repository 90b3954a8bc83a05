"""How many records there are, counted no more often than is needed."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from s3sync.database import record_counts as record_counts
from s3sync.site import Site
from tests.support.site import Clock, SampleSite

OFFICE = "org_organisation"


@pytest.fixture()
def clock() -> Clock:
    return Clock()


@pytest.fixture()
def site(tmp_path: Path, clock: Clock) -> Site:
    return SampleSite(tmp_path / "site", clock=clock)


def insert(site: Site, count: int) -> None:
    for number in range(count):
        site.s3db[OFFICE].insert(name=f"{number}")
    site.db.commit()


def records(site: Site) -> int:
    return site.record_counts.counts([site.schema.table(OFFICE)])[OFFICE]


def counted(site: Site, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return a list to which every count of a table is added."""
    asked: list[str] = []
    count = site.store.count

    def noted(table: object, *rest: object, **more: object) -> int:
        asked.append(table.name)  # type: ignore[attr-defined]
        return int(count(table, *rest, **more))

    monkeypatch.setattr(site.store, "count", noted)
    return asked


def test_deleted_records_and_super_entities_do_not_count(site: Site) -> None:
    insert(site, 3)
    table = site.s3db[OFFICE]
    site.db(table.name == "1").update(deleted=True)
    site.db.commit()
    assert site.record_counts.counts([site.schema.table(OFFICE), site.schema.table("org_site")]) == {
        OFFICE: 2
    }


def test_a_table_that_did_not_change_is_counted_once_in_a_while(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    insert(site, 2)
    asked = counted(site, monkeypatch)
    assert [records(site), records(site)] == [2, 2] and asked == [OFFICE]
    insert(site, 1)
    assert records(site) == 3 and len(asked) == 2
    clock.step(record_counts.LONGEST.total_seconds())
    assert records(site) == 3 and len(asked) == 3


def test_a_large_table_that_changes_all_the_time_is_counted_now_and_then(
    site: Site, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_counts, "SMALL", 1)
    insert(site, 2)
    asked = counted(site, monkeypatch)
    assert records(site) == 2
    insert(site, 1)
    assert records(site) == 2 and len(asked) == 1
    clock.step(record_counts.GOOD_FOR.total_seconds())
    assert records(site) == 3 and len(asked) == 2


@pytest.mark.parametrize("damage", ["", "{", '{"org_organisation": 7}', '{"org_organisation": {}}'])
def test_a_damaged_file_is_made_anew(site: Site, damage: str) -> None:
    insert(site, 2)
    assert records(site) == 2
    (site.folder / "private" / "tally.json").write_text(damage, "utf-8")
    assert records(site) == 2


def test_an_unchanged_table_costs_one_look_up_in_an_index(site: Site) -> None:
    insert(site, 2)
    plan = site.db.executesql(
        "EXPLAIN QUERY PLAN SELECT MAX(seq) FROM sync_journal WHERE tablename = 'org_organisation'"
    )
    assert "SEARCH" in str(plan) and "COVERING INDEX" in str(plan)


def test_a_write_that_fails_leaves_no_file(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    insert(site, 2)
    folder = site.folder / "private"
    before = set(folder.iterdir())

    def refuse(*_: object) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(OSError):
        records(site)
    assert set(folder.iterdir()) == before
