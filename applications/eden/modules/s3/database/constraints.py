"""Drops foreign keys and indices that cost more than they are worth, as part of a migration.

pydal makes a foreign key of every reference, also of the stamps: who created a record, who changed it, who owns it.
A server checks each of them for every row written, which is a third of PostgreSQL's work for a new record, and
MariaDB keeps an index for each. Users are never removed here, only disabled, and a stamp without a user is shown as
such. So the stamps need no foreign key, nor does the root of an organisation, which each site computes. SQLite cannot
drop a foreign key, and its look-ups cost next to nothing.

Eden declares the uuid of a super-entity unique, like all uuids. Only the repair of a record that has lost its super
key looks a super-entity up by uuid, and the instance's uuid, which is the same, is unique already. Uuids are random:
beside a million records each new one changes another page of the index, a third of what SQLite writes for a new
organisation. The constraint is dropped, on SQLite by copying the table.
"""

from __future__ import annotations

import re
from typing import Any

from ..data_model.metafields import META_FIELDS

#: The columns that name a user or a role.
STAMPS = ("created_by", "modified_by", "owned_by_user", "owned_by_group")
#: References that each site computes itself. They keep their index.
COMPUTED = ("root_organisation",)

_POSTGRES_KEYS = """
    SELECT t.relname, k.conname FROM pg_constraint k
    JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND cardinality(k.conkey) = 1 AND n.nspname = current_schema() AND a.attname IN ({})
"""
_MYSQL_KEYS = """
    SELECT table_name, constraint_name FROM information_schema.key_column_usage
    WHERE table_schema = DATABASE() AND referenced_table_name IS NOT NULL AND column_name IN ({})
"""
_MYSQL_INDICES = """
    SELECT table_name, index_name, MIN(column_name), MAX(seq_in_index), MIN(non_unique)
    FROM information_schema.statistics WHERE table_schema = DATABASE()
    GROUP BY table_name, index_name ORDER BY table_name, index_name
"""
_POSTGRES_UNIQUE = """
    SELECT t.relname, k.conname FROM pg_constraint k
    JOIN pg_class t ON t.oid = k.conrelid JOIN pg_namespace n ON n.oid = t.relnamespace
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'u' AND cardinality(k.conkey) = 1 AND n.nspname = current_schema() AND a.attname = 'uuid'
"""
_MYSQL_UNIQUE = """
    SELECT table_name, index_name FROM information_schema.statistics
    WHERE table_schema = DATABASE() AND non_unique = 0
    GROUP BY table_name, index_name HAVING MIN(column_name) = 'uuid' AND MAX(seq_in_index) = 1
"""
_SQLITE_UNIQUE = re.compile(r"""(,\s*["`\[]?uuid["`\]]?\s[^,]*?)\s+UNIQUE\b""", re.IGNORECASE)


def loosen(db: Any) -> None:
    """Drop the foreign keys of stamps, the unique uuids of super-entities, and indices that no query uses.

    On SQLite this commits what was written before. Otherwise the caller commits.

    Args:
        db: the DAL. Its tables with all meta-fields and its super-entities are considered.
    """
    engine = db._adapter.dbengine
    supers = {
        db[name]._rname.strip('"`')
        for name in db.tables
        if "instance_type" in db[name].fields and not set(META_FIELDS) <= set(db[name].fields)
    }
    if engine == "sqlite":
        for table in sorted(supers):
            _copy_without_unique(db, table)
        return
    tables = {db[name]._rname.strip('"`') for name in db.tables if set(META_FIELDS) <= set(db[name].fields)}
    listed = ", ".join(f"'{name}'" for name in (*STAMPS, *COMPUTED))
    quote = db._adapter.dialect.quote
    if engine == "postgres":
        found = [
            (table, key) for table, key in db.executesql(_POSTGRES_KEYS.format(listed)) if table in tables
        ]
        found += [(table, key) for table, key in db.executesql(_POSTGRES_UNIQUE) if table in supers]
        for table, key in found:
            db.executesql(f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(key)};")
        return
    for table, index in db.executesql(_MYSQL_UNIQUE):
        if table in supers:
            db.executesql(f"ALTER TABLE {quote(table)} DROP INDEX {quote(index)};")
    for table, key in db.executesql(_MYSQL_KEYS.format(listed)):
        if table in tables:
            db.executesql(f"ALTER TABLE {quote(table)} DROP FOREIGN KEY {quote(key)};")
    seen: set[tuple[str, str]] = set()
    for table, index, column, width, not_unique in db.executesql(_MYSQL_INDICES):
        if table not in tables or width > 1 or not not_unique:
            continue
        # The server makes an index for every foreign key; one of ours for the same column is redundant.
        if column in STAMPS or (table, column) in seen:
            db.executesql(f"ALTER TABLE {quote(table)} DROP INDEX {quote(index)};")
        seen.add((table, column))


def _copy_without_unique(db: Any, table: str) -> None:
    """Copy the table of a super-entity in SQLite to one without a unique uuid.

    SQLite cannot drop a constraint. The table is copied in one transaction, as its manual describes
    (https://www.sqlite.org/lang_altertable.html, section 7). A table declared differently stays as it is.
    """
    known = "SELECT sql FROM sqlite_master WHERE tbl_name = ? AND sql > '' ORDER BY type = 'table' DESC"
    declared, *indices = [row[0] for row in db.executesql(known, [table])]
    lean, count = _SQLITE_UNIQUE.subn(r"\1", declared)
    if not count:
        return
    copy = f"{table}__copy"
    db.commit()
    # With foreign keys on, dropping the table would delete it row by row. They can only be switched outside a
    # transaction.
    db.executesql("PRAGMA foreign_keys = OFF;")
    try:
        db.executesql("BEGIN IMMEDIATE;")
        db.executesql(lean.replace(table, copy, 1))
        db.executesql(f'INSERT INTO "{copy}" SELECT * FROM "{table}";')
        # The highest key ever used, which no new record may get.
        highest = db.executesql("SELECT seq FROM sqlite_sequence WHERE name = ?", [table])
        db.executesql(f'DROP TABLE "{table}";')
        db.executesql(f'ALTER TABLE "{copy}" RENAME TO "{table}";')
        for (key,) in highest:
            db.executesql("UPDATE sqlite_sequence SET seq = ? WHERE name = ?", [key, table])
        for statement in indices:
            db.executesql(statement)
        db.commit()
    except BaseException:
        db.rollback()
        raise
    finally:
        db.executesql("PRAGMA foreign_keys = ON;")
