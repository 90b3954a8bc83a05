"""The tasks of repositories: rows of sync_task, and tasks for the engine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from ..core.policy import Method, Policy
from ..core.task import Mode
from ..database import own_rows as own_rows
from ..database.tables.fields import live
from ..exchange.peer import Exchange
from ..exchange.run.ports import Task
from ..wire.filter_limits import together
from ..wire.filters import Filter, parse_filter_string

__all__ = ["TaskRow", "TaskRules", "engine_tasks", "filtered", "filters_of", "find", "of_repository"]


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
    rows = own_rows.read(db, "sync_task", {"repository_id": repository_id, "deleted": False})
    return [TaskRow.read(row) for row in rows]


def find(db: Any, task_id: int) -> TaskRow | None:
    """Return a task by its key, None if there is none."""
    rows = [row for row in own_rows.read(db, "sync_task", {"id": task_id}) if not row.deleted]
    return TaskRow.read(rows[0]) if rows else None


def engine_tasks(db: Any, tasks: Sequence[TaskRow]) -> list[Task]:
    """Return tasks for the engine.

    Raises:
        FilterError: one of their filters cannot be read.
    """
    filters = _filters(db, tasks)
    return [_engine_task(task, filters[task.id]) for task in tasks]


def _engine_task(task: TaskRow, filters: Sequence[Filter]) -> Task:
    rules = task.rules
    exchange = Exchange(
        task.resource,
        components=rules.components,
        filters=tuple(filters),
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
    return _filters(db, [task])[task.id]


def _filters(db: Any, tasks: Sequence[TaskRow]) -> dict[int, list[Filter]]:
    """Return the filters of tasks, with one statement: key of the task -> filters."""
    found: dict[int, list[Filter]] = {task.id: [] for task in tasks}
    resources = {task.id: task.resource for task in tasks}
    for row in own_rows.read(db, "sync_resource_filter", {"task_id": [*found], "deleted": False}):
        of = None if row.tablename in ("~", "", resources[row.task_id]) else row.tablename
        found[row.task_id] += parse_filter_string(row.filter_string, of)
    return {key: [*together(filters)] for key, filters in found.items()}
