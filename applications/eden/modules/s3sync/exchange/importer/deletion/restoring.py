"""Restores deleted records for a person, with what their deletion took along."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Callable, NamedTuple

from ....core.clock import later, milliseconds
from ....core.fields import Change, Stamp, next_time
from ....core.kept import Deletion, DeletionState, Place
from ....core.schema import Table
from ...ports import Ports
from ..callbacks import contained
from ..context import HookForm
from .columns import foreign_keys
from .obstacles import Obstacle, Obstacles, is_needed, reference_of
from .reviving import Reviver

#: Records by table, with what is known of their deletions.
Chosen = dict[str, dict[int, Deletion]]


class Restored(NamedTuple):
    """What became of records that were to be restored.

    Attributes:
        records: those that live again, and all that came with them.
        obstacles: what stands in the way of the others.
    """

    records: list[Place]
    obstacles: list[Obstacle]


class Restorer:
    """Restores deleted records.

    Args:
        ports: the ports of the site.
        is_possible: returns whether a time can be that of a record.
    """

    def __init__(self, ports: Ports, is_possible: Callable[[datetime], bool]) -> None:
        self._ports = ports
        self._schema = ports.schema
        self._store = ports.store
        self._is_possible = is_possible
        self._reviver = Reviver(ports, is_possible)
        self._obstacles = Obstacles(ports)

    def together(self, place: Place) -> Chosen:
        """Return a record that is in the bin, and all that its deletion took along; nothing if it is not there."""
        chosen: Chosen = defaultdict(dict)
        name, key = place
        own = self._ports.deletions.of(name, [key])
        for each in own.values():
            chosen[name][key] = each
        for other, deletions in self._ports.deletions.along(name, list(own)).items():
            chosen[other].update((each.key, each) for each in deletions)
        return self._in_bin(chosen)

    def _in_bin(self, chosen: Chosen) -> Chosen:
        """Leave out what lives, and what was removed."""
        found: Chosen = {}
        for name, deletions in chosen.items():
            table = self._schema.get(name)
            if table is None:
                continue
            rows = self._store.fetch(table, (table.key, "deleted"), table.key, deletions)
            gone = {key for key, deleted in rows if deleted}
            here = {
                key: each
                for key, each in deletions.items()
                if key in gone and each.state is DeletionState.BIN
            }
            if here:
                found[name] = here
        return found

    def obstacles(self, places: Iterable[Place]) -> list[Obstacle]:
        """Return what stands in the way of restoring records together, with all that goes back with them."""
        return self._obstacles.of(_union([self.together(place) for place in places]))

    def restore(self, places: Iterable[Place], user_id: int | None, by: str) -> Restored:
        """Restore records, as changes made here and now, within the current transaction.

        Those that something stands in the way of stay as they are, with all that would have come with them.

        Args:
            places: the records.
            user_id: the account that restores them.
            by: its e-mail address.
        """
        wanted = {place: found for place in places if (found := self.together(place))}
        obstacles: list[Obstacle] = []
        while wanted:
            fresh = self._obstacles.of(_union(wanted.values()))
            stuck = {each.place for each in fresh}
            blocked = {place for place, chosen in wanted.items() if stuck & _places(chosen)}
            if not blocked:
                break
            # What was to come back with one that cannot may be needed by the others.
            obstacles += fresh
            wanted = {place: chosen for place, chosen in wanted.items() if place not in blocked}
        chosen = _union(wanted.values())
        if chosen:
            self._write(chosen, user_id, by)
        return Restored(sorted(_places(chosen)), obstacles)

    def _write(self, chosen: Chosen, user_id: int | None, by: str) -> None:
        now = self._ports.clock.now()
        moments: dict[str, dict[int, datetime]] = {}
        for name, deletions in chosen.items():
            table = self._schema.table(name)
            rows = self._store.fetch(table, (table.key, "modified_on"), table.key, deletions)
            moments[name] = {key: later(old, now, self._is_possible) for key, old in rows}
            self._reviver.revive(table, list(deletions))
            self._reviver.give_back(table, deletions.values())
            stamps = [(key, moment, user_id) for key, moment in moments[name].items()]
            self._store.update(table, ("modified_on", "modified_by"), stamps)
        for name in chosen:
            self._leave_empty(self._schema.table(name), list(moments[name]))
        for name, times in moments.items():
            self._ports.journal.note(name, list(times), None)
            self._note_edits(name, list(times), by)
        for name, times in moments.items():
            self._reviver.undo(
                self._schema.table(name), times, {other: list(moments[other]) for other in moments}
            )
        for name, times in moments.items():
            self._accept(self._schema.table(name), list(times))

    def _leave_empty(self, table: Table, keys: Collection[int]) -> None:
        """Empty references to what is deleted; they come back with that."""
        columns = (table.key, *table.fields)
        rows = [dict(zip(columns, row)) for row in self._store.fetch(table, columns, table.key, keys)]
        for field in foreign_keys(table):
            if field.kind != "reference" or is_needed(field):
                continue
            values = {row[table.key]: value for row in rows if (value := reference_of(row, field.name))}
            gone = self._obstacles.deleted_targets(field, values)
            if gone:
                self._store.update(table, (field.name,), [(key, None) for key in gone])
                by_target: dict[Place, list[int]] = defaultdict(list)
                for key, place in gone.items():
                    by_target[place].append(key)
                self._ports.deletions.refer(by_target, (table.name, field.name))

    def _note_edits(self, name: str, keys: Collection[int], by: str) -> None:
        """Write down for the timeline that records live again."""
        known = self._ports.changes.edits(name, keys)
        now, site = milliseconds(self._ports.clock.exact()), self._ports.changes.site
        self._ports.changes.note(
            name,
            [
                Change(
                    key,
                    Stamp(next_time(now, known[key].seen if key in known else {}), site),
                    by,
                    {"deleted": [True]},
                )
                for key in keys
            ],
        )

    def _accept(self, table: Table, keys: Collection[int]) -> None:
        """Let the data model compute what depends on the records."""
        left = self._reviver.accept(table, list(keys))
        hook = table.onaccept.get("update")
        if hook is None:
            return
        columns = (table.key, *table.fields)
        for row in self._store.fetch(table, columns, table.key, left):
            values: dict[str, Any] = dict(zip(columns, row))
            with contained(self._store):  # a failure is in the log
                hook(HookForm(table.name, values, {**values, "deleted": True}))


def _union(parts: Iterable[Mapping[str, Mapping[int, Deletion]]]) -> Chosen:
    found: Chosen = {}
    for part in parts:
        for name, deletions in part.items():
            found.setdefault(name, {}).update(deletions)
    return found


def _places(chosen: Mapping[str, Mapping[int, Deletion]]) -> set[Place]:
    return {(name, key) for name, deletions in chosen.items() for key in deletions}
