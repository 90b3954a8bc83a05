"""What other sites have not taken of ours is counted alike on every database."""

from __future__ import annotations

from typing import Any

from s3sync.core.kept import OpenKind, OpenRecord
from s3sync.database import open_there as open_there
from tests.contracts.database.on_databases import OnMySQL, OnPostgres, OnSQLite


class OpenThereContract:
    def test_what_is_open_is_counted_listed_and_forgotten(self, site: Any) -> None:
        db, now = site.db, site.clock.now()
        bad = OpenRecord(OpenKind.REJECTED, "org_organisation", "bad", "the name is missing")
        open_there.replace_all(db, 7, now, [bad], {OpenKind.CONFLICT: 41})
        assert open_there.counts(db) == {7: {OpenKind.REJECTED: 1, OpenKind.CONFLICT: 41}}
        (counted, listed) = open_there.listed(db, 7, 10)
        assert (counted.records, counted.tablename, counted.uuid, counted.reason) == (41, "", None, None)
        assert (listed.records, listed.uuid, listed.reason) == (1, "bad", "the name is missing")
        assert {counted.told_on, listed.told_on} == {now}
        assert open_there.rejected(db, 7, "org_organisation") == {"bad"}
        open_there.forget_rejected(db, 7, "org_organisation", {"bad", None})
        assert open_there.counts(db, 7) == {7: {OpenKind.CONFLICT: 41}}


class TestOpenThereOnSQLite(OnSQLite, OpenThereContract):
    pass


class TestOpenThereOnPostgres(OnPostgres, OpenThereContract):
    pass


class TestOpenThereOnMariaDB(OnMySQL, OpenThereContract):
    pass
