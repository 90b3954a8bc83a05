"""An uploaded table is imported step by step; whatever breaks off in between, nothing is lost or taken twice."""

from __future__ import annotations

import io
import os
import time
from pathlib import Path
from typing import Any

import pytest
from gluon import current

from s3.lists import stored as stored
from s3.lists.rows_in import AT_ONCE, RowImporter
from s3.lists.stored import KEPT, MOST_KEPT, REFUSED, ROWS, State, StoredTable, forget, importer_of
from s3sync.wire.tables.cells import TableError
from tests.support.site import SampleSite
from tests.support.stylesheets import SITES, install

INCIDENT = "event_incident"


@pytest.fixture()
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleSite:
    monkeypatch.setattr(current, "T", str, raising=False)
    return SampleSite(tmp_path, configure=lambda s3db: s3db.configure(INCIDENT, deduplicate=None))


def kept(home: Path, text: str, user: int = 7, columns: tuple[str, ...] = ("name",)) -> StoredTable:
    found = StoredTable.keep(home, io.BytesIO(text.encode()), State(user, INCIDENT, "file.csv", []))
    found.state.columns, found.state.agreed = list(columns), True
    found.save()
    return found


def names(site: SampleSite) -> int:
    return int(site.db(site.db[INCIDENT]).count())


def test_a_table_is_imported_in_steps_and_its_rows_are_not_kept(site: SampleSite, tmp_path: Path) -> None:
    count = 2 * AT_ONCE + 3
    one = kept(tmp_path / "lists", "Name\n" + "Same\n" * count)
    one.go_on(importer_of(site.s3db, site, one.state), 0.0001)
    assert one.state.done == AT_ONCE and not one.state.is_finished, "one step, however little time there is"
    one.go_on(importer_of(site.s3db, site, one.state), 60)
    assert one.state.is_finished and one.state.counts == {"created": count} and names(site) == count
    assert not (one.folder / ROWS).exists()
    one.go_on(importer_of(site.s3db, site, one.state), 60)
    assert names(site) == count


def test_halves_of_characters_and_what_no_text_has_are_left_out(site: SampleSite, tmp_path: Path) -> None:
    properties = '{"name": "a\\ud800b\\u0000", "\\udfff": 1}'
    text = f'{{"type":"Feature","id":"\\ud800","geometry":null,"properties":{properties}}}'
    one = kept(tmp_path / "lists", text, columns=("uuid", "geometry", "name"))
    assert one.state.headings == ["uuid", "geometry", "name", ""]
    one.go_on(importer_of(site.s3db, site, one.state), 60)
    assert one.state.counts == {"created": 1}
    assert [row.name for row in site.db(site.db[INCIDENT]).select()] == ["ab"]


def test_a_step_that_broke_off_before_it_was_noted_is_done_again_and_makes_nothing_twice(
    site: SampleSite, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = kept(
        tmp_path / "lists", "Name,Date\nSame,2026-01-02\nSame,\nBad,tomorrow\n", columns=("name", "date")
    )

    def die(self: StoredTable) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(StoredTable, "save", die)
        with pytest.raises(KeyboardInterrupt):
            one.go_on(importer_of(site.s3db, site, one.state), 60)
    assert names(site) == 2
    again = StoredTable(one.folder)
    assert again.state.done == 0
    again.go_on(importer_of(site.s3db, site, again.state), 60)
    assert names(site) == 2 and again.state.counts == {"unchanged": 2} and again.state.refused == 1
    lines = (again.folder / REFUSED).read_text("utf-8-sig").splitlines()
    assert len(lines) == 2 and lines[0] == "Name,Date,Reason" and lines[1].startswith("Bad,tomorrow,")


def test_two_who_press_at_once_import_nothing_twice(site: SampleSite, tmp_path: Path) -> None:
    one = kept(tmp_path / "lists", "Name\nSame\n")
    other = StoredTable(one.folder)
    for each in (one, other):
        each.go_on(importer_of(site.s3db, site, each.state), 60)
    assert names(site) == 1


@pytest.mark.parametrize(("text", "reason"), [("", "empty"), ("Name\n", "no rows"), ("a\0b\n", "no text")])
def test_what_is_no_table_leaves_nothing_behind(tmp_path: Path, text: str, reason: str) -> None:
    with pytest.raises(TableError, match=reason):
        StoredTable.keep(tmp_path, io.BytesIO(text.encode()), State(7, INCIDENT, "x", []))
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_too_large_is_refused_while_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MOST_BYTES", 10)
    with pytest.raises(TableError, match="more than"):
        StoredTable.keep(tmp_path, io.BytesIO(b"Name\nvery long\n"), State(7, INCIDENT, "x", []))
    assert list(tmp_path.iterdir()) == []


def test_a_table_that_grows_when_it_is_unpacked_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "MOST_STORED", 1000)
    with pytest.raises(TableError, match="more than"):
        StoredTable.keep(tmp_path, io.BytesIO(b"Name\n" + b"text\n" * 100), State(7, INCIDENT, "x", []))
    assert list(tmp_path.iterdir()) == []


def test_a_table_is_found_by_its_user_for_its_list_alone(tmp_path: Path) -> None:
    one = kept(tmp_path, "Name\nOne\n")
    assert StoredTable.find(tmp_path, one.token, 7, INCIDENT) is not None
    for token, user, name in (
        (one.token, 8, INCIDENT),
        (one.token, 7, "org_office"),
        ("0" * 32, 7, INCIDENT),
        ("..", 7, INCIDENT),
        (f"../{tmp_path.name}/{one.token}", 7, INCIDENT),
    ):
        assert StoredTable.find(tmp_path, token, user, name) is None


def test_old_tables_and_the_oldest_of_a_user_go(tmp_path: Path) -> None:
    def aged(one: StoredTable, seconds: float) -> StoredTable:
        os.utime(one.folder, (time.time() - seconds,) * 2)
        return one

    old = aged(kept(tmp_path, "Name\nOne\n", user=8), KEPT + 60)
    of_user = [aged(kept(tmp_path, "Name\nOne\n"), 60 - number) for number in range(MOST_KEPT)]
    assert old.folder.name not in {each.name for each in tmp_path.iterdir()}
    kept(tmp_path, "Name\nOne\n")
    there = {each.name for each in tmp_path.iterdir()}
    assert of_user[0].token not in there and len(there) == MOST_KEPT
    forget(tmp_path)
    assert len(list(tmp_path.iterdir())) == MOST_KEPT
    forget(tmp_path / "none")


def test_the_importer_of_a_table_has_its_columns(site: SampleSite, tmp_path: Path) -> None:
    found: Any = importer_of(site.s3db, site, kept(tmp_path / "lists", "Name\nOne\n").state)
    assert isinstance(found, RowImporter)


def test_a_file_in_a_format_of_the_operator_is_imported_by_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(current, "T", str, raising=False)
    site = SampleSite(tmp_path)
    install(tmp_path / "formats")

    def brought(text: str, name: str) -> StoredTable:
        return StoredTable.keep(
            tmp_path / "lists", io.BytesIO(text.encode()), State(7, "cr_shelter", name, [])
        )

    stored = brought(SITES, "places.SiteList")
    assert stored.state.headings == ["uuid", "name", "comments"] and stored.state.count == 2
    assert sorted(each.name for each in stored.folder.iterdir()) == [ROWS, "state.json"]
    stored.state.columns, stored.state.agreed = ["uuid", "name", "comments"], True
    stored.save()
    stored.go_on(importer_of(site.s3db, site, stored.state), 60)
    assert stored.state.counts == {"created": 2}
    assert {row.name for row in site.db(site.db.cr_shelter).select()} == {"Mill & river", "School"}
    for text in ("<sites>", "no xml", "<other/>", "<sites/>"):
        with pytest.raises(TableError):
            brought(text, "places.sitelist")
    # Only the end of a name counts, and only that of a format that is there.
    with pytest.raises(TableError):
        brought(SITES, "sitelist.other")
