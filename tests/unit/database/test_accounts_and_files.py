"""Users, roles and uploaded files of a site."""

from __future__ import annotations

import io
from collections.abc import Iterator
from pathlib import Path

import pytest
from gluon.validators import CRYPT
from pydal import DAL, Field

from s3sync.core.clock import SystemClock
from s3sync.core.errors import BadRequest
from s3sync.database.accounts import SiteAccounts, create_account
from s3sync.database.files import SiteFiles
from tests.support.databases import discard


@pytest.fixture
def db(tmp_path: Path) -> Iterator[DAL]:
    (tmp_path / "databases").mkdir()
    db = DAL("sqlite://storage.sqlite", folder=str(tmp_path / "databases"), pool_size=0)
    db.define_table("auth_user", Field("email"))
    db.define_table("auth_group", Field("role"))
    db.define_table("doc_plain", Field("file", "upload", uploadfolder=str(tmp_path / "uploads")))
    db.define_table(
        "doc_spread", Field("file", "upload", uploadseparate=True, uploadfolder=str(tmp_path / "uploads"))
    )
    yield db
    discard(db)


def test_accounts(db: DAL) -> None:
    ann, bob = db.auth_user.insert(email="ann@example.org"), db.auth_user.insert(email="Bob@Example.org")
    role = db.auth_group.insert(role="Editor")
    accounts = SiteAccounts(db)
    assert accounts.users(["Ann@example.org", "bob@example.org", "eve@example.org"]) == {
        "Ann@example.org": ann,
        "bob@example.org": bob,
    }
    assert accounts.emails([ann, bob, 99]) == {ann: "ann@example.org", bob: "Bob@Example.org"}
    assert [accounts.email(each) for each in (ann, 99, None)] == ["ann@example.org", None, None]
    assert accounts.groups(["Editor", "Nobody"]) == {"Editor": role}
    assert accounts.roles([role]) == {role: "Editor"}
    assert accounts.users([]) == accounts.emails([]) == {}


def test_the_role_of_a_site_counts_for_everything_where_roles_count_for_an_entity(tmp_path: Path) -> None:
    db = DAL("sqlite:memory", folder=str(tmp_path))
    names = [Field(each) for each in ("email", "first_name", "last_name")]
    db.define_table("auth_user", *names, Field("password", "password", requires=CRYPT()))
    db.define_table("auth_group", Field("role"))
    of_eden = [Field(each, "integer") for each in ("user_id", "group_id", "pe_id")]
    db.define_table("auth_membership", *of_eden)
    role = db.auth_group.insert(role="Synchronization")
    account = create_account(db, "site-1@sites.invalid", "a-long-password", "Nairobi")
    member = db(db.auth_membership).select().first()
    assert (member.user_id, member.group_id, member.pe_id) == (account, role, 0)
    discard(db)


def test_a_site_without_users(tmp_path: Path) -> None:
    db = DAL("sqlite:memory", folder=str(tmp_path))
    accounts = SiteAccounts(db)
    assert accounts.users(["a@example.org"]) == {}
    assert accounts.roles([1]) == {}
    discard(db)


def site_files(db: DAL) -> SiteFiles:
    return SiteFiles(db.__getitem__, "https://example.org/eden", str.encode, SystemClock())


@pytest.mark.parametrize("table", ["doc_plain", "doc_spread"])
def test_files_are_where_pydal_puts_them(db: DAL, table: str) -> None:
    stored = db[table].file.store(io.BytesIO(b"content"), "Bericht ä.pdf")
    files = site_files(db)
    assert files.has(table, "file", stored)
    assert files.path(table, "file", stored).read_bytes() == b"content"
    assert files.url(table, "file", stored) == f"https://example.org/eden/default/download/{stored}"
    signed = files.signed_url(table, "file", stored).removeprefix("https://example.org/eden/sync/download/")
    files.addresses.check(*signed.split("/"))
    files.path(table, "file", stored).unlink()
    assert not files.has(table, "file", stored)


@pytest.mark.parametrize(
    "stored",
    ["../../etc/passwd", "doc_plain.other.abcdef.616263.pdf", "auth_user.file.abcdef.616263.pdf", ""],
)
def test_names_that_web2py_would_not_give_are_refused(db: DAL, stored: str) -> None:
    files = site_files(db)
    assert not files.has("doc_plain", "file", stored)
    with pytest.raises(BadRequest):
        files.path("doc_plain", "file", stored)
