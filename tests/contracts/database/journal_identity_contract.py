"""What a journal keeps beside its database, and how it tells a restored one. See journal_contract."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.databases import Database, Storage
from tests.support.journal_rows import insert


class JournalIdentityContract:
    """How a journal notices that its database is an older one."""

    @pytest.fixture
    def remembering(self, database: Database, tmp_path: Path) -> Iterator[Storage]:
        site = Storage(database, path=tmp_path / "journal.json")
        yield site
        site.close()

    def hand_out(self, site: Storage) -> None:
        with site.store.transaction():
            site.store.run(
                "INSERT INTO sync_checkpoint (repository_id, tablename, direction, state) VALUES (1, 'x', 'serve', '')"
            )

    def test_identity_is_kept(self, remembering: Storage, tmp_path: Path) -> None:
        identity = remembering.journal.identity()
        keys = insert(remembering, "org_organisation", ("A",))
        with remembering.store.transaction():
            remembering.journal.note("org_organisation", keys, None)
        assert remembering.journal.identity() == identity
        assert json.loads((tmp_path / "journal.json").read_text()) == {"identity": identity, "head": 1}
        again = Storage(remembering.database, migrate=False, path=tmp_path / "journal.json")
        assert again.journal.identity() == identity
        again.close()

    def note_elsewhere(self, site: Storage, path: Path) -> None:
        """Note a change over another connection, and remember outside the database how far it has come."""
        other = Storage(site.database, migrate=False, path=path)
        other.schema()
        other.db.commit()
        keys = insert(other, "org_organisation", ("B",))
        with other.store.transaction():
            other.journal.note("org_organisation", keys, None)
        other.journal.identity()
        other.close()

    def test_who_writes_while_the_identity_is_asked_for_does_not_change_it(
        self, remembering: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        self.hand_out(remembering)
        identity = remembering.journal.identity()
        highest_position = remembering.store.highest_position

        def overtaken() -> int:
            position = highest_position()
            monkeypatch.undo()
            self.note_elsewhere(remembering, tmp_path / "journal.json")
            return position

        monkeypatch.setattr(remembering.store, "highest_position", overtaken)
        assert remembering.journal.identity() == identity
        assert remembering.journal.identity() == identity

    def test_a_transaction_that_still_sees_the_past_is_no_restored_database(
        self, remembering: Storage, tmp_path: Path
    ) -> None:
        self.hand_out(remembering)
        identity = remembering.journal.identity()
        reader = Storage(remembering.database, migrate=False, path=tmp_path / "journal.json")
        assert reader.store.rows("SELECT COUNT(*) FROM sync_journal") == [(0,)]
        self.note_elsewhere(remembering, tmp_path / "journal.json")
        assert reader.journal.identity() == identity
        reader.close()

    def test_two_that_find_the_database_restored_agree_on_one_identity(
        self, remembering: Storage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        path = tmp_path / "journal.json"
        self.hand_out(remembering)
        former = remembering.journal.identity()
        path.write_text(json.dumps({"identity": former, "head": 5}))
        given: list[str] = []
        lock_writers = remembering.store.lock_writers

        def overtaken() -> None:
            monkeypatch.undo()
            other = Storage(remembering.database, migrate=False, path=path)
            given.append(other.journal.identity())
            other.close()
            lock_writers()

        monkeypatch.setattr(remembering.store, "lock_writers", overtaken)
        assert [remembering.journal.identity()] == given != [former]

    def test_what_is_not_committed_is_not_remembered(self, remembering: Storage) -> None:
        self.hand_out(remembering)
        identity = remembering.journal.identity()
        keys = insert(remembering, "org_organisation", ("A",))
        with pytest.raises(ZeroDivisionError), remembering.store.transaction():
            remembering.journal.note("org_organisation", keys, None)
            assert remembering.journal.identity() == identity
            raise ZeroDivisionError
        assert remembering.journal.identity() == identity

    def test_many_remember_at_once(self, remembering: Storage, tmp_path: Path) -> None:
        path = tmp_path / "journal.json"
        remembering.journal.identity()
        failed: list[BaseException] = []

        def ask() -> None:
            try:
                site = Storage(remembering.database, migrate=False, path=path)
                for number in range(50):
                    path.write_text(str(number))
                    site.journal.identity()
                site.close()
            except OSError as error:
                failed.append(error)

        threads = [threading.Thread(target=ask) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failed
        assert [each.name for each in tmp_path.iterdir() if each.name.startswith("journal.")] == [path.name]

    def test_a_database_that_fell_back_gets_another_identity(self, remembering: Storage) -> None:
        keys = insert(remembering, "org_organisation", ("A",), ("B",))
        with remembering.store.transaction():
            remembering.journal.note("org_organisation", keys, None)
        identity = remembering.journal.identity()
        with remembering.store.transaction():
            remembering.store.run("DELETE FROM sync_journal WHERE seq > 1")
        other = remembering.journal.identity()
        assert other != identity
        assert remembering.journal.identity() == other

    @pytest.mark.parametrize("content", [None, "", '{"identity": "another", "head": 0}'])
    def test_a_copied_database_gets_another_identity_once_it_has_spoken(
        self, remembering: Storage, tmp_path: Path, content: Any
    ) -> None:
        path = tmp_path / "journal.json"
        identity = remembering.journal.identity()

        def lose() -> None:
            path.unlink()
            if content is not None:
                path.write_text(content)

        lose()
        assert remembering.journal.identity() == identity
        self.hand_out(remembering)
        lose()
        assert remembering.journal.identity() != identity
