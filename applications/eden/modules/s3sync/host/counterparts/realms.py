"""Sets realms as an Eden does: of records, of the entities that stand for them, and of what belongs to them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from .counterpart import Eden
from .rows import read

REALM = "realm_entity"


def set_realm(eden: Eden, name: str, keys: Collection[int], realm: int | None) -> None:
    """Set the realm of records.

    Args:
        eden: the Eden.
        name: their table.
        keys: theirs.
        realm: key of the entity, None for none.
    """
    if not keys:
        return
    db, s3db = eden.db, eden.s3db
    table = s3db.table(name)
    mine = table._id.belongs(keys)
    db(mine).update(**{REALM: realm})
    _set_components(eden, table, mine, realm)
    entities = s3db.get_config(name, "super_entity") or ()
    for entity in entities if isinstance(entities, (list, tuple)) else (entities,):
        above = s3db.table(entity)
        if above is not None and REALM in above.fields:
            key = s3db.super_key(above)
            linked = {row[0] for row in read(db, mine, table[key])} - {None}
            db(above[key].belongs(linked)).update(**{REALM: realm})


def _set_components(eden: Eden, table: Any, mine: Any, realm: int | None) -> None:
    names = eden.s3db.get_config(table, "realm_components")
    if not names:
        return
    components = eden.s3db.resource(table, components=names).components
    for alias in names:
        component = components.get(alias)
        if not component or REALM not in component.table.fields:
            continue
        rows = component.table
        found = eden.db(component.get_join() & mine).select(rows._id)
        keys = {row[rows._id] for row in found}
        if keys:
            original = eden.db[component.tablename]
            eden.db(original._id.belongs(keys)).update(**{REALM: realm})
