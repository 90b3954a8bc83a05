"""A complete site on a database of its own: SQLite in memory, or one of the servers of this machine."""

from __future__ import annotations

import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from benchmarks.sites import connect
from tests.support.databases import CHARSET, MYSQL_URI, POSTGRES_URI, discard
from tests.support.site import SampleSite

#: For ``params`` of a fixture: every kind of database, those on servers marked as such.
EVERY_KIND = (
    "sqlite",
    pytest.param("postgres", marks=pytest.mark.database),
    pytest.param("mysql", marks=pytest.mark.database),
)


@contextmanager
def site_on(kind: str, folder: Path) -> Iterator[SampleSite]:
    """Make a site for one test; where there is no such server, the test is skipped.

    Args:
        kind: one of ``EVERY_KIND``.
        folder: where it writes.
    """
    if kind == "sqlite":
        site = SampleSite(folder)
        yield site
        site.close()
        return
    server, more = (POSTGRES_URI, "") if kind == "postgres" else (MYSQL_URI, CHARSET)
    name = f"eden_test_{uuid.uuid4().hex[:12]}"
    try:
        admin = connect(server)
    except Exception as error:  # no driver, or no server
        pytest.skip(f"no {kind}: {error}")
    admin.autocommit = True
    characters = " CHARACTER SET utf8mb4 COLLATE utf8mb4_bin" if more else ""
    admin.cursor().execute(f"CREATE DATABASE {name}{characters}")
    site = SampleSite(folder, uri=f"{server.rpartition('/')[0]}/{name}{more}")
    yield site
    discard(site.db)
    admin.cursor().execute(f"DROP DATABASE {name}")
    admin.close()
