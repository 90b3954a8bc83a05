"""Brings deleted records back: the records themselves, and what their deletion did to others.

A deletion that is undone is undone as a whole, at every site as far as that knows of it: what it took along lives
again, and references that it emptied refer to their records again, unless somebody changed them meanwhile. These are
changes made here; they travel on.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, Callable

from ....core.clock import later
from ....core.kept import Deletion, DeletionState, Place, Referrer
from ....core.records import end_of_merges
from ....core.schema import Table
from ...ports import Ports, Row
from ...survivors import merge_steps
from ..callbacks import accept_together
from ..foresight import refused_values
from .columns import columns_of, foreign_keys, placeholder

_NONE: Mapping[int, Collection[str]] = MappingProxyType({})
_NOBODY: Mapping[str, Collection[int]] = MappingProxyType({})


class Reviver:
    """Brings deleted records back, in sets.

    Args:
        ports: the ports of the site.
        is_possible: returns whether a time can be that of a record.
    """

    def __init__(self, ports: Ports, is_possible: Callable[[datetime], bool]) -> None:
        self._ports = ports
        self._schema = ports.schema
        self._store = ports.store
        self._journal = ports.journal
        self._deletions = ports.deletions
        self._is_possible = is_possible

    # -- the records themselves ----------------------------------------------------------------------------

    def revive(self, table: Table, keys: Sequence[int], given: Mapping[int, Collection[str]] = _NONE) -> None:
        """Remove the mark of deletion, and restore saved references that the newer version does not contain.

        Args:
            table, keys: the records.
            given: by key, the fields that the newer version of a record contains.
        """
        columns = columns_of(table)
        rows = self._store.fetch(table, (*columns, "deleted_fk"), table.key, keys)
        saved = {row[0]: _saved(table, row[-1], given.get(row[0], ())) for row in rows}
        self._follow_merges(table, saved.values())
        by_names: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for key, remembered in saved.items():
            names = tuple(sorted(remembered))
            by_names[names].append((key, False, None, None, *(remembered[name] for name in names)))
        for names, group in by_names.items():
            self._store.update(table, ("deleted", "deleted_fk", "deleted_rb", *names), group)

    def _follow_merges(self, table: Table, saved: Iterable[dict[str, Any]]) -> None:
        """Let saved references lead to the survivors of what was merged since."""
        saved = list(saved)
        for name in sorted({name for remembered in saved for name in remembered}):
            target = self._schema.get(table.fields[name].target or "")
            found = [remembered for remembered in saved if isinstance(remembered.get(name), int)]
            if not found or target is None or "deleted_rb" not in target.fields:
                continue
            steps = merge_steps(self._store, target, {}, {remembered[name] for remembered in found})
            for remembered in found:
                remembered[name] = end_of_merges(remembered[name], steps)

    # -- what their deletion did to others ----------------------------------------------------------------

    def undo(
        self, table: Table, moments: Mapping[int, datetime], spoken: Mapping[str, Collection[int]] = _NOBODY
    ) -> list[Place]:
        """Undo what the deletion of records did to others; the records themselves live again.

        Args:
            table: their table.
            moments: the records, with the times of their new versions (UTC).
            spoken: table -> records that whoever brings them back decides on: they are left alone.

        Returns:
            the records that live again, too.
        """
        noted = self._deletions.of(table.name, moments)
        if not noted:
            return []
        back: list[Place] = []
        emptied: dict[Place, Mapping[Referrer, tuple[int, ...]]] = {
            (table.name, key): each.emptied for key, each in noted.items()
        }
        for name, found in self._deletions.along(table.name, noted).items():
            other = self._schema.get(name)
            if other is None:
                continue
            members = [each for each in found if each.key not in spoken.get(name, ())]
            times = {each.key: moments[each.along[1]] for each in members if each.along is not None}
            for each in self._bring_back(other, members, times):
                back.append((name, each.key))
                emptied[(name, each.key)] = each.emptied
        self._deletions.forget(table.name, list(moments))
        self._refer_again(emptied)
        return back

    def _bring_back(
        self, table: Table, members: Sequence[Deletion], times: Mapping[int, datetime]
    ) -> list[Deletion]:
        """Let records live again that went along with others; return their deletions."""
        whole = [each for each in members if each.state is DeletionState.BIN]
        columns = (table.key, "deleted", "deleted_rb", "modified_on")
        rows = {
            row[0]: row for row in self._store.fetch(table, columns, table.key, [one.key for one in whole])
        }
        free = self._free(table, whole)
        found = [
            each
            for each in whole
            if each.key in free and each.key in rows and rows[each.key][1] and not rows[each.key][2]
        ]
        if not found:
            return []
        keys = [each.key for each in found]
        self.revive(table, keys)
        self.give_back(table, found)
        moments = [(key, later(rows[key][3], times[key], self._is_possible)) for key in keys]
        self._store.update(table, ("modified_on",), moments)
        self._journal.note(table.name, keys, None)
        self._deletions.forget(table.name, keys)
        self.accept(table, keys)
        return found

    def _free(self, table: Table, deletions: Iterable[Deletion]) -> set[int]:
        """Return the records whose unique values no living one has got since."""
        return {
            each.key
            for each in deletions
            if not any(self._holders(table, name, value) for name, value in each.vacated.items())
        }

    def _holders(self, table: Table, name: str, value: Any) -> list[int]:
        """Return the live records that have a unique value."""
        if name not in table.fields:
            return []
        rows = self._store.fetch(table, (table.key, "deleted"), name, [value])
        return [key for key, deleted in rows if not deleted]

    def give_back(self, table: Table, deletions: Iterable[Deletion]) -> None:
        """Give records the unique values back that they gave up; a deleted record that has one gives it up in turn."""
        by_names: dict[tuple[str, ...], list[Row]] = defaultdict(list)
        for each in deletions:
            names = tuple(sorted(name for name in each.vacated if name in table.fields))
            for name in names:
                self._vacate(table, name, each.vacated[name])
            if names:
                by_names[names].append((each.key, *(each.vacated[name] for name in names)))
        for names, group in by_names.items():
            self._store.update(table, names, group)

    def _vacate(self, table: Table, name: str, value: Any) -> None:
        """Let deleted records that have a unique value give it up."""
        holders = [
            row[0] for row in self._store.fetch(table, (table.key, "deleted"), name, [value]) if row[1]
        ]
        if holders:
            self._deletions.vacate(table.name, name, dict.fromkeys(holders, value))
            field = table.fields[name]
            self._store.update(table, (name,), [(key, placeholder(field)) for key in holders])

    def accept(self, table: Table, keys: Sequence[int]) -> Collection[int]:
        """Let the data model compute what depends on records that live again; return those left to ``onaccept``."""
        return accept_together(self._store, table, keys)

    # -- references to them ---------------------------------------------------------------------------------

    def _refer_again(self, emptied: Mapping[Place, Mapping[Referrer, Sequence[int]]]) -> None:
        """Fill references again that deletions emptied, as far as they are still empty."""
        targets: dict[Referrer, dict[int, list[Place]]] = defaultdict(dict)
        for place, by_field in emptied.items():
            for referrer, keys in by_field.items():
                for key in keys:
                    targets[referrer].setdefault(key, []).append(place)
        for (name, field_name), wanted in targets.items():
            table = self._schema.get(name)
            if table is not None and field_name in table.fields:
                self._fill(table, field_name, wanted)

    def _fill(self, table: Table, field_name: str, wanted: Mapping[int, Sequence[Place]]) -> None:
        field = table.fields[field_name]
        values = self._values_for(
            field.target or "", {place for places in wanted.values() for place in places}
        )
        filled: dict[int, Any] = {}
        times: dict[int, datetime | None] = {}
        columns = (table.key, "deleted", "modified_on", field_name)
        for key, deleted, modified_on, present in self._store.fetch(table, columns, table.key, wanted):
            keys = [values[place] for place in wanted[key] if values.get(place) is not None]
            if deleted or not keys:
                continue
            if field.kind == "list:reference":
                added = [one for one in keys if one not in (present or ())]
                value = [*(present or ()), *added] if added else None
            else:
                value = keys[0] if present is None else None
            if value is not None:
                filled[key], times[key] = value, modified_on
        for key in refused_values(self._store, table, field_name, filled):
            del filled[key]
        if filled:
            now = self._ports.clock.now()
            rows = [(key, value, later(times[key], now, self._is_possible)) for key, value in filled.items()]
            self._store.update(table, (field_name, "modified_on"), rows)
            self._journal.note(table.name, list(filled), None)
            self.accept(table, list(filled))

    def _values_for(self, target: str, places: Iterable[Place]) -> dict[Place, Any]:
        """Return the value by which a field that refers to a table, perhaps a super-entity, refers to records."""
        by_table: dict[str, list[int]] = defaultdict(list)
        for name, key in places:
            by_table[name].append(key)
        found: dict[Place, Any] = {}
        for name, keys in by_table.items():
            table = self._schema.table(name)
            if name == target:
                found.update(((name, key), key) for key in keys)
                continue
            at = next((key for key, entity in table.super_keys.items() if entity == target), None)
            if at is not None:
                rows = self._store.fetch(table, (table.key, at), table.key, keys)
                found.update(((name, key), value) for key, value in rows)
        return found


def _saved(table: Table, text: str | None, given: Collection[str]) -> dict[str, Any]:
    remembered: dict[str, Any] = json.loads(text) if text else {}
    fields = {field.name for field in foreign_keys(table)}
    return {name: value for name, value in remembered.items() if name in fields and name not in given}
