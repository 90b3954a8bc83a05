"""Tables of runs, exchanges, and the log."""

from __future__ import annotations

from typing import Any, Callable

from pydal import Field
from pydal.validators import IS_IN_SET

from ...core.clock import Clock
from ...core.kept import KeptState
from ...core.task import Result, RunState
from .fields import declare, meta_fields


def define_log(db: Any, T: Callable[[str], Any], clock: Clock) -> None:
    declare(
        db,
        "sync_log",
        lambda: [
            Field("timestmp", "datetime", default=clock.now, label=T("Date/Time")),
            Field("repository_id", "reference sync_repository", ondelete="CASCADE", label=T("Repository")),
            Field("resource_name", label=T("Resource")),
            Field("mode", label=T("Mode")),
            Field("action", label=T("Action")),
            Field(
                "result", label=T("Result"), requires=IS_IN_SET([each.value for each in Result], zero=None)
            ),
            Field("remote", "boolean", default=False, label=T("Remote Error")),
            Field("message", "text", label=T("Message")),
            Field("remedy", "text", label=T("What to do")),
            # The code of the error (errors.SyncError.code), else of the message; None if it has none.
            Field("code", length=32, readable=False, writable=False),
            # Message and remedy as data (messages.described), None if neither has a code.
            Field("params", "json", readable=False, writable=False),
            Field("run_id", "integer", readable=False, writable=False),
            *meta_fields(db, clock),
        ],
    )


def define_exchange(db: Any, T: Callable[[str], Any], clock: Clock) -> None:
    counts = ("created", "updated", "unchanged", "deleted", "merged", "skipped", "conflicts", "rejected")
    declare(
        db,
        "sync_run",
        lambda: [
            Field("repository_id", "integer", notnull=True),
            Field("started_on", "datetime", default=clock.now, label=T("Started")),
            Field("finished_on", "datetime", label=T("Finished")),
            Field("manual", "boolean", default=False, label=T("Manual")),
            Field("user_id", "integer"),
            # running, completed, failed, cancelled
            Field("state", length=16, notnull=True, default=RunState.RUNNING.value, label=T("State")),
            Field("stage", length=32, label=T("Stage")),
            Field("resource_name", length=64, label=T("Resource")),
            Field("done", "integer", default=0, label=T("Records done")),
            Field("total", "integer", label=T("Records in all")),
            # The current resource and direction: which, and since when.
            Field("direction", length=4),
            Field("stage_since", "datetime"),
            # The outcomes of each resource (see scheduler.run_record.RunRecord).
            Field("details", "json"),
            *[Field(name, "integer", default=0) for name in counts],
            Field("sent", "integer", default=0, label=T("Records sent")),
            Field("bytes_received", "bigint", default=0),
            Field("bytes_sent", "bigint", default=0),
            # How good the line was (exchange.line.Line), None where that is not known.
            Field("line", "json"),
            Field("cancel_requested", "boolean", default=False),
            Field("message", "text", label=T("Message")),
            # The failures (messages.FailureRecord), None if there were none.
            Field("failures", "json"),
            # The run of web2py's scheduler that began it, None if none did.
            Field("scheduler_run_id", "integer"),
        ],
    )
    _define_served(db, clock, counts)
    declare(
        db,
        "sync_traffic",
        lambda: [
            Field("day", "date", notnull=True),
            Field("repository_id", "integer", notnull=True),
            Field("received", "integer", default=0),
            Field("sent", "integer", default=0),
        ],
    )
    declare(
        db,
        "sync_lease",
        lambda: [
            Field("repository_id", "integer", notnull=True, unique=True),
            Field("owner", length=128, notnull=True),
            Field("run_id", "integer"),
            Field("acquired", "datetime", default=clock.now),
            Field("heartbeat", "datetime", default=clock.now),
        ],
    )
    declare(
        db,
        "sync_deferred",
        lambda: [
            Field("tablename", length=64, notnull=True),
            Field("record_id", "integer", notnull=True),
            Field("fieldname", length=64, notnull=True),
            Field("position", "integer", notnull=True, default=-1),
            Field("target", length=64, notnull=True, default=""),
            Field("uuid", length=255, notnull=True),
            Field("url", "text"),
            Field("filename", length=255),
            Field("repository_id", "integer"),
            # A file that was asked for in vain: how often, and from when on it is asked for again.
            Field("attempts", "integer", default=0),
            Field("retry_on", "datetime"),
            Field("created_on", "datetime", default=clock.now),
        ],
    )
    declare(
        db,
        "sync_twin",
        lambda: [
            Field("tablename", length=64, notnull=True),
            # under which uuid other sites know the record, beside its own
            Field("uuid", length=255, notnull=True),
            # 0 where a survivor is named
            Field("record_id", "integer", notnull=True),
            # the uuid of the record into which one that never was here was merged elsewhere
            Field("survivor", length=255),
            # whether the other site has yet to say that it does not have the record under its own uuid as well
            Field("proposed", "boolean", default=False),
        ],
    )
    declare(
        db,
        "sync_kept",
        lambda: [
            Field("kind", length=16, notnull=True),
            Field("tablename", length=64, notnull=True),
            Field("uuid", length=255),
            Field("record_id", "integer"),
            Field("repository_id", "integer"),
            Field("winner", length=8),
            Field("reason", "text"),
            Field("ours", "text"),
            Field("theirs", "text"),
            Field("modified_on", "datetime"),
            Field("fingerprint", length=128, notnull=True),
            Field("missing", "json"),
            # From when on a record that was rejected because of its time is tried again, and the position of the
            # journal when it was put aside.
            Field("retry_on", "datetime"),
            Field("kept_at", "bigint"),
            # The position of the journal when it was put aside, of every kind: what changed since is exchanged anew.
            Field("journal_at", "bigint"),
            # open, superseded (by a later version), resolved (by a person), left (by a person, and the sites differ)
            Field("state", length=16, notnull=True, default=KeptState.OPEN.value),
            Field("created_on", "datetime", default=clock.now),
            Field("closed_on", "datetime"),
            Field("resolved_by", "integer"),
            # The decision of a person: keep, ours, theirs or fields (see conflicts.resolve).
            Field("decision", length=16),
            # If that was at another site: who, the site as in stamps, and when by its clock.
            Field("resolved_by_email", length=255),
            Field("resolved_at_site", length=64),
            Field("resolved_on", "datetime"),
            # The name of the record, from one of the versions.
            Field("name", length=255),
        ],
    )
    declare(
        db,
        "sync_open_there",
        lambda: [
            Field("repository_id", "integer", notnull=True),
            # why the other site has not taken it (kept.OpenKind)
            Field("kind", length=16, notnull=True),
            Field("tablename", length=64, notnull=True, default=""),
            Field("uuid", length=255),
            Field("reason", "text"),
            # more than one for those that the other site counted but did not list
            Field("records", "integer", notnull=True, default=1),
            Field("told_on", "datetime", default=clock.now),
        ],
    )
    declare(
        db,
        "sync_decision",
        lambda: [
            Field("rule", length=16, notnull=True),
            # The versions: listed ids, or the query of the list (see conflicts.resolve_many.Selection).
            Field("selection", "text", notnull=True),
            Field("last_id", "integer", notnull=True),
            Field("user_id", "integer"),
            # waiting, running, finished, failed
            Field("state", length=16, notnull=True, default="waiting"),
            Field("position", "integer", notnull=True, default=0),
            Field("total", "integer", notnull=True, default=0),
            Field("done", "integer", notnull=True, default=0),
            Field("left_open", "integer", notnull=True, default=0),
            Field("problems", "json"),
            Field("message", "text"),
            Field("created_on", "datetime", default=clock.now),
            Field("finished_on", "datetime"),
        ],
    )


def _define_served(db: Any, clock: Clock, counts: tuple[str, ...]) -> None:
    """Define the tables of exchanges that other sites began (see ``passive.begun``)."""
    declare(
        db,
        "sync_served",
        lambda: [
            Field("repository_id", "integer", notnull=True),
            Field("started_on", "datetime", default=clock.now),
            Field("finished_on", "datetime", default=clock.now),
            Field("state", length=16, notnull=True, default=RunState.RUNNING.value),
            Field("moved", "boolean", notnull=True, default=False),
            Field("code", length=32),
            Field("message", "text"),
            Field("remedy", "text"),
            Field("params", "json"),
        ],
    )
    declare(
        db,
        "sync_served_table",
        lambda: [
            Field("served_id", "integer", notnull=True),
            Field("repository_id", "integer", notnull=True),
            # "" for records that were put off
            Field("tablename", length=64, notnull=True, default=""),
            Field("sent", "integer", notnull=True, default=0),
            *[Field(name, "integer", notnull=True, default=0) for name in counts],
        ],
    )
    declare(
        db,
        "sync_summary",
        # One row for each repository, and one without (0) that says when all were stored: see ``monitoring.summary``.
        lambda: [
            Field("repository_id", "integer", notnull=True),
            Field("state", length=16, notnull=True, default=""),
            Field("urgency", "integer", notnull=True, default=0),
            Field("sort_name", length=64, notnull=True, default=""),
            Field("succeeded_on", "datetime"),
            Field("next_on", "datetime"),
            Field("noted_on", "datetime", default=clock.now),
        ],
    )
