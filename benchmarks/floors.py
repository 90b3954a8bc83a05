"""Floors: bare loops over the same documents, the fastest that parser and database can do.

A floor has no journal, no references and no checks. It shows how far the real path is from the best that this
machine can do at this moment.
"""

from __future__ import annotations

import contextlib
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

from lxml import etree

STEP = 1000
#: The columns of the real tables that the documents fill.
COLUMNS: dict[str, tuple[str, ...]] = {
    "org_organisation": ("name", "acronym", "phone", "website", "comments"),
    "org_office": ("name", "code", "comments", "organisation_id"),
    "gis_location": ("name", "lat", "lon", "addr_street", "gis_feature_type"),
    "pr_person": ("first_name", "last_name", "gender", "comments"),
    "pr_contact": ("contact_method", "value"),
}
META = ("uuid", "mci", "deleted", "created_on", "modified_on")
#: PostgreSQL takes the values of a VALUES list for text.
_CASTS = {"modified_on": "::timestamp", "gender": "::integer", "lat": "::float", "lon": "::float"}
CONSTANTS = {"deleted": "F", "gis_feature_type": 1, "organisation_id": 1}


def parse(documents: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of documents as dicts, components after their masters."""
    for path in documents:
        for _, element in etree.iterparse(str(path), tag="resource"):
            fields: dict[str, Any] = {"table": element.get("name"), **CONSTANTS, **element.attrib}
            for child in element:
                if child.tag == "data":
                    fields[child.get("field")] = child.get("value") or child.text
                elif child.tag == "reference":
                    # Read as the real path must, but not resolved.
                    fields[f"{child.get('field')} uuid"] = child.get("uuid")
            yield fields
            parent = element.getparent()
            if parent is not None and parent.tag != "resource":
                element.clear()
                while element.getprevious() is not None:
                    del parent[0]


class Floor:
    """The bare loops, into tables like the site's own, with the same indices.

    Args:
        connection: a connection of the driver itself (see ``sites.connect``): to the site's database on a server;
            for SQLite to a separate file.
        uri: pydal URI of the database.
        original: for SQLite, the site's database.
    """

    def __init__(self, connection: Any, uri: str, original: Path) -> None:
        self._connection = connection
        self._dialect = uri.partition(":")[0].replace("mariadb", "mysql")
        self._mark = "?" if self._dialect == "sqlite" else "%s"
        cursor = connection.cursor()
        if self._dialect == "sqlite":
            for setting in ("journal_mode = WAL", "synchronous = NORMAL", "cache_size = -65536"):
                cursor.execute(f"PRAGMA {setting}")
            with contextlib.closing(sqlite3.connect(original)) as site:
                marks = ", ".join("?" * len(COLUMNS))
                query = f"SELECT sql FROM sqlite_master WHERE sql > '' AND tbl_name IN ({marks}) ORDER BY type DESC"
                for (statement,) in site.execute(query, list(COLUMNS)):
                    cursor.execute(statement)
            self._prefix = ""
        else:
            self._prefix = "floor_"
            like = (
                "(LIKE {} INCLUDING DEFAULTS INCLUDING INDEXES)" if self._dialect == "postgres" else "LIKE {}"
            )
            for table in COLUMNS:
                cursor.execute(f"CREATE TABLE {self._prefix}{table} {like.format(table)}")
        connection.commit()

    def insert(self, documents: Sequence[Path]) -> float:
        """Parse and insert; return the seconds."""
        return self._timed(documents, self._insert)

    def update(self, documents: Sequence[Path]) -> float:
        """Parse and update by uuid; return the seconds."""
        return self._timed(documents, self._update)

    def look_up(self, documents: Sequence[Path]) -> float:
        """Parse and read the existing records by uuid; return the seconds."""
        return self._timed(documents, self._look_up)

    def _timed(
        self, documents: Sequence[Path], write: Callable[[str, Sequence[dict[str, Any]]], None]
    ) -> float:
        began = time.perf_counter()
        waiting: dict[str, list[dict[str, Any]]] = {}
        for record in parse(documents):
            rows = waiting.setdefault(record["table"], [])
            rows.append(record)
            if len(rows) == STEP:
                write(record["table"], rows)
                rows.clear()
        for table, rows in waiting.items():
            if rows:
                write(table, rows)
        return time.perf_counter() - began

    def _begin(self) -> Any:
        cursor = self._connection.cursor()
        if self._dialect == "sqlite":
            cursor.execute("BEGIN")
        return cursor

    def _insert(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        columns = (*META, *COLUMNS[table])
        values = [tuple(map(row.get, columns)) for row in rows]
        cursor = self._begin()
        into = f"INSERT INTO {self._prefix}{table} ({', '.join(columns)}) VALUES "
        if self._dialect == "postgres":
            from psycopg2.extras import execute_values

            execute_values(cursor, f"{into} %s", values, page_size=STEP)
        else:
            cursor.executemany(f"{into} ({', '.join([self._mark] * len(columns))})", values)
        self._connection.commit()

    def _update(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        columns = ("modified_on", *COLUMNS[table])
        values = [(*map(row.get, columns), row["uuid"]) for row in rows]
        cursor = self._begin()
        if self._dialect == "postgres":
            from psycopg2.extras import execute_values

            assigned = ", ".join(f"{name} = v.{name}{_CASTS.get(name, '')}" for name in columns)
            execute_values(
                cursor,
                f"UPDATE {self._prefix}{table} t SET {assigned} FROM (VALUES %s) v ({', '.join(columns)}, uuid) "
                "WHERE t.uuid = v.uuid",
                values,
                page_size=STEP,
            )
        else:
            assigned = ", ".join(f"{name} = {self._mark}" for name in columns)
            cursor.executemany(
                f"UPDATE {self._prefix}{table} SET {assigned} WHERE uuid = {self._mark}", values
            )
        self._connection.commit()

    def _look_up(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        cursor = self._connection.cursor()
        for start in range(0, len(rows), 500):
            uuids = [row["uuid"] for row in rows[start : start + 500]]
            marks = ", ".join([self._mark] * len(uuids))
            cursor.execute(f"SELECT * FROM {self._prefix}{table} WHERE uuid IN ({marks})", uuids)
            cursor.fetchall()

    def export(self, table: str, target: Path) -> float:
        """Read a table by keyset and write it as elements; return the seconds."""
        began = time.perf_counter()
        cursor = self._connection.cursor()
        last = 0
        with target.open("w", encoding="utf-8") as out:
            out.write("<s3xml>")
            while True:
                cursor.execute(
                    f"SELECT * FROM {self._prefix}{table} WHERE id > {last} ORDER BY id LIMIT 2000"
                )
                rows = cursor.fetchall()
                if not rows:
                    break
                names = [column[0] for column in cursor.description]
                last = rows[-1][0]
                parts = []
                for row in rows:
                    data = "".join(
                        f'<data field="{name}">{escape(str(value))}</data>'
                        for name, value in zip(names, row)
                        if value is not None
                    )
                    parts.append(f'<resource name="{table}">{data}</resource>')
                out.write("".join(parts))
            out.write("</s3xml>")
        return time.perf_counter() - began
