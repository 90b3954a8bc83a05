"""What a request of a person needs to know of the exchanged tables, as JSON: names, kinds and joins, no callbacks.

In a complete Eden the schema is made of some six hundred tables. Whoever saves a form there must not wait for that: the
journal reads these facts instead, which the last run or exchange has written.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import fields as fields_of
from typing import Any

from ..core.schema import Component, Field, Schema, Table

#: Another number where facts that were written before cannot be read any more.
VERSION = 2

_FIELD = ("name", "type", "kind", "target", "notnull", "unique", "local", "ondelete")
_COMPONENT = tuple(each.name for each in fields_of(Component))


def facts_of(schema: Schema, exchanged: Collection[str], model: str = "") -> dict[str, Any]:
    """Return the facts of tables that are exchanged, with their components and super-entities.

    Args:
        schema: the whole schema.
        exchanged: names of the main tables of tasks; unknown ones are passed over.
        model: the version of the data model.
    """
    tables = {each.name: _table(each, each.name in exchanged) for each in _around(schema, exchanged)}
    return {"version": VERSION, "model": model, "exchanged": sorted(exchanged), "tables": tables}


def schema_of(facts: Mapping[str, Any]) -> Schema:
    """Return a schema of the facts' tables: enough to note changes, not to import or export."""
    return Schema({name: _read(name, given) for name, given in facts["tables"].items()})


def _around(schema: Schema, exchanged: Collection[str]) -> Iterable[Table]:
    found: dict[str, Table] = {}
    for name in sorted(exchanged):
        main = schema.get(name)
        if main is None:
            continue
        parts = (schema.get(each.table) for each in main.components.values() if each.travels)
        for table in (main, *(each for each in parts if each is not None)):
            found[table.name] = table
            found.update(
                (entity.name, entity) for entity in map(schema.get, table.super_keys.values()) if entity
            )
    return found.values()


def _table(table: Table, is_main: bool) -> dict[str, Any]:
    return {
        "key": table.key,
        "fields": [[getattr(each, name) for name in _FIELD] for each in table.fields.values()],
        "super_keys": dict(table.super_keys),
        "instance_types": list(table.instance_types),
        # Only what is exchanged as a main table is the master of anything.
        "components": [
            [getattr(each, name) for name in _COMPONENT]
            for each in table.components.values()
            if is_main and each.travels
        ],
        "together": [list(group) for group in table.together],
        "computed": sorted(table.computed),
    }


def _read(name: str, given: Mapping[str, Any]) -> Table:
    fields = [Field(**dict(zip(_FIELD, each))) for each in given["fields"]]
    components = [Component(*each) for each in given["components"]]
    return Table(
        name=name,
        fields={each.name: each for each in fields},
        key=given["key"],
        super_keys=given["super_keys"],
        instance_types=tuple(given["instance_types"]),
        components={each.alias: each for each in components},
        together=tuple(map(tuple, given["together"])),
        computed=frozenset(given["computed"]),
    )
