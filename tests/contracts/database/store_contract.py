"""What every ports.Store keeps to. Subclass with a ``site`` fixture (tests.support.databases.Storage)."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, time
from typing import Any

import pytest

from s3sync.core.schema import DuplicateRule, Table
from tests.support.databases import Storage
from tests.support.datamodel import ALL_KINDS
from tests.support.store_rows import FULL, META, NOW, OTHER, WithOrganisations, look_alike, meta


def ruled(site: Storage, name: str, *by: str) -> Table:
    """Return a table whose duplicates are found by some columns, with the index for them."""
    table = replace(site.table(name), duplicate=DuplicateRule(by))
    site.store.prepare_match(table, by)
    site.db.commit()
    return table


class StoreContract(WithOrganisations):
    """Reading, writing and matching, on all field types."""

    # --- values ---------------------------------------------------------------------------------------------

    def test_what_is_held_is_read_in_the_order_of_its_keys(
        self, site: Storage, organisations: list[int]
    ) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            rows = site.store.held(table, ("id", "name"), reversed(organisations))
            assert site.store.held(table, ("id",), []) == []
        assert rows == sorted(site.store.fetch(table, ("id", "name"), "id", organisations))

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
            found = look_alike(site.store, table, ("id",), ("name", "acronym", "year"), wanted, **options)
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
        assert look_alike(site.store, table, ("id",), ("acronym", "year"), [(None, None)]) == [(keys[0],)]
        assert look_alike(site.store, table, ("id",), ("acronym", "year"), [(None, 1)]) == []

    def test_match_ignores_case_beyond_ascii(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            (key, _) = site.store.insert(
                table, ("name", *META), [("ÉCOLE Øst", *meta()), ("ecole ost", *meta())]
            )
        found = look_alike(site.store, table, ("id",), ("name",), [("école øST",)], ignore_case=True)
        assert found == [(key,)]

    @pytest.mark.parametrize(
        ("stored", "wanted"),
        [
            ("Zo\u00e9", "zoe\u0301"),
            ("ZOE\u0301", "Zo\u00e9"),
            ("E\u0301lodie Zo\u00c9", "\u00e9lodie Zo\u00e9"),
            ("Ho\u0323\u0302i H\u1ee3p", "h\u1ed9i h\u1ee3p"),
            (
                "\u0418\u0306\u043e\u0448\u043a\u0430\u0440-\u041e\u043b\u0430",
                "\u0439\u043e\u0448\u043a\u0430\u0440-\u043e\u043b\u0430",
            ),
            ("\u1112\u1161\u11ab\u1100\u116e\u11a8", "\ud55c\uad6d"),
            ("\u30bf\u3099\u30a4", "\u30c0\u30a4"),
            ("\u0958\u0932\u092e", "\u0915\u093c\u0932\u092e"),
            (" Red\u00a0 Cross\u3000", "red cross"),
            ("Red\tCross\r\n", "red cross"),
            ("Red\u2009Cross", "red cross"),
            ("\u2003Red\u202f\u2028Cross\u0085", "red cross"),
            ("\ufeffRed Cross\u200b", "red cross"),
            ("\u200eR\u00aded\u2060 Cross\u202c", "red cross"),
            ("Zo\u200be\u0301", "zo\u00e9"),
            (
                "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645",
                "\u0645\u06cc\u062e\u0648\u0627\u0647\u0645",
            ),
            ("\u200f\u0627\u0644\u0647\u0644\u0627\u0644\u061c", "\u0627\u0644\u0647\u0644\u0627\u0644"),
            ("\u041a\u0440\u0435\u0441\u0442\ufe0f", "\u043a\u0440\u0435\u0441\u0442"),
            ("\u039f\u0394\u039f\u03a3 \u0391", "\u03bf\u03b4\u03bf\u03c3 \u03b1"),
            ("\u03bf\u03b4\u03bf\u03c2", "\u039f\u0394\u039f\u03a3"),
        ],
    )
    @pytest.mark.parametrize("indexed", [False, True])
    def test_match_finds_texts_that_look_the_same(
        self, site: Storage, stored: str, wanted: str, indexed: bool
    ) -> None:
        table = ruled(site, "org_organisation", "name") if indexed else site.table("org_organisation")
        with site.store.transaction():
            key, *_ = site.store.insert(
                table, ("name", *META), [(name, *meta()) for name in (stored, "Zoe", "Red-Cross", "RedCross")]
            )
        for asked in (wanted, stored):
            found = look_alike(
                site.store, table, ("id",), ("name",), [(asked,), ("nothing",)], ignore_case=True
            )
            assert found == [(key,)]

    @pytest.mark.parametrize("name", ["Relief {}", "Zo\u00e9  {} ", "H\u1ed9i {}", "\ud55c\uad6d {}"])
    def test_match_takes_no_more_statements_for_more_texts(self, site: Storage, name: str) -> None:
        table, run, asked = site.table("org_organisation"), site.store.run, []

        def counted(sql: str, parameters: Any = ()) -> Any:
            asked.append(sql)
            return run(sql, parameters)

        site.store.run = counted  # type: ignore[method-assign]
        counts = []
        for count in (10, 10, 300):
            asked.clear()
            look_alike(
                site.store,
                table,
                ("id",),
                ("name",),
                [(name.format(at),) for at in range(count)],
                ignore_case=True,
            )
            counts.append(len(asked))
        assert counts[1] == counts[2] < 3

    def test_match_with_case_ignores_how_letters_are_composed_all_the_same(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            (key,) = site.store.insert(table, ("name", *META), [("ZOE\u0301 ", *meta())])
        assert look_alike(site.store, table, ("id",), ("name",), [("ZO\u00c9",)]) == [(key,)]
        assert look_alike(site.store, table, ("id",), ("name",), [("Zo\u00e9",)]) == []

    @pytest.mark.parametrize("indexed", [False, True])
    def test_match_of_two_texts_that_look_the_same(self, site: Storage, indexed: bool) -> None:
        names = ("first_name", "last_name")
        table = ruled(site, "pr_person", *names) if indexed else site.table("pr_person")
        people = [("Zoe\u0301 ", "Du  Bois"), ("Zoe\u0301", None), ("Ho\u0323\u0302i", "H\u1ee3p")]
        with site.store.transaction():
            keys = site.store.insert(table, (*names, *META), [(*each, *meta()) for each in people])
        wanted = [("ZO\u00c9", "du bois"), ("zo\u00e9", None), ("h\u1ed9i", "h\u1ee3p"), ("zo\u00e9", "x")]
        found = look_alike(site.store, table, ("id",), names, wanted, ignore_case=True)
        assert sorted(found) == [(key,) for key in keys]

    @pytest.mark.parametrize("indexed", [False, True])
    def test_match_of_two_texts_of_which_one_has_what_nobody_sees(self, site: Storage, indexed: bool) -> None:
        names = ("first_name", "last_name")
        table = ruled(site, "pr_person", *names) if indexed else site.table("pr_person")
        people = [("Ann\u200b", "Lee"), ("Ann", "L\u2009ee"), ("Bo\u2060", None), ("Bo", "Ek")]
        with site.store.transaction():
            ann, _, bo, ek = site.store.insert(table, (*names, *META), [(*each, *meta()) for each in people])
        wanted = [("ann", "lee"), ("bo", None), ("bo", "\ufeffek")]
        found = look_alike(site.store, table, ("id",), names, wanted, ignore_case=True)
        assert sorted(found) == [(ann,), (bo,), (ek,)]

    def test_match_passes_over_deleted_records(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", *META), [("Gone", "u1", True, NOW, 0)])
            (key,) = site.store.insert(table, ("name", *META), [("Gone", "u2", None, NOW, 0)])
        assert look_alike(site.store, table, ("id",), ("name",), [("Gone",)]) == [(key,)]

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
        assert look_alike(site.store, table, ("id",), columns[:2], wanted, ignore_case=True) == [(key,)]
