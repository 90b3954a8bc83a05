"""Fields that several sync tables share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Callable
from uuid import uuid4

from pydal import Field

from ...core.clock import Clock


def new_uuid() -> str:
    """Return a new uuid in Eden's form."""
    return uuid4().urn


def meta_fields(db: Any, clock: Clock) -> list[Field]:
    """Return Eden's meta-fields, as columns without form fields."""
    user = "reference auth_user" if "auth_user" in db.tables else "integer"
    group = "reference auth_group" if "auth_group" in db.tables else "integer"

    def hidden(name: str, type: str, **options: Any) -> Field:
        return Field(name, type, readable=False, writable=False, requires=None, **options)

    return [
        hidden("uuid", "string", length=128, notnull=True, unique=True, default=new_uuid),
        hidden("mci", "integer", default=0),
        hidden("deleted", "boolean", default=False),
        hidden("deleted_fk", "text"),
        hidden("deleted_rb", "integer"),
        hidden("created_on", "datetime", default=clock.now),
        hidden("created_by", user, ondelete="SET NULL"),
        hidden("modified_on", "datetime", default=clock.now, update=clock.now),
        hidden("modified_by", user, ondelete="SET NULL"),
        hidden("approved_by", "integer", default=0),
        hidden("owned_by_user", user, ondelete="SET NULL"),
        hidden("owned_by_group", group, ondelete="SET NULL"),
        hidden("realm_entity", "integer"),
    ]


def live(table: Any) -> Any:
    """Return the query of the rows of a table that are not marked as deleted."""
    return table.deleted == False  # noqa: E712 - an SQL expression


class _LazyFields:
    """Columns that are made when the table is first used: most requests use only two or three of these tables."""

    def __init__(self, build: Callable[[], Sequence[Field]]) -> None:
        self._build = build

    def __iter__(self) -> Iterator[Field]:
        return iter(self._build())

    def __bool__(self) -> bool:
        return True


def declare(db: Any, name: str, build: Callable[[], Sequence[Field]], **options: Any) -> None:
    """Define a table with the fields that a function returns; the options are pydal's."""
    db.define_table(name, fields=_LazyFields(build), **options)
