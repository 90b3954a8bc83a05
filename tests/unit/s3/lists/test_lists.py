"""A list goes out as a table, is changed as people do it, and comes in again; what is not valid is told by row."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from pathlib import Path

import pytest
from gluon import current

from s3.lists import export as export
from s3.lists.cells import CellError, stored_text, text_of
from s3.lists.rows_in import Row, RowImporter, Taken
from s3.pages.presentation import Presentation
from tests.support.site import SampleSite

ORG, OFFICE = "org_organisation", "org_office"
SOURCE = uuid.UUID(int=7)


@pytest.fixture()
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SampleSite:
    monkeypatch.setattr(current, "T", str, raising=False)
    return SampleSite(tmp_path)


def rows_of(table: Sequence[Sequence[str]]) -> list[Row]:
    return [Row(number, tuple(cells)) for number, cells in enumerate(table, 2)]


def importer(site: SampleSite, table: str, *columns: str | None, clears: bool = False) -> RowImporter:
    return RowImporter(site.s3db, site, table, columns, clears, SOURCE)


def reasons(taken: Taken) -> dict[int, str]:
    return {each.row.number: each.reason for each in taken.refused}


def test_rows_are_created_changed_and_left_as_they_are(site: SampleSite) -> None:
    site.db[ORG].insert(uuid="one", name="One", acronym="O")
    taking = importer(site, ORG, "name", "acronym", "uuid")
    rows = rows_of([["One", "X", "one"], ["Two", "T", ""], ["", "", ""]])
    looked = taking.look(rows)
    assert looked.counts == {"updated": 1, "created": 1} and list(reasons(looked)) == [4]
    assert site.db(site.db[ORG]).count() == 1, "a look writes nothing"
    taken = taking.take(rows)
    assert taken.counts == looked.counts and list(reasons(taken)) == [4]
    assert site.row(ORG, "one").acronym == "X"
    assert importer(site, ORG, "name", "acronym", "uuid").take(rows).counts == {"unchanged": 2}


def test_a_look_names_the_right_row_where_rows_before_it_may_be_for_the_same_record(site: SampleSite) -> None:
    for key in ("a", "b"):
        site.db[ORG].insert(uuid=key, name=key)
    taking = importer(site, OFFICE, "name", "organisation_id")
    rows = rows_of([["HQ", "a"], ["HQ", "b"], ["x" * 600, "b"], ["Other", "a"]])
    looked = taking.look(rows)
    assert looked.counts == {"created": 3} and list(reasons(looked)) == [4]
    taken = taking.take(rows)
    assert taken.counts == looked.counts and list(reasons(taken)) == [4]


def test_a_step_that_is_repeated_makes_nothing_twice(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where records may have equal names, only their identifiers tell that they are there."""
    monkeypatch.setattr(current, "T", str, raising=False)
    site = SampleSite(tmp_path, configure=lambda s3db: s3db.configure("event_incident", deduplicate=None))
    rows = rows_of([["Same"], ["Same"]])
    assert importer(site, "event_incident", "name").take(rows).counts == {"created": 2}
    assert importer(site, "event_incident", "name").take(rows).counts == {"unchanged": 2}
    assert site.db(site.db["event_incident"]).count() == 2


def test_a_record_is_referred_to_by_name_or_identifier_and_what_is_not_clear_is_refused(
    site: SampleSite,
) -> None:
    for key, name in (("a", "Red Cross"), ("b", "Twice"), ("c", "Twice")):
        site.db[ORG].insert(uuid=key, name=name)
    taking = importer(site, OFFICE, "name", "organisation_id")
    taken = taking.take(rows_of([["1", "Red Cross"], ["2", "c"], ["3", "Twice"], ["4", "Nobody"]]))
    assert taken.counts == {"created": 2}
    assert reasons(taken) == {
        4: "Organization: several records are called Twice here; enter the identifier of one",
        5: "Organization: nothing is called Nobody here",
    }


def test_an_empty_cell_leaves_a_field_as_it_is_or_clears_it(site: SampleSite) -> None:
    site.db[ORG].insert(uuid="one", name="One", acronym="O")
    rows = rows_of([["one", ""]])
    assert importer(site, ORG, "uuid", "acronym").take(rows).counts == {"unchanged": 1}
    assert importer(site, ORG, "uuid", "acronym", clears=True).take(rows).counts == {"updated": 1}
    assert site.row(ORG, "one").acronym is None


def test_a_row_brings_no_deleted_record_back(site: SampleSite) -> None:
    """A list that was saved before a record was deleted still names it."""
    for uuid_, name in (("gone", "Gone"), ("here", "Here")):
        site.db[ORG].insert(uuid=uuid_, name=name)
    site.delete(ORG, "gone")
    taking = importer(site, ORG, "uuid", "name", "acronym")
    rows = rows_of([["gone", "Gone", "G"], ["here", "Here", "H"]])
    for taken in (taking.look(rows), taking.take(rows)):
        assert taken.counts == {"updated": 1} and "deleted here" in reasons(taken)[2]
    assert site.row(ORG, "gone").deleted and site.row(ORG, "here").acronym == "H"


def test_a_change_by_a_table_is_a_change_made_here(site: SampleSite) -> None:
    site.db[ORG].insert(uuid="one", name="One")
    before = site.journal.head()
    importer(site, ORG, "uuid", "name").take(rows_of([["one", "Later"]]))
    assert site.journal.head() > before


def test_what_goes_out_comes_in_as_it_was(site: SampleSite) -> None:
    key = site.db[ORG].insert(uuid="one", name="=SUM(1)", acronym="O")
    site.db[OFFICE].insert(uuid="office", name='Office, "one"', organisation_id=key)
    view = Presentation(site.s3db, None, OFFICE)
    headings, *rows = list(export.rows(view, {}))
    assert headings[-1] == "Identifier" and rows[0][-1] == "office" and "=SUM(1)" in rows[0]
    names = [column.field.name for column in view.columns()]
    assert importer(site, OFFICE, *names, "uuid").take(rows_of(rows)).counts == {"unchanged": 1}


def test_a_list_goes_out_as_it_is_searched_and_sorted(site: SampleSite) -> None:
    for name in ("Alpha", "Beta", "Alps"):
        site.db[ORG].insert(name=name)
    view = Presentation(site.s3db, None, ORG)
    assert [row[0] for row in export.rows(view, {"q": "Al", "sort": "-name"})][1:] == ["Alps", "Alpha"]


def test_dates_and_numbers_are_read_as_people_write_them(site: SampleSite) -> None:
    class Of:
        name = label = "field"

        def __init__(self, kind: str) -> None:
            self.type = kind

    assert (
        stored_text(Of("date"), "31.12.2026", {}) == stored_text(Of("date"), "2026-12-31", {}) == "2026-12-31"
    )
    assert stored_text(Of("datetime"), "2026-12-31 10:20", {}) == "2026-12-31T10:20:00Z"
    assert stored_text(Of("double"), "-3,5", {}) == "-3.5"
    assert stored_text(Of("integer"), "Open", {"open": "2"}) == "2"
    for kind, text, choices in (("date", "tomorrow", {}), ("integer", "Shut", {"open": "2"})):
        with pytest.raises(CellError, match=text):
            stored_text(Of(kind), text, choices)
    assert text_of(site.db[ORG].name, None) == ""
