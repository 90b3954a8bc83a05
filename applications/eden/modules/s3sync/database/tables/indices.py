"""The indices of the sync tables and of the synchronised tables."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ...core.schema import Schema
from ..store import open_store
from ..store.matching import match_columns

Index = tuple[str, str, Sequence[str], bool]

INDICES: tuple[Index, ...] = (
    ("sync_journal_record", "sync_journal", ("tablename", "record_id"), True),
    ("sync_journal_order", "sync_journal", ("tablename", "seq", "record_id", "origin"), False),
    ("sync_journal_seq", "sync_journal", ("seq",), True),
    ("sync_change_record", "sync_change", ("tablename", "record_id"), False),
    ("sync_deletion_record", "sync_deletion", ("tablename", "record_id"), True),
    ("sync_deletion_along", "sync_deletion", ("along_table", "along_id"), False),
    ("sync_deletion_listed", "sync_deletion", ("state", "along_id", "deleted_on", "tablename"), False),
    ("sync_deletion_noted", "sync_deletion", ("state", "noted_on"), False),
    ("sync_checkpoint_task", "sync_checkpoint", ("repository_id", "tablename", "direction"), True),
    ("sync_deferred_record", "sync_deferred", ("tablename", "record_id", "fieldname", "position"), True),
    ("sync_deferred_target", "sync_deferred", ("target", "uuid"), False),
    ("sync_twin_uuid", "sync_twin", ("tablename", "uuid"), True),
    ("sync_twin_record", "sync_twin", ("tablename", "record_id"), False),
    ("sync_kept_uuid", "sync_kept", ("tablename", "uuid"), False),
    # The uuid comes before the name: SQLite then also uses this index to look up versions by uuid.
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
    ("sync_notice_place", "sync_notice", ("rule_id", "repository_id"), True),
    ("sync_notice_message_due", "sync_notice_message", ("state", "next_try"), False),
    (
        "sync_notice_message_place",
        "sync_notice_message",
        ("rule_id", "repository_id", "channel", "state"),
        False,
    ),
    ("sync_run_scheduler", "sync_run", ("scheduler_run_id",), False),
    ("sync_traffic_day", "sync_traffic", ("day", "repository_id"), False),
    ("sync_served_newest", "sync_served", ("repository_id", "id"), False),
    ("sync_served_time", "sync_served", ("finished_on",), False),
    ("sync_served_table_of", "sync_served_table", ("served_id", "tablename"), False),
    # No unique one: two processes may store the same state at the same time.
    ("sync_summary_repository", "sync_summary", ("repository_id",), False),
    ("sync_summary_state", "sync_summary", ("state", "sort_name"), False),
    ("sync_summary_urgency", "sync_summary", ("urgency", "sort_name", "repository_id"), False),
    ("sync_open_there_listed", "sync_open_there", ("repository_id", "kind", "tablename"), False),
    ("sync_kept_repository", "sync_kept", ("state", "kind", "repository_id"), False),
)


#: Indices of former versions, with their tables; other indices begin with the same columns.
OBSOLETE = (("sync_kept_open", "sync_kept"),)


def table_indices(schema: Schema) -> Iterable[Index]:
    """Yield the indices that synchronised tables need: on the time for the catch-up, on the keys of components."""
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


def prepare(db: Any, schema: Schema | None = None) -> int:
    """Create the missing indices, and drop those of former versions that are no longer needed.

    Args:
        db: the DAL, after ``define``.
        schema: the synchronised tables; None for only the sync_* tables.

    Returns:
        number of indices created. The caller commits.
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
        fields = db[table]  # defines the lazy table before its index is created
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
