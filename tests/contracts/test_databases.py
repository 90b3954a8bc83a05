"""The contracts of store, journal and ledger, on each database that pydal and we know."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contracts.journal_contract import JournalContract
from tests.contracts.ledger_contract import LedgerContract
from tests.contracts.store_contract import StoreContract
from tests.support.databases import (
    Database,
    MySQLDatabase,
    PostgresArraysDatabase,
    PostgresDatabase,
    Site,
    SQLiteDatabase,
    Unavailable,
)


class OnDatabase:
    """Supplies a fresh site on one kind of database."""

    kind: type[Database]

    @pytest.fixture(scope="class")
    @classmethod
    def server(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
        try:
            database = cls.kind(tmp_path_factory.mktemp("databases"))
        except Unavailable as missing:
            pytest.skip(str(missing))
        yield database
        database.close()

    @pytest.fixture
    def database(self, server: Database) -> Iterator[Database]:
        yield server
        server.empty()

    @pytest.fixture
    def site(self, database: Database) -> Iterator[Site]:
        site = Site(database)
        yield site
        site.close()


class OnSQLite(OnDatabase):
    kind = SQLiteDatabase


@pytest.mark.database
class OnPostgres(OnDatabase):
    kind = PostgresDatabase


@pytest.mark.slow
@pytest.mark.database
class OnPostgresArrays(OnDatabase):
    kind = PostgresArraysDatabase


@pytest.mark.database
class OnMySQL(OnDatabase):
    kind = MySQLDatabase


class TestStoreOnSQLite(OnSQLite, StoreContract):
    pass


class TestStoreOnPostgres(OnPostgres, StoreContract):
    pass


class TestStoreOnPostgresArrays(OnPostgresArrays, StoreContract):
    pass


class TestStoreOnMySQL(OnMySQL, StoreContract):
    pass


class TestJournalOnSQLite(OnSQLite, JournalContract):
    pass


class TestJournalOnPostgres(OnPostgres, JournalContract):
    pass


class TestJournalOnMySQL(OnMySQL, JournalContract):
    pass


class TestLedgerOnSQLite(OnSQLite, LedgerContract):
    pass


class TestLedgerOnPostgres(OnPostgres, LedgerContract):
    pass


class TestLedgerOnMySQL(OnMySQL, LedgerContract):
    pass


class OldMySQLDatabase(MySQLDatabase):
    """With tables as pydal makes them by itself: three bytes a character."""

    charset = "utf8"


@pytest.mark.database
class TestTablesOfPydalOnMySQL(OnDatabase):
    kind = OldMySQLDatabase

    def test_they_are_made_fit_for_any_text(self, site: Site) -> None:
        texts = ["😀", "A", "a", "ä"]
        table = site.table("org_organisation")
        with site.store.transaction():
            keys = site.store.insert(table, ("name", "uuid"), [(text, text) for text in texts])
        assert len(set(keys)) == 4
        assert site.store.fetch(table, ("name",), "uuid", ["a"]) == [("a",)]
        assert site.store.rows("SELECT name FROM org_organisation WHERE name = 'A'") == [("A",)]
