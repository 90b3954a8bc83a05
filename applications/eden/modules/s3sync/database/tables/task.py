"""Tables of tasks, their filters, and jobs."""

from __future__ import annotations

from typing import Any, Callable

from pydal import Field
from pydal.validators import IS_IN_SET, IS_NOT_EMPTY

from ...core.clock import Clock
from ...core.policy import Method, Policy
from ...core.task import Mode
from .fields import declare, meta_fields


def define_tasks(db: Any, T: Callable[[str], Any], clock: Clock) -> None:
    modes = {
        Mode.PULL.value: T("pull"),
        Mode.PUSH.value: T("push"),
        Mode.BOTH.value: T("pull and push"),
        Mode.NONE.value: T("none"),
    }
    policies = {
        Policy.NEWER.value: T("the newer version"),
        Policy.OTHER.value: T("always the other site's"),
        Policy.THIS.value: T("always this site's"),
        Policy.MASTER.value: T("the version of the site where the record was made"),
    }
    strategies = {
        Method.CREATE.value: T("create new records"),
        Method.UPDATE.value: T("update existing records"),
        Method.DELETE.value: T("delete records"),
        Method.MERGE.value: T("merge records"),
    }
    declare(
        db,
        "sync_task",
        lambda: [
            Field("repository_id", "reference sync_repository", ondelete="CASCADE", label=T("Repository")),
            Field("dataset_id", "reference sync_dataset", ondelete="CASCADE", label=T("Data Set")),
            Field("resource_name", notnull=True, label=T("Resource Name"), requires=IS_NOT_EMPTY()),
            Field("components", "boolean", default=True, label=T("Synchronize Components")),
            Field("infile_pattern", label=T("Input File Name")),
            Field("delete_input_files", "boolean", default=False, label=T("Delete Input Files")),
            Field("outfile_pattern", label=T("Output File Name")),
            Field("human_readable", "boolean", default=False, label=T("Human-readable Output")),
            Field("representation", label=T("Data Representation")),
            Field("multiple_file", "boolean", default=False, label=T("Multiple Files")),
            Field("last_pull", "datetime", writable=False, label=T("Last pull on")),
            Field("last_push", "datetime", writable=False, label=T("Last push on")),
            Field(
                "mode",
                "integer",
                default=Mode.BOTH.value,
                label=T("Mode"),
                requires=IS_IN_SET(modes, zero=None, sort=False),
            ),
            Field(
                "strategy",
                "list:string",
                default=[each.value for each in Method],
                label=T("Strategy"),
                requires=IS_IN_SET(strategies, multiple=True, zero=None, sort=False),
            ),
            Field("update_method", "integer", default=1, readable=False, writable=False),
            Field(
                "update_policy",
                default=Policy.NEWER.value,
                label=T("Update Policy"),
                requires=IS_IN_SET(policies, zero=None, sort=False),
            ),
            Field(
                "conflict_policy",
                default=Policy.NEWER.value,
                label=T("Conflict Policy"),
                requires=IS_IN_SET(policies, zero=None, sort=False),
            ),
            *meta_fields(db, clock),
        ],
        format="%(resource_name)s",
    )
    declare(
        db,
        "sync_resource_filter",
        lambda: [
            Field("task_id", "reference sync_task", ondelete="CASCADE"),
            Field("tablename", notnull=True, label=T("Table"), requires=IS_NOT_EMPTY()),
            Field("filter_string", notnull=True, label=T("Filter"), requires=IS_NOT_EMPTY()),
            *meta_fields(db, clock),
        ],
    )
    declare(
        db,
        "sync_job",
        lambda: [
            Field("repository_id", "reference sync_repository", ondelete="CASCADE"),
            Field("scheduler_task_id", "integer"),
            # Seconds after a change here at which it also runs; none if it does not.
            Field("after_change", "integer"),
            *meta_fields(db, clock),
        ],
    )
