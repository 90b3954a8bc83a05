"""Databases for tests, on whatever servers this machine has, and store and journal on one of them.

A complete site is built by ``tests.support.site``; a ``Storage`` is for contracts of the database alone.
"""

from __future__ import annotations

import os
import uuid
from functools import partial
from pathlib import Path
from typing import Any, Callable

from pydal import DAL

from s3sync.core.clock import Clock, SystemClock
from s3sync.core.schema import Schema
from s3sync.database.journal import SqlJournal
from s3sync.database.journal_hooks import install
from s3sync.database.store import open_store
from s3sync.database.tables import define as define
from s3sync.database.tables import indices as indices
from s3sync.host.on_define import on_define
from s3sync.host.schema import build_schema
from tests.support import datamodel

POSTGRES_URI = os.environ.get("EDEN_TEST_POSTGRES", "postgres://postgres@127.0.0.1/test")
MYSQL_URI = os.environ.get("EDEN_TEST_MYSQL", "mysql://root:@127.0.0.1/test")
CHARSET = "?set_encoding=utf8mb4"


def empty_sqlite(db: Any) -> None:
    """Empty all tables of an SQLite database: a site can serve again for the price of a millisecond or two."""
    connection = db._adapter.connection
    connection.commit()
    connection.execute("PRAGMA foreign_keys = OFF")
    for name in db.tables:
        connection.execute(f'DELETE FROM "{name}"')
    connection.execute("DELETE FROM sqlite_sequence")
    connection.commit()
    connection.execute("PRAGMA foreign_keys = ON")


def discard(db: DAL) -> None:
    """Close a connection, forgetting what was not committed, and let pydal forget it: it keeps all that were opened.

    What it keeps of a few hundred tests are millions of objects, and Python looks at each when it collects garbage.
    """
    db._adapter.close("rollback")
    db.close()


class Unavailable(Exception):
    """There is no such server here, or no driver for it."""


class Database:
    """A database of its own for one test, removed by ``close``."""

    dialect = ""
    #: seconds that SQLite waits for another writer
    retry_policy = 20.0

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._cleaner: Any = None

    def connect(self, migrate: bool = True) -> DAL:
        """Open a connection of its own."""
        raise NotImplementedError

    def empty(self) -> None:
        """Remove all rows and begin to count at one again, as if the tables had just been made."""
        db = self._cleaner
        if db is None:
            db = self._cleaner = self.connect(migrate=False)
            datamodel.define(db)
            define.define(db, SystemClock())
        self.remove_rows(db, [str(name) for name in db.tables if name != "sync_journal_state"])
        db.executesql("UPDATE sync_journal_state SET head = 0")
        db.commit()

    def remove_rows(self, db: DAL, names: list[str]) -> None:
        """Empty these tables."""
        raise NotImplementedError

    def close(self) -> None:
        """Remove the database."""
        if self._cleaner is not None:
            discard(self._cleaner)


def connect_again(uri: str, folder: Path, schema: str) -> DAL:
    """Open a database that another process has made.

    Args:
        uri: pydal URI.
        folder: where SQLite's file is.
        schema: on PostgreSQL the schema with the tables.
    """

    def choose(adapter: Any) -> None:
        if schema:
            adapter.execute(f"SET search_path TO {schema}")
            adapter.connection.commit()

    options = {"driver_args": {"timeout": 5}} if uri.startswith("sqlite") else {"attempts": 1}
    return DAL(uri, folder=str(folder), migrate=False, pool_size=0, after_connection=choose, **options)


def _with_rows(db: DAL, names: list[str]) -> list[str]:
    """Return the tables that are not empty, with one statement."""
    each = " UNION ALL ".join(f"SELECT '{name}' WHERE EXISTS (SELECT 1 FROM {name})" for name in names)
    return [str(row[0]) for row in db.executesql(each)]


class SQLiteDatabase(Database):
    dialect = "sqlite"

    def empty(self) -> None:
        db = self._cleaner
        if db is None:
            db = self._cleaner = self.connect(migrate=False)
            datamodel.define(db)
            define.define(db, SystemClock())
        empty_sqlite(db)

    def connect(self, migrate: bool = True) -> DAL:
        return DAL(
            "sqlite://storage.sqlite",
            folder=str(self.folder),
            migrate=migrate,
            pool_size=0,
            driver_args={"timeout": self.retry_policy},
        )


class PostgresDatabase(Database):
    dialect = "postgres"
    prefix = "postgres"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.name = f"eden_test_{uuid.uuid4().hex[:12]}"
        try:
            import psycopg2

            self._admin = psycopg2.connect(POSTGRES_URI.replace("postgres://", "postgresql://", 1))
        except ImportError as error:
            raise Unavailable("the driver psycopg2 is not installed") from error
        except psycopg2.OperationalError as error:
            raise Unavailable(f"no PostgreSQL at {POSTGRES_URI}: {error}") from error
        self._admin.autocommit = True
        self._admin.cursor().execute(f"CREATE SCHEMA {self.name}")

    def connect(self, migrate: bool = True) -> DAL:
        def choose(adapter: Any) -> None:
            adapter.execute(f"SET search_path TO {self.name}")
            adapter.connection.commit()

        uri = POSTGRES_URI.replace("postgres:", f"{self.prefix}:", 1)
        return DAL(
            uri, folder=str(self.folder), migrate=migrate, pool_size=0, after_connection=choose, attempts=1
        )

    def remove_rows(self, db: DAL, names: list[str]) -> None:
        # To truncate a table makes its files anew, those of its indices too: that took a second for all of them.
        db.executesql("SET session_replication_role = replica")
        for name in _with_rows(db, names):
            db.executesql(f"DELETE FROM {name}")
        db.executesql("SET session_replication_role = origin")
        used = "SELECT sequencename FROM pg_sequences WHERE schemaname = %s AND last_value IS NOT NULL"
        for (sequence,) in db.executesql(used, placeholders=(self.name,)):
            db.executesql(f"ALTER SEQUENCE {sequence} RESTART")

    def close(self) -> None:
        super().close()
        self._admin.cursor().execute(f"DROP SCHEMA {self.name} CASCADE")
        self._admin.close()


class PostgresArraysDatabase(PostgresDatabase):
    """With pydal's other conventions: lists are arrays, booleans are booleans."""

    prefix = "postgres3"


class MySQLDatabase(Database):
    dialect = "mysql"
    charset = "utf8mb4"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.name = f"eden_test_{uuid.uuid4().hex[:12]}"
        try:
            import pymysql
        except ImportError as error:
            raise Unavailable("the driver PyMySQL is not installed") from error
        try:
            self._admin = DAL(MYSQL_URI + CHARSET, folder=str(folder), pool_size=0, attempts=1)
        except (RuntimeError, pymysql.Error) as error:
            raise Unavailable(f"no MySQL or MariaDB at {MYSQL_URI}: {error}") from error
        self._admin.executesql(f"CREATE DATABASE {self.name} CHARACTER SET utf8mb4")

    def connect(self, migrate: bool = True) -> DAL:
        uri = f"{MYSQL_URI.rpartition('/')[0]}/{self.name}{CHARSET}"
        # the comment sign hides the character set that pydal adds
        engine = f"InnoDB CHARACTER SET {self.charset} COLLATE {self.charset}_bin # "
        return DAL(
            uri,
            folder=str(self.folder),
            migrate=migrate,
            pool_size=0,
            attempts=1,
            adapter_args={"engine": engine},
        )

    def remove_rows(self, db: DAL, names: list[str]) -> None:
        db.executesql("SET FOREIGN_KEY_CHECKS = 0")
        for name in _with_rows(db, names):
            db.executesql(f"DELETE FROM {name}")
        db.commit()
        counted = (
            "SELECT table_name FROM information_schema.tables WHERE table_schema = %s AND auto_increment > 1"
        )
        for (name,) in db.executesql(counted, placeholders=(self.name,)):
            db.executesql(f"ALTER TABLE {name} AUTO_INCREMENT = 1")

    def close(self) -> None:
        super().close()
        self._admin.executesql(f"DROP DATABASE {self.name}")
        self._admin.close()


class Storage:
    """Store and journal of one connection, on the small data model.

    Args:
        database: where the tables are.
        migrate: False where another site has made them.
        clock: the site's clock.
        path: file of the journal's identity.
    """

    def __init__(
        self,
        database: Database,
        migrate: bool = True,
        clock: Clock | None = None,
        path: Path | None = None,
    ) -> None:
        self.database = database
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.db = database.connect(migrate)
        self.host = datamodel.define(self.db)
        define.define(self.db, self.clock)
        self.schema: Callable[[], Schema] = lambda: build_schema(self.db, self.host)
        self.store = open_store(self.db, self.schema)
        if migrate:
            indices.prepare(self.db, self.schema())
            self.db.commit()
        self.journal = SqlJournal(self.db, self.schema, self.clock, path)
        install(self.journal, partial(on_define, self.db))

    def table(self, name: str) -> Any:
        """A table of the schema."""
        return self.schema().table(name)

    def close(self) -> None:
        """Close the connection, forgetting what was not committed."""
        discard(self.db)
