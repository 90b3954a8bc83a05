"""Deletion of records: the record stays with a mark that travels; its references are saved and emptied."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from .errors import DeletionRestricted

if TYPE_CHECKING:
    from .datamodel import S3DataModel

Key = tuple[str, int]  # (table name, record id)
_LIST = "list:reference "


def foreign_keys(s3db: S3DataModel, table: Any) -> list[Any]:
    """Return the columns by which a record refers to others, without users, groups and its own super keys."""
    own = set(s3db.get_super_keys(table))
    return [
        field
        for field in table
        if str(field.type).startswith(("reference ", "list:reference "))
        and not str(field.type).endswith(("auth_user", "auth_group"))
        and field.name not in own
    ]


def remembered_keys(s3db: S3DataModel, table: Any, record: Any) -> dict[str, Any]:
    """Return the foreign keys of a record as in ``deleted_fk``: field name -> id (or list of ids)."""
    return {
        field.name: record[field.name]
        for field in foreign_keys(s3db, table)
        if record[field.name] not in (None, [], 0)
    }


class DeletionPlan:
    """All effects of a deletion, determined before anything is written.

    Attributes:
        deleted: the records that are deleted, with their rows.
        emptied: the records of which references are emptied, with the names of these fields.
        restricted: a record that is to be deleted, one that refers to it and keeps it, and by which field.
        owners: the records that are taken along, each with the one that it goes with.
        lost: the deleted records to which others referred by fields that are emptied: table and field -> these.
    """

    def __init__(self, s3db: S3DataModel) -> None:
        self.s3db = s3db
        self.deleted: dict[Key, Any] = {}
        self.emptied: dict[Key, set[str]] = {}
        self.restricted: list[tuple[Key, Key, str]] = []
        self.owners: dict[Key, Key] = {}
        self.lost: dict[Key, dict[tuple[str, str], set[int]]] = {}
        self._referring: dict[str, list[Any]] = {}

    def add(self, table: Any, ids: Iterable[int]) -> None:
        """Plan the deletion of live records and of what depends on them."""
        db = self.s3db.db
        wanted = [one for one in set(ids) if (table._tablename, one) not in self.deleted]
        rows = db(table._id.belongs(wanted) & (table.deleted == False)).select()  # noqa: E712
        if not rows:
            return
        for row in rows:
            self.deleted[(table._tablename, row[table._id])] = row
        self._follow(table, table._tablename, {row.id: row.id for row in rows})
        for entity in self.s3db.get_super_entities(table):
            key = self.s3db.super_key(entity)
            self._follow(table, entity, {row[key]: row.id for row in rows if row[key]})

    def _follow(self, table: Any, target: str, ids: dict[int, int]) -> None:
        if target not in self._referring:
            self._referring[target] = self.s3db.referring_fields(target)
        for field in self._referring[target]:
            other = field.table
            if not ids or "deleted" not in other.fields or "deleted_fk" not in other.fields:
                continue
            if field.name in self.s3db.get_super_keys(other):
                continue
            if str(field.type).startswith("list:"):
                self._follow_list(table, field, ids)
                continue
            query = field.belongs(list(ids)) & (other.deleted == False)  # noqa: E712
            rows = self.s3db.db(query).select(other._id, field)
            if not rows:
                continue
            if field.ondelete == "CASCADE":
                for row in rows:
                    owner = (table._tablename, ids[int(row[field])])
                    self.owners.setdefault((other._tablename, row[other._id]), owner)
                self.add(other, [row[other._id] for row in rows])
            elif field.ondelete == "SET NULL" and not field.notnull:
                for row in rows:
                    self._empty((table._tablename, ids[int(row[field])]), field, row[other._id])
            else:
                for row in rows:
                    self.restricted.append(
                        (
                            (table._tablename, ids[int(row[field])]),
                            (other._tablename, row[other._id]),
                            field.name,
                        )
                    )

    def _follow_list(self, table: Any, field: Any, ids: dict[int, int]) -> None:
        other = field.table
        for one, owner in ids.items():
            query = field.contains(one) & (other.deleted == False)  # noqa: E712
            for row in self.s3db.db(query).select(other._id):
                self._empty((table._tablename, owner), field, row[other._id])

    def _empty(self, target: Key, field: Any, referrer: int) -> None:
        """Plan that a reference is emptied."""
        name = field.table._tablename
        self.emptied.setdefault((name, referrer), set()).add(field.name)
        self.lost.setdefault(target, {}).setdefault((name, field.name), set()).add(referrer)

    def obstacles(self) -> list[tuple[Key, Key, str]]:
        """Return what of ``restricted`` stands in the way: it is not deleted as well."""
        return [one for one in self.restricted if one[1] not in self.deleted]

    def check(self) -> None:
        """Raise ``DeletionRestricted`` unless every restricting record is deleted as well."""
        refused: dict[Key, dict[str, int]] = {}
        for target, referrer, field in self.obstacles():
            where = f"{referrer[0]}.{field}"
            counts = refused.setdefault(target, {})
            counts[where] = counts.get(where, 0) + 1
        for (tablename, record_id), counts in refused.items():
            raise DeletionRestricted(tablename, record_id, counts)


def plan_deletion(s3db: S3DataModel, table: Any, ids: Iterable[int]) -> DeletionPlan:
    """Return what the deletion of these records would do, without doing it."""
    plan = DeletionPlan(s3db)
    plan.add(table, [int(one) for one in ids])
    return plan


def delete_records(s3db: S3DataModel, table: Any, ids: Iterable[int]) -> int:
    """Delete records; see ``S3DataModel.delete``."""
    plan = plan_deletion(s3db, table, ids)
    plan.check()
    db = s3db.db
    gone: dict[str, set[int]] = {}
    for tablename, record_id in plan.deleted:
        gone.setdefault(tablename, set()).add(record_id)
    for (tablename, name), values in _left_of_references(db, plan, gone).items():
        if not s3db.empty(tablename, name, values):
            other = db[tablename]
            for record_id, value in values.items():
                db(other._id == record_id).update(**{name: value})
    for (tablename, record_id), row in plan.deleted.items():
        owner = db[tablename]
        kept = remembered_keys(s3db, owner, row)
        # A deleted component keeps the reference to its master, so that it travels with it.
        joins = s3db.join_fields(owner)
        emptied = {name: None for name in kept if not owner[name].notnull and name not in joins}
        db(owner._id == record_id).update(
            deleted=True, deleted_fk=json.dumps(kept, sort_keys=True) if kept else None, **emptied
        )
        ondelete = s3db.get_config(tablename, "ondelete")
        if ondelete:
            ondelete(row)
    s3db.on_deletion(plan)
    return len(plan.deleted)


def _left_of_references(
    db: Any, plan: DeletionPlan, gone: Mapping[str, set[int]]
) -> dict[tuple[str, str], dict[int, Any]]:
    """Return table and field -> what is left of it in each record that stays: None, or the rest of a list.

    Args:
        db: the DAL.
        plan: the deletion.
        gone: the records that it deletes, by table.
    """
    found: dict[tuple[str, str], dict[int, Any]] = {}
    for (tablename, record_id), names in plan.emptied.items():
        if record_id in gone.get(tablename, ()):
            continue
        other = db[tablename]
        row = db(other._id == record_id).select(*[other[name] for name in names]).first()
        for name in names:
            kind = str(other[name].type)
            lost = gone.get(kind[len(_LIST) :], set()) if kind.startswith(_LIST) else None
            left = None if lost is None else [one for one in row[name] or [] if one not in lost]
            found.setdefault((tablename, name), {})[record_id] = left
    return found


def restore_records(s3db: S3DataModel, table: Any, ids: Iterable[int]) -> int:
    """Undo the deletion of records; see ``S3DataModel.restore``."""
    db = s3db.db
    count = 0
    for row in db(table._id.belongs([int(one) for one in ids]) & (table.deleted == True)).select():  # noqa: E712
        remembered = json.loads(row.deleted_fk) if row.deleted_fk else {}
        values = {
            name: value
            for name, value in remembered.items()
            if name in table.fields and _is_live(s3db, table[name], value)
        }
        db(table._id == row.id).update(deleted=False, deleted_fk=None, **values)
        count += 1
    return count


def _is_live(s3db: S3DataModel, field: Any, value: Any) -> bool:
    target = s3db[str(field.type).split(" ", 1)[1]]
    wanted = value if isinstance(value, list) else [value]
    live = target._id.belongs(wanted) & (target.deleted == False)  # noqa: E712
    return bool(s3db.db(live).count() == len(set(wanted)))
