"""The tasks of a repository: their rules, and their deletion."""

from __future__ import annotations

from ..scheduler import jobs as jobs
from ..site import Repository
from ..site.tasks import TaskRow


def delete_task(repository: Repository, task: TaskRow) -> None:
    """Delete a task, in one transaction; the records stay.

    Args:
        repository: the repository.
        task: one of its tasks.

    Raises:
        AlreadyRunning: the repository is being synchronised.
    """
    site, db = repository.site, repository.site.db
    with site.store.transaction():
        jobs.ensure_idle(site, repository.id)
        repository.start_over(task.resource)
        db(db.sync_resource_filter.task_id == task.id).delete()
        db(db.sync_task.id == task.id).delete()
