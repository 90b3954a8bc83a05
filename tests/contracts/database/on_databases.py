"""Supplies a contract class with a fresh site on each kind of database."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.databases import (
    Database,
    MySQLDatabase,
    PostgresArraysDatabase,
    PostgresDatabase,
    SQLiteDatabase,
    Storage,
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
    def site(self, database: Database) -> Iterator[Storage]:
        site = Storage(database)
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
