"""The database of a server goes into a file while others write, and back in place of what is there."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
from pydal import DAL

from launcher.backups.databases import copy_of, load
from launcher.problems import Problem
from tests.support.databases import MYSQL_URI, POSTGRES_URI, discard

SERVERS = {"postgres": (POSTGRES_URI, "pg_dump"), "mysql": (MYSQL_URI, "mysqldump")}
TEXT = "Füße – 日本 🚑 'quoted' \\"


@pytest.fixture(params=sorted(SERVERS))
def uri(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """An empty database of a server, removed at the end."""
    server, program = SERVERS[request.param]
    if shutil.which(program) is None:
        pytest.skip(f"the program {program} is not on this machine")
    name = f"eden_backup_{uuid.uuid4().hex[:12]}"
    try:
        admin = DAL(server, folder=str(tmp_path), pool_size=0, attempts=1)
    except (RuntimeError, OSError) as error:
        pytest.skip(f"no server at {server}: {error}")
    if request.param == "postgres":
        admin.commit()
        admin._adapter.connection.autocommit = True
    admin.executesql(f"CREATE DATABASE {name}")
    try:
        yield f"{server.rpartition('/')[0]}/{name}"
    finally:
        admin.executesql(f"DROP DATABASE {name}")
        discard(admin)


def run(uri: str, folder: Path, *statements: str) -> list[tuple[str, ...]]:
    """Run statements, commit, and return what the last one found."""
    charset = "?set_encoding=utf8mb4" if uri.startswith("mysql") else ""
    db = DAL(uri + charset, folder=str(folder), pool_size=0, attempts=1, migrate=False)
    try:
        found = [db.executesql(statement) for statement in statements][-1]
        db.commit()
        return [tuple(map(str, row)) for row in found or ()]
    finally:
        discard(db)


def test_the_records_come_back_and_later_ones_go(uri: str, tmp_path: Path) -> None:
    value = TEXT.replace("'", "''")
    run(
        uri,
        tmp_path,
        "CREATE TABLE org (name VARCHAR(99) PRIMARY KEY)",
        f"INSERT INTO org VALUES ('{value}')",
    )
    with copy_of(uri, tmp_path, tmp_path / "dump") as dump:
        assert dump.stat().st_mode & 0o077 == 0
        run(uri, tmp_path, "INSERT INTO org VALUES ('later')")
        load(uri, dump)
    assert run(uri, tmp_path, "SELECT name FROM org") == [(TEXT,)]
    assert not (tmp_path / "dump").exists()


def test_what_cannot_be_copied_or_loaded_says_why(uri: str, tmp_path: Path) -> None:
    with pytest.raises(Problem, match=r"failed: .*nowhere"):
        with copy_of(f"{uri.rpartition('/')[0]}/nowhere", tmp_path, tmp_path / "dump"):
            pass
    (tmp_path / "other").write_text("no dump")
    with pytest.raises(Problem, match=r"failed: (ERROR|pg_restore: error)"):
        load(uri, tmp_path / "other")
