"""The resources that are exchanged with a repository: which, which way, by which policies, which records."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....core.task import Mode
from ....site.tasks import TaskRow
from ..words.policies import PolicyChoice
from .catalogue import CatalogueItem

PAGE = 50

#: Sortable columns: name in the URL -> column of sync_task. The default order is that of the exchange.
SORTED_BY = {"order": "id", "name": "resource_name", "pull": "last_pull", "push": "last_push"}


class TaskLine(NamedTuple):
    """A resource in the list.

    Attributes:
        task: its task.
        item: its item in the catalogue.
        mode: its direction.
        rules: its policies in sentences.
        filters: its filters in words.
        pull, push: its newest log entries, None if there are none.
        kept: number of conflicts and rejected records that need a decision.
    """

    task: TaskRow
    item: CatalogueItem
    mode: PolicyChoice
    rules: list[Any]
    filters: list[str]
    pull: Any
    push: Any
    kept: int

    @property
    def is_paused(self) -> bool:
        """Whether its exchange is paused."""
        return self.task.mode is Mode.NONE
