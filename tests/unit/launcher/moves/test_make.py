"""A site moves into another database; the tables are made and copied here, in this process."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import sys
from pathlib import Path
from typing import Any

import pytest

from launcher.configuration import SiteConfiguration, read_configuration
from launcher.instance import prepare_instance
from launcher.moves import make
from launcher.moves.copying import EMPTIED, Copy, CopyFailed
from launcher.moves.ends import SqliteEnd
from launcher.moves.make import BESIDE, move_database
from launcher.places import application_folder
from launcher.problems import Problem

TARGET = "sqlite://back.sqlite"
TABLES = "CREATE TABLE org (id INTEGER PRIMARY KEY, name); CREATE TABLE sync_config (id INTEGER PRIMARY KEY, uuid);"


def written(path: Path, *statements: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database:
        for each in statements:
            database.executescript(each)


def names(path: Path) -> list[str]:
    with contextlib.closing(sqlite3.connect(path)) as database:
        return [row[0] for row in database.execute("SELECT name FROM org ORDER BY id")]


def quiet(*_: object) -> None:
    """Tell nobody."""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A site with two records; its scripts do here what they do in a process of their own."""
    home = tmp_path / "site"
    prepare_instance(home)
    databases = application_folder(home) / "databases"
    written(
        databases / "storage.sqlite",
        TABLES,
        "INSERT INTO org (name) VALUES ('A1'), ('A2'); INSERT INTO sync_config (uuid) VALUES ('ours')",
    )

    def prepare(python: Path, beside: Path, script: Path, environment: Any = None) -> dict[str, Any]:
        made = application_folder(beside) / "databases"
        # pydal makes a table of which it has no note.
        if not (made / "x_org.table").exists():
            written(made / "back.sqlite", "PRAGMA journal_mode=WAL", TABLES)
        (made / "x_org.table").write_text("notes")
        return {"is_empty": not names(made / "back.sqlite")}

    def copy(*arguments: Any) -> dict[str, int]:
        ends = [
            SqliteEnd(databases / "storage.sqlite"),
            SqliteEnd(application_folder(home / BESIDE) / "databases" / "back.sqlite"),
        ]
        try:
            return Copy(*ends, home / BESIDE, quiet).run()
        finally:
            for end in ends:
                end.connection.commit()
                end.connection.close()

    monkeypatch.setattr(make, "ensure_environment", lambda names, tell: Path(sys.executable))
    monkeypatch.setattr(make, "run_script", prepare)
    monkeypatch.setattr(make, "_copy", copy)
    return home


def configuration(home: Path) -> SiteConfiguration:
    found = read_configuration(home)
    assert found is not None
    return found


def killed_at_the_end(home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Kill a move between its last two steps; return where the new file is."""

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(make, "write_configuration", killed)
        with pytest.raises(KeyboardInterrupt):
            move_database(home, configuration(home), TARGET, quiet)
    return application_folder(home) / "databases" / "back.sqlite"


def test_killed_before_the_last_step_it_goes_on_with_what_was_entered_meanwhile(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = killed_at_the_end(home, monkeypatch)
    assert names(path) == ["A1", "A2"] and configuration(home).database == "sqlite://storage.sqlite"
    written(path.with_name("storage.sqlite"), "INSERT INTO org (name) VALUES ('meanwhile')")
    assert move_database(home, configuration(home), TARGET, quiet)["records"] == 4
    assert names(path) == ["A1", "A2", "meanwhile"] and configuration(home).database == TARGET
    assert (path.parent / "x_org.table").is_file() and not (home / BESIDE).exists()
    assert not path.with_name("back.sqlite-wal").exists()


@pytest.mark.parametrize("copies", range(3))
def test_killed_while_files_go_to_their_places_it_goes_on(
    home: Path, monkeypatch: pytest.MonkeyPatch, copies: int
) -> None:
    done, replace, copy = 0, os.replace, make.shutil.copyfile

    def killed(source: Path, target: Path) -> None:
        nonlocal done
        if BESIDE in str(source) and BESIDE not in str(target):
            if done == copies:
                raise KeyboardInterrupt
            done += 1
        (replace if source.suffix == ".sqlite" else copy)(source, target)

    with monkeypatch.context() as patched:
        patched.setattr(make.os, "replace", killed)
        patched.setattr(make.shutil, "copyfile", killed)
        with contextlib.suppress(KeyboardInterrupt):
            move_database(home, configuration(home), TARGET, quiet)
    if configuration(home).database != TARGET:
        move_database(home, configuration(home), TARGET, quiet)
    assert names(application_folder(home) / "databases" / "back.sqlite") == ["A1", "A2"]


@pytest.mark.parametrize("finished", [True, False])
def test_a_file_that_somebody_wrote_into_is_left_alone(
    home: Path, monkeypatch: pytest.MonkeyPatch, finished: bool
) -> None:
    path = killed_at_the_end(home, monkeypatch)
    if finished:
        written(path, "INSERT INTO org (name) VALUES ('of somebody')")
    else:
        path.with_name("back.sqlite-wal").touch()
    with pytest.raises(Problem, match="is there already"):
        move_database(home, configuration(home), TARGET, quiet)
    assert names(path) == ["A1", "A2"] + ["of somebody"] * finished


@pytest.mark.parametrize("at", ["the beginning", "the comparison"])
def test_the_records_of_another_site_that_came_between_two_tries_stay(
    tmp_path: Path, at: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, uuid in (("here", "ours"), ("there", "ours" if at == "the comparison" else "theirs")):
        written(
            tmp_path / name,
            TABLES,
            f"INSERT INTO org (name) VALUES ('{name}'); INSERT INTO sync_config (uuid) VALUES ('{uuid}')",
        )
    (tmp_path / EMPTIED).touch()
    copy = Copy(SqliteEnd(tmp_path / "here"), SqliteEnd(tmp_path / "there"), tmp_path, quiet)
    different = copy._different

    def comes() -> str:
        written(tmp_path / "there", "UPDATE sync_config SET uuid = 'theirs'")
        return different()

    monkeypatch.setattr(copy, "_different", comes)
    with pytest.raises(CopyFailed, match="another site has its records in the new database"):
        copy.run()
    assert names(tmp_path / "there") == ["there"]
