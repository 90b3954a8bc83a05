"""The contracts of store, journal, pending references and kept versions, on each database that pydal and we know."""

from __future__ import annotations

from functools import partial

import pytest
from pydal import DAL

from s3sync.core.clock import SystemClock
from s3sync.core.errors import StoreFull
from s3sync.database.journal import SqlJournal
from s3sync.database.journal_hooks import install
from s3sync.database.tables import define as define
from s3sync.host.on_define import on_define
from s3sync.host.schema import build_schema
from tests.contracts.database.changes_contract import ChangesContract
from tests.contracts.database.deadlock_contract import DeadlockContract
from tests.contracts.database.decisions_contract import DecisionsContract
from tests.contracts.database.edits_contract import EditsContract
from tests.contracts.database.files_contract import FilesContract
from tests.contracts.database.journal_contract import JournalContract
from tests.contracts.database.journal_hooks_contract import JournalHooksContract
from tests.contracts.database.journal_identity_contract import JournalIdentityContract
from tests.contracts.database.kept_contract import KeptContract
from tests.contracts.database.left_contract import LeftContract
from tests.contracts.database.on_databases import OnDatabase, OnMySQL, OnPostgres, OnPostgresArrays, OnSQLite
from tests.contracts.database.overruled_contract import OverruledContract
from tests.contracts.database.scan_contract import ScanContract
from tests.contracts.database.store_contract import StoreContract
from tests.contracts.database.tag_contract import TagContract
from tests.contracts.database.thinning_contract import ThinningContract
from tests.contracts.database.transaction_contract import TransactionContract
from tests.contracts.database.waiting_deletions_contract import WaitingDeletionsContract
from tests.support import datamodel
from tests.support.databases import (
    Database,
    MySQLDatabase,
    Storage,
    discard,
)
from tests.support.store_rows import META, look_alike, meta


class TestStoreOnSQLite(OnSQLite, StoreContract, TransactionContract, ScanContract):
    pass


class TestStoreOnPostgres(OnPostgres, StoreContract, TransactionContract, ScanContract):
    pass


class TestStoreOnPostgresArrays(OnPostgresArrays, StoreContract, TransactionContract, ScanContract):
    pass


class TestStoreOnOldPostgres(OnPostgres):
    def test_names_are_found_without_the_servers_help(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(site.store, "_composes", lambda: False)
        table = site.table("org_organisation")
        with site.store.transaction():
            keys = site.store.insert(
                table, ("name", *META), [(name, *meta()) for name in ("ZOE\u0301 ", "Zo\u00c9")]
            )
        found = look_alike(site.store, table, ("id",), ("name",), [("zo\u00e9",)], ignore_case=True)
        assert sorted(found) == [(key,) for key in keys]


class TestStoreOnMySQL(OnMySQL, StoreContract, TransactionContract, ScanContract):
    pass


class TestJournalOnSQLite(
    OnSQLite, JournalContract, JournalIdentityContract, JournalHooksContract, DeadlockContract
):
    pass


class TestJournalOnPostgres(
    OnPostgres, JournalContract, JournalIdentityContract, JournalHooksContract, DeadlockContract
):
    pass


class TestJournalOnMySQL(
    OnMySQL, JournalContract, JournalIdentityContract, JournalHooksContract, DeadlockContract
):
    pass


class TestKeptVersionsOnSQLite(
    OnSQLite,
    KeptContract,
    DecisionsContract,
    OverruledContract,
    WaitingDeletionsContract,
    FilesContract,
    LeftContract,
):
    pass


class TestKeptVersionsOnPostgres(
    OnPostgres,
    KeptContract,
    DecisionsContract,
    OverruledContract,
    WaitingDeletionsContract,
    FilesContract,
    LeftContract,
):
    pass


class TestKeptVersionsOnMySQL(
    OnMySQL,
    KeptContract,
    DecisionsContract,
    OverruledContract,
    WaitingDeletionsContract,
    FilesContract,
    LeftContract,
):
    pass


class TestChangesOnSQLite(OnSQLite, ChangesContract, EditsContract, ThinningContract):
    pass


class TestChangesOnPostgres(OnPostgres, ChangesContract, EditsContract, ThinningContract):
    pass


class TestChangesOnPostgresArrays(OnPostgresArrays, ChangesContract, EditsContract, ThinningContract):
    pass


class TestChangesOnMySQL(OnMySQL, ChangesContract, EditsContract, ThinningContract):
    pass


class TestTagsOnSQLite(OnSQLite, TagContract):
    pass


class TestTagsOnPostgres(OnPostgres, TagContract):
    pass


class TestTagsOnPostgresArrays(OnPostgresArrays, TagContract):
    pass


class TestTagsOnMySQL(OnMySQL, TagContract):
    pass


class TestSQLiteItself(OnSQLite):
    def test_a_full_disk_loses_the_page_and_nothing_else(self, site: Storage) -> None:
        table = site.table("org_organisation")
        with site.store.transaction():
            site.store.insert(table, ("name", "uuid"), [("before", "u0")])
        (pages,) = site.db.executesql("PRAGMA page_count")[0]
        site.db.executesql(f"PRAGMA max_page_count = {pages + 2}")
        rows = [("x" * 100, f"u{number}") for number in range(1, 1000)]
        with pytest.raises(StoreFull) as full, site.store.transaction():
            site.store.insert(table, ("name", "uuid"), rows)
        assert "space" in full.value.hint
        assert site.store.count(table) == 1
        site.db.executesql("PRAGMA max_page_count = 1000000")
        with site.store.transaction():
            site.store.insert(table, ("name", "uuid"), rows)
        assert site.store.count(table) == 1000

    def test_lazy_tables_stay_lazy(self, database: Database) -> None:
        Storage(database).close()
        db = DAL("sqlite://storage.sqlite", folder=str(database.folder), migrate=False, lazy_tables=True)
        host = datamodel.define(db)
        define.define(db, SystemClock())
        journal = SqlJournal(db, lambda: build_schema(db, host), SystemClock())
        install(journal, partial(on_define, db))
        assert {"org_organisation", "sync_journal"} <= set(db._LAZY_TABLES)
        key = int(db.org_organisation.insert(name="A"))
        assert journal.positions("org_organisation", [key])
        discard(db)


class OldMySQLDatabase(MySQLDatabase):
    """With tables as pydal makes them by itself: three bytes a character."""

    charset = "utf8"


@pytest.mark.database
class TestTablesOfPydalOnMySQL(OnDatabase):
    kind = OldMySQLDatabase

    def test_they_are_made_fit_for_any_text(self, site: Storage) -> None:
        texts = ["😀", "A", "a", "ä"]
        table = site.table("org_organisation")
        with site.store.transaction():
            keys = site.store.insert(table, ("name", "uuid"), [(text, text) for text in texts])
        assert len(set(keys)) == 4
        assert site.store.fetch(table, ("name",), "uuid", ["a"]) == [("a",)]
        assert site.store.rows("SELECT name FROM org_organisation WHERE name = 'A'") == [("A",)]
