"""The columns that every synchronised table has, with Eden's names."""

from __future__ import annotations

import datetime
import uuid
from typing import Any, Callable

from gluon import Field

from .clock import default_time

#: Meta-fields in the order of the columns.
META_FIELDS = (
    "uuid",
    "mci",
    "deleted",
    "deleted_fk",
    "deleted_rb",
    "created_on",
    "created_by",
    "modified_on",
    "modified_by",
    "approved_by",
    "owned_by_user",
    "owned_by_group",
    "realm_entity",
)


def new_uuid() -> str:
    """Return a new uuid in Eden's form."""
    return uuid.uuid4().urn


def meta_fields(now: Callable[[], datetime.datetime], user_id: Callable[[], int | None]) -> list[Field]:
    """Return new meta-field columns for one table.

    Args:
        now: the site's clock, UTC.
        user_id: returns the id of the user who writes, None if nobody is logged in.
    """

    def moment() -> datetime.datetime:
        return default_time(now())

    def hidden(name: str, type: str = "string", **options: Any) -> Field:
        return Field(name, type, readable=False, writable=False, requires=None, **options)

    def user(name: str, **options: Any) -> Field:
        return hidden(name, "reference auth_user", ondelete="SET NULL", **options)

    return [
        hidden("uuid", length=128, notnull=True, unique=True, default=new_uuid),
        hidden("mci", "integer", default=0),
        hidden("deleted", "boolean", default=False),
        hidden("deleted_fk", "text"),
        hidden("deleted_rb", "integer"),
        hidden("created_on", "datetime", default=moment),
        user("created_by", default=user_id),
        hidden("modified_on", "datetime", default=moment, update=moment),
        user("modified_by", default=user_id, update=user_id),
        hidden("approved_by", "integer", default=0),
        user("owned_by_user", default=user_id),
        hidden("owned_by_group", "reference auth_group", ondelete="SET NULL"),
        hidden("realm_entity", "integer"),
    ]
