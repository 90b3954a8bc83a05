"""The sync_* tables: Eden's names and columns, so that an Eden database can be taken over, and ours beside
them.

``define`` is called by models/sync.py where the module is enabled, in every request: it must stay cheap.
``prepare`` makes the indices; it runs once a database, not once a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timezone
from typing import Any, Callable
from uuid import uuid4

from pydal import Field
from pydal.validators import IS_EMPTY_OR, IS_IN_SET, IS_LENGTH, IS_NOT_EMPTY, IS_URL

from .schema import Schema, Table
from .store import open_store

STRATEGIES = ("create", "update", "delete", "merge")
POLICIES = ("NEWER", "OTHER", "THIS", "MASTER")
MODE_PULL, MODE_PUSH, MODE_BOTH, MODE_NONE = 1, 2, 3, 4
RESULTS = ("success", "warning", "error", "fatal")


def utcnow() -> datetime:
    """Return the current time, UTC without zone and microseconds."""
    return datetime.now(timezone.utc).replace(microsecond=0, tzinfo=None)


def new_uuid() -> str:
    """Return a new identifier in Eden's form."""
    return uuid4().urn


def meta_fields(db: Any) -> list[Field]:
    """Return Eden's meta-fields, as columns that no form shows."""
    user = "reference auth_user" if "auth_user" in db.tables else "integer"
    group = "reference auth_group" if "auth_group" in db.tables else "integer"

    def hidden(name: str, type: str, **options: Any) -> Field:
        return Field(name, type, readable=False, writable=False, requires=None, **options)

    return [
        hidden("uuid", "string", length=128, notnull=True, unique=True, default=new_uuid),
        hidden("mci", "integer", default=0),
        hidden("deleted", "boolean", default=False),
        hidden("deleted_fk", "text"),
        hidden("deleted_rb", "integer"),
        hidden("created_on", "datetime", default=utcnow),
        hidden("created_by", user, ondelete="SET NULL"),
        hidden("modified_on", "datetime", default=utcnow, update=utcnow),
        hidden("modified_by", user, ondelete="SET NULL"),
        hidden("approved_by", "integer", default=0),
        hidden("owned_by_user", user, ondelete="SET NULL"),
        hidden("owned_by_group", group, ondelete="SET NULL"),
        hidden("realm_entity", "integer"),
    ]


def define(db: Any, s3db: Any = None, settings: Any = None, T: Callable[[str], Any] = str) -> None:
    """Define the sync_* tables.

    Args:
        db: the DAL, with auth_user where there are users.
        s3db: the host's data model; told that these tables never leave the site, where it has a
            ``configure``.
        settings: the site's settings; not used by the tables themselves.
        T: marks labels for translation.
    """
    before = set(db.tables)
    _define_settings(db, T)
    _define_tasks(db, T)
    _define_log(db, T)
    _define_journal(db)
    _define_exchange(db, T)
    configure = getattr(s3db, "configure", None)
    if configure is not None:
        for name in db.tables:
            if name not in before:
                configure(name, protected=True)


def _define_settings(db: Any, T: Callable[[str], Any]) -> None:
    db.define_table(
        "sync_config",
        Field("proxy", label=T("Proxy Server URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
        *meta_fields(db),
    )
    db.define_table(
        "sync_status",
        Field("running", "boolean", default=False),
        Field("manual", "boolean", default=False),
        Field("timestmp", "datetime"),
    )
    db.define_table(
        "sync_repository",
        Field("name", length=64, notnull=True, label=T("Name"), requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
        Field("apitype", default="eden", label=T("Repository Type")),
        Field("backend", default="eden", label=T("Data Format")),
        Field("url", label=T("URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
        Field("path", label=T("Path")),
        Field("username", label=T("Username")),
        # ciphertexts of the vault are longer than what they hide
        Field("password", "password", length=1024, label=T("Password"), requires=None),
        Field("client_id", label=T("Client ID")),
        Field("client_secret", "password", length=1024, label=T("Client Secret"), requires=None),
        Field("site_key", length=1024, label=T("Site Key")),
        Field("refresh_token", length=1024, readable=False, writable=False),
        Field("proxy", label=T("Proxy Server URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
        Field("last_status", readable=False, writable=False, label=T("Last status")),
        Field("synchronise_uuids", "boolean", default=False, label=T("Synchronize UUIDs")),
        Field("keep_source", "boolean", default=False, label=T("Keep Repository Source Files")),
        Field("last_refresh", "datetime", readable=False, writable=False, label=T("Last Refresh")),
        Field("last_connected", "datetime", readable=False, writable=False, label=T("Last Connected")),
        Field("settings", "json", readable=False, writable=False),
        Field("capabilities", "list:string", readable=False, writable=False),
        Field("peer_journal", length=64, readable=False, writable=False),
        Field("peer_version", length=64, readable=False, writable=False),
        *meta_fields(db),
        format="%(name)s",
    )
    db.sync_repository.uuid.readable = db.sync_repository.uuid.writable = True
    db.sync_repository.uuid.label = T("Repository UUID")
    db.define_table(
        "sync_dataset",
        Field("repository_id", "reference sync_repository", ondelete="CASCADE"),
        Field("code", length=64, notnull=True, label=T("Code"), requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
        Field("name", label=T("Name")),
        Field("archive_url", label=T("Archive URL")),
        Field("use_archive", "boolean", default=False, label=T("Use Archive")),
        Field("comments", "text", label=T("Comments")),
        *meta_fields(db),
        format="%(code)s",
    )
    db.define_table(
        "sync_dataset_archive",
        Field("dataset_id", "reference sync_dataset", ondelete="CASCADE"),
        Field("date", "datetime", default=utcnow),
        Field("archive", "upload", autodelete=True),
        Field("task_id", "integer"),
        *meta_fields(db),
    )


def _define_tasks(db: Any, T: Callable[[str], Any]) -> None:
    modes = {MODE_PULL: T("pull"), MODE_PUSH: T("push"), MODE_BOTH: T("pull and push"), MODE_NONE: T("none")}
    policies = {
        "NEWER": T("the newer version"),
        "OTHER": T("always the other site's"),
        "THIS": T("always this site's"),
        "MASTER": T("the version of the site where the record was made"),
    }
    strategies = {
        "create": T("create new records"),
        "update": T("update existing records"),
        "delete": T("delete records"),
        "merge": T("merge records"),
    }
    db.define_table(
        "sync_task",
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
            default=MODE_BOTH,
            label=T("Mode"),
            requires=IS_IN_SET(modes, zero=None, sort=False),
        ),
        Field(
            "strategy",
            "list:string",
            default=list(STRATEGIES),
            label=T("Strategy"),
            requires=IS_IN_SET(strategies, multiple=True, zero=None, sort=False),
        ),
        Field("update_method", "integer", default=1, readable=False, writable=False),
        Field(
            "update_policy",
            default="NEWER",
            label=T("Update Policy"),
            requires=IS_IN_SET(policies, zero=None, sort=False),
        ),
        Field(
            "conflict_policy",
            default="NEWER",
            label=T("Conflict Policy"),
            requires=IS_IN_SET(policies, zero=None, sort=False),
        ),
        *meta_fields(db),
        format="%(resource_name)s",
    )
    db.define_table(
        "sync_resource_filter",
        Field("task_id", "reference sync_task", ondelete="CASCADE"),
        Field("tablename", notnull=True, label=T("Table"), requires=IS_NOT_EMPTY()),
        Field("filter_string", notnull=True, label=T("Filter"), requires=IS_NOT_EMPTY()),
        *meta_fields(db),
    )
    db.define_table(
        "sync_job",
        Field("repository_id", "reference sync_repository", ondelete="CASCADE"),
        Field("scheduler_task_id", "integer"),
        *meta_fields(db),
    )


def _define_log(db: Any, T: Callable[[str], Any]) -> None:
    db.define_table(
        "sync_log",
        Field("timestmp", "datetime", default=utcnow, label=T("Date/Time")),
        Field("repository_id", "reference sync_repository", ondelete="CASCADE", label=T("Repository")),
        Field("resource_name", label=T("Resource")),
        Field("mode", label=T("Mode")),
        Field("action", label=T("Action")),
        Field("result", label=T("Result"), requires=IS_IN_SET(RESULTS, zero=None)),
        Field("remote", "boolean", default=False, label=T("Remote Error")),
        Field("message", "text", label=T("Message")),
        Field("run_id", "integer", readable=False, writable=False),
        *meta_fields(db),
    )


def _define_journal(db: Any) -> None:
    """The journal and what belongs to it; written by journal.py and checkpoints.py past pydal."""
    db.define_table(
        "sync_journal",
        Field("tablename", length=64, notnull=True),
        Field("record_id", "integer", notnull=True),
        # the position at which the record, or one of its components, was noted last, and who brought that
        Field("seq", "bigint", notnull=True),
        Field("origin", "integer"),
        # the same for the record alone: a component that changes is no conflict of its master
        Field("changed_seq", "bigint", notnull=True),
        Field("changed_origin", "integer"),
        Field("modified_on", "datetime"),
    )
    db.define_table(
        "sync_journal_state",
        Field("identity", length=64, notnull=True),
        Field("head", "bigint", notnull=True, default=0),
        Field("created_on", "datetime", default=utcnow),
    )
    db.define_table(
        "sync_watermark",
        Field("tablename", length=64, notnull=True, unique=True),
        Field("last_id", "bigint", notnull=True, default=0),
        Field("modified_on", "datetime"),
    )
    db.define_table(
        "sync_checkpoint",
        Field("repository_id", "integer", notnull=True),
        Field("tablename", length=64, notnull=True),
        # "serve": what we handed out to the peer; "pull" and "push": how far our own runs have come
        Field("direction", length=8, notnull=True),
        Field("state", "text"),
        Field("modified_on", "datetime", default=utcnow, update=utcnow),
    )


def _define_exchange(db: Any, T: Callable[[str], Any]) -> None:
    counts = ("created", "updated", "unchanged", "deleted", "merged", "skipped", "conflicts", "rejected")
    db.define_table(
        "sync_run",
        Field("repository_id", "integer", notnull=True),
        Field("started_on", "datetime", default=utcnow, label=T("Started")),
        Field("finished_on", "datetime", label=T("Finished")),
        Field("manual", "boolean", default=False, label=T("Manual")),
        Field("user_id", "integer"),
        # running, completed, failed, cancelled
        Field("state", length=16, notnull=True, default="running", label=T("State")),
        Field("stage", length=32, label=T("Stage")),
        Field("resource_name", length=64, label=T("Resource")),
        Field("done", "integer", default=0, label=T("Records done")),
        Field("total", "integer", label=T("Records in all")),
        *[Field(name, "integer", default=0) for name in counts],
        Field("sent", "integer", default=0, label=T("Records sent")),
        Field("bytes_received", "bigint", default=0),
        Field("bytes_sent", "bigint", default=0),
        Field("cancel_requested", "boolean", default=False),
        Field("message", "text", label=T("Message")),
    )
    db.define_table(
        "sync_lease",
        Field("repository_id", "integer", notnull=True, unique=True),
        Field("owner", length=128, notnull=True),
        Field("run_id", "integer"),
        Field("acquired", "datetime", default=utcnow),
        Field("heartbeat", "datetime", default=utcnow),
    )
    db.define_table(
        "sync_deferred",
        Field("tablename", length=64, notnull=True),
        Field("record_id", "integer", notnull=True),
        Field("fieldname", length=64, notnull=True),
        Field("position", "integer", notnull=True, default=-1),
        Field("target", length=64, notnull=True, default=""),
        Field("uuid", length=255, notnull=True),
        Field("url", "text"),
        Field("filename", length=255),
        Field("repository_id", "integer"),
        Field("attempts", "integer", default=0),
        Field("created_on", "datetime", default=utcnow),
    )
    db.define_table(
        "sync_kept",
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
        # open, superseded (a later version was taken), resolved (by a person)
        Field("state", length=16, notnull=True, default="open"),
        Field("created_on", "datetime", default=utcnow),
        Field("closed_on", "datetime"),
        Field("resolved_by", "integer"),
    )


Index = tuple[str, str, Sequence[str], bool]

INDICES: tuple[Index, ...] = (
    ("sync_journal_record", "sync_journal", ("tablename", "record_id"), True),
    ("sync_journal_order", "sync_journal", ("tablename", "seq", "record_id", "origin"), False),
    ("sync_journal_seq", "sync_journal", ("seq",), True),
    ("sync_checkpoint_task", "sync_checkpoint", ("repository_id", "tablename", "direction"), True),
    ("sync_deferred_record", "sync_deferred", ("tablename", "record_id", "fieldname", "position"), True),
    ("sync_deferred_target", "sync_deferred", ("target", "uuid"), False),
    ("sync_kept_uuid", "sync_kept", ("tablename", "uuid"), False),
    ("sync_kept_open", "sync_kept", ("state", "kind", "tablename"), False),
    ("sync_log_repository", "sync_log", ("repository_id", "timestmp"), False),
    ("sync_run_repository", "sync_run", ("repository_id", "started_on"), False),
)


def table_indices(schema: Schema) -> Iterable[Index]:
    """Yield the indices that synchronised tables need: by time for the catch-up, by keys that components join on."""
    wanted: dict[str, Index] = {}
    for table in schema:
        if "modified_on" in table.fields:
            wanted[f"{table.name}_modified_on"] = (
                f"{table.name}_modified_on",
                table.name,
                ("modified_on",),
                False,
            )
        joins = [*table.super_keys]
        joins += [component.fkey for _, component in schema.masters(table.name)]
        for name in joins:
            wanted[f"{table.name}_{name}"] = (f"{table.name}_{name}", table.name, (name,), False)
    return wanted.values()


def match_columns(table: Table) -> list[tuple[str, bool]]:
    """Return what the index for a table's duplicate rule has to cover, each with whether its case is ignored.

    A rule that begins with a reference needs none: few records refer to the same one, and references have an index.
    """
    rule = table.duplicate
    if rule is None or not table.fields[rule.primary[0]].is_text:
        return []
    fields = [table.fields[name] for name in rule.primary]
    return [(field.name, rule.ignore_case) for field in fields if field.is_text]


def prepare(db: Any, schema: Schema | None = None) -> int:
    """Make the indices that are missing.

    Args:
        db: the DAL, after ``define``.
        schema: the synchronised tables; None for the sync_* tables alone.

    Returns:
        how many indices were made. The caller commits.
    """
    store = open_store(db)
    names = {table for _, table, _, _ in INDICES}.union(each.name for each in schema or ())
    store.prepare_tables(sorted(names))
    known = store.indices()
    quote = store.columns.name
    made = 0
    for name, table, columns, unique in (*INDICES, *(table_indices(schema) if schema is not None else ())):
        if any(on == table and indexed[: len(columns)] == tuple(columns) for on, indexed in known):
            continue
        db[table]  # a lazy table has to exist before its index
        listed = ", ".join(quote(column) for column in columns)
        kind = "UNIQUE INDEX" if unique else "INDEX"
        store.run(f"CREATE {kind} {quote(name[:60])} ON {quote(table)} ({listed})")
        made += 1
    for table in schema or ():
        by = match_columns(table)
        if by:
            db[table.name]
            made += store.prepare_match(table, by)
    store.prepare_positions()
    return made
