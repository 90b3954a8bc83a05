"""What parser and database can do at all: bare loops over the same documents, without a single rule.

A floor knows neither journal nor references, checks nothing and answers nobody. It shows how far the real path is
from what this machine could do at best, at this moment.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from lxml import etree

STEP = 1000
COLUMNS: dict[str, tuple[str, ...]] = {
    "org_organisation": ("name", "acronym", "phone", "website", "comments"),
    "org_office": ("name", "code", "comments", "organisation_id", "location_id"),
    "gis_location": ("name", "lat", "lon", "addr_street"),
    "pr_person": ("first_name", "last_name", "gender", "comments"),
    "pr_contact": ("contact_method", "value"),
}


def parse(documents: Sequence[Path]) -> Iterator[dict[str, Any]]:
    """Yield the records of documents as dicts, components behind their masters."""
    for path in documents:
        for _, element in etree.iterparse(str(path), tag="resource"):
            fields = {"table": element.get("name"), "uuid": element.get("uuid")}
            fields["modified_on"] = element.get("modified_on")
            for child in element:
                if child.tag == "data":
                    fields[child.get("field")] = child.get("value") or child.text
                elif child.tag == "reference":
                    fields[child.get("field")] = child.get("uuid")
            yield fields
            parent = element.getparent()
            if parent is not None and parent.tag != "resource":
                element.clear()
                while element.getprevious() is not None:
                    del parent[0]


class Floor:
    """The bare loops on one database.

    Args:
        connection: of the driver itself (see ``sites.connect``).
        uri: which database it is.
    """

    def __init__(self, connection: Any, uri: str) -> None:
        self._connection = connection
        self._dialect = uri.partition(":")[0].replace("mariadb", "mysql")
        self._mark = "?" if self._dialect == "sqlite" else "%s"
        cursor = connection.cursor()
        if self._dialect == "sqlite":
            cursor.execute("PRAGMA journal_mode = WAL")
            cursor.execute("PRAGMA synchronous = NORMAL")
        key = {
            "sqlite": "INTEGER PRIMARY KEY AUTOINCREMENT",
            "postgres": "SERIAL PRIMARY KEY",
            "mysql": "INTEGER PRIMARY KEY AUTO_INCREMENT",
        }[self._dialect]
        for table, columns in COLUMNS.items():
            listed = ", ".join(f"{name} VARCHAR(512)" for name in columns)
            cursor.execute(f"DROP TABLE IF EXISTS floor_{table}")
            cursor.execute(
                f"CREATE TABLE floor_{table} (id {key}, uuid VARCHAR(128) UNIQUE, modified_on VARCHAR(32), {listed})"
            )
        connection.commit()

    def insert(self, documents: Sequence[Path]) -> float:
        """Parse and insert; return the seconds."""
        return self._timed(documents, self._insert)

    def update(self, documents: Sequence[Path]) -> float:
        """Parse and update by uuid; return the seconds."""
        return self._timed(documents, self._update)

    def look_up(self, documents: Sequence[Path]) -> float:
        """Parse and read what is there by uuid; return the seconds."""
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
        columns = ("uuid", "modified_on", *COLUMNS[table])
        values = [tuple(map(row.get, columns)) for row in rows]
        cursor = self._begin()
        into = f"INSERT INTO floor_{table} ({', '.join(columns)}) VALUES "
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

            assigned = ", ".join(f"{name} = v.{name}" for name in columns)
            execute_values(
                cursor,
                f"UPDATE floor_{table} t SET {assigned} FROM (VALUES %s) v ({', '.join(columns)}, uuid) "
                "WHERE t.uuid = v.uuid",
                values,
                page_size=STEP,
            )
        else:
            assigned = ", ".join(f"{name} = {self._mark}" for name in columns)
            cursor.executemany(f"UPDATE floor_{table} SET {assigned} WHERE uuid = {self._mark}", values)
        self._connection.commit()

    def _look_up(self, table: str, rows: Sequence[dict[str, Any]]) -> None:
        cursor = self._connection.cursor()
        for start in range(0, len(rows), 500):
            uuids = [row["uuid"] for row in rows[start : start + 500]]
            marks = ", ".join([self._mark] * len(uuids))
            cursor.execute(f"SELECT * FROM floor_{table} WHERE uuid IN ({marks})", uuids)
            cursor.fetchall()

    def export(self, table: str, target: Path) -> float:
        """Read a table by keyset and write it as elements; return the seconds."""
        began = time.perf_counter()
        columns = COLUMNS[table]
        cursor = self._connection.cursor()
        last = 0
        with target.open("w", encoding="utf-8") as out:
            out.write("<s3xml>")
            while True:
                cursor.execute(
                    f"SELECT id, uuid, modified_on, {', '.join(columns)} FROM floor_{table} "
                    f"WHERE id > {last} ORDER BY id LIMIT 2000"
                )
                rows = cursor.fetchall()
                if not rows:
                    break
                last = rows[-1][0]
                parts = []
                for _, uuid, modified_on, *values in rows:
                    data = "".join(
                        f'<data field="{name}">{escape(value)}</data>'
                        for name, value in zip(columns, values)
                        if value is not None
                    )
                    parts.append(
                        f'<resource name="{table}" uuid={quoteattr(uuid)} mci="1" created_on="{modified_on}" '
                        f'modified_on="{modified_on}">{data}</resource>'
                    )
                out.write("".join(parts))
            out.write("</s3xml>")
        return time.perf_counter() - began
