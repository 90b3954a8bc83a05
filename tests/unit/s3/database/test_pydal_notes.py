"""pydal's notes about the tables: named by the database itself, and corrected where the database has less."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from pydal import Field

from s3.database import pydal_notes as pydal_notes
from s3.database.connect import connect

POSTGRES = "postgres://eden:secret@localhost/eden"


@pytest.mark.parametrize(
    "uri",
    [
        "postgres://eden:changed@localhost/eden",
        "postgres://eden@localhost/eden",
        "postgres://other:p%40ss/w?rd@db.example.org:5433/eden",
        "postgres:psycopg2://eden:secret@[::1]/eden?sslmode=require",
        "postgres://eden:secret@/eden?unix_socket=/run/postgresql/.s.PGSQL.5432",
    ],
)
def test_a_database_keeps_its_name_whatever_the_way_to_it(uri: str) -> None:
    assert pydal_notes.lasting_name(uri) == pydal_notes.lasting_name(POSTGRES)


@pytest.mark.parametrize(
    "uri",
    [
        "postgres://eden:secret@localhost/other",
        "postgres://eden:secret@localhost/eden_2",
        "postgres3://eden:secret@localhost/eden",
        "mysql://eden:secret@localhost/eden",
    ],
)
def test_another_database_or_another_kind_of_columns_has_another_name(uri: str) -> None:
    assert pydal_notes.lasting_name(uri) not in (None, pydal_notes.lasting_name(POSTGRES))


def test_drivers_and_arguments_of_mysql_make_no_difference() -> None:
    name = pydal_notes.lasting_name("mysql://eden:secret@localhost/eden")
    assert pydal_notes.lasting_name("mysql:pymysql://eden:@db/eden?set_encoding=utf8mb4") == name


@pytest.mark.parametrize(
    "uri", ["sqlite://storage.sqlite", "sqlite:memory", "sqlite:///var/lib/a@b/c.sqlite"]
)
def test_a_file_is_its_own_name(uri: str) -> None:
    assert pydal_notes.lasting_name(uri) is None


def test_notes_named_by_the_connection_string_are_taken_over(tmp_path: Path) -> None:
    former = hashlib.md5(POSTGRES.encode()).hexdigest()
    name = pydal_notes.lasting_name(POSTGRES) or ""
    (tmp_path / f"{former}_auth_user.table").write_text("of this database")
    (tmp_path / f"{former}_org_office.table").write_text("of this database too")
    (tmp_path / f"{name}_org_office.table").write_text("of one of the same name")
    (tmp_path / "other_org_office.table").write_text("other")
    for _ in range(2):
        pydal_notes.adopt(str(tmp_path), POSTGRES, name)
        assert {path.name: path.read_text() for path in tmp_path.iterdir()} == {
            f"{name}_auth_user.table": "of this database",
            f"{name}_org_office.table": "of this database too",
            "other_org_office.table": "other",
        }


def test_what_the_database_has_lost_is_made_again(tmp_path: Path) -> None:
    def migrate() -> set[str]:
        db = connect("sqlite://storage.sqlite", str(tmp_path), pool_size=0, migrate=True)
        pydal_notes.correct(db, str(tmp_path))
        db.define_table("lost", Field("name"))
        db.define_table("older", Field("L0"), Field("L1"))
        db.commit()
        columns = {row[1] for row in db.executesql("PRAGMA table_info(older)")}
        db.lost.insert(name="A")
        db.older.insert(L0="kept" if not db(db.older).count() else None, L1="B")
        db.commit()
        assert db(db.older).select(orderby=db.older.id).first().L0 == "kept"
        db.executesql("DROP TABLE lost;")
        db.executesql(f"ALTER TABLE older RENAME COLUMN L1 TO gone_{len(columns)};")
        db.commit()
        db.close()
        return columns

    assert migrate() == {"id", "L0", "L1"}
    assert migrate() == {"id", "L0", "gone_3", "L1"}


def test_notes_that_are_true_stay_untouched(tmp_path: Path) -> None:
    db = connect("sqlite://storage.sqlite", str(tmp_path), pool_size=0, migrate=True)
    db.define_table("thing", Field("name"), Field("other", rname="another"))
    (path,) = tmp_path.glob("*_thing.table")
    before = path.read_bytes(), path.stat().st_mtime_ns
    pydal_notes.correct(db, str(tmp_path))
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    db.close()
