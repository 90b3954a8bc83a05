"""The tag of a record: the same for every process, another one after every change, and nobody changes what is held."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest

from s3sync.exchange.exporter.state_tag import state_tag
from tests.support.databases import Storage
from tests.support.store_rows import FULL, META, OTHER, meta


class TagContract:
    """What holds for the tag of a record on every database."""

    @pytest.fixture
    def other(self, site: Storage) -> Iterator[Storage]:
        made = Storage(site.database, migrate=False)
        made.schema()
        made.db.commit()
        yield made
        made.close()

    @pytest.fixture
    def person(self, site: Storage) -> int:
        key = int(
            site.db.pr_person.insert(first_name="Ana", pe_id=site.db.pr_pentity.insert(uuid="urn:uuid:ana"))
        )
        site.db.commit()
        return key

    def tag(self, site: Storage, table: str, key: int, hold: bool = False) -> str | None:
        found = state_tag(site.store, site.schema(), site.table(table), key, hold=hold)
        if not hold:
            site.db.commit()
        return found

    def sample(self, site: Storage) -> int:
        """Enter a record with a value of every type."""
        for name in ("A", "B"):
            site.db.gis_location.insert(name=name)
        with site.store.transaction():
            (key,) = site.store.insert(site.table("dev_sample"), (*FULL, *META), [(*FULL.values(), *meta())])
        return key

    def test_every_connection_tells_the_same(self, site: Storage, other: Storage) -> None:
        key = self.sample(site)
        assert self.tag(site, "dev_sample", key) == self.tag(other, "dev_sample", key) is not None
        assert self.tag(site, "dev_sample", key + 1) is None

    def test_a_change_of_any_field_is_another_tag(self, site: Storage) -> None:
        key = self.sample(site)
        seen = [self.tag(site, "dev_sample", key)]
        for name, value in OTHER.items():
            with site.store.transaction():
                site.store.update(site.table("dev_sample"), (name,), [(key, value)])
            seen.append(self.tag(site, "dev_sample", key))
        assert len(set(seen)) == len(OTHER) + 1

    def test_a_change_of_a_component_is_another_tag(self, site: Storage, person: int) -> None:
        db = site.db
        owner = db.pr_person[person].pe_id
        seen = [self.tag(site, "pr_person", person)]
        key = db.pr_contact.insert(pe_id=owner, value="a@example.org")
        seen.append(self.tag(site, "pr_person", person))
        db.executesql("UPDATE pr_contact SET value = 'b@example.org'")
        seen.append(self.tag(site, "pr_person", person))
        assert len(set(seen)) == 3
        db(db.pr_contact.id == key).update(deleted=True)
        assert self.tag(site, "pr_person", person) == seen[0], "it is as it was"

    @pytest.mark.parametrize("table", ["pr_person", "pr_contact"])
    def test_nobody_changes_what_is_held(
        self, site: Storage, other: Storage, person: int, table: str
    ) -> None:
        db = site.db
        db.pr_contact.insert(pe_id=db.pr_person[person].pe_id, value="a@example.org")
        db.commit()
        name = "value" if table == "pr_contact" else "first_name"

        def write() -> None:
            # Past pydal's callbacks, which keep the order of the journal.
            column = other.store.columns.name(name)
            other.store.run(f"UPDATE {table} SET {column} = 'theirs'")
            other.db.commit()

        with site.store.transaction():
            before = self.tag(site, "pr_person", person, hold=True)
            writer = threading.Thread(target=write)
            writer.start()
            writer.join(0.3)
            assert writer.is_alive(), "the other writer waits"
            assert self.tag(site, "pr_person", person, hold=True) == before
        writer.join(20)
        assert not writer.is_alive() and self.tag(site, "pr_person", person) != before
