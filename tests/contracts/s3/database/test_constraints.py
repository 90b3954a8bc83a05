"""The migration takes the foreign keys off the stamps of records, on servers that pay for them, and no others."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.sites import connect
from s3.database.constraints import STAMPS, loosen
from tests.support.databases import CHARSET, MYSQL_URI, POSTGRES_URI, discard
from tests.support.eden import open_environment

pytestmark = pytest.mark.database


class Tables:
    """The bundled tables on a server.

    Args:
        uri: an empty database.
        folder: for pydal's notes.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        environment = open_environment(str(folder), uri=uri)
        self.db, s3db = environment["db"], environment["s3db"]
        self.office = s3db["org_office"]

    def referring(self) -> set[str]:
        """Return the columns of offices with a foreign key."""
        if self.db._adapter.dbengine == "postgres":
            rows = self.db.executesql(
                "SELECT a.attname FROM pg_constraint k JOIN pg_attribute a "
                "ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1] "
                "WHERE k.contype = 'f' AND k.conrelid = 'org_office'::regclass"
            )
        else:
            rows = self.db.executesql(
                "SELECT column_name FROM information_schema.key_column_usage WHERE table_schema = DATABASE() "
                "AND table_name = 'org_office' AND referenced_table_name IS NOT NULL"
            )
        return {row[0] for row in rows}

    def indexed(self) -> list[str]:
        """Return the first column of each index of offices."""
        if self.db._adapter.dbengine == "postgres":
            rows = self.db.executesql(
                "SELECT a.attname FROM pg_index x JOIN pg_attribute a "
                "ON a.attrelid = x.indrelid AND a.attnum = x.indkey[0] WHERE x.indrelid = 'org_office'::regclass"
            )
        else:
            rows = self.db.executesql(
                "SELECT column_name FROM information_schema.statistics WHERE table_schema = DATABASE() "
                "AND table_name = 'org_office' AND seq_in_index = 1"
            )
        return [row[0] for row in rows]


@pytest.fixture(params=["postgres", "mysql"], scope="module")
def tables(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Tables]:
    name = f"eden_test_{uuid.uuid4().hex[:12]}"
    folder = Path(tmp_path_factory.mktemp("constraints"))
    server = {"postgres": POSTGRES_URI, "mysql": MYSQL_URI}[request.param]
    try:
        admin = connect(server)
    except Exception as error:  # each driver has its own class for "no server here"
        pytest.skip(f"no {request.param}: {error}")
    admin.autocommit = True
    admin.cursor().execute(f"CREATE DATABASE {name}")
    found = Tables(f"{server.rpartition('/')[0]}/{name}{CHARSET if request.param == 'mysql' else ''}", folder)
    yield found
    discard(found.db)
    admin.cursor().execute(f"DROP DATABASE {name}")
    admin.close()


def test_stamps_have_no_foreign_keys_but_references_do(tables: Tables) -> None:
    assert not tables.referring() & set(STAMPS)
    assert tables.referring() >= {"organisation_id", "location_id", "pe_id", "site_id"}


def test_each_reference_has_one_index_and_stamps_have_none(tables: Tables) -> None:
    indexed = tables.indexed()
    assert len(indexed) == len(set(indexed))
    assert set(indexed) >= {"uuid", "modified_on", "organisation_id", "location_id", "pe_id", "site_id"}
    assert not set(indexed) & set(STAMPS)


def test_a_foreign_key_from_an_older_version_is_taken_off(tables: Tables) -> None:
    tables.db.executesql(
        "ALTER TABLE org_office ADD CONSTRAINT from_before FOREIGN KEY (created_by) REFERENCES auth_user (id)"
    )
    assert "created_by" in tables.referring()
    loosen(tables.db)
    tables.db.commit()
    assert "created_by" not in tables.referring()
    assert "created_by" not in tables.indexed()


def test_super_entities_do_without_an_index_on_their_uuid(tables: Tables) -> None:
    made = {
        "postgres": "ALTER TABLE pr_pentity ADD CONSTRAINT from_before UNIQUE (uuid)",
        "mysql": "CREATE UNIQUE INDEX from_before ON pr_pentity (uuid)",
    }[tables.db._adapter.dbengine]
    asked = {
        "postgres": "SELECT indexdef FROM pg_indexes WHERE schemaname = current_schema() "
        "AND tablename = '{}' AND indexdef LIKE '%UNIQUE%(uuid)'",
        "mysql": "SELECT index_name FROM information_schema.statistics WHERE table_schema = DATABASE() "
        "AND table_name = '{}' AND column_name = 'uuid' AND non_unique = 0",
    }[tables.db._adapter.dbengine]
    assert not tables.db.executesql(asked.format("pr_pentity"))
    assert tables.db.executesql(asked.format("org_office"))
    tables.db.executesql(made)
    assert tables.db.executesql(asked.format("pr_pentity"))
    loosen(tables.db)
    tables.db.commit()
    assert not tables.db.executesql(asked.format("pr_pentity"))


def test_a_second_time_changes_nothing(tables: Tables) -> None:
    before = tables.referring(), sorted(tables.indexed())
    loosen(tables.db)
    tables.db.commit()
    assert (tables.referring(), sorted(tables.indexed())) == before
