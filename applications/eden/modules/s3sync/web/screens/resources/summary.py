"""A summary of a resource: its filters, and its last results."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ....core.errors import SyncError
from ....core.task import Activity, log_mode
from ....database.log import OUTGOING
from ....site import Site
from ....site.labels import Translate
from ....site.tasks import TaskRow
from ....wire.filters import parse_filter_string
from . import filter_form as filter_form
from .filter_fields import FilterFields


def filters_in_words(site: Site, T: Translate, tasks: Sequence[TaskRow]) -> dict[int, list[str]]:
    """Return the filters of tasks in words, or unchanged if they cannot be read: task -> sentences."""
    resources = {task.id: task.resource for task in tasks}
    told = {}
    for task_id, lines in filter_form.stored_lines(site, tasks).items():
        table = site.schema.get(resources[task_id])
        try:
            filters = [each for line in lines for each in parse_filter_string(line)]
        except SyncError:
            filters = []
        told[task_id] = FilterFields(site, T, table).sentences(filters) if filters and table else lines
    return told


def outcomes(db: Any, repository_id: int, names: Sequence[str]) -> dict[Any, Any]:
    """Return the newest log entries about resources in runs of this site: (resource, mode) -> row.

    Args:
        db: the DAL.
        repository_id: the repository.
        names: names of the resources.
    """
    table = db.sync_log
    newest = table.id.max()
    query = (
        (table.repository_id == repository_id)
        & table.resource_name.belongs(list(names))
        & table.mode.belongs([log_mode(each, OUTGOING) for each in (Activity.PULL, Activity.PUSH)])
    )
    grouped = [table.resource_name, table.mode]
    ids = [row[newest] for row in db(query).select(newest, groupby=grouped)]
    rows = db(table.id.belongs(ids)).select(
        table.id, table.timestmp, table.resource_name, table.mode, table.result
    )
    return {(row.resource_name, row.mode.partition("/")[0]): row for row in rows}
