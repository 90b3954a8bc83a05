"""The sync_* tables: Eden's names and columns, so that an Eden database can be taken over, and ours beside
them.

``define`` is called by models/sync.py where the module is enabled, in every request: it must stay cheap.
``prepare`` makes the indices; it runs once a database, not once a request.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timezone
from typing import Any, Callable
from uuid import uuid4

from pydal import Field
from pydal.validators import IS_EMPTY_OR, IS_IN_SET, IS_LENGTH, IS_NOT_EMPTY, IS_URL

from .schema import Schema, Table
from .store import open_store

STRATEGIES = ("create", "update", "delete", "merge")
MODE_PULL, MODE_PUSH, MODE_BOTH, MODE_NONE = 1, 2, 3, 4
#: Tables whose rows belong to a repository, besides its jobs: they go with it, or to the one that takes its place.
BELONGING = ("sync_task", "sync_log", "sync_run", "sync_traffic", "sync_deferred", "sync_dataset")
#: What somebody may still have to decide stays where the repository is deleted.
OUTLIVING = ("sync_kept",)
#: Who is at work, and how far the exchange has come: nobody else can go on with that.
ENDING = ("sync_lease", "sync_checkpoint")
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


def define(db: Any, T: Callable[[str], Any] = str) -> None:
    """Define the sync_* tables.

    Args:
        db: the DAL, with auth_user where there are users.
        T: marks labels for translation.
    """
    _define_settings(db, T)
    _define_tasks(db, T)
    _define_log(db, T)
    _define_journal(db)
    _define_exchange(db, T)


class _LazyFields:
    """Columns that are made when the table is first used: most requests use two or three of these tables."""

    def __init__(self, build: Callable[[], Sequence[Field]]) -> None:
        self._build = build

    def __iter__(self) -> Iterator[Field]:
        return iter(self._build())

    def __bool__(self) -> bool:
        return True


def _declare(db: Any, name: str, build: Callable[[], Sequence[Field]], **options: Any) -> None:
    """Define a table of the fields that a function makes; options as for pydal."""
    db.define_table(name, fields=_LazyFields(build), **options)


def _define_settings(db: Any, T: Callable[[str], Any]) -> None:
    def show_identifier(table: Any) -> None:
        table.uuid.readable = table.uuid.writable = True
        table.uuid.label = T("Repository UUID")

    _declare(
        db,
        "sync_config",
        lambda: [
            Field("proxy", label=T("Proxy Server URL"), requires=IS_EMPTY_OR(IS_URL(mode="generic"))),
            # settings that outrank the site's file, NULL where that holds (preferences.py)
            Field("public_url"),
            Field("page_size", "integer"),
            Field("max_document_mb", "double"),
            Field("max_upload_mb", "double"),
            Field("connect_timeout", "double"),
            Field("read_timeout", "double"),
            Field("retries", "integer"),
            Field("log_days", "integer"),
            Field("notify_to", length=1024),
            Field("notify_after", "integer"),
            *meta_fields(db),
        ],
    )
    _declare(
        db,
        "sync_status",
        lambda: [
            Field("running", "boolean", default=False),
            Field("manual", "boolean", default=False),
            Field("timestmp", "datetime"),
        ],
    )
    _declare(
        db,
        "sync_repository",
        lambda: [
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
            # when a mail said that it keeps failing; None once it works again (watching/notice.py)
            Field("notified_on", "datetime", readable=False, writable=False),
            *meta_fields(db),
        ],
        format="%(name)s",
        on_define=show_identifier,
    )
    _declare(
        db,
        "sync_dataset",
        lambda: [
            Field("repository_id", "reference sync_repository", ondelete="CASCADE"),
            Field("code", length=64, notnull=True, label=T("Code"), requires=[IS_NOT_EMPTY(), IS_LENGTH(64)]),
            Field("name", label=T("Name")),
            Field("archive_url", label=T("Archive URL")),
            Field("use_archive", "boolean", default=False, label=T("Use Archive")),
            # whether anybody may download it, without an account
            Field("archive_public", "boolean", default=False, readable=False, writable=False),
            Field("comments", "text", label=T("Comments")),
            *meta_fields(db),
        ],
        format="%(code)s",
    )
    _declare(
        db,
        "sync_dataset_archive",
        lambda: [
            Field("dataset_id", "reference sync_dataset", ondelete="CASCADE"),
            Field("date", "datetime", default=utcnow),
            Field("archive", "upload", autodelete=True),
            Field("task_id", "integer"),
            *meta_fields(db),
        ],
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
    _declare(
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
        ],
        format="%(resource_name)s",
    )
    _declare(
        db,
        "sync_resource_filter",
        lambda: [
            Field("task_id", "reference sync_task", ondelete="CASCADE"),
            Field("tablename", notnull=True, label=T("Table"), requires=IS_NOT_EMPTY()),
            Field("filter_string", notnull=True, label=T("Filter"), requires=IS_NOT_EMPTY()),
            *meta_fields(db),
        ],
    )
    _declare(
        db,
        "sync_job",
        lambda: [
            Field("repository_id", "reference sync_repository", ondelete="CASCADE"),
            Field("scheduler_task_id", "integer"),
            *meta_fields(db),
        ],
    )


def _define_log(db: Any, T: Callable[[str], Any]) -> None:
    _declare(
        db,
        "sync_log",
        lambda: [
            Field("timestmp", "datetime", default=utcnow, label=T("Date/Time")),
            Field("repository_id", "reference sync_repository", ondelete="CASCADE", label=T("Repository")),
            Field("resource_name", label=T("Resource")),
            Field("mode", label=T("Mode")),
            Field("action", label=T("Action")),
            Field("result", label=T("Result"), requires=IS_IN_SET(RESULTS, zero=None)),
            Field("remote", "boolean", default=False, label=T("Remote Error")),
            Field("message", "text", label=T("Message")),
            Field("remedy", "text", label=T("What to do")),
            # which error it was (errors.SyncError.code), None where it was none
            Field("code", length=32, readable=False, writable=False),
            Field("run_id", "integer", readable=False, writable=False),
            *meta_fields(db),
        ],
    )


def _define_journal(db: Any) -> None:
    """The journal and what belongs to it; written by journal.py and checkpoints.py past pydal."""
    _declare(
        db,
        "sync_journal",
        lambda: [
            Field("tablename", length=64, notnull=True),
            Field("record_id", "integer", notnull=True),
            # the position at which the record, or one of its components, was noted last, and who brought that
            Field("seq", "bigint", notnull=True),
            Field("origin", "integer"),
            # the same for the record alone: a component that changes is no conflict of its master
            Field("changed_seq", "bigint", notnull=True),
            Field("changed_origin", "integer"),
            Field("modified_on", "datetime"),
        ],
    )
    _declare(
        db,
        "sync_journal_state",
        lambda: [
            Field("identity", length=64, notnull=True),
            Field("head", "bigint", notnull=True, default=0),
            Field("created_on", "datetime", default=utcnow),
        ],
    )
    _declare(
        db,
        "sync_watermark",
        lambda: [
            Field("tablename", length=64, notnull=True, unique=True),
            Field("last_id", "bigint", notnull=True, default=0),
            Field("modified_on", "datetime"),
        ],
    )
    _declare(
        db,
        "sync_checkpoint",
        lambda: [
            Field("repository_id", "integer", notnull=True),
            Field("tablename", length=64, notnull=True),
            # "serve" and "receive": what we handed out to the peer when it pulled and pushed; "eden": how far an
            # Eden has pulled; "pull" and "push": how far our own runs have come
            Field("direction", length=8, notnull=True),
            Field("state", "text"),
            Field("modified_on", "datetime", default=utcnow, update=utcnow),
        ],
    )


def _define_exchange(db: Any, T: Callable[[str], Any]) -> None:
    counts = ("created", "updated", "unchanged", "deleted", "merged", "skipped", "conflicts", "rejected")
    _declare(
        db,
        "sync_run",
        lambda: [
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
            # of the resource and direction under way: which, and since when
            Field("direction", length=4),
            Field("stage_since", "datetime"),
            # what became of each resource (see jobs.RunRecord)
            Field("details", "json"),
            *[Field(name, "integer", default=0) for name in counts],
            Field("sent", "integer", default=0, label=T("Records sent")),
            Field("bytes_received", "bigint", default=0),
            Field("bytes_sent", "bigint", default=0),
            Field("cancel_requested", "boolean", default=False),
            Field("message", "text", label=T("Message")),
        ],
    )
    _declare(
        db,
        "sync_traffic",
        lambda: [
            Field("day", "date", notnull=True),
            Field("repository_id", "integer", notnull=True),
            Field("received", "integer", default=0),
            Field("sent", "integer", default=0),
        ],
    )
    _declare(
        db,
        "sync_lease",
        lambda: [
            Field("repository_id", "integer", notnull=True, unique=True),
            Field("owner", length=128, notnull=True),
            Field("run_id", "integer"),
            Field("acquired", "datetime", default=utcnow),
            Field("heartbeat", "datetime", default=utcnow),
        ],
    )
    _declare(
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
            Field("attempts", "integer", default=0),
            Field("created_on", "datetime", default=utcnow),
        ],
    )
    _declare(
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
            # open, superseded (a later version was taken), resolved (by a person)
            Field("state", length=16, notnull=True, default="open"),
            Field("created_on", "datetime", default=utcnow),
            Field("closed_on", "datetime"),
            Field("resolved_by", "integer"),
            # what a person decided: keep, ours, theirs or fields (see resolution)
            Field("decision", length=16),
            # of the record, as one of the versions has it
            Field("name", length=255),
        ],
    )
    _declare(
        db,
        "sync_decision",
        lambda: [
            Field("rule", length=16, notnull=True),
            # which versions: listed ids, or what the list was asked for (see sweep.Selection)
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
            Field("created_on", "datetime", default=utcnow),
            Field("finished_on", "datetime"),
        ],
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
    # The uuid stands before the name: SQLite takes this index also where versions are looked up by uuid.
    ("sync_kept_listed", "sync_kept", ("state", "kind", "tablename", "repository_id", "uuid", "name"), False),
    ("sync_kept_again", "sync_kept", ("state", "kind", "tablename", "repository_id", "fingerprint"), False),
    ("sync_kept_closed", "sync_kept", ("closed_on",), False),
    ("sync_log_repository", "sync_log", ("repository_id", "timestmp"), False),
    ("sync_log_time", "sync_log", ("timestmp", "result"), False),
    ("sync_log_resource", "sync_log", ("resource_name", "timestmp"), False),
    ("sync_log_run", "sync_log", ("run_id",), False),
    ("sync_log_outcome", "sync_log", ("repository_id", "resource_name", "mode", "id"), False),
    ("sync_run_repository", "sync_run", ("repository_id", "started_on"), False),
    ("sync_run_newest", "sync_run", ("repository_id", "id"), False),
    ("sync_run_state", "sync_run", ("repository_id", "state", "id"), False),
    ("sync_traffic_day", "sync_traffic", ("day", "repository_id"), False),
    ("sync_kept_repository", "sync_kept", ("state", "kind", "repository_id"), False),
)


#: Indices of former versions, with their tables: others begin with the same columns.
OBSOLETE = (("sync_kept_open", "sync_kept"),)


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
    """Make the indices that are missing, and take off those of former versions that are not needed any more.

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
        fields = db[table]  # a lazy table has to exist before its index
        listed = ", ".join(
            store.index_part(column, fields[column].type, fields[column].length) for column in columns
        )
        kind = "UNIQUE INDEX" if unique else "INDEX"
        store.run(f"CREATE {kind} {quote(name[:60])} ON {quote(table)} ({listed})")
        made += 1
    for synced in schema or ():
        by = match_columns(synced)
        if by:
            db[synced.name]
            made += store.prepare_match(synced, by)
    present = {(index, table) for table, index, _ in store.rows(store.INDEX_COLUMNS)}
    for name, table in present.intersection(OBSOLETE):
        place = f" ON {quote(table)}" if store.dialect == "mysql" else ""
        store.run(f"DROP INDEX {quote(name)}{place}")
    store.prepare_positions()
    return made
