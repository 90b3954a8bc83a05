"""What a deletion takes along, what stands in its way, and what loses a reference: by name, before anything is done."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from gluon import URL

from ..data_model.deletion import Key, plan_deletion
from ..data_model.represent import ReferenceLabel

#: How many records of a table are named; the others are counted.
NAMED = 20


@dataclass(frozen=True)
class Affected:
    """Records of one table.

    Attributes:
        title: what such records are called.
        count: how many there are.
        named: name and address of some of them; none where they have no names, or the reader may not see them.
    """

    title: str
    count: int
    named: list[tuple[str, str]]

    @property
    def more(self) -> int:
        """How many are not named."""
        return self.count - len(self.named)


@dataclass(frozen=True)
class Consequences:
    """What a deletion would do."""

    deleted: list[Affected]
    emptied: list[Affected]
    obstacles: list[Affected]


def consequences(s3db: Any, auth: Any, table: Any, record_id: int) -> Consequences:
    """Return what the deletion of a record would do, without doing it.

    Args:
        s3db: the site's data model.
        auth: the site's ``S3Auth``: only records that its user may read are named.
        table: the record's table.
        record_id: the record.
    """
    plan = plan_deletion(s3db, table, [record_id])

    def affected(keys: Iterable[Key]) -> list[Affected]:
        tables: dict[str, list[int]] = {}
        for tablename, key in dict.fromkeys(keys):
            tables.setdefault(tablename, []).append(key)
        return [_affected(s3db, auth, tablename, ids) for tablename, ids in tables.items()]

    own = (str(table), record_id)
    return Consequences(
        deleted=affected(key for key in plan.deleted if key != own),
        emptied=affected(key for key in plan.emptied if key not in plan.deleted),
        obstacles=affected(referrer for _target, referrer, _field in plan.obstacles()),
    )


def _affected(s3db: Any, auth: Any, tablename: str, ids: list[int]) -> Affected:
    title = s3db.get_config(tablename, "title") or tablename.split("_", 1)[1].replace("_", " ").capitalize()
    if not auth.s3_has_permission("read", tablename):
        return Affected(title, len(ids), [])
    shown = sorted(ids)[:NAMED]
    labels = _labels(s3db, auth, s3db[tablename], shown)
    prefix, name = tablename.split("_", 1)
    return Affected(title, len(ids), [(labels[one], URL(prefix, name, args=one)) for one in shown])


def _labels(s3db: Any, auth: Any, table: Any, ids: list[int]) -> dict[int, str]:
    """Return what records are called; one without a name by what it must refer to: staff by person and organisation."""
    names = [each for each in s3db.get_config(table, "name_fields", ("name",)) if each in table.fields]
    needed = [field for field in table if field.notnull and _is_named(s3db, auth, field)]
    rows = s3db.db(table._id.belongs(ids)).select(table._id, *(table[each] for each in names), *needed)
    called = {int(row[table._id]): " ".join(str(row[each]) for each in names if row[each]) for row in rows}
    nameless = [row for row in rows if not called[row[table._id]]]
    for field in needed if nameless else ():
        label = ReferenceLabel(s3db, _target(field))
        label.load(row[field] for row in nameless)
        for row in nameless:
            called[row[table._id]] = ", ".join(filter(None, (called[row[table._id]], label(row[field]))))
    return {one: called.get(one) or f"#{one}" for one in ids}


def _is_named(s3db: Any, auth: Any, field: Any) -> bool:
    """Return whether a field refers to records with names that the reader may see."""
    if not str(field.type).startswith("reference "):
        return False
    other = s3db.table(_target(field))
    if other is None or "deleted" not in other.fields or not auth.s3_has_permission("read", _target(field)):
        return False
    return bool(set(s3db.get_config(other, "name_fields", ("name",))) & set(other.fields))


def _target(field: Any) -> str:
    return str(field.type).split(" ", 1)[1]
