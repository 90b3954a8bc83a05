"""The columns that deletions read and write."""

from __future__ import annotations

import uuid as uuids
from typing import Any

from ....core.schema import META_FIELDS, Field, Table


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


def placeholder(field: Field) -> Any:
    """Return a value of a unique field that no record has: none, where it may be empty."""
    if not field.notnull:
        return None
    return f"~{uuids.uuid4().hex}"[: field.length or None]
