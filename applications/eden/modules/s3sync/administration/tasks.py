"""The tasks of a repository: their rules, and their deletion."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.policy import Method, Policy
from ..core.task import Mode
from ..scheduler import jobs
from ..site import Site, exchange_state


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


def delete_task(site: Site, task: Any) -> None:
    """Delete a task, in one transaction; the records stay.

    Args:
        site: this site.
        task: row of sync_task.

    Raises:
        AlreadyRunning: the repository is being synchronised.
    """
    db = site.db
    with site.store.transaction():
        jobs.ensure_idle(site, task.repository_id)
        exchange_state.reset(site, task.repository_id, task.resource_name)
        db(db.sync_resource_filter.task_id == task.id).delete()
        db(db.sync_task.id == task.id).delete()
