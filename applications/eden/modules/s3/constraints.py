"""Foreign keys and indices of the database servers that cost more than they are worth, taken off by migration.

pydal makes a foreign key of every reference, also of the stamps: who wrote a record, who changed it, who owns it. A
server looks each of them up for every row that is written, which is a third of what PostgreSQL does for a new record,
and MariaDB keeps an index for each. Users are never removed here, only disabled, and a stamp that names nobody is shown
as such: the stamps do without, and so does the root of an organisation, which each site computes. SQLite cannot take a
foreign key off, and its look-ups cost next to nothing.
"""

from __future__ import annotations

from typing import Any

from .metafields import META_FIELDS

#: The columns that name a user or a role.
STAMPS = ("created_by", "modified_by", "owned_by_user", "owned_by_group")
#: References that each site computes for itself. They keep their index.
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


def loosen(db: Any) -> None:
    """Take off the foreign keys of stamps, and the indices that nothing asks for.

    Args:
        db: the DAL; the tables of its models that have all meta-fields are looked at. The caller commits.
    """
    engine = db._adapter.dbengine
    if engine == "sqlite":
        return
    tables = {db[name]._rname.strip('"`') for name in db.tables if set(META_FIELDS) <= set(db[name].fields)}
    listed = ", ".join(f"'{name}'" for name in (*STAMPS, *COMPUTED))
    quote = db._adapter.dialect.quote
    if engine == "postgres":
        for table, key in db.executesql(_POSTGRES_KEYS.format(listed)):
            if table in tables:
                db.executesql(f"ALTER TABLE {quote(table)} DROP CONSTRAINT {quote(key)};")
        return
    for table, key in db.executesql(_MYSQL_KEYS.format(listed)):
        if table in tables:
            db.executesql(f"ALTER TABLE {quote(table)} DROP FOREIGN KEY {quote(key)};")
    seen: set[tuple[str, str]] = set()
    for table, index, column, width, not_unique in db.executesql(_MYSQL_INDICES):
        if table not in tables or width > 1 or not not_unique:
            continue
        # the server makes an index for every foreign key: one of ours for the same column is one too many
        if column in STAMPS or (table, column) in seen:
            db.executesql(f"ALTER TABLE {quote(table)} DROP INDEX {quote(index)};")
        seen.add((table, column))
