"""A site of the simulation: what people do at it, backups, and what it holds."""

from __future__ import annotations

import random
import sqlite3
from datetime import timedelta
from pathlib import Path
from typing import Any

from s3.data_model.clock import next_modified_on
from s3.data_model.errors import DeletionRestricted
from s3sync.exchange.importer.deletion import Deleter
from tests.support.site import NOW, SampleSite

#: What edits touch: table -> a field that may be anything.
EDITED = {
    "org_organisation_type": "comments",
    "gis_location": "comments",
    "org_organisation": "acronym",
    "org_office": "comments",
    "pr_person": "last_name",
    "pr_contact": "comments",
}


class Place:
    """A site of the simulation.

    Args:
        name: a letter.
        folder: where it writes.
    """

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.site = SampleSite(folder)
        self.db, self.s3db = self.site.db, self.site.s3db
        self.clock, self.uuid = self.site.clock, self.site.uuid
        self.beginning = self._copy()
        self.handed_over = 0
        self.backup: tuple[sqlite3.Connection, str] | None = None

    @property
    def _remembered(self) -> Path:
        return self.folder / "private" / "journal.json"

    def _copy(self) -> sqlite3.Connection:
        self.db.commit()
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        self.db._adapter.connection.backup(copy)
        return copy

    def _put_back(self, copy: sqlite3.Connection) -> None:
        self.db.commit()
        copy.backup(self.db._adapter.connection)

    def start_over(self, skew: int) -> None:
        self._put_back(self.beginning)
        self._remembered.unlink(missing_ok=True)
        self.clock.moment = NOW + timedelta(seconds=skew)
        self.drop_backup()

    def drop_backup(self) -> None:
        if self.backup is not None:
            self.backup[0].close()
            self.backup = None

    def take_backup(self) -> None:
        self.drop_backup()
        self.site.journal.identity()
        self.backup = (self._copy(), self._remembered.read_text("utf-8"))

    def restore(self, with_file: bool) -> None:
        """Go back to the backup, with or without the file that lies beside the database."""
        if self.backup is not None:
            self._put_back(self.backup[0])
            if with_file:
                self._remembered.write_text(self.backup[1], "utf-8")

    # --- edits ------------------------------------------------------------------------------------------

    def edit(self, number: int, rnd: random.Random) -> None:
        """Do what a person might do; ``number`` makes new records tell apart."""
        chance = rnd.random()
        if chance < 0.34:
            self._create(f"{self.name}{number}", rnd)
        elif chance < 0.82:
            self._change(rnd)
        elif chance < 0.90:
            self._delete(rnd)
        elif chance < 0.95:
            self._delete_with_offices(rnd)
        else:
            self._merge(rnd)
        self.db.commit()

    def _any(self, tablename: str, rnd: random.Random) -> int | None:
        table = self.s3db[tablename]
        found = self.db(table.deleted == False).select(table.id, table.uuid, orderby=table.uuid)  # noqa: E712
        return rnd.choice(list(found)).id if found else None

    def _create(self, name: str, rnd: random.Random) -> None:
        kind = rnd.choice(("location", "organisation", "office", "person", "type"))
        s3db = self.s3db
        if kind == "location":
            parent = self._any("gis_location", rnd)
            s3db["gis_location"].insert(name=name, uuid=f"l{name}", parent=parent)
        elif kind == "organisation":
            s3db["org_organisation"].insert(name=name, uuid=f"o{name}")
        elif kind == "office":
            owner = self._any("org_organisation", rnd)
            if owner is not None:
                place = self._any("gis_location", rnd)
                s3db["org_office"].insert(
                    name=name, uuid=f"f{name}", organisation_id=owner, location_id=place
                )
        elif kind == "type":
            s3db["org_organisation_type"].insert(name=name, uuid=f"t{name}")
        else:
            key = s3db["pr_person"].insert(first_name=name, uuid=f"p{name}")
            self._add_contact(key, name)

    def _add_contact(self, person: int, name: str) -> None:
        joined = self.s3db["pr_person"][person].pe_id
        self.s3db["pr_contact"].insert(pe_id=joined, contact_method="SMS", value=name, uuid=f"c{name}")

    def _change(self, rnd: random.Random) -> None:
        tablename = rnd.choice(sorted(EDITED))
        key = self._any(tablename, rnd)
        if key is None:
            return
        values: dict[str, Any] = {EDITED[tablename]: rnd.choice((None, "a", "b", "c"))}
        if tablename == "org_office" and rnd.random() < 0.5:
            values = {"organisation_id": self._any("org_organisation", rnd)}
        self.db(self.s3db[tablename].id == key).update(**values)

    def hand_over(self, number: int, rnd: random.Random) -> None:
        """Let a record have the unique value of another one, which gets the former one's or a new one."""
        self._pass_on(number, rnd)
        self.db.commit()

    def _pass_on(self, number: int, rnd: random.Random) -> None:
        table = self.s3db["org_organisation_type"]
        first, second = self._any(table._tablename, rnd), self._any(table._tablename, rnd)
        if first is None or first == second:
            for each in ("a", "b"):
                table.insert(name=f"{self.name}{number}{each}", uuid=f"t{self.name}{number}{each}")
            return
        self.handed_over += 1
        given, taken = table[first].name, table[second].name
        self.db(table.id == first).update(name=f"in between {number}")
        self.db(table.id == second).update(name=given)
        self.db(table.id == first).update(
            name=taken if rnd.random() < 0.5 else f"{self.name}{number} renamed"
        )

    def _delete(self, rnd: random.Random) -> None:
        tablename = rnd.choice(sorted(EDITED))
        key = self._any(tablename, rnd)
        if key is not None:
            try:
                self.s3db.delete(self.s3db[tablename], [key])
            except DeletionRestricted:
                # A person is told that it is needed, and leaves it.
                self.db.rollback()

    def _delete_with_offices(self, rnd: random.Random) -> None:
        """Delete an organisation after what stands in the way of that, as a person does."""
        key = self._any("org_organisation", rnd)
        if key is None:
            return
        office = self.s3db["org_office"]
        found = self.db((office.organisation_id == key) & (office.deleted == False)).select(office.id)  # noqa: E712
        try:
            self.s3db.delete(office, [row.id for row in found])
            self.s3db.delete(self.s3db["org_organisation"], [key])
        except DeletionRestricted:
            self.db.rollback()

    def _merge(self, rnd: random.Random) -> None:
        gone, kept = self._any("org_organisation", rnd), self._any("org_organisation", rnd)
        if gone is None or gone == kept:
            return
        table = self.s3db["org_organisation"]
        moment = next_modified_on(table[gone].modified_on, self.clock.now())
        site = self.site
        with site.store.transaction():
            Deleter(site.ports, None).replace(
                site.schema.table("org_organisation"), {gone: kept}, {gone: moment}
            )

    def twins_of(self, tablename: str, uuid: str) -> set[str]:
        """Return the uuids under which this site has a record that others know by this one."""
        keys = self.site.twins.find(tablename, [uuid])
        return {self.s3db[tablename][key].uuid for key in keys.values()}

    # --- what it knows ----------------------------------------------------------------------------------

    def contents(self) -> dict[tuple[str, str], tuple[str, ...]]:
        """Return (table, uuid) -> contents of all live records."""
        found: dict[tuple[str, str], tuple[str, ...]] = {}
        schema = self.site.schema
        uuids: dict[str, dict[int, str]] = {}

        def named(target: str, key: Any) -> str:
            if target not in uuids:
                table = schema.table(target)
                uuids[target] = dict(self.db.executesql(f"SELECT {table.key}, uuid FROM {target}"))
            return uuids[target].get(key, "?")

        for tablename in EDITED:
            table = schema.table(tablename)
            fields = [field for field in table.data_fields() if field.name not in table.computed]
            for row in self.db(self.s3db[tablename].deleted == False).select():  # noqa: E712
                values = []
                for field in fields:
                    value = row[field.name]
                    if field.target and value is not None:
                        value = named(field.target, value)
                    elif field.target:
                        waiting = self.site.pending_references.deferred_of(tablename, [row.id])
                        value = next((each.uuid for each in waiting if each.field == field.name), None)
                    values.append(f"{field.name}={value}" if value not in (None, "") else "")
                found[(tablename, row.uuid)] = tuple(filter(None, values))
        return found
