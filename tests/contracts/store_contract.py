"""What every ports.Store keeps to. Subclass with a ``site`` fixture (tests.support.databases.Storage)."""

from __future__ import annotations

import threading
import uuid
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

import pytest

from s3sync.core.errors import FilterError, RowRefused, StoreBusy, SyncError
from s3sync.wire.filters import parse_filter_string
from tests.support.databases import Storage
from tests.support.datamodel import ALL_KINDS

NOW = datetime(2026, 3, 4, 5, 6, 7)
META = ("uuid", "deleted", "modified_on", "mci")

FULL: dict[str, Any] = {
    "string_field": 'Ärzte | o\'Clock % _ \\ "x" 中 😀',
    "text_field": "two\nlines\r\n\tand a tab",
    "integer_field": -2147483648,
    "bigint_field": 2**62,
    "double_field": 83.98558939999998,
    "decimal_field": Decimal("123456789.125"),
    "boolean_field": True,
    "date_field": date(1066, 10, 14),
    "time_field": time(23, 59, 58),
    "datetime_field": datetime(2026, 12, 31, 23, 59, 59),
    "json_field": {"a": [1, 2.5, None, "x|y"], "ü": {"b": True}},
    "upload_field": "dev_sample.upload_field.a1b2c3d4e5f60718.612e747874.txt",
    "strings_field": ["a|b", "|c", "d|", "Ü"],
    "integers_field": [3, 1, 2],
    "references_field": [1, 2],
    "reference_field": 1,
}
OTHER: dict[str, Any] = {
    "string_field": "",
    "text_field": " ",
    "integer_field": 0,
    "bigint_field": 0,
    "double_field": 0.0,
    "decimal_field": Decimal("0.000"),
    "boolean_field": False,
    "date_field": date(2026, 2, 28),
    "time_field": time(0, 0, 0),
    "datetime_field": datetime(1900, 1, 1),
    "json_field": [],
    "upload_field": "",
    "strings_field": [],
    "integers_field": [],
    "references_field": [],
    "reference_field": None,
}


def meta() -> list[Any]:
    return [uuid.uuid4().urn, False, NOW, 0]


def is_open(site: Storage) -> bool:
    """Tell whether the connection is inside a transaction."""
    if site.store.dialect == "mysql":
        return bool(site.store.rows("SELECT @@in_transaction")[0][0])
    connection = site.db._adapter.connection
    if site.store.dialect == "sqlite":
        return bool(connection.in_transaction)
    return bool(connection.get_transaction_status())


class StoreContract:
    """Reading, writing and transactions, on all field types."""

    @pytest.fixture
    def organisations(self, site: Storage) -> list[int]:
        rows = [(f"Org {n}", f"O{n}", 1900 + n, *meta()) for n in range(10)]
        with site.store.transaction():
            return site.store.insert(site.table("org_organisation"), ("name", "acronym", "year", *META), rows)

    # --- values ---------------------------------------------------------------------------------------------

    @pytest.fixture
    def locations(self, site: Storage) -> list[int]:
        with site.store.transaction():
            return site.store.insert(
                site.table("gis_location"), ("name", *META), [("L1", *meta()), ("L2", *meta())]
            )

    @pytest.mark.parametrize("values", [FULL, OTHER, dict.fromkeys(ALL_KINDS)])
    def test_what_is_inserted_comes_back(
        self, site: Storage, locations: list[int], values: dict[str, Any]
    ) -> None:
        table = site.table("dev_sample")
        row = tuple(values[name] for name in ALL_KINDS)
        with site.store.transaction():
            (key,) = site.store.insert(table, (*ALL_KINDS, *META), [(*row, *meta())])
        assert site.store.fetch(table, ALL_KINDS, "id", [key]) == [row]

    @pytest.mark.parametrize("values", [FULL, OTHER, dict.fromkeys(ALL_KINDS)])
    def test_pydal_reads_what_the_store_writes(
        self, site: Storage, locations: list[int], values: dict[str, Any]
    ) -> None:
        table = site.table("dev_sample")
        with site.store.transaction():
            (key,) = site.store.insert(
                table, (*ALL_KINDS, *META), [(*(values[name] for name in ALL_KINDS), *meta())]
            )
        row = site.db.dev_sample[key]
        for name in ALL_KINDS:
            if values[name] is None and name.endswith("s_field"):
                assert not row[name]  # pydal has no NULL for some lists
            else:
                assert row[name] == values[name], name

    @pytest.mark.parametrize("values", [FULL, OTHER])
    def test_the_store_reads_what_pydal_writes(
        self, site: Storage, locations: list[int], values: dict[str, Any]
    ) -> None:
        # pydal cannot write some values that it reads: empty lists as arrays, blanks at the edges of elements
        key = site.db.dev_sample.insert(**values)
        row = site.store.fetch(site.table("dev_sample"), ALL_KINDS, "id", [int(key)])[0]
        assert dict(zip(ALL_KINDS, row)) == values

    @pytest.mark.parametrize("values", [FULL, OTHER, dict.fromkeys(ALL_KINDS)])
    def test_what_is_updated_comes_back(
        self, site: Storage, locations: list[int], values: dict[str, Any]
    ) -> None:
        table = site.table("dev_sample")
        before = [(*(FULL[name] for name in ALL_KINDS), *meta())]
        before.append((*(dict(OTHER, string_field="x")[name] for name in ALL_KINDS), *meta()))
        row = tuple(values[name] for name in ALL_KINDS)
        with site.store.transaction():
            keys = site.store.insert(table, (*ALL_KINDS, *META), before)
            unique = ALL_KINDS.index("string_field")
            rows = [(keys[0], *row), (keys[1], *row[:unique], None, *row[unique + 1 :])]
            site.store.update(table, ALL_KINDS, rows)
        assert site.store.fetch(table, ALL_KINDS, "id", keys[:1]) == [row]

    def test_raw_values_read_as_the_same(self, site: Storage, locations: list[int]) -> None:
        table = site.table("dev_sample")
        row = tuple(FULL[name] for name in ALL_KINDS)
        with site.store.transaction():
            (key,) = site.store.insert(table, (*ALL_KINDS, *META), [(*row, *meta())])
        raw = site.store.fetch_raw(table, ALL_KINDS, "id", [key])[0]
        for name, value in zip(ALL_KINDS, raw):
            read = site.store.reader(table.fields[name])
            result = value if read is None else read(value)
            if isinstance(FULL[name], (date, time)) and isinstance(result, str):
                assert type(FULL[name]).fromisoformat(result) == FULL[name]
            else:
                assert result == FULL[name], name

    # --- fetching -------------------------------------------------------------------------------------------

    def test_fetch_by_uuid_returns_every_row_once(self, site: Storage) -> None:
        table = site.table("org_organisation")
        rows = [(f"Org {n}", *meta()) for n in range(1203)]
        with site.store.transaction():
            keys = site.store.insert(table, ("name", *META), rows)
        uuids = [row[1] for row in rows]
        found = site.store.fetch(table, ("uuid", "id", "name"), "uuid", [*uuids, uuids[0], "nobody", None])
        assert sorted(found) == sorted(zip(uuids, keys, (row[0] for row in rows)))
        assert len(set(keys)) == len(keys)

    def test_fetch_tells_upper_from_lower_case(self, site: Storage) -> None:
        table = site.table("org_organisation")
        row = ("X", "urn:uuid:ABC", False, NOW, 0)
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [row])
        assert site.store.fetch(table, ("name",), "uuid", ["urn:uuid:abc"]) == []
        assert site.store.fetch(table, ("name",), "uuid", ["urn:uuid:ABC"]) == [("X",)]

    def test_fetch_of_nothing_is_nothing(self, site: Storage) -> None:
        table = site.table("org_organisation")
        assert site.store.fetch(table, ("id",), "uuid", []) == []
        assert site.store.fetch_listing(site.table("dev_sample"), ("id",), "references_field", []) == []
        assert site.store.insert(table, ("name",), []) == []
        site.store.update(table, ("name",), [])

    def test_fetch_finds_deleted_records_too(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("Gone", "u1", True, NOW, 0)])
        assert site.store.fetch(table, ("name", "deleted"), "uuid", ["u1"]) == [("Gone", True)]

    @pytest.mark.parametrize("count", [1, 60, 600])
    def test_fetch_listing(self, site: Storage, count: int) -> None:
        table = site.table("dev_sample")
        lists = [[1, 12], [12], [2, 123], [], None]
        with site.store.transaction():
            keys = site.store.insert(
                table, ("references_field", *META), [(members, *meta()) for members in lists]
            )
        found = site.store.fetch_listing(table, ("id",), "references_field", [12, *range(1000, 999 + count)])
        assert sorted(found) == [(keys[0],), (keys[1],)]

    # --- matching -------------------------------------------------------------------------------------------

    def test_match_compares_all_columns_and_takes_none_for_null(self, site: Storage) -> None:
        table = site.table("org_organisation")
        rows = [("A", "x", 1), ("A", None, 1), ("A", "x", None), ("B", None, None), ("A", "X", 1)]
        with site.store.transaction():
            keys = site.store.insert(
                table, ("name", "acronym", "year", *META), [(*row, *meta()) for row in rows]
            )

        def match(*wanted: Any, **options: Any) -> list[int]:
            found = site.store.match(table, ("id",), ("name", "acronym", "year"), wanted, **options)
            return sorted(row[0] for row in found)

        assert match(("A", "x", 1)) == [keys[0]]
        assert match(("A", None, 1)) == [keys[1]]
        assert match(("A", "x", None), ("B", None, None)) == [keys[2], keys[3]]
        assert match(("a", "x", 1)) == []
        assert match(("a", "X", 1), ignore_case=True) == [keys[0], keys[4]]
        assert match((None, None, None)) == []

    def test_match_of_nulls_alone(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            keys = site.store.insert(
                table,
                ("name", "acronym", "year", *META),
                [("A", None, None, *meta()), ("B", "b", 1, *meta())],
            )
        assert site.store.match(table, ("id",), ("acronym", "year"), [(None, None)]) == [(keys[0],)]
        assert site.store.match(table, ("id",), ("acronym", "year"), [(None, 1)]) == []

    def test_match_ignores_case_beyond_ascii(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            (key, _) = site.store.insert(
                table, ("name", *META), [("ÉCOLE Øst", *meta()), ("ecole ost", *meta())]
            )
        found = site.store.match(table, ("id",), ("name",), [("école øST",)], ignore_case=True)
        assert found == [(key,)]

    def test_match_passes_over_deleted_records(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("Gone", "u1", True, NOW, 0)])
            (key,) = site.store.insert(table, ("name", *META), [("Gone", "u2", None, NOW, 0)])
        assert site.store.match(table, ("id",), ("name",), [("Gone",)]) == [(key,)]

    def test_match_by_reference_and_date(self, site: Storage, locations: list[int]) -> None:
        table = site.table("dev_sample")
        columns = ("reference_field", "date_field", *META)
        with site.store.transaction():
            (key, _) = site.store.insert(
                table,
                columns,
                [(locations[0], date(2026, 1, 1), *meta()), (locations[1], date(2026, 1, 1), *meta())],
            )
        wanted = [(locations[0], date(2026, 1, 1))]
        assert site.store.match(table, ("id",), columns[:2], wanted, ignore_case=True) == [(key,)]

    # --- refusals and transactions --------------------------------------------------------------------------

    def test_a_refused_row_takes_the_others_of_its_call_with_it_but_not_the_transaction(
        self, site: Storage
    ) -> None:
        table = site.table("org_organisation")
        first = meta()
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("First", *first)])
            with pytest.raises(RowRefused) as refusal:
                site.store.insert(table, ("name", *META), [("Second", *meta()), ("Twice", *first)])
            site.store.insert(table, ("name", *META), [("Third", *meta())])
        assert "uuid" in refusal.value.message
        assert sorted(site.store.rows("SELECT name FROM org_organisation")) == [("First",), ("Third",)]

    @pytest.mark.parametrize(
        "columns, values, word",
        [
            (("name",), (None,), "name"),
            (("name", "pe_id"), ("Nowhere", 987654), ""),
            (("name", "year"), ("Late", 2**70), ""),
        ],
        ids=["not null", "foreign key", "out of range"],
    )
    def test_constraints(self, site: Storage, columns: Any, values: Any, word: str) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            with pytest.raises(RowRefused) as refusal:
                site.store.insert(table, (*columns, *META), [(*values, *meta())])
            assert word in refusal.value.message
        assert site.store.count(table) == 0

    def test_rows_can_be_withdrawn(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            kept, gone = site.store.insert(table, ("name", *META), [("Kept", *meta()), ("Gone", *meta())])
            site.store.withdraw(table, [gone])
            site.store.withdraw(table, [])
        assert site.store.rows("SELECT id, name FROM org_organisation") == [(kept, "Kept")]

    def test_an_update_that_is_refused_changes_nothing(self, site: Storage, organisations: list[int]) -> None:
        table = site.table("org_organisation")
        with site.store.transaction(), pytest.raises(RowRefused):
            site.store.update(table, ("name",), [(organisations[0], "New"), (organisations[1], None)])
        assert ("Org 0",) in site.store.fetch(table, ("name",), "id", organisations)

    def test_a_value_of_the_wrong_type_is_a_refused_row(self, site: Storage) -> None:
        with site.store.transaction(), pytest.raises(RowRefused):
            site.store.insert(
                site.table("dev_sample"), ("datetime_field", *META), [("no time at all", *meta())]
            )

    @pytest.mark.parametrize("text", ["lone \ud800 surrogate"])
    def test_text_that_no_database_takes_is_a_refused_row(self, site: Storage, text: str) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            with pytest.raises(RowRefused):
                site.store.insert(table, ("name", *META), [(text, *meta())])
            site.store.insert(table, ("name", *META), [("fine", *meta())])
        assert site.store.count(table) == 1

    def test_a_failed_transaction_leaves_nothing(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            site.store.insert(table, ("name", *META), [("Lost", *meta())])
            raise ZeroDivisionError
        assert site.store.count(table) == 0
        assert not site.store.in_transaction

    def test_a_savepoint_is_undone_alone(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("Kept", *meta())])
            with pytest.raises(ZeroDivisionError), site.store.savepoint():
                site.store.insert(table, ("name", *META), [("Lost", *meta())])
                raise ZeroDivisionError
            with site.store.transaction():
                site.store.insert(table, ("name", *META), [("Nested", *meta())])
        assert sorted(site.store.rows("SELECT name FROM org_organisation")) == [("Kept",), ("Nested",)]

    def test_callbacks_cannot_end_the_transaction(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            site.db.org_organisation.insert(name="Half")
            site.db.commit()
            raise ZeroDivisionError
        assert site.store.count(table) == 0
        site.db.org_organisation.insert(name="Whole")
        site.db.commit()
        site.db.rollback()
        assert site.store.count(table) == 1

    def test_another_thread_ends_its_own_transaction_meanwhile(self, site: Storage) -> None:
        failed: list[BaseException] = []

        def end() -> None:
            try:
                site.db.executesql("SELECT 1")
                site.db.rollback()
            except SyncError as error:
                failed.append(error)
            finally:
                site.db._adapter.close("commit")

        with site.store.transaction():
            thread = threading.Thread(target=end)
            thread.start()
            thread.join()
        assert not failed

    def test_what_went_wrong_is_told_where_the_connection_is_lost_too(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        rollback = site.store._rollback

        def lost() -> None:
            rollback()
            raise site.store.driver_errors()[0]("the connection is lost")

        monkeypatch.setattr(site.store, "_rollback", lost)
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            raise ZeroDivisionError

    def test_what_a_request_has_written_before_is_committed(self, site: Storage) -> None:
        table = site.table("org_organisation")
        site.db.org_organisation.insert(name="Request")
        with pytest.raises(ZeroDivisionError), site.store.transaction():
            raise ZeroDivisionError
        assert site.store.count(table) == 1

    def test_a_second_writer_waits_or_is_told(self, site: Storage, monkeypatch: Any) -> None:
        monkeypatch.setattr(f"s3sync.store.{site.store.dialect}.BUSY_SECONDS", 1, raising=False)
        monkeypatch.setattr(site.database, "patience", 1)
        other = Storage(site.database, migrate=False)
        site.db.commit()
        try:
            with site.store.transaction():
                site.store.insert(site.table("org_organisation"), ("name", *META), [("A", *meta())])
                with pytest.raises(StoreBusy) as busy, other.store.transaction():
                    raise AssertionError("two writers at a time")
                assert not is_open(other)
            assert busy.value.transient
            with other.store.transaction():
                other.store.insert(other.table("org_organisation"), ("name", *META), [("B", *meta())])
        finally:
            other.close()
        assert site.store.count(site.table("org_organisation")) == 2

    def test_a_deleted_record_is_one_that_a_table_holds(self, site: Storage) -> None:
        table = site.table("org_organisation")
        assert not site.store.holds_any(table)
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("A", uuid.uuid4().urn, True, NOW, 0)])
        assert site.store.holds_any(table)

    def test_super_entities_have_their_own_key(self, site: Storage) -> None:
        entity = site.table("pr_pentity")
        with site.store.transaction():
            keys = site.store.insert(
                entity,
                ("instance_type", "uuid", "deleted"),
                [("pr_person", f"u{n}", False) for n in range(3)],
            )
            site.store.update(entity, ("pe_label",), [(keys[1], "L")])
        found = site.store.fetch(entity, ("pe_id", "pe_label"), "pe_id", keys)
        assert sorted(found, key=lambda row: row[0]) == [(keys[0], None), (keys[1], "L"), (keys[2], None)]

    def test_keys_of_pydal_follow_those_of_the_store(self, site: Storage, organisations: list[int]) -> None:
        key = int(site.db.org_organisation.insert(name="By pydal"))
        site.db.commit()
        assert key not in organisations
        with site.store.transaction():
            (further,) = site.store.insert(
                site.table("org_organisation"), ("name", *META), [("By store", *meta())]
            )
        assert further not in (*organisations, key)

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
