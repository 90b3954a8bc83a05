"""The tasks of repositories: rows of sync_task, and tasks for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..core.policy import Method, Policy
from ..core.task import Mode
from ..database.tables.fields import live
from ..exchange.peer import Exchange
from ..exchange.run.ports import Task
from ..wire.filter_limits import together
from ..wire.filters import Filter, parse_filter_string

__all__ = ["TaskRow", "TaskRules", "engine_task", "filtered", "filters_of", "find", "of_repository"]


class TaskRules(NamedTuple):
    """The rules of a resource's exchange; the names are those of sync_task."""

    mode: Mode = Mode.BOTH
    components: bool = True
    strategy: Sequence[Method] = tuple(Method)
    update_policy: Policy = Policy.NEWER
    conflict_policy: Policy = Policy.NEWER

    @classmethod
    def read(cls, row: Any) -> TaskRules:
        """Return the rules of a task from its row."""
        return cls(
            Mode.read(row.mode),
            row.components is not False,
            Method.read(row.strategy),
            Policy.read(row.update_policy),
            Policy.read(row.conflict_policy),
        )

    @property
    def columns(self) -> dict[str, Any]:
        """The rules as columns of sync_task."""
        return {
            "mode": self.mode.value,
            "components": self.components,
            "strategy": [each.value for each in self.strategy],
            "update_policy": self.update_policy.value,
            "conflict_policy": self.conflict_policy.value,
        }


@dataclass(frozen=True)
class TaskRow:
    """A row of sync_task.

    Attributes:
        id: its key.
        repository_id: the repository it belongs to, None for a resource of one of our data sets.
        resource: name of the table.
        rules: the rules of its exchange.
        last_pull, last_push: when it was last exchanged (UTC), None before the first time.
    """

    id: int
    repository_id: int | None
    resource: str
    rules: TaskRules
    last_pull: datetime | None
    last_push: datetime | None

    @classmethod
    def read(cls, row: Any) -> TaskRow:
        """Return a task from its row."""
        return cls(
            int(row.id),
            int(row.repository_id) if row.repository_id else None,
            row.resource_name,
            TaskRules.read(row),
            row.last_pull,
            row.last_push,
        )

    @property
    def mode(self) -> Mode:
        """Its direction."""
        return self.rules.mode


def of_repository(db: Any, repository_id: int) -> list[TaskRow]:
    """Return the tasks of a repository, in order."""
    table = db.sync_task
    query = (table.repository_id == repository_id) & live(table)
    return [TaskRow.read(row) for row in db(query).select(orderby=table.id)]


def find(db: Any, task_id: int) -> TaskRow | None:
    """Return a task by its key, None if there is none."""
    row = db.sync_task(task_id)
    return TaskRow.read(row) if row is not None and not row.deleted else None


def engine_task(db: Any, task: TaskRow) -> Task:
    """Return a task for the engine.

    Raises:
        FilterError: one of its filters cannot be read.
    """
    rules = task.rules
    exchange = Exchange(
        task.resource,
        components=rules.components,
        filters=tuple(filters_of(db, task)),
        strategy=tuple(rules.strategy),
        update_policy=rules.update_policy,
        conflict_policy=rules.conflict_policy,
    )
    return Task(task.id, exchange, rules.mode.pulls, rules.mode.pushes)


def filtered(db: Any, repository_id: int) -> list[str]:
    """Return the tables of a repository of which only chosen records are exchanged."""
    task, chosen = db.sync_task, db.sync_resource_filter
    query = (task.repository_id == repository_id) & live(task) & live(chosen)
    rows = db(query & (chosen.task_id == task.id)).select(task.resource_name, distinct=True)
    return [row.resource_name for row in rows]


def filters_of(db: Any, task: TaskRow) -> list[Filter]:
    """Return the filters of a task.

    Raises:
        FilterError: one of them cannot be read, or they are more than any database takes.
    """
    table = db.sync_resource_filter
    found: list[Filter] = []
    for row in db((table.task_id == task.id) & live(table)).select(orderby=table.id):
        of = None if row.tablename in ("~", "", task.resource) else row.tablename
        found += parse_filter_string(row.filter_string, of)
    return [*together(found)]
