"""Stores and deletes repositories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..adapters.settings import columns
from ..database import accounts as accounts
from ..database.tables.define import BELONGING, ENDING
from ..scheduler import jobs as jobs
from ..scheduler import queue as queue
from ..site import Repository, Site


def store_repository(
    site: Site,
    record: Repository | None,
    apitype: str,
    name: str,
    values: Mapping[str, Any],
    uuid: str | None = None,
) -> int:
    """Store the settings of a repository, within the current transaction; return its key.

    Args:
        site: this site.
        record: the repository, None for a new one.
        apitype: name of its type.
        name: its name here.
        values: by the names of its type's settings; secrets encrypted, None for empty ones.
        uuid: how the other site identifies itself; None keeps what is known.
    """
    entered = {"name": name, "apitype": apitype, **columns(record.settings if record else None, values)}
    if uuid:
        entered["uuid"] = uuid
    if record is None:
        return int(site.db.sync_repository.insert(**entered))
    record.update(**entered)
    return record.id


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
