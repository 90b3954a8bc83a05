"""The migration takes off indices of former versions that only cost."""

from __future__ import annotations

from s3sync.database.tables import indices as indices
from tests.contracts.database.on_databases import OnMySQL, OnPostgres, OnSQLite
from tests.support.databases import Storage

FORMER = "CREATE INDEX sync_kept_open ON sync_kept (state, kind, tablename)"


def kept_by(site: Storage) -> set[str]:
    return {index for table, index, _ in site.store.rows(site.store.INDEX_COLUMNS) if table == "sync_kept"}


class IndexContract:
    def test_an_index_that_others_begin_with_goes(self, site: Storage) -> None:
        now = kept_by(site)
        site.db.executesql(FORMER)
        site.db.commit()
        assert "sync_kept_open" in kept_by(site)
        for _ in range(2):
            assert indices.prepare(site.db, site.schema()) == 0
            site.db.commit()
            assert kept_by(site) == now

    def test_it_goes_with_the_migration_that_makes_the_others(self, site: Storage) -> None:
        now = kept_by(site)
        place = " ON sync_kept" if site.store.dialect == "mysql" else ""
        for name in ("sync_kept_listed", "sync_kept_again", "sync_kept_repository"):
            site.db.executesql(f"DROP INDEX {name}{place}")
        site.db.executesql(FORMER)
        site.db.commit()
        assert indices.prepare(site.db, site.schema()) == 3
        site.db.commit()
        assert kept_by(site) == now


class TestIndicesOnSQLite(OnSQLite, IndexContract):
    pass


class TestIndicesOnPostgres(OnPostgres, IndexContract):
    pass


class TestIndicesOnMySQL(OnMySQL, IndexContract):
    pass
