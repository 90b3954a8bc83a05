"""pydal's notes about the tables of a database: files ``<name>_<table>.table`` in the site's databases folder.

By them a migration finds out what to create and to alter. pydal names them by a digest of the whole connection
string, so that a new password or host lets it forget every table, and it believes them, whatever the database has.
"""

from __future__ import annotations

import glob
import hashlib
import os
import pickle
import re
from typing import Any

#: A database on a server: as pydal reads its connection string.
_SERVER = re.compile(r"(?P<kind>\w+)[^/]*://[^/:@]+(:[^@]*)?@[^/]*/(?P<database>[^?]+)")
#: Each engine's query for (table, column), as statements that name no schema find them.
_COLUMNS = {
    "sqlite": "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table';",
    "postgres": "SELECT t.relname, a.attname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = t.relnamespace"
    " WHERE n.nspname = ANY (current_schemas(false)) AND t.relkind IN ('r', 'p')"
    " AND a.attnum > 0 AND NOT a.attisdropped;",
    "mysql": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE();",
}


def lasting_name(uri: str) -> str | None:
    """Return the name of the notes that outlasts a new password, host or driver.

    Args:
        uri: pydal connection string.

    Returns:
        a digest of the kind of server and the name of the database; None for a file, whose name is all there is.
    """
    found = _SERVER.match(uri)
    if found is None:
        return None
    return hashlib.md5("{kind}/{database}".format(**found.groupdict()).encode()).hexdigest()


def adopt(folder: str, uri: str, name: str) -> None:
    """Give notes that pydal had named by the connection string the name under which they are kept now.

    They were written for this very string: they outrank notes of the same name, which may be about another server.

    Args:
        folder: the site's databases folder.
        uri: the string by which pydal had named them.
        name: as ``lasting_name`` gives it.
    """
    former = hashlib.md5(uri.encode()).hexdigest()
    for path in _paths(folder, former):
        os.replace(path, os.path.join(folder, name + os.path.basename(path)[len(former) :]))


def correct(db: Any, folder: str) -> None:
    """Take out of the notes what the database does not have, so that a migration makes it.

    The database may be empty, an older copy, or another one of the same name on another server.

    Args:
        db: the DAL, before its tables are declared.
        folder: the site's databases folder.
    """
    present: dict[str, set[str]] = {}
    for table, column in db.executesql(_COLUMNS[db._adapter.dbengine]):
        # servers differ in the case of tables that they keep; no two names of ours differ in their case only
        present.setdefault(table.lower(), set()).add(column.lower())
    for path in _paths(folder, db._uri_hash):
        table = os.path.basename(path)[len(db._uri_hash) + 1 : -len(".table")]
        columns = present.get(table.lower())
        if columns is None:
            os.remove(path)
            continue
        with open(path, "rb") as file:
            noted = pickle.load(file)
        true = {name: each for name, each in noted.items() if each.get("raw_rname", name).lower() in columns}
        if len(true) < len(noted):
            with open(path, "wb") as file:
                pickle.dump(true, file)


def _paths(folder: str, name: str) -> list[str]:
    return glob.glob(os.path.join(glob.escape(folder), f"{name}_*.table"))
