"""What a repository has not let this site exchange in the last run, because of the scope that this site has there."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import TYPE_CHECKING, Any

from ...core.task import Activity

if TYPE_CHECKING:
    from ..repositories import Repository

#: Name of the setting.
NOT_ALLOWED = "not_allowed"


def not_allowed_in(settings: Mapping[str, Any]) -> Mapping[str, list[str]]:
    """Return resource -> directions that are not allowed.

    Args:
        settings: column of the repository.
    """
    found: Mapping[str, list[str]] = settings.get(NOT_ALLOWED) or {}
    return found


def note(repository: Repository, told: Mapping[str, Collection[Activity]]) -> None:
    """Store what was not allowed in a run.

    Args:
        repository: the repository.
        told: resource -> directions.
    """
    found = {name: sorted(each.value for each in modes) for name, modes in sorted(told.items())}
    site = repository.site
    current = site.repository(repository.id)
    if not_allowed_in(current.settings) != found:
        with site.store.transaction():
            repository.update(settings=repository.settings_with(**{NOT_ALLOWED: found}))
