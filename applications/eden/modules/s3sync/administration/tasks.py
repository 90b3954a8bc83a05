"""The tasks of a repository: their rules, and their deletion."""

from __future__ import annotations

from ..scheduler import jobs as jobs
from ..site import Repository
from ..site.tasks import TaskRow
from ..site.wanted import tasks as wanted_tasks


def delete_task(repository: Repository, task: TaskRow) -> None:
    """Delete a task, in one transaction; the records stay.

    Args:
        repository: the repository.
        task: one of its tasks.

    Raises:
        AlreadyRunning: the repository is being synchronised.
    """
    site = repository.site
    with site.store.transaction():
        jobs.ensure_idle(site, repository.id)
        wanted_tasks.remove(repository, task)
