"""The data sets of a repository that this site subscribes to, as they are stored."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ...database import own_rows as own_rows

#: The key of what was found at the last refresh, in the settings of a repository.
SUBSCRIBED = "datasets"


class ChosenSet(NamedTuple):
    """A data set that this site subscribes to.

    Attributes:
        id: key of its row.
        code: its short name at the other site.
        name: its name there, as far as known.
        resources: names of the tables that are fetched for it.
    """

    id: int
    code: str
    name: str
    resources: tuple[str, ...]


def codes_of(db: Any, repository_id: int) -> tuple[str, ...]:
    """Return the codes of the sets of a repository that were chosen, sorted."""
    rows = own_rows.read(db, "sync_dataset", {"repository_id": repository_id, "deleted": False})
    return tuple(sorted(row.code for row in rows))


def chosen(db: Any, repository_id: int) -> list[ChosenSet]:
    """Return the sets of a repository that were chosen, sorted by code."""
    rows = own_rows.read(db, "sync_dataset", {"repository_id": repository_id, "deleted": False})
    tasks = own_rows.read(db, "sync_task", {"repository_id": repository_id, "deleted": False})
    found = [
        ChosenSet(
            int(row.id),
            row.code,
            row.name or row.code,
            tuple(sorted(task.resource_name for task in tasks if task.dataset_id == row.id)),
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: each.code)


def found_last(settings: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return what was wrong with chosen sets at the last refresh: code -> table ("" for the set) -> why."""
    stored = settings.get(SUBSCRIBED)
    return {code: dict(each) for code, each in stored.items()} if isinstance(stored, Mapping) else {}
