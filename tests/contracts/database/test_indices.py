"""The migration takes off indices of former versions that only cost."""

from __future__ import annotations

from s3sync.database.tables import indices as indices
from tests.contracts.database.on_databases import OnMySQL, OnPostgres, OnSQLite
from tests.support.databases import Storage

FORMER = "CREATE INDEX sync_kept_open ON sync_kept (state, kind, tablename)"

TABLE = "org_organisation"


def kept_by(site: Storage) -> set[str]:
    return {index for table, index, _ in site.store.rows(site.store.INDEX_COLUMNS) if table == "sync_kept"}


def compared(site: Storage) -> set[str]:
    """Return the names of the indices by which duplicates are found."""
    listing = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'index' AND tbl_name = '{}'",
        "postgres": "SELECT indexname FROM pg_indexes WHERE schemaname = current_schema() AND tablename = '{}'",
        "mysql": "SELECT index_name FROM information_schema.statistics "
        "WHERE table_schema = DATABASE() AND table_name = '{}'",
    }[site.store.dialect]
    names = [name for (name,) in site.store.rows(listing.format(TABLE))]
    return {
        name
        for name in names
        if name.startswith("duplicate_") or name.endswith(("_alike", "_same", "_rare", "_duplicate"))
    }


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

    def test_what_compared_duplicates_before_is_replaced(self, site: Storage) -> None:
        site.store.prepare_match(site.table(TABLE), ["name"])
        now = compared(site)
        if site.store.dialect == "mysql":
            former = "duplicate_0a1b2c3d"
            site.db.executesql(f"ALTER TABLE {TABLE} DROP COLUMN {min(now)}")
            site.db.executesql(
                f"ALTER TABLE {TABLE} ADD COLUMN {former} VARCHAR(191) GENERATED ALWAYS AS (LOWER(name)) VIRTUAL, "
                f"ADD INDEX {former} ({former})"
            )
            site.store._generated.clear()  # type: ignore[attr-defined]
        else:
            former = f"{TABLE}_duplicate"
            for name in now:
                site.db.executesql(f"DROP INDEX {name}")
            site.db.executesql(f"CREATE INDEX {former} ON {TABLE} (LOWER(name))")
        site.db.commit()
        assert compared(site) == {former}
        for made in (True, False):
            assert site.store.prepare_match(site.table(TABLE), ["name"]) is made
            site.db.commit()
            assert compared(site) == now


class TestIndicesOnSQLite(OnSQLite, IndexContract):
    pass


class TestIndicesOnPostgres(OnPostgres, IndexContract):
    pass


class TestIndicesOnMySQL(OnMySQL, IndexContract):
    pass
