"""Rows of our own tables are read and written as pydal does, on each database."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from s3sync.core.clock import SystemClock
from s3sync.core.cursor import Checkpoint, CheckpointKind, Handed
from s3sync.database import own_rows as own_rows
from s3sync.database.checkpoints import Checkpoints
from s3sync.site.exchange_state import ExchangeStates
from tests.contracts.database.on_databases import OnMySQL, OnPostgres, OnPostgresArrays, OnSQLite
from tests.support.databases import Storage

MOMENT = datetime(2026, 2, 3, 4, 5, 6)


def as_pydal_reads(db: Any, table: str, key: int) -> dict[str, Any]:
    row = db[table](key)
    return {name: row[name] for name in db[table].fields}


class OwnRowsContract:
    """Needs a ``site``."""

    @pytest.fixture
    def repository(self, site: Storage) -> int:
        key = int(
            site.db.sync_repository.insert(
                name="Größer % 'quoted'",
                uuid="u1",
                settings={"skew": 1.5, "heard": {"a": "é"}},
                capabilities=["cursor", "a|b"],
                keep_source=True,
                last_connected=MOMENT,
            )
        )
        site.db.sync_repository.insert(name="empty", uuid="u2")
        site.db.commit()
        return key

    def test_a_row_has_the_values_that_pydal_reads(self, site: Storage, repository: int) -> None:
        for uuid, key in (("u1", repository), ("u2", repository + 1)):
            (row,) = own_rows.read(site.db, "sync_repository", {"uuid": uuid, "deleted": False})
            assert vars(row) == as_pydal_reads(site.db, "sync_repository", key)

    def test_rows_come_in_order_and_no_more_than_asked_for(self, site: Storage, repository: int) -> None:
        rows = own_rows.read(site.db, "sync_repository", {})
        assert [row.uuid for row in rows] == ["u1", "u2"]
        rows = own_rows.read(site.db, "sync_repository", {"name": ["empty", "neither"]})
        assert [row.uuid for row in rows] == ["u2"]
        assert own_rows.read(site.db, "sync_repository", {"name": []}) == []
        rows = own_rows.read(site.db, "sync_repository", {"last_status": None}, limit=1)
        assert [row.id for row in rows] == [repository]
        assert own_rows.read(site.db, "sync_repository", {"name": "empty", "last_connected": MOMENT}) == []

    def test_what_is_written_is_what_pydal_reads(self, site: Storage, repository: int) -> None:
        before = as_pydal_reads(site.db, "sync_repository", repository)
        values = {
            "settings": {"skew": -2},
            "capabilities": ["gzip"],
            "last_connected": MOMENT + timedelta(days=1),
            "keep_source": False,
            "name": "new",
            "url": None,
        }
        own_rows.write(site.db, "sync_repository", repository, values)
        site.db.commit()
        assert as_pydal_reads(site.db, "sync_repository", repository) == {**before, **values}
        assert as_pydal_reads(site.db, "sync_repository", repository + 1)["name"] == "empty"

    def test_what_was_written_is_gone_after_a_rollback(self, site: Storage, repository: int) -> None:
        own_rows.write(site.db, "sync_repository", repository, {"name": "new"})
        site.db.rollback()
        (row,) = own_rows.read(site.db, "sync_repository", {"id": repository})
        assert row.name == "Größer % 'quoted'"

    def test_what_one_site_was_sent_and_has_sent_is_read_at_once(
        self, site: Storage, repository: int
    ) -> None:
        checkpoints = Checkpoints(site.db, SystemClock())
        states = ExchangeStates(checkpoints, repository, "journal")
        assert states.of_tables() == {}
        first, second = Checkpoint(3, (Handed(3, "a"),)), Checkpoint(7, known=2)
        with site.store.transaction():
            states.save_served("org_organisation", first)
            states.save_received("org_organisation", second)
            states.save_received("pr_person", second)
            checkpoints.write(repository, "gis_location", CheckpointKind.PULL, "{}")
            ExchangeStates(checkpoints, repository + 1, "journal").save_served("org_office", first)
        assert states.of_tables() == {
            "org_organisation": (first, second),
            "pr_person": (Checkpoint(), second),
        }
        for table, both in states.of_tables().items():
            assert both == (states.served(table), states.received(table))


class TestOwnRowsOnSQLite(OnSQLite, OwnRowsContract):
    pass


class TestOwnRowsOnPostgres(OnPostgres, OwnRowsContract):
    pass


class TestOwnRowsOnPostgresArrays(OnPostgresArrays, OwnRowsContract):
    pass


class TestOwnRowsOnMySQL(OnMySQL, OwnRowsContract):
    pass
