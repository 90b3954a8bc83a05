"""The invitations that wait to be taken up, and those that were."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Any, NamedTuple

from ...database import own_rows as own_rows
from ...database.tables.fields import live
from .. import Site

TABLE = "sync_invitation"


class StoredInvitation(NamedTuple):
    """An invitation as it is stored: without its key.

    Attributes:
        id: its key here.
        name: of the site that is invited.
        scope_id: what that may read and write here.
        expires_on: until when it can be taken up (UTC).
        used_on: when it was (UTC), None if it was not.
        repository_id: by which repository.
    """

    id: int
    name: str
    scope_id: int
    expires_on: datetime
    used_on: datetime | None
    repository_id: int | None


def digest_of(key: str) -> str:
    """Return what is stored of a key."""
    return hashlib.sha256(key.encode("utf-8")).hexdigest()


def _read(row: Any) -> StoredInvitation:
    return StoredInvitation(
        int(row.id), row.name, int(row.scope_id), row.expires_on, row.used_on, row.repository_id
    )


def with_key(site: Site, key: str) -> StoredInvitation | None:
    """Return the invitation with a key, None if there is none."""
    rows = own_rows.read(site.db, TABLE, {"key_digest": digest_of(key), "deleted": False}, limit=1)
    return _read(rows[0]) if rows else None


def waiting(site: Site) -> list[StoredInvitation]:
    """Return the invitations that nobody has taken up, newest first; also those that have expired."""
    table = site.db[TABLE]
    query = live(table) & (table.used_on == None)  # noqa: E711 - an SQL expression
    return [_read(row) for row in site.db(query).select(orderby=~table.id)]
