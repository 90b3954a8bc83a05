"""The resources that are exchanged with a repository: how, and their end."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from ..core.task import MODE_BOTH, STRATEGIES
from ..scheduler import jobs
from ..site import Site, exchange_state


class TaskRules(NamedTuple):
    """How a resource is exchanged; the names are those of sync_task."""

    mode: int = MODE_BOTH
    components: bool = True
    strategy: Sequence[str] = STRATEGIES
    update_policy: str = "NEWER"
    conflict_policy: str = "NEWER"


def delete_task(site: Site, task: Any) -> None:
    """Exchange a resource no more, in one transaction; the records stay.

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
