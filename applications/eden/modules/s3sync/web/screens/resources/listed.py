"""The resources that are exchanged with a repository: which, which way, by which policies, which records."""

from __future__ import annotations

from typing import Any, NamedTuple

from ....core.task import Mode
from ....site.tasks import TaskRow
from ..words.policies import PolicyChoice
from .catalogue import CatalogueItem

PAGE = 50

#: How lists can be sorted: name in the URL -> column of sync_task. The usual order is that of the exchange.
SORTED_BY = {"order": "id", "name": "resource_name", "pull": "last_pull", "push": "last_push"}


class TaskLine(NamedTuple):
    """A resource in the list.

    Attributes:
        task: as it is stored.
        item: what is known of the table.
        mode: which way it travels.
        rules: its policies in sentences.
        filters: in words.
        pull, push: the newest entries of the log about it, None where there are none.
        kept: conflicts and rejected records on which nobody has decided.
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
        """Whether it does not travel for the time being."""
        return self.task.mode is Mode.NONE
