"""A form that the database refuses is shown again with what was typed and what to do, on every database."""

from __future__ import annotations

import errno
import io
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Callable

import pytest
from gluon import HTTP, current
from gluon.globals import Request, Response, Session
from gluon.storage import Storage
from pydal import Field

from s3.pages import record_form as record_form
from s3.pages.form_keeper import FormKeeper
from tests.support.browser import forms
from tests.support.databases import (
    Database,
    MySQLDatabase,
    PostgresDatabase,
    SQLiteDatabase,
    Unavailable,
    discard,
)

pytestmark = pytest.mark.database

TYPED = {"name": "Typed with care", "comments": "two\r\nlines"}


class Screens(SimpleNamespace):
    """Stands in for the pages of a table."""

    def url(self, *parts: Any) -> str:
        return "/".join(("/eden/org/thing", *map(str, parts)))

    def record_label(self, record: Any) -> str:
        return str(record.name)


@pytest.fixture(params=[SQLiteDatabase, PostgresDatabase, MySQLDatabase], ids=lambda kind: kind.dialect)
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    try:
        made = request.param(tmp_path)
    except Unavailable as reason:
        pytest.skip(str(reason))
    yield made
    made.close()


@pytest.fixture
def db(database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    db = database.connect()
    db.define_table(
        "org_thing",
        # Without validators: they would see what the database has to refuse.
        Field("name", length=64, unique=True, requires=None),
        Field("comments", "text"),
        Field("logo", "upload", uploadfolder=str(tmp_path)),
        Field("deleted", "boolean", default=False),
    )
    db.commit()
    request, response = Request({}), Response()
    request.env.request_method = "POST"
    request.application, request.controller, request.function = "eden", "org", "thing"
    for name, value in (("request", request), ("response", response), ("session", Session()), ("T", str)):
        monkeypatch.setattr(current, name, value, raising=False)
    monkeypatch.setattr(current, "form_keeper", FormKeeper(tmp_path / "private", lambda: 7), raising=False)
    (tmp_path / "private").mkdir()
    yield db
    discard(db)


def page(db: Any, record: Any = None, onaccept: Callable[[Any], None] | None = None) -> dict[str, Any]:
    config = {"onaccept": onaccept}
    screens = Screens(
        table=db.org_thing,
        T=str,
        title="Thing",
        s3db=SimpleNamespace(get_config=lambda table, name: config.get(name)),
    )
    return record_form.RecordForm(screens, record, "", None).page()


def send(db: Any, record: Any = None, onaccept: Any = None, **values: str) -> dict[str, Any]:
    """Open the form, and send it with these values."""
    current.request._post_vars = Storage()
    (form,) = forms(str(page(db, record)["form"])).values()
    current.request._post_vars = Storage({**form, **values})
    return page(db, record, onaccept)


def shown(told: dict[str, Any]) -> dict[str, Any]:
    (form,) = forms(str(told["form"])).values()
    return {name: form[name].replace("\r\n", "\n").replace("\n", "\r\n") for name in TYPED}


def saved(db: Any) -> list[tuple[str, str]]:
    db.commit()
    return [(row.name, row.comments) for row in db(db.org_thing).select(orderby=db.org_thing.id)]


def test_what_is_not_refused_is_saved(db: Any) -> None:
    with pytest.raises(HTTP) as done:
        send(db, **TYPED)
    assert done.value.status == 303 and done.value.headers["Location"] == "/eden/org/thing/1"
    assert saved(db) == [tuple(TYPED.values())]


def test_a_value_that_another_one_took_in_this_moment(db: Any) -> None:
    """No validator sees it: the other one is faster by less than a request takes."""
    db.org_thing.insert(**TYPED)
    db.commit()
    told = send(db, name=TYPED["name"], comments="mine")
    assert current.response.status == 409
    assert "nothing was saved" in told["problem"] and shown(told)["comments"] == "mine"
    assert saved(db) == [tuple(TYPED.values())]
    with pytest.raises(HTTP):
        send(db, name="Another name", comments="mine")
    assert len(saved(db)) == 2


def test_a_text_that_a_column_does_not_take_is_not_cut(db: Any, database: Database) -> None:
    if database.dialect == "sqlite":
        pytest.skip("SQLite's columns take any length")
    told = send(db, name="n" * 65)
    assert current.response.status == 409 and shown(told)["name"] == "n" * 65 and saved(db) == []


def full(db: Any, dialect: str) -> None:
    """Let the next row be one too much."""
    if dialect == "sqlite":
        pages = db.executesql("PRAGMA page_count")[0][0]
        db.executesql(f"PRAGMA max_page_count = {pages}")
    elif dialect == "postgres":
        db.executesql(
            "CREATE FUNCTION full_disk() RETURNS trigger AS $$ BEGIN RAISE EXCEPTION 'No space left' "
            "USING ERRCODE = '53100'; END $$ LANGUAGE plpgsql"
        )
        db.executesql("CREATE TRIGGER full_disk BEFORE INSERT ON org_thing EXECUTE FUNCTION full_disk()")
    else:
        db.executesql(
            "CREATE TRIGGER full_disk BEFORE INSERT ON org_thing FOR EACH ROW "
            "SIGNAL SQLSTATE '45000' SET MYSQL_ERRNO = 1114, MESSAGE_TEXT = 'The table is full'"
        )
    db.commit()


def test_a_full_disk(db: Any, database: Database) -> None:
    full(db, database.dialect)
    told = send(db, name=TYPED["name"], comments="x" * 20_000)
    assert current.response.status == 507 and "disk of this site is full" in told["problem"]
    assert shown(told) == {"name": TYPED["name"], "comments": "x" * 20_000}
    assert saved(db) == []


def test_a_full_disk_for_files(db: Any) -> None:
    def onaccept(form: Any) -> None:
        raise OSError(28, "No space left on device")

    told = send(db, onaccept=onaccept, **TYPED)
    assert current.response.status == 507 and shown(told) == TYPED and saved(db) == []


@pytest.mark.parametrize("number", [errno.EROFS, errno.EACCES, errno.EPERM])
def test_a_folder_for_files_that_may_not_be_written(db: Any, number: int) -> None:
    def onaccept(form: Any) -> None:
        raise OSError(number, "Read-only file system", "/srv/eden/uploads/x")

    told = send(db, onaccept=onaccept, **TYPED)
    assert current.response.status == 500 and "may not write its files" in told["problem"]
    assert "/srv/eden" not in told["problem"] and shown(told) == TYPED and saved(db) == []


def test_a_lock_of_somebody_else(db: Any, database: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record_form, "PATIENCE", 1.0)
    key = db.org_thing.insert(**TYPED)
    db.commit()
    other = database.connect(migrate=False)
    try:
        if database.dialect == "sqlite":
            other.executesql("BEGIN IMMEDIATE")
        else:
            other.executesql(f"SELECT id FROM org_thing WHERE id = {key} FOR UPDATE")
        told = send(db, db.org_thing[key], name="Changed", comments="mine")
    finally:
        discard(other)
    assert current.response.status == 503 and int(current.response.headers["Retry-After"]) > 0
    assert shown(told) == {"name": "Changed", "comments": "mine"}
    assert saved(db) == [tuple(TYPED.values())]


def test_a_deadlock_is_tried_again(db: Any, database: Database) -> None:
    tries: list[int] = []
    undone = {
        "postgres": "DO $$ BEGIN RAISE EXCEPTION 'deadlock' USING ERRCODE = '40P01'; END $$",
        "mysql": "SIGNAL SQLSTATE '40001' SET MYSQL_ERRNO = 1213, MESSAGE_TEXT = 'deadlock'",
    }

    def onaccept(form: Any) -> None:
        tries.append(1)
        if len(tries) == 1:
            db.executesql(undone[database.dialect])

    if database.dialect == "sqlite":
        pytest.skip("SQLite has one writer at a time")
    with pytest.raises(HTTP):
        send(db, onaccept=onaccept, **TYPED)
    assert len(tries) == 2 and saved(db) == [tuple(TYPED.values())]


def test_an_error_of_the_program_is_not_taken_for_one_of_the_database(db: Any) -> None:
    def onaccept(form: Any) -> None:
        raise KeyError("a defect")

    with pytest.raises(KeyError):
        send(db, onaccept=onaccept, **TYPED)
    assert saved(db) == []


def test_a_record_that_was_deleted_while_its_form_was_open(db: Any) -> None:
    for deleted_first in (True, False):
        record = db.org_thing[db.org_thing.insert(name=f"Thing {deleted_first}", comments="old")]
        current.request._post_vars = Storage()
        (form,) = forms(str(page(db, record)["form"])).values()
        record.update_record(deleted=True)
        db.commit()
        if not deleted_first:
            # It is deleted between the look at it and the lock.
            record = Storage(record, deleted=False)
        current.request._post_vars = Storage({**form, **TYPED})
        told = page(db, record)
        assert current.response.status == 409 and "deleted while you were editing" in str(told["problem"])
        assert shown(told) == TYPED
        (again,) = forms(str(told["form"])).values()
        assert again["_shown"] == form["_shown"]
        db(db.org_thing.id == record.id).update(deleted=False)
        current.response.status = 200
        current.request._post_vars = Storage({**again, "name": f"Restored {deleted_first}"})
        with pytest.raises(HTTP) as done:
            page(db, db.org_thing[record.id])
        assert done.value.status == 303 and db.org_thing[record.id].comments == TYPED["comments"]


def test_a_file_that_somebody_else_replaced_meanwhile_is_asked_about(
    db: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(record_form, "last_change", lambda screens, now, name: "Ann, headquarters")
    record = db.org_thing[db.org_thing.insert(name="Thing", logo="theirs.before")]
    current.request._post_vars = Storage()
    (form,) = forms(str(page(db, record)["form"])).values()
    db(db.org_thing.id == record.id).update(logo="theirs.after")
    db.commit()

    def sent(values: dict[str, Any]) -> Storage:
        mine = Storage(filename="mine.txt", file=io.BytesIO(b"mine"))
        return Storage({**values, "comments": "typed", "logo": mine})

    current.request._post_vars = sent(form)
    told = page(db, db.org_thing[record.id])
    text = str(told["form"])
    assert current.response.status == 409 and "changed while you were editing: Ann, headquarters" in text
    assert db.org_thing[record.id].logo == "theirs.after"
    (again,) = forms(text).values()
    assert again["comments"] == "typed"
    current.response.status = 200
    current.request._post_vars = sent(again)
    with pytest.raises(HTTP) as done:
        page(db, db.org_thing[record.id])
    assert done.value.status == 303
    assert db.org_thing[record.id].comments == "typed" and db.org_thing[record.id].logo != "theirs.after"
