"""What a ports.Store finds. See store_contract."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from s3sync.core.errors import FilterError
from s3sync.wire.filters import parse_filter_string
from tests.support.databases import Storage
from tests.support.datamodel import ALL_KINDS
from tests.support.store_rows import FULL, META, NOW, OTHER, WithOrganisations, meta


class ScanContract(WithOrganisations):
    """Pages by position, time and key, and filters."""

    # --- scanning -------------------------------------------------------------------------------------------

    def test_scan_goes_by_position_and_pages(self, site: Storage, organisations: list[int]) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.journal.note("org_organisation", organisations, None)
            site.journal.note("org_organisation", [organisations[2]], 7)
        head = site.journal.head()

        def scan(**options: Any) -> list[Any]:
            given = {"after": 0, "until": head, "limit": 100, **options}
            return site.store.scan(table, ("id", "name"), **given)

        everything = scan()
        order = [organisations[0], organisations[1], *organisations[3:], organisations[2]]
        assert [row[0] for row in everything] == order
        assert [row[-1] for row in everything] == sorted(row[-1] for row in everything)
        first = scan(limit=4)
        rest = scan(after=first[-1][-1])
        assert first + rest == everything
        assert [row[0] for row in scan(skip_origin=8)] == order
        assert scan(until=everything[2][-1]) == everything[:3]
        assert scan(after=head) == []

        def count(**options: Any) -> int:
            return site.store.count_changes(table, **{"after": 0, "until": head, **options})

        filters = parse_filter_string("~.name=Org 3")
        for start, until, origin in ((0, head, 7), (everything[-2][-1], head, 8), (head, head, 8), (0, 0, 8)):
            after = {"org_organisation": start, "org_office": 0}
            found = site.store.changed_tables(after, until=until, skip_origin=origin)
            assert found == (
                {"org_organisation"} if scan(after=start, until=until, skip_origin=origin) else set()
            )
        assert site.store.changed_tables({}, until=head, skip_origin=8) == set()
        assert count() == len(everything) and count(skip_origin=7) == len(scan(skip_origin=7))
        assert count(after=everything[1][-1], until=everything[3][-1]) == 2 and count(after=head) == 0
        assert count(filters=filters) == len(scan(filters=filters)) == 1

    def test_scan_leaves_out_echoes_but_nothing_that_is_still_to_be_told(
        self, site: Storage, organisations: list[int]
    ) -> None:
        table = site.table("org_organisation")
        first, second, third = organisations[:3]
        with site.store.transaction():
            site.journal.note("org_organisation", [first, second], None)
            site.journal.note("org_organisation", [third], 7)
        told = site.journal.head()
        with site.store.transaction():
            # Repository 7 has got everything up to there: what it changes now is an echo.
            site.journal.note("org_organisation", [first], 7, lambda table: told)
            # What was changed here since then it has not got, also where it changes the same record.
            site.journal.note("org_organisation", [second, third], None)
            site.journal.note("org_organisation", [second, third], 7, lambda table: told)

        def scan(after: int, skip_origin: int, limit: int = 9) -> list[int]:
            changes = site.store.scan(
                table, ("id",), after=after, until=99, limit=limit, skip_origin=skip_origin
            )
            return [row[0] for row in changes]

        assert scan(told, 7) == [second, third]
        assert site.store.count_changes(table, after=told, until=99, skip_origin=7) == 2
        assert site.store.count_changes(table, after=told, until=99, skip_origin=8) == 3
        assert scan(0, 7) == [second, third]
        assert scan(told, 8) == [first, second, third]
        assert scan(site.journal.head(), 8) == []
        page = site.store.scan(table, ("id",), after=told, until=99, limit=1, skip_origin=7)
        assert scan(page[0][-1], 7) == [third], (
            "a cursor that moves on must not hide what is still to be told"
        )

    def test_scan_by_time_and_without_the_deleted(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            keys = site.store.insert(
                table,
                ("name", *META),
                [
                    ("old", "u1", False, datetime(2020, 1, 1), 0),
                    ("new", "u2", False, NOW, 0),
                    ("gone", "u3", True, NOW, 0),
                ],
            )
            site.journal.note("org_organisation", keys, None)
        window: dict[str, Any] = {"after": 0, "until": site.journal.head(), "limit": 9}
        names = [row[0] for row in site.store.scan(table, ("name",), msince=NOW, **window)]
        assert names == ["new", "gone"]
        names = [row[0] for row in site.store.scan(table, ("name",), live_only=True, **window)]
        assert names == ["old", "new"]

    def test_keys_come_by_page_in_their_order(self, site: Storage, organisations: list[int]) -> None:
        table = site.table("org_organisation")

        def keys(start: int, limit: int | None, **options: Any) -> list[int]:
            return site.store.keys_by_page(table, start=start, limit=limit, **options)

        ordered = sorted(organisations)
        assert keys(0, None) == ordered
        assert keys(2, None) == ordered[2:]
        assert keys(1, 2) == ordered[1:3]
        assert keys(1, 0) == keys(len(ordered), 5) == []
        with site.store.transaction():
            site.store.update(table, ("deleted",), [(ordered[1], True)])
        assert keys(0, 2) == [ordered[0], ordered[2]]
        assert keys(0, 2, live_only=False) == ordered[:2]

    # --- filters --------------------------------------------------------------------------------------------

    @pytest.fixture
    def filtered(self, site: Storage, locations: list[int]) -> dict[str, int]:
        """Five organisations with offices, entities and contacts, to be told apart by filters."""
        db = site.db
        names = ("Alpha", "Beta", "gamma", "Élan", "100%_x!")
        keys = {}
        for at, name in enumerate(names):
            pe_id = db.pr_pentity.insert(instance_type="org_organisation", uuid=f"pe{at}", deleted=False)
            keys[name] = int(
                db.org_organisation.insert(
                    name=name, pe_id=pe_id, acronym=None if at == 1 else f"A{at}", year=2000 + at
                )
            )
            if at in (0, 2):
                db.pr_contact.insert(pe_id=pe_id, contact_method="EMAIL", value=f"{name}@example.org")
        db.pr_contact.insert(pe_id=pe_id, contact_method="EMAIL", value="gone@example.org", deleted=True)
        top = db.gis_location.insert(name="Top")
        middle = db.gis_location.insert(name="Middle", parent=top)
        bottom = db.gis_location.insert(name="Bottom", parent=middle)
        for name, place in (("Alpha", bottom), ("Beta", middle), ("gamma", locations[0])):
            db.org_office.insert(name=f"Office {name}", organisation_id=keys[name], location_id=place)
        db.org_office.insert(name="Office nowhere")
        db.commit()
        return keys

    @pytest.mark.parametrize(
        "text, expected",
        [
            ("~.name=Alpha", {"Alpha"}),
            ("~.name=Alpha,Beta", {"Alpha", "Beta"}),
            ("~.name__ne=Alpha", {"Beta", "gamma", "Élan", "100%_x!"}),
            ("~.name__like=*A", {"Alpha", "Beta", "gamma"}),
            ("~.name__like=é*", {"Élan"}),
            ("~.name__like=100%_*", {"100%_x!"}),
            ("~.name__like=*_x!", {"100%_x!"}),
            ("~.name__like=?eta", {"Beta"}),
            ("~.acronym=NONE", {"Beta"}),
            ("~.acronym__ne=NONE", {"Alpha", "gamma", "Élan", "100%_x!"}),
            ("~.acronym=NONE,A0", {"Alpha", "Beta"}),
            ("~.acronym__ne=A0", {"Beta", "gamma", "Élan", "100%_x!"}),
            ("~.year__lt=2001", {"Alpha"}),
            ("~.year__le=2001", {"Alpha", "Beta"}),
            ("~.year__gt=2003", {"100%_x!"}),
            ("~.year__ge=2003", {"Élan", "100%_x!"}),
            ("~.year__belongs=2000,2002", {"Alpha", "gamma"}),
            ("~.year__lt!=2001", {"Beta", "gamma", "Élan", "100%_x!"}),
            ("~.name|~.acronym__like=A*", {"Alpha", "gamma", "Élan", "100%_x!"}),
            ("~.name__contains=et", {"Beta"}),
            ("contact.value__like=*@example.org", {"Alpha", "gamma"}),
            ("contact.value=NONE", {"Beta", "Élan", "100%_x!"}),
            ("contact.value__ne=NONE", {"Alpha", "gamma"}),
            ("office.location_id$name=Bottom", {"Alpha"}),
            ("office.location_id$parent$name=Middle", {"Alpha"}),
            ("~.pe_id$instance_type=org_organisation", {"Alpha", "Beta", "gamma", "Élan", "100%_x!"}),
            ("~.name__like=*a&~.year=2002", {"gamma"}),
        ],
    )
    def test_filters(self, site: Storage, filtered: dict[str, int], text: str, expected: Any) -> None:
        table = site.table("org_organisation")
        filters = parse_filter_string(text)
        found = site.store.scan(
            table, ("name",), after=0, until=site.journal.head(), limit=99, filters=filters
        )
        assert {row[0] for row in found} == expected
        assert site.store.count(table, filters) == len(expected)
        matching = site.store.matching(table, [*filtered.values(), 9999], filters)
        assert matching == {filtered[name] for name in expected}

    def test_a_deletion_whose_content_was_removed_passes_every_filter(
        self, site: Storage, filtered: dict[str, int]
    ) -> None:
        """Nobody knows any more what it said: who has not heard of it would keep the record for good."""
        db, table, filters = site.db, site.table("org_organisation"), parse_filter_string("~.name=Beta")
        for name, state in (("Alpha", "emptied"), ("gamma", "bin"), ("Élan", None)):
            db(db.org_organisation.id == filtered[name]).update(deleted=True, name=name[0])
            if state is not None:
                db.sync_deletion.insert(tablename=table.name, record_id=filtered[name], state=state)
        # Of a record that lives again it counts what it says now.
        db.sync_deletion.insert(tablename=table.name, record_id=filtered["100%_x!"], state="emptied")
        db.commit()
        asked: dict[str, Any] = {"after": 0, "until": site.journal.head(), "filters": filters}
        assert {row[0] for row in site.store.scan(table, ("name",), limit=99, **asked)} == {"A", "Beta"}
        assert site.store.count_changes(table, **asked) == 2
        assert {row[0] for row in site.store.scan(table, ("name",), limit=99, live_only=True, **asked)} == {
            "Beta"
        }
        assert site.store.matching(table, filtered.values(), filters) == {filtered["Beta"]}

    def test_filter_by_hierarchy(self, site: Storage, filtered: dict[str, int]) -> None:
        table = site.table("org_office")
        (top,) = site.store.fetch(site.table("gis_location"), ("id",), "name", ["Top"])[0]

        def names(text: str) -> Any:
            found = site.store.scan(
                table,
                ("name",),
                after=0,
                until=site.journal.head(),
                limit=99,
                filters=parse_filter_string(text),
            )
            return {row[0] for row in found}

        assert names(f"~.location_id__typeof={top}") == {"Office Alpha", "Office Beta"}
        assert names("~.location_id__typeof=NONE") == {"Office nowhere"}
        assert names("~.location_id$name=NONE") == {"Office nowhere"}
        assert site.store.count(site.table("gis_location"), parse_filter_string("~.name__typeof=Middle")) == 2

    @pytest.mark.parametrize(
        "text, expected",
        [
            ("~.strings_field__contains=a|b", {1}),
            ("~.strings_field__anyof=x,Ü", {1, 2}),
            ("~.strings_field__contains=a|b,Ü", {1}),
            ("~.strings_field=NONE", {3}),
            ("~.integers_field__contains=3", {1}),
            ("~.integers_field__contains=13", {2}),
            ("~.references_field$name=L2", {1}),
            ("~.boolean_field=true", {1}),
            ("~.boolean_field=false", {2}),
            ("~.date_field__lt=2000-01-01", {1}),
            ("~.datetime_field__ge=2026-12-31T23:59:59", {1}),
            ("~.decimal_field__gt=1.5", {1}),
            ("~.double_field__lt=1", {2}),
            ("~.json_field__like=*x|y*", {1}),
        ],
    )
    def test_filters_on_all_kinds(
        self, site: Storage, locations: list[int], text: str, expected: Any
    ) -> None:
        table = site.table("dev_sample")
        full = dict(FULL, references_field=locations, strings_field=["a|b", "Ü"], reference_field=None)
        other = dict(OTHER, integers_field=[13, 23], strings_field=["x", "yÜ", "Ü"], references_field=[])
        empty = dict.fromkeys(ALL_KINDS)
        with site.store.transaction():
            keys = site.store.insert(
                table,
                (*ALL_KINDS, *META),
                [(*(values[name] for name in ALL_KINDS), *meta()) for values in (full, other, empty)],
            )
            site.journal.note("dev_sample", keys, None)
        filters = parse_filter_string(text)
        found = site.store.scan(table, ("id",), after=0, until=site.journal.head(), limit=9, filters=filters)
        assert {keys.index(row[0]) + 1 for row in found} == expected

    def test_a_filter_on_what_does_not_exist_is_an_error(self, site: Storage) -> None:
        table = site.table("org_organisation")
        for text in ("~.nothing=1", "nobody.name=1", "~.name$name=1"):
            with pytest.raises(FilterError):
                site.store.count(table, parse_filter_string(text))
