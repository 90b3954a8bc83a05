"""What is forgotten of the changes of records, and what is not. See changes_contract."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from s3sync.core.fields import Change, Edit, Emptied, Stamp
from s3sync.database.thinning import Thinning
from tests.contracts.database.changes_contract import HERE, ORGANISATION, THERE, edit
from tests.support.databases import Storage

DAY = timedelta(days=1)
OLD, RECENT = datetime(2026, 1, 1), datetime(2026, 6, 1)
BEFORE = datetime(2026, 5, 1)


class ThinningContract:
    @pytest.fixture
    def key(self, site: Storage) -> int:
        return int(site.db.org_organisation.insert(name="A"))

    def noted(self, site: Storage, moment: datetime, *changes: Change, table: str = ORGANISATION) -> None:
        """Write down changes as if at a time."""
        site.journal.changes.note(table, changes)
        mark = site.store.mark
        newest = f"(SELECT id FROM (SELECT id FROM sync_change ORDER BY id DESC LIMIT {len(changes)}) n)"
        written: Any = moment.isoformat(" ") if site.store.columns.text_times else moment
        site.store.run(f"UPDATE sync_change SET noted_on = {mark} WHERE id IN {newest}", (written,))
        site.db.commit()

    def thin(self, site: Storage, up_to: int | None = None) -> int:
        def is_over(_table: str, position: int | None, _noted_on: datetime) -> bool:
            return up_to is None or (position or 0) <= up_to

        return Thinning(site.journal.store, site.journal.changes, site.schema(), is_over).run(BEFORE)

    def left(self, site: Storage, key: int, table: str = ORGANISATION) -> list[tuple[int, dict[str, Any]]]:
        return [(each.stamp.time, dict(each.fields)) for each in site.journal.changes.of(table, [key])[key]]

    def test_of_old_changes_who_edited_a_field_last_stays(self, site: Storage, key: int) -> None:
        changes = (
            edit(key, 1, name="A", year=1),
            edit(key, 2, name="B"),
            edit(key, 9, THERE, comments="x"),
            edit(key, 3, THERE, name="C"),
        )
        self.noted(site, OLD, *changes)
        before = site.journal.changes.edits(ORGANISATION, [key])
        assert before[key].fields["name"] == Edit(Stamp(3, THERE), "ann@example.org")
        assert self.thin(site) == 4
        assert site.journal.changes.edits(ORGANISATION, [key]) == before
        # The second is the latest of its site, although the record says nothing of it any more.
        assert self.left(site, key) == [(1, {"year": []}), (2, {}), (9, {"comments": []}), (3, {"name": []})]
        assert self.thin(site) == 0

    def test_what_an_old_change_is_replaced_by_later_goes_then(self, site: Storage, key: int) -> None:
        self.noted(site, OLD, edit(key, 1, name="A"))
        assert self.thin(site) == 1
        self.noted(site, OLD + DAY, edit(key, 2, name="B"))
        assert self.thin(site) == 2
        assert self.left(site, key) == [(2, {"name": []})]

    def test_recent_changes_stay_and_count(self, site: Storage, key: int) -> None:
        self.noted(site, OLD, edit(key, 1, name="A", year=1))
        self.noted(site, RECENT, edit(key, 2, year=2), edit(key, 3, year=3))
        assert self.thin(site) == 1
        assert self.left(site, key) == [(1, {"name": []}), (2, {"year": [2]}), (3, {"year": [3]})]

    def test_what_a_site_has_not_received_stays_until_it_has(self, site: Storage, key: int) -> None:
        other = int(site.db.org_organisation.insert(name="B"))
        (first, _) = site.journal.positions(ORGANISATION, [key])[key]
        self.noted(site, OLD, edit(key, 1, name="A"), edit(other, 1, name="B"), edit(key, 2, name="C"))
        assert self.thin(site, up_to=first - 1) == 0
        assert self.thin(site, up_to=first) == 2
        assert self.left(site, key) == [(2, {"name": []})]
        assert self.left(site, other) == [(1, {"name": ["B"]})]
        assert self.thin(site) == 1
        assert self.left(site, other) == [(1, {"name": []})]

    def test_what_a_deletion_emptied_goes_when_every_site_knows_it(self, site: Storage, key: int) -> None:
        changes = site.journal.changes
        changes.note_emptied(ORGANISATION, [Emptied(key, 7, 5, None, 1), Emptied(key, 9, 7, None, 2)])
        site.db.commit()
        assert self.thin(site) == 0
        mark = site.store.mark
        old: Any = OLD.isoformat(" ") if site.store.columns.text_times else OLD
        site.store.run(f"UPDATE sync_change SET noted_on = {mark}", (old,))
        site.db.commit()
        assert self.thin(site, up_to=7) == 1
        assert [each.position for each in changes.emptied(ORGANISATION, [key])[key]] == [9]
        assert self.thin(site) == 1
        assert changes.emptied(ORGANISATION, [key]) == {}

    def test_a_clock_that_was_ahead_for_a_while_hides_nothing(self, site: Storage, key: int) -> None:
        self.noted(site, RECENT, edit(key, 1, name="A"))
        self.noted(site, OLD, edit(key, 2, year=1))
        assert self.thin(site) == 1
        mark = site.store.mark
        old: Any = OLD.isoformat(" ") if site.store.columns.text_times else OLD
        site.store.run(f"UPDATE sync_change SET noted_on = {mark}", (old,))
        site.db.commit()
        assert self.thin(site) == 1
        assert self.left(site, key) == [(1, {"name": []}), (2, {"year": []})]

    def test_more_changes_than_one_transaction_looks_at(
        self, site: Storage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("s3sync.database.thinning.AT_ONCE", 4)
        keys = [int(site.db.org_organisation.insert(name=str(number))) for number in range(10)]
        self.noted(site, OLD, *(edit(key, time, HERE, name="A") for key in keys for time in (1, 2)))
        assert self.thin(site) == 20
        assert all(self.left(site, key) == [(2, {"name": []})] for key in keys)

    def test_changes_of_records_that_are_gone_go_too(self, site: Storage, key: int) -> None:
        self.noted(site, OLD, edit(key, 1, name="A"), edit(key + 1, 1, name="B"))
        self.noted(site, OLD, edit(1, 1, name="B"), table="no_such_table")
        assert self.thin(site) == 3
        assert set(site.journal.changes.edits(ORGANISATION, [key, key + 1])) == {key}
        assert self.left(site, 1, "no_such_table") == [(1, {"name": []})]
