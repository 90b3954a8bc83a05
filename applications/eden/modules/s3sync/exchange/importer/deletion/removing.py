"""Deletions: a mark on the record, and their effects on other records.

A deletion has the same effects as when a person deletes the record here: dependent records are deleted as well,
references that may be empty are emptied and saved in ``deleted_fk``, and a record that must keep its reference
restricts the deletion. All effects are changes made here: they get their own positions in the journal and travel on.
What is deleted along with a record although it changed here later, or unknown to who deleted that, is kept.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Callable, NamedTuple

from ....core.clock import any_time, later
from ....core.kept import Place, Referrer
from ....core.schema import Table
from ...ports import Ports, Row, nowhere
from ..losses import Losses, NoLosses
from .calling import DeletionCalls
from .columns import columns_of, foreign_keys
from .emptying import Emptying
from .noting import DeletionNotes, Taken, Told
from .reviving import Reviver
from .unseen import UnseenWork

_NOTHING: Mapping[int, Told] = MappingProxyType({})
#: Places in ``columns_of``.
_DELETED, _MODIFIED_ON, _UUID = 1, 2, 3


class RecordToDelete(NamedTuple):
    """A record to delete: its key, the time of the deletion, and what the sender knows of it."""

    key: int
    deleted_on: datetime
    told: Told | None = None


class Restriction(NamedTuple):
    """Why a record cannot be deleted."""

    table: str
    field: str
    number: int


class Cascade:
    """All records that a deletion affects, determined before anything is written.

    ``read`` has the rows that this was read from, by table and columns.
    """

    def __init__(self) -> None:
        self.read: dict[tuple[str, tuple[str, ...]], dict[int, Row]] = defaultdict(dict)
        self.deleted: dict[str, dict[int, datetime]] = defaultdict(dict)
        self.rows: dict[str, dict[int, Row]] = defaultdict(dict)
        self.emptied: dict[tuple[str, str], dict[int, Any]] = defaultdict(dict)
        self.restricted: list[tuple[str, int, str, str, int]] = []
        self.owners: dict[Place, Place] = {}
        self.lost: dict[Place, dict[Referrer, set[int]]] = defaultdict(lambda: defaultdict(set))

    def found(self, place: Place) -> tuple[Row | None, datetime | None]:
        """Return the row of a record, and the time of its deletion; None if it is not deleted here and now."""
        return self.rows[place[0]].get(place[1]), self.deleted[place[0]].get(place[1])


class Remover:
    """Deletes records, in sets.

    Args:
        ports: the ports of the site.
        origin: repository the changes come from, None for here.
        delivered: see ``ports.Journal.note``.
        is_possible: returns whether a time can be that of a record.
        losses: keeps what the effects take away.
        user_id: the account on whose behalf records are written.

    Attributes:
        reviver: brings deleted records back.
        notes: writes down what is deleted.
    """

    def __init__(
        self,
        ports: Ports,
        origin: int | None,
        delivered: Callable[[str], int] = nowhere,
        is_possible: Callable[[datetime], bool] = any_time,
        losses: Losses | None = None,
        user_id: int | None = None,
    ) -> None:
        self.reviver = Reviver(ports, is_possible)
        self.notes = DeletionNotes(ports, origin, user_id)
        self._calls = DeletionCalls(ports.store)
        self._emptying = Emptying(ports, is_possible)
        self._unseen = UnseenWork(ports, origin, delivered)
        self._delivered = delivered
        self._is_possible = is_possible
        self._losses = losses or NoLosses()
        self._clock = ports.clock
        self._schema = ports.schema
        self._store = ports.store
        self._journal = ports.journal
        self._origin = origin

    # -- delete ------------------------------------------------------------------------------------------

    def delete(self, table: Table, to_delete: Sequence[RecordToDelete]) -> dict[int, Restriction]:
        """Delete records of a table with all effects on other records.

        Args:
            table: their table.
            to_delete: the records and the times of their deletion.

        Returns:
            key -> why the record could not be deleted; those records are unchanged.
        """
        refused: dict[int, Restriction] = {}
        wanted = {each.key: each.deleted_on for each in to_delete}
        told = {each.key: each.told for each in to_delete if each.told is not None}
        held: set[Place] = set()
        while wanted:
            cascade = Cascade()
            self._follow(cascade, table, wanted)
            blocked = self._blocked(cascade, table, wanted)
            if not blocked:
                if self._has_moved(cascade, held):
                    continue
                self._write(cascade, table, set(wanted), told)
                break
            refused.update(blocked)
            for key in blocked:
                wanted.pop(key, None)
        return refused

    def _has_moved(self, cascade: Cascade, held: set[Place]) -> bool:
        """Lock records as far as they are not held yet; return whether somebody saved one since it was read."""
        if not self._store.locks_records:
            return False
        has_moved = False
        for (name, columns), read in sorted(cascade.read.items()):
            fresh = [key for key in read if (name, key) not in held]
            rows = {row[0]: row for row in self._store.held(self._schema.table(name), columns, fresh)}
            has_moved = has_moved or any(rows.get(key) != read[key] for key in fresh)
        held.update((name, key) for (name, _), read in cascade.read.items() for key in read)
        return has_moved

    def delete_alone(self, table: Table, to_delete: Sequence[RecordToDelete]) -> None:
        """Mark records as deleted, but keep references to them: these will be moved to another record."""
        moments = {each.key: each.deleted_on for each in to_delete}
        rows = {row[0]: row for row in self._store.fetch(table, columns_of(table), table.key, moments)}
        self._mark(table, {key: moments[key] for key in rows}, rows, explicit=set(rows))
        self._journal.note(table.name, list(rows), self._origin, self._delivered)
        self._calls.make()

    def _follow(self, cascade: Cascade, table: Table, to_delete: dict[int, datetime]) -> None:
        columns = columns_of(table)
        fresh = {key: when for key, when in to_delete.items() if key not in cascade.deleted[table.name]}
        if not fresh:
            return
        rows = [row for row in self._store.fetch(table, columns, table.key, fresh) if not row[_DELETED]]
        for row in rows:
            cascade.deleted[table.name][row[0]] = fresh[row[0]]
            cascade.rows[table.name][row[0]] = row
            cascade.read[(table.name, columns)][row[0]] = row
        self._follow_rows(cascade, table, rows, fresh)

    def _follow_rows(
        self, cascade: Cascade, table: Table, rows: Sequence[Row], moments: dict[int, datetime]
    ) -> None:
        """Follow the references to records of which ``rows`` has the columns of ``columns_of``."""
        keys = {row[0]: row[0] for row in rows}
        self._follow_referrers(cascade, table.name, table.name, {key: moments[key] for key in keys}, keys)
        for super_key, super_table in table.super_keys.items():
            at = columns_of(table).index(super_key)
            keys = {row[at]: row[0] for row in rows if row[at] is not None}
            by_super = {value: moments[key] for value, key in keys.items()}
            self._follow_referrers(cascade, super_table, table.name, by_super, keys)

    def _follow_referrers(
        self, cascade: Cascade, target: str, owner: str, moments: dict[int, datetime], keys: dict[int, int]
    ) -> None:
        if not moments:
            return
        for name, field_name in self._schema.referrers(target):
            other = self._schema.table(name)
            if other.is_super or field_name in other.super_keys or "deleted" not in other.fields:
                continue
            field = other.fields[field_name]
            columns = (other.key, field_name, "deleted")
            if field.kind == "list:reference":
                for key, listed, gone in self._store.fetch_listing(other, columns, field_name, moments):
                    if not gone:
                        cascade.read[(name, columns)][key] = (key, listed, gone)
                        emptied = cascade.emptied[(name, field_name)]
                        kept = emptied.get(key, listed)
                        emptied[key] = [one for one in kept or () if one not in moments]
                        for one in set(listed or ()).intersection(moments):
                            cascade.lost[(owner, keys[one])][(name, field_name)].add(key)
                continue
            found = [row for row in self._store.fetch(other, columns, field_name, moments) if not row[2]]
            if not found:
                continue
            if field.ondelete == "CASCADE":
                for row in found:
                    cascade.owners.setdefault((name, row[0]), (owner, keys[row[1]]))
                self._follow(cascade, other, {row[0]: moments[row[1]] for row in found})
            elif field.ondelete == "SET NULL" and not field.notnull:
                cascade.emptied[(name, field_name)].update((row[0], None) for row in found)
                for row in found:
                    cascade.lost[(owner, keys[row[1]])][(name, field_name)].add(row[0])
                cascade.read[(name, columns)].update((row[0], row) for row in found)
            else:
                cascade.restricted.extend((owner, keys[row[1]], name, field_name, row[0]) for row in found)

    def _blocked(self, cascade: Cascade, table: Table, wanted: dict[int, datetime]) -> dict[int, Restriction]:
        """Return the records whose deletion is restricted by a record that would stay."""
        staying = [each for each in cascade.restricted if each[4] not in cascade.deleted[each[2]]]
        if not staying:
            return {}
        counts: dict[tuple[int, str, str], int] = defaultdict(int)
        for owner, key, name, field_name, _ in staying:
            if owner == table.name and key in wanted:
                counts[(key, name, field_name)] += 1
        if counts:
            return {key: Restriction(name, field, count) for (key, name, field), count in counts.items()}
        # A record further down is restricted. Chains are not traced back: each record is tried alone, as a whole.
        _, _, name, field_name, _ = staying[0]
        if len(wanted) > 1:
            return self._blocked_one_by_one(table, wanted)
        return {key: Restriction(name, field_name, len(staying)) for key in wanted}

    def _blocked_one_by_one(self, table: Table, wanted: dict[int, datetime]) -> dict[int, Restriction]:
        blocked: dict[int, Restriction] = {}
        for key, when in wanted.items():
            cascade = Cascade()
            self._follow(cascade, table, {key: when})
            blocked.update(self._blocked(cascade, table, {key: when}))
        return blocked

    def _keep_newer(self, cascade: Cascade) -> None:
        """Keep what is deleted with another record although who deleted that does not know it, and its owners."""
        newer = self._newer(cascade)
        above: set[Place] = set()
        for place in newer:
            owner = cascade.owners.get(place)
            while owner is not None and owner not in above:
                above.add(owner)
                owner = cascade.owners.get(owner)
        for places, are_newer in ((newer, True), (above - newer, False)):
            lost: dict[str, dict[int, tuple[str, datetime]]] = defaultdict(dict)
            for place in places:
                row, moment = cascade.found(place)
                if row is not None and moment is not None:
                    lost[place[0]][place[1]] = row[_UUID], moment
            for name, records in lost.items():
                self._losses.deleted(self._schema.table(name), records, newer=are_newer)

    def _newer(self, cascade: Cascade) -> set[Place]:
        """Return what changed here later than the deletion that takes it along, or unknown to its sender."""
        newer: set[Place] = set()
        earlier: dict[tuple[str, str], list[int]] = defaultdict(list)
        for place, owner in cascade.owners.items():
            row, moment = cascade.found(place)
            if row is not None and moment is not None:
                if (row[_MODIFIED_ON] or moment) > moment:
                    newer.add(place)
                else:
                    earlier[(place[0], owner[0])].append(place[1])
        for (name, above), keys in earlier.items():
            newer.update((name, key) for key in self._unseen.among(name, keys, above))
        return newer

    def _write(
        self, cascade: Cascade, asked: Table, wanted: set[int], told: Mapping[int, Told] = _NOTHING
    ) -> None:
        self._keep_newer(cascade)
        for (name, field_name), emptied in cascade.emptied.items():
            other = self._schema.table(name)
            staying = {key: value for key, value in emptied.items() if key not in cascade.deleted[name]}
            if staying:
                self._emptying.empty(other, field_name, staying)
        for name, to_delete in cascade.deleted.items():
            if to_delete:
                table = self._schema.table(name)
                self._mark(
                    table, to_delete, cascade.rows[name], explicit=wanted if name == asked.name else set()
                )
        for name, to_delete in cascade.deleted.items():
            explicit = [key for key in to_delete if name == asked.name and key in wanted]
            implied = [key for key in to_delete if not (name == asked.name and key in wanted)]
            if implied:
                self._journal.note(name, implied, None)
            if explicit:
                self._journal.note(name, explicit, self._origin, self._delivered)
        self.notes.write(
            Taken(cascade.deleted, cascade.owners, cascade.lost),
            {(asked.name, key) for key in wanted if key in cascade.deleted[asked.name]},
            {(asked.name, key): each for key, each in told.items()},
        )
        self._calls.make()

    def _mark(
        self, table: Table, to_delete: dict[int, datetime], rows: dict[int, Row], explicit: set[int]
    ) -> None:
        columns = columns_of(table)
        foreign = [(columns.index(field.name), field) for field in foreign_keys(table)]
        # A deleted component keeps the reference to its master, so that it travels with it.
        joins = {component.fkey for _, component in self._schema.masters(table.name)}
        emptied = [(at, field) for at, field in foreign if field.name not in joins and not field.notnull]
        marks: list[Row] = []
        for key, when in to_delete.items():
            row = rows[key]
            remembered = {field.name: row[at] for at, field in foreign if row[at] not in (None, [], 0)}
            # The effects of a deletion are changes made here, later than anything they override.
            moment = when if key in explicit else later(row[_MODIFIED_ON] or when, when, self._is_possible)
            marks.append(
                (
                    key,
                    True,
                    json.dumps(remembered, sort_keys=True) if remembered else None,
                    moment,
                    *(None for _ in emptied),
                )
            )
        names = [field.name for _, field in emptied]
        self._calls.prepare(table, to_delete)
        self._store.update(table, ("deleted", "deleted_fk", "modified_on", *names), marks)
