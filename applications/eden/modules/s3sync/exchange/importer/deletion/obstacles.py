"""What stands in the way of bringing deleted records back."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from typing import Any, NamedTuple

from ....core.kept import Deletion, Place
from ....core.records import end_of_merges
from ....core.schema import Field, Table
from ....core.text import TextEnum
from ...ports import Ports
from ...survivors import merge_steps
from .columns import foreign_keys


class ObstacleKind(TextEnum):
    """What stands in the way.

    MERGED: it was merged into another record. NEEDED: a record that it cannot be without is deleted. TAKEN: another
    record has its unique value. ONLY_ONE: there can be one of its kind, and there is another one now.
    """

    MERGED = "merged"
    NEEDED = "needed"
    TAKEN = "taken"
    ONLY_ONE = "only one"


class Obstacle(NamedTuple):
    """What stands in the way of bringing a record back.

    Attributes:
        place: the record.
        kind: what it is.
        other: the record that is in the way.
        field: the field that refers to it, or that has the same value; "" for none.
        value: the unique value.
    """

    place: Place
    kind: ObstacleKind
    other: Place
    field: str = ""
    value: Any = None


class Obstacles:
    """Finds what stands in the way of bringing records back.

    Args:
        ports: the ports of the site.
    """

    def __init__(self, ports: Ports) -> None:
        self._schema = ports.schema
        self._store = ports.store

    def of(self, wanted: Mapping[str, Mapping[int, Deletion]]) -> list[Obstacle]:
        """Return what stands in the way of records that come back together.

        Args:
            wanted: table -> the records, with what is known of their deletions.
        """
        found: list[Obstacle] = []
        for name, deletions in wanted.items():
            table = self._schema.table(name)
            columns = (table.key, *table.fields)
            rows = {
                row[0]: dict(zip(columns, row))
                for row in self._store.fetch(table, columns, table.key, deletions)
            }
            merged = {key: row["deleted_rb"] for key, row in rows.items() if row.get("deleted_rb")}
            ends = merge_steps(self._store, table, merged) if merged else {}
            found += [
                Obstacle((name, key), ObstacleKind.MERGED, (name, end_of_merges(key, ends))) for key in merged
            ]
            alive = {key: row for key, row in rows.items() if key not in merged}
            found += self._needed(table, alive, wanted)
            found += self._taken(table, alive, deletions)
            found += self._single(table, alive, wanted)
        return found

    # -- references ---------------------------------------------------------------------------------------

    def _needed(
        self,
        table: Table,
        rows: Mapping[int, Mapping[str, Any]],
        wanted: Mapping[str, Mapping[int, Deletion]],
    ) -> Iterable[Obstacle]:
        for field in foreign_keys(table):
            if not is_needed(field):
                continue
            values = {key: value for key, row in rows.items() if (value := reference_of(row, field.name))}
            for key, place in self.deleted_targets(field, values).items():
                if place[1] not in wanted.get(place[0], ()):
                    yield Obstacle((table.name, key), ObstacleKind.NEEDED, place, field.name)

    def deleted_targets(self, field: Field, values: Mapping[int, int]) -> dict[int, Place]:
        """Return the targets of references that are deleted, by the key of who refers to them.

        Args:
            field: the field.
            values: key of a record -> what it refers to by that field.
        """
        target = self._schema.get(field.target or "")
        if target is None or not values:
            return {}
        if target.is_super:
            return self._deleted_instances(target, values)
        steps = merge_steps(self._store, target, {}, set(values.values()))
        ends = {key: end_of_merges(value, steps) for key, value in values.items()}
        gone = self._deleted(target, ends.values())
        return {key: (target.name, end) for key, end in ends.items() if end in gone}

    def _deleted(self, table: Table, keys: Iterable[int]) -> set[int]:
        if "deleted" not in table.fields:
            return set()
        rows = self._store.fetch(table, (table.key, "deleted"), table.key, set(keys))
        return {key for key, deleted in rows if deleted}

    def _deleted_instances(self, entity: Table, values: Mapping[int, int]) -> dict[int, Place]:
        columns = (entity.key, "instance_type", "uuid")
        by_type: dict[str, dict[str, int]] = defaultdict(dict)
        for key, instance, uuid in self._store.fetch(entity, columns, entity.key, set(values.values())):
            by_type[instance][uuid] = key
        places: dict[int, Place] = {}
        for instance, uuids in by_type.items():
            table = self._schema.get(instance)
            if table is not None:
                columns = (table.key, "uuid", "deleted")
                for key, uuid, deleted in self._store.fetch(table, columns, "uuid", uuids):
                    if deleted:
                        places[uuids[uuid]] = (instance, key)
        return {key: places[value] for key, value in values.items() if value in places}

    # -- values -------------------------------------------------------------------------------------------

    def _taken(
        self, table: Table, rows: Mapping[int, Mapping[str, Any]], deletions: Mapping[int, Deletion]
    ) -> Iterable[Obstacle]:
        for field in table.data_fields():
            if not field.unique:
                continue
            for key, row in rows.items():
                value = deletions[key].vacated.get(field.name, row[field.name])
                if value in (None, ""):
                    continue
                for other, deleted in self._store.fetch(table, (table.key, "deleted"), field.name, [value]):
                    if other != key and not deleted:
                        yield Obstacle(
                            (table.name, key), ObstacleKind.TAKEN, (table.name, other), field.name, value
                        )

    def _single(
        self,
        table: Table,
        rows: Mapping[int, Mapping[str, Any]],
        wanted: Mapping[str, Mapping[int, Deletion]],
    ) -> Iterable[Obstacle]:
        """Yield what is in the way of components of which a record has one."""
        for _, component in self._schema.masters(table.name):
            if component.multiple or component.table != table.name:
                continue
            owners = {row[component.fkey]: key for key, row in rows.items() if row[component.fkey]}
            columns = (table.key, component.fkey, "deleted")
            for other, owner, deleted in self._store.fetch(table, columns, component.fkey, owners):
                if not deleted and other not in wanted[table.name]:
                    yield Obstacle((table.name, owners[owner]), ObstacleKind.ONLY_ONE, (table.name, other))


def is_needed(field: Field) -> bool:
    """Return whether a record cannot be without what a field refers to, if it ever referred to something."""
    return field.kind == "reference" and (field.notnull or field.ondelete != "SET NULL")


def reference_of(row: Mapping[str, Any], name: str) -> int | None:
    """Return what a deleted record referred to by a field: a deletion remembers and empties it."""
    if row.get(name):
        return int(row[name])
    text = row.get("deleted_fk")
    saved = json.loads(text).get(name) if text else None
    return saved if isinstance(saved, int) else None


def blocked(obstacles: Collection[Obstacle]) -> set[Place]:
    """Return the records that something stands in the way of."""
    return {each.place for each in obstacles}
