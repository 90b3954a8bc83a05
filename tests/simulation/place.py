"""A site of the simulation: its records, its backups, and what it holds."""

from __future__ import annotations

import random
import sqlite3
from collections.abc import Mapping, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any, Callable

from gluon.scheduler import Scheduler

from s3.data_model.clock import next_modified_on
from s3.data_model.errors import DeletionRestricted
from s3sync.database import own_rows as own_rows
from s3sync.exchange.importer.deletion import Deleter
from s3sync.scheduler import queue as queue
from tests.support.site import NOW, SampleSite

from .eden import Eden
from .entered import Entered

#: What edits touch: table -> a field that may be anything.
EDITED = {
    "org_organisation_type": "comments",
    "gis_location": "comments",
    "org_organisation": "acronym",
    "org_office": "comments",
    "pr_person": "last_name",
    "pr_contact": "comments",
}
#: (table, uuid) -> contents of all live records.
Contents = dict[tuple[str, str], tuple[str, ...]]
#: (table, uuid) -> the name of the record.
Name = Callable[[str, str], str]


def own_name(table: str, uuid: str) -> str:
    """Return the uuid: it is the name of a record where nobody knows another one."""
    return uuid


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
        # What a site says of another one includes its jobs.
        Scheduler(self.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
        for name in [each for each in self.db.tables if each.startswith("scheduler_")]:
            # In a copy of an empty site a table is made when it is asked for: later it would go with each history.
            assert self.db[name]
        self.clock, self.uuid = self.site.clock, self.site.uuid
        self.beginning = self._copy()
        self.tables = EDITED
        self.entered: list[Entered] = []
        self.seen: set[tuple[str, str, str, Any]] = set()
        self.backup: tuple[sqlite3.Connection, str] | None = None
        self.tells_no_edits = False
        self.eden: Eden | None = None
        self.beside_eden = False

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

    def start_over(self, skew: int, tables: dict[str, str]) -> None:
        """Forget everything.

        Args:
            skew: seconds by which the clock is off.
            tables: what is edited and compared in the history that begins.
        """
        self._put_back(self.beginning)
        self._remove_files()
        self.clock.moment = NOW + timedelta(seconds=skew)
        self.tables = tables
        self.entered, self.seen = [], set()
        self.tells_no_edits = False
        self.eden, self.beside_eden = None, False
        self.drop_backup()

    def _remove_files(self) -> None:
        """Remove all files: a part of a body that is here already is not sent again, and so fewer requests are."""
        for name in ("private", "uploads"):
            for path in (self.folder / name).rglob("*"):
                if path.is_file():
                    path.unlink()

    def drop_backup(self) -> None:
        """Throw the backup away."""
        if self.backup is not None:
            self.backup[0].close()
            self.backup = None

    def take_backup(self) -> None:
        """Copy the database and the file that lies beside it."""
        self.drop_backup()
        self.site.journal.identity()
        self.backup = (self._copy(), self._remembered.read_text("utf-8"))

    def restore(self, with_file: bool) -> int:
        """Go back to the backup, with or without the file that lies beside the database.

        Returns:
            how many changes were lost by that.
        """
        if self.backup is None:
            return 0
        head = self.site.journal.head()
        self._put_back(self.backup[0])
        if with_file:
            self._remembered.write_text(self.backup[1], "utf-8")
        return head - self.site.journal.head()

    def lose_journal_file(self) -> None:
        """Remove the file that lies beside the database."""
        self._remembered.unlink(missing_ok=True)

    # --- what can be done with records ------------------------------------------------------------------

    def any(self, tablename: str, rnd: random.Random) -> int | None:
        """Return the key of one of the live records of a table, None if there is none."""
        table = self.s3db[tablename]
        found = self.db(table.deleted == False).select(table.id, table.uuid, orderby=table.uuid)  # noqa: E712
        return rnd.choice(list(found)).id if found else None

    def insert(self, tablename: str, **values: Any) -> int:
        """Make a record as a form does; return its key."""
        if self.beside_eden and "uuid" in values:
            # Bare identifiers are not the same at an Eden.
            values["uuid"] = "urn:" + values["uuid"]
        return int(self.s3db[tablename].insert(**values))

    def change(self, tablename: str, key: int, **values: Any) -> None:
        """Change a record as a form does."""
        before = self.s3db[tablename][key]
        if self.eden is not None:
            # It cannot tell what was cleared, and its clock is all that dates its edits.
            values = {name: "same" if value is None else value for name, value in values.items()}
            values["modified_on"] = self.clock.now()
        self.db(self.s3db[tablename].id == key).update(**values)
        self.enter(tablename, before, values)

    def look_at(self, tablename: str, uuid: str | None) -> None:
        """Remember that somebody has seen what a record says now, and may replace it."""
        for row in self.db(self.s3db[tablename].uuid == uuid).select():
            self.seen |= {(tablename, row.uuid, name, row[name]) for name in self.s3db[tablename].fields}

    def enter(self, tablename: str, before: Any, values: Mapping[str, Any]) -> None:
        """Remember what somebody entered into the fields of a record.

        Args:
            tablename: its table.
            before: the record before that.
            values: the fields, with their new values.
        """
        self.entered += [
            Entered(self.name, tablename, before.uuid, name, value, before[name])
            for name, value in values.items()
            if name != "modified_on"
            and value != before[name]
            and not str(self.s3db[tablename][name].type).startswith("reference")
        ]

    def delete(self, tablename: str, key: int) -> bool:
        """Delete a record; where it is needed a person is told so and leaves it."""
        return self.delete_all([(tablename, [key])])

    def delete_all(self, records: Sequence[tuple[str, Sequence[int]]]) -> bool:
        """Delete records of several tables, in this order; where one is needed none goes.

        Args:
            records: table and keys.
        """
        before = self.live()
        try:
            for tablename, keys in records:
                self.s3db.delete(self.s3db[tablename], keys)
        except DeletionRestricted:
            self.db.rollback()
            return False
        left = self.live()
        for key in before.keys() - left.keys():
            # Whoever deletes a record has seen what is in it.
            table, uuid = key
            self.seen |= {(table, uuid, name, value) for name, value in before[key].items()}
        return True

    def live(self) -> dict[tuple[str, str], dict[str, Any]]:
        """Return (table, uuid) of all live records -> their fields."""
        found = {}
        for tablename in self.tables:
            for row in own_rows.read(self.db, tablename, {"deleted": False}):
                found[(tablename, str(row.uuid))] = vars(row)
        return found

    def merge(self, tablename: str, rnd: random.Random) -> bool:
        """Merge one of the records of a table into another one; return whether there were two."""
        table = self.s3db[tablename]
        found = self.db(table.deleted == False).select(table.id, orderby=table.uuid)  # noqa: E712
        if len(found) < 2:
            return False
        gone, kept = (row.id for row in rnd.sample(list(found), 2))
        # Whoever merges two records has seen what is in the one that goes.
        self.look_at(tablename, table[gone].uuid)
        moment = next_modified_on(table[gone].modified_on, self.clock.now())
        site = self.site
        with site.store.transaction():
            Deleter(site.ports, None).replace(site.schema.table(tablename), {gone: kept}, {gone: moment})
        return True

    # --- what it knows ----------------------------------------------------------------------------------

    def twins(self) -> list[tuple[str, str, str]]:
        """Return (table, further uuid, own uuid) of all records that others know under another uuid."""
        twin = self.db.sync_twin
        return [
            (row.tablename, row.uuid, self.s3db[row.tablename][row.record_id].uuid)
            for row in self.db(twin).select(orderby=twin.id)
            # One without a record is a merged one that never was here.
            if not row.proposed and row.record_id
        ]

    def contents(self, name: Name = own_name, times: bool = False) -> Contents:
        """Return the contents of all live records, with their times if asked; ``name`` names those they refer to."""
        uuids: dict[str, dict[int, str]] = {}
        return {
            (tablename, row.uuid): (
                *self._described(tablename, row, uuids, name),
                *([f"modified_on={row.modified_on}"] if times else ()),
            )
            for tablename in self.tables
            for row in own_rows.read(self.db, tablename, {"deleted": False})
        }

    def _described(
        self, tablename: str, row: Any, uuids: dict[str, dict[int, str]], name: Name
    ) -> tuple[str, ...]:
        table = self.site.schema.table(tablename)
        values = []
        for field in table.data_fields():
            if field.name in table.computed:
                continue
            value = getattr(row, field.name)
            if field.target and value is not None:
                value = name(field.target, self._named(field.target, value, uuids))
            elif field.target:
                waiting = self.site.pending_references.deferred_of(tablename, [row.id])
                named = (name(field.target, each.uuid) for each in waiting if each.field == field.name)
                value = next(named, None)
            elif field.kind == "upload" and value:
                path = self.site.files.path(tablename, field.name, value)
                value = path.read_text("utf-8") if path.is_file() else "has no file"
            if value not in (None, ""):
                values.append(f"{field.name}={value}")
        return tuple(values)

    def _named(self, target: str, key: int, uuids: dict[str, dict[int, str]]) -> str:
        """Return the uuid of a record that another one refers to."""
        if target not in uuids:
            table = self.site.schema.table(target)
            uuids[target] = dict(self.db.executesql(f"SELECT {table.key}, uuid FROM {target}"))
        return uuids[target].get(key, "?")
