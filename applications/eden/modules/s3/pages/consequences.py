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
    names = s3db.get_config(tablename, "name_fields", ("name",))
    if not auth.s3_has_permission("read", tablename) or not set(names) & set(s3db[tablename].fields):
        return Affected(title, len(ids), [])
    label = ReferenceLabel(s3db, tablename)
    shown = sorted(ids)[:NAMED]
    label.load(shown)
    prefix, name = tablename.split("_", 1)
    return Affected(title, len(ids), [(label(one), URL(prefix, name, args=one)) for one in shown])
