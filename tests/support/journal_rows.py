"""Rows and a clock for the contracts of the journal."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

from tests.support.databases import Storage

EARLY = datetime(2026, 1, 1, 12, 0, 0)

#: A component of organisations, joined by their id.
NAMES = "org_organisation_name"


class FixedClock:
    """A clock that stands until it is moved."""

    def __init__(self, moment: datetime) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def exact(self) -> datetime:
        return self.moment


def insert(
    site: Storage, name: str, *rows: tuple[Any, ...], columns: tuple[str, ...] = ("name",)
) -> list[int]:
    """Insert behind the journal's back."""
    with site.store.transaction():
        return site.store.insert(
            site.table(name),
            (*columns, "uuid", "deleted", "modified_on"),
            [(*row, uuid.uuid4().urn, False, EARLY) for row in rows],
        )
