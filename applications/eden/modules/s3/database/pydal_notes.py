"""pydal's table files: ``<name>_<table>.table`` in the site's databases folder, which describe the known tables.

From them a migration derives what to create and to alter. pydal names them by a digest of the whole connection
string, so that with a new password or host it no longer finds them; and it never compares them with the database.
"""

from __future__ import annotations

import glob
import hashlib
import os
import pickle
import re
from typing import Any

#: The connection string of a database on a server, as pydal parses it.
_SERVER = re.compile(r"(?P<kind>\w+)[^/]*://[^/:@]+(:[^@]*)?@[^/]*/(?P<database>[^?]+)")
#: Each engine's query for (table, column), as found by statements that name no schema.
_COLUMNS = {
    "sqlite": "SELECT m.name, c.name FROM sqlite_master m, pragma_table_info(m.name) c WHERE m.type = 'table';",
    "postgres": "SELECT t.relname, a.attname FROM pg_attribute a JOIN pg_class t ON t.oid = a.attrelid"
    " JOIN pg_namespace n ON n.oid = t.relnamespace"
    " WHERE n.nspname = ANY (current_schemas(false)) AND t.relkind IN ('r', 'p')"
    " AND a.attnum > 0 AND NOT a.attisdropped;",
    "mysql": "SELECT table_name, column_name FROM information_schema.columns WHERE table_schema = DATABASE();",
}


def lasting_name(uri: str) -> str | None:
    """Return a name for the table files that does not depend on password, host or driver.

    Args:
        uri: pydal connection string.

    Returns:
        a digest of the kind of server and the name of the database; None for a database in a file, which has no
        other properties.
    """
    found = _SERVER.match(uri)
    if found is None:
        return None
    return hashlib.md5("{kind}/{database}".format(**found.groupdict()).encode()).hexdigest()


def adopt(folder: str, uri: str, name: str) -> None:
    """Rename table files that pydal had named by the connection string.

    They were written for exactly this string, so they replace files of the new name, which may describe another
    server.

    Args:
        folder: the site's databases folder.
        uri: the connection string by which pydal had named them.
        name: the name from ``lasting_name``.
    """
    former = hashlib.md5(uri.encode()).hexdigest()
    for path in _paths(folder, former):
        os.replace(path, os.path.join(folder, name + os.path.basename(path)[len(former) :]))


def correct(db: Any, folder: str) -> None:
    """Remove from the table files what the database does not have, so that a migration creates it.

    The database may be empty, an older copy, or one of the same name on another server.

    Args:
        db: the DAL, before its tables are declared.
        folder: the site's databases folder.
    """
    present: dict[str, set[str]] = {}
    for table, column in db.executesql(_COLUMNS[db._adapter.dbengine]):
        # Servers differ in how they keep the case of names; no two of our names differ only in case.
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
