"""Merges: what refers to a merged record refers to its survivor.

Where that cannot be, the effects are the same at every site. Of components of which a record has one, the survivor's
stays and the other one is merged into it. What would become part of itself takes the place of the merged record. A
survivor that was deleted takes along what comes to it, as if it were deleted now, or comes back if it is needed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from ....core.clock import later
from ....core.records import end_of_merges
from ....core.schema import Component, Table
from ...ports import Row
from ...survivors import merge_steps
from ..callbacks import accept_together
from ..foresight import refused_values
from .columns import columns_of
from .removing import Cascade, Remover

#: merged record -> survivor, by key.
Moves = dict[int, int]


class Deleter(Remover):
    """Deletes and merges records, in sets."""

    def replace(self, table: Table, replaced: Moves, moments: Mapping[int, datetime]) -> dict[int, str]:
        """Merge records into others: references to them are moved to the survivor.

        Args:
            table: their table.
            replaced: key of the merged record -> key of the survivor.
            moments: key of the merged record -> time of the merge.

        Returns:
            key of a survivor that was deleted here and came back -> table that still needs it.
        """
        return self._replace(table, replaced, moments, explicit=True)

    def _replace(
        self, table: Table, replaced: Moves, moments: Mapping[int, datetime], *, explicit: bool
    ) -> dict[int, str]:
        columns = (*columns_of(table), "deleted_rb")
        steps = merge_steps(self._store, table, replaced)
        ends = {gone: end_of_merges(gone, steps) for gone in replaced}
        found = self._store.fetch(table, columns, table.key, {*replaced, *ends.values()})
        rows = {row[0]: row for row in found}
        ends = {gone: kept for gone, kept in ends.items() if gone in rows and kept in rows}
        folds = [
            fold
            for component in table.components.values()
            if not component.multiple
            for fold in [self._folds(table, component, ends, rows, moments)]
            if fold is not None
        ]
        self._move(table.name, ends)
        for super_key, super_name in table.super_keys.items():
            at = columns.index(super_key)
            moves = {
                rows[gone][at]: rows[kept][at]
                for gone, kept in ends.items()
                if rows[gone][at] is not None and rows[kept][at] is not None
            }
            self._move(super_name, moves)
        for component_table, pairs, times in folds:
            self._replace(component_table, pairs, times, explicit=False)
        live = [gone for gone in replaced if gone in rows]
        self._mark(table, {gone: moments[gone] for gone in live}, rows, explicit=set(live))
        self._store.update(table, ("deleted_rb",), [(gone, replaced[gone]) for gone in live])
        self._journal.note(table.name, live, *((self._origin, self._delivered) if explicit else (None,)))
        self._calls.make()
        gone_survivors = {kept: rows[kept] for kept in ends.values() if rows[kept][1] and not rows[kept][-1]}
        return self._delete_with(table, gone_survivors) if gone_survivors else {}

    # -- single components -------------------------------------------------------------------------------

    def _folds(
        self,
        table: Table,
        component: Component,
        ends: Moves,
        rows: Mapping[int, Row],
        moments: Mapping[int, datetime],
    ) -> tuple[Table, Moves, dict[int, datetime]] | None:
        """Return which components to merge into which, because a survivor would have several, and their times."""
        other = self._schema.get(component.table)
        if other is None or not ends:
            return None
        at = 0 if component.pkey == table.key else columns_of(table).index(component.pkey)
        owners = {rows[key][at]: key for key in {*ends, *ends.values()} if rows[key][at] is not None}
        columns = (other.key, component.fkey, "deleted", "modified_on", "uuid")
        by_survivor: dict[int, list[Row]] = defaultdict(list)
        for row in self._store.fetch(other, columns, component.fkey, owners):
            if not row[2]:
                owner = owners[row[1]]
                by_survivor[ends.get(owner, owner)].append(row)
        pairs: Moves = {}
        times: dict[int, datetime] = {}
        losses: dict[int, tuple[int, str]] = {}
        for survivor, found in by_survivor.items():
            stays = max(found, key=lambda row: (owners[row[1]] == survivor, row[3] or datetime.min, row[4]))
            for key, fkey, _, modified_on, _ in found:
                if owners[fkey] in ends and key != stays[0]:
                    pairs[key], losses[key] = stays[0], (stays[0], stays[4])
                    times[key] = later(modified_on, moments[owners[fkey]], self._is_possible)
        if not pairs:
            return None
        self._losses.folded(other, losses)
        return other, pairs, times

    # -- survivors that were deleted ---------------------------------------------------------------------

    def end_merges(self, table: Table, keys: Collection[int]) -> None:
        """Delete what belongs to merged records whose survivors never were here and are deleted by now.

        Args:
            table: their table.
            keys: the merged records; one that somebody restored here lives on.
        """
        rows = self._store.fetch(table, columns_of(table), table.key, keys)
        self._delete_with(table, {row[0]: row for row in rows if row[1]})

    def _delete_with(self, table: Table, survivors: Mapping[int, Row]) -> dict[int, str]:
        """Delete what now belongs to deleted records; bring those back that are needed, and return by which table."""
        needed = self._delete_what_belongs_to(table, survivors)
        if needed and len(survivors) > 1:
            needed = {}
            for key, row in survivors.items():
                needed.update(self._delete_what_belongs_to(table, {key: row}))
        if needed:
            self.reviver.revive(table, list(needed))
            times = {key: self._emptying.touched(survivors[key][2]) for key in needed}
            self._store.update(table, ("modified_on",), list(times.items()))
            self._journal.note(table.name, list(needed), None)
            now = self._clock.now()
            self.reviver.undo(table, {key: moment or now for key, moment in times.items()})
        return needed

    def _delete_what_belongs_to(self, table: Table, survivors: Mapping[int, Row]) -> dict[int, str]:
        cascade = Cascade()
        moments = {key: row[2] or datetime.min for key, row in survivors.items()}
        self._follow_rows(cascade, table, list(survivors.values()), moments)
        blocked = self._blocked(cascade, table, moments)
        if not blocked:
            self._write(cascade, table, set())
        return {key: restriction.table for key, restriction in blocked.items()}

    # -- references --------------------------------------------------------------------------------------

    def _move(self, target: str, moves: Moves) -> None:
        if not moves:
            return
        for name, field_name in self._schema.referrers(target):
            other = self._schema.table(name)
            if other.is_super or field_name in other.super_keys:
                continue
            field = other.fields[field_name]
            changed: list[Row]
            if field.kind == "list:reference":
                rows = self._store.fetch_listing(other, (other.key, field_name), field_name, moves)
                changed = [(key, _replaced_list(listed or [], moves)) for key, listed in rows]
            else:
                rows = self._store.fetch(other, (other.key, field_name), field_name, moves)
                changed = [(key, moves[value]) for key, value in rows]
                if name == target and changed and not field.notnull and field_name not in other.computed:
                    changed = self._without_circles(other, field_name, rows, moves)
            if changed:
                astray = (
                    refused_values(self._store, other, field_name, dict(changed)) if name != target else ()
                )
                self._journal.notice(other, [key for key, _ in changed])
                self._store.update(other, (field_name,), changed)
                if "modified_on" in other.fields:
                    self._journal.note(name, [key for key, _ in changed], None)
                accept_together(self._store, other, [key for key, _ in changed])
                if astray:
                    self._delete_links(other, astray)

    def _delete_links(self, table: Table, keys: Collection[int]) -> None:
        """Delete links that would make a record part of itself."""
        rows = self._store.fetch(table, (table.key, "modified_on"), table.key, keys)
        cascade = Cascade()
        self._follow(cascade, table, {key: when or self._clock.now() for key, when in rows})
        self._write(cascade, table, set())

    def _without_circles(self, table: Table, field: str, rows: Sequence[Row], moves: Moves) -> list[Row]:
        """Return the moved references of a hierarchy: what is above a survivor takes the merged record's place."""
        above: dict[int, int | None] = {}
        asked: set[int] = {*moves, *moves.values()}
        while asked:
            above.update(dict.fromkeys(asked))
            above.update(self._store.fetch(table, (table.key, field), table.key, asked))
            asked = {key for key in above.values() if key is not None} - above.keys()
        parents = {
            key: moves.get(value, value) if value is not None else None for key, value in above.items()
        }
        changed: list[Row] = []
        for key, value in rows:
            places = [moves[value], *(moves.get(each, each) for each in _chain(value, above)[1:])]
            place = next((each for each in places if key not in _chain(each, parents)), None)
            parents[key] = place
            changed.append((key, place))
        return changed


def _chain(key: int, above: Mapping[int, int | None]) -> list[int]:
    """Return a record and those above it, up to where a circle closes."""
    chain = [key]
    following = above.get(key)
    while following is not None and following not in chain:
        chain.append(following)
        following = above.get(following)
    return chain


def _replaced_list(listed: Sequence[int], moves: dict[int, int]) -> list[int]:
    result: list[int] = []
    for each in listed:
        survivor = moves.get(each, each)
        if survivor not in result:
            result.append(survivor)
    return result
