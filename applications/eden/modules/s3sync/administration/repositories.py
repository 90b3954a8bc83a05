"""Deletes repositories."""

from __future__ import annotations

from ..database import accounts as accounts
from ..database.tables.define import BELONGING, ENDING
from ..scheduler import jobs as jobs
from ..scheduler import queue as queue
from ..site import Site


def delete_repository(site: Site, repository_id: int) -> None:
    """Delete a repository with everything that belongs to it, in one transaction.

    The records that it brought stay, and so do kept versions that still need a decision. The account that an invitation
    made for it is closed.

    Args:
        site: this site.
        repository_id: the repository.

    Raises:
        AlreadyRunning: it is being synchronised.
    """
    db, task = site.db, site.db.sync_task
    account_id = site.repository(repository_id).account_id
    with site.store.transaction():
        jobs.ensure_idle(site, repository_id)
        for row in jobs.jobs_of(db, repository_id):
            jobs.remove_job(db, row.sync_job.id)
        queue.cancel_waiting(db, repository_id)
        site.journal.forget_origin(repository_id)
        tasks = db(task.repository_id == repository_id)._select(task.id)
        db(db.sync_resource_filter.task_id.belongs(tasks)).delete()
        for name in (*BELONGING, *ENDING):
            db(db[name].repository_id == repository_id).delete()
        db(db.sync_repository.id == repository_id).delete()
        # It could register anew, and would have no scope then.
        accounts.close_made(db, account_id)
