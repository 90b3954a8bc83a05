"""The columns that deletions read and write."""

from __future__ import annotations

import uuid as uuids
from collections.abc import Iterable
from typing import Any

from ....core.schema import META_FIELDS, Field, Schema, Table
from ...ports import Row, Store


def columns_of(table: Table) -> tuple[str, ...]:
    """Return the columns that a deletion needs of a record."""
    return (
        table.key,
        "deleted",
        "modified_on",
        "uuid",
        *(field.name for field in foreign_keys(table)),
        *table.super_keys,
    )


def foreign_keys(table: Table) -> list[Field]:
    """Return the fields by which records refer to others, without users, groups and their own super keys."""
    return [
        field
        for field in table.fields.values()
        if field.is_reference and field.name not in META_FIELDS and field.name not in table.super_keys
    ]


def mark_super(schema: Schema, store: Store, table: Table, rows: Iterable[Row], *, deleted: bool) -> None:
    """Mark the super-entities of records as deleted, or remove the mark.

    Args:
        schema, store: see ``ports``.
        table: the table of the records.
        rows: their rows, which begin with ``columns_of``.
        deleted: whether they are deleted now.
    """
    columns = columns_of(table)
    rows = list(rows)
    for super_key, super_name in table.super_keys.items():
        at = columns.index(super_key)
        marks = [(row[at], deleted) for row in rows if row[at] is not None]
        super_table = schema.get(super_name)
        if marks and super_table is not None and "deleted" in super_table.fields:
            store.update(super_table, ("deleted",), marks)


def placeholder(field: Field) -> Any:
    """Return a value of a unique field that no record has: none, where it may be empty."""
    if not field.notnull:
        return None
    return f"~{uuids.uuid4().hex}"[: field.length or None]
