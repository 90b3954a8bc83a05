"""What is remembered of versions that a policy took. Subclass with a ``site`` fixture."""

from __future__ import annotations

from s3sync.core.kept import KeptKind, Resolution, Side
from s3sync.database.kept_versions import SqlKeptVersions
from tests.contracts.database.kept_contract import kept
from tests.support.databases import Storage


class OverruledContract:
    """Versions that took the place of ours."""

    def test_what_was_taken_by_a_policy_stays_known_and_asks_nobody(self, site: Storage) -> None:
        kept_versions = SqlKeptVersions(site.db, site.schema, site.clock)
        with site.store.transaction():
            kept_versions.keep(
                [
                    kept(ours="<one/>", winner=Side.THEIRS),
                    kept(
                        ours="<two/>", winner=Side.THEIRS, kind=KeptKind.REFUSED, closed=True, repository_id=4
                    ),
                    kept(ours="<stays/>", fingerprint="second"),
                    kept(ours=None, winner=Side.THEIRS, fingerprint="third"),
                    kept(ours="<rejected/>", winner=Side.THEIRS, kind=KeptKind.REJECTED),
                ]
            )
            (key, *_) = [row[0] for row in site.store.rows("SELECT id FROM sync_kept ORDER BY id")]
            kept_versions.resolve([key], 7, Resolution.THEIRS)
        found = kept_versions.overruled("org_organisation", ["u1", "u9"])
        theirs = kept().theirs
        assert {uuid: sorted(pairs) for uuid, pairs in found.items()} == {
            "u1": [("<one/>", theirs), ("<two/>", theirs)]
        }
        assert kept_versions.overruled("org_office", ["u1"]) == {}
        assert kept_versions.known(4, "org_organisation", ["u1"]) == {}
        closed = "SELECT count(*) FROM sync_kept WHERE state = 'superseded' AND closed_on IS NOT NULL"
        assert site.store.rows(closed)[0][0] == 1
