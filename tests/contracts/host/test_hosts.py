"""The host port over the bundled application, and over an Eden that has Eden's names and nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from gluon import DAL, Field, current
from gluon.globals import Request, Response, Session
from gluon.storage import List, Storage

from s3.users.auth import SYNCHRONIZATION, S3Auth, create_roles
from s3sync.core.clock import SystemClock
from s3sync.database.tables.fields import meta_fields
from s3sync.host.eden import EdenHost
from s3sync.host.living_eden import LivingEden
from tests.contracts.host.host_contract import OFFICE, ORG, Around, HostContract
from tests.support.eden import open_environment
from tests.support.eden_names import EdenAuth, EdenModel, EdenSettings

ACCOUNTS = ("administrator@example.org", "partner@example.org", "clerk@example.org")


def modules() -> dict[str, Storage]:
    return {
        "sync": Storage(name_nice="Synchronization", access="|1|"),
        "org": Storage(name_nice="Organizations", access="|2|"),
    }


class _Page(Response):
    def render(self, view: str, context: Any) -> str:
        return f"{view}: {context['status']}"


@pytest.fixture
def request_of_a_person(monkeypatch: pytest.MonkeyPatch) -> Any:
    """web2py's surroundings of a request for a page."""
    request = Request({"request_method": "GET"})
    request.application, request.controller, request.function = "eden", "sync", "index"
    request.args, request.extension = List(), "html"
    response, session = _Page(), Session()
    for name, value in (("request", request), ("response", response), ("session", session), ("T", str)):
        monkeypatch.setattr(current, name, value, raising=False)
    return request


class TestBundledApplication(HostContract):
    @pytest.fixture
    def around(self, tmp_path: Path, request_of_a_person: Any) -> Iterator[Around]:
        env = open_environment(str(tmp_path))
        db, s3db, settings = env["db"], env["s3db"], env["settings"]
        db[OFFICE].organisation_id.ondelete = "RESTRICT"
        settings.modules.update(modules())
        auth = S3Auth(db, settings)
        auth.define_tables(username=False, signature=False)
        create_roles(db)
        keys = [db.auth_user.insert(email=each) for each in ACCOUNTS]
        partners = db(db.auth_group.role == SYNCHRONIZATION).select().first().id
        db.auth_membership.insert(user_id=keys[0], group_id=1)
        db.auth_membership.insert(user_id=keys[1], group_id=partners)
        db.commit()
        yield Around(EdenHost(db, s3db, settings, auth, tmp_path), db, s3db, settings, tmp_path, *keys)
        db.close()


class TestEdenByItsNames(HostContract):
    @pytest.fixture
    def by_names(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Around]:
        monkeypatch.setattr(current, "response", Storage(s3=Storage()), raising=False)
        (tmp_path / "databases").mkdir()
        db = DAL("sqlite://storage.sqlite", folder=str(tmp_path / "databases"))
        db.define_table("auth_user", Field("email"))
        db.define_table("auth_membership", Field("user_id", "integer"))
        db.define_table("pr_pentity", Field("pe_id", "id"), Field("instance_type"), Field("uuid", length=128))
        db.define_table(ORG, Field("name"), *meta_fields(db, SystemClock()))
        organisation = Field("organisation_id", f"reference {ORG}", ondelete="RESTRICT")
        db.define_table(OFFICE, Field("name"), organisation, *meta_fields(db, SystemClock()))
        s3db, settings = EdenModel(db), EdenSettings()
        s3db.add_components(ORG, org_office={"joinby": "organisation_id"})
        settings.modules.update(modules())
        keys = [db.auth_user.insert(email=each) for each in ACCOUNTS]
        auth = EdenAuth(db, {keys[0]: {1}}, {keys[1]: {("sync", "sync")}}, {keys[2]: {("read", OFFICE)}})
        db.commit()
        yield Around(EdenHost(db, s3db, settings, auth, tmp_path), db, s3db, settings, tmp_path, *keys)
        db.close()

    @pytest.fixture
    def around(self, by_names: Around) -> Around:
        return by_names

    def test_records_are_called_as_the_lists_of_an_eden_say(self, around: Around) -> None:
        current.response.s3.crud_strings = {OFFICE: Storage(title_list="Offices")}
        assert around.host.title(OFFICE) == "Offices"

    def test_any_other_name_fails(self, around: Around) -> None:
        for part, name in ((around.s3db, "on_define"), (around.settings, "get_sync_page_size")):
            with pytest.raises(AttributeError):
                getattr(part, name)


class TestLivingEden(TestEdenByItsNames):
    @pytest.fixture
    def around(self, by_names: Around, monkeypatch: pytest.MonkeyPatch) -> Around:
        around = by_names
        around.settings.get_template = lambda: "default"
        around.settings.get_auth_realm_entity = lambda: None
        around.settings.get_auth_record_approval = lambda: False
        around.s3db.load_all_models = lambda: None
        monkeypatch.setattr(current, "s3db", around.s3db, raising=False)
        folder = around.folder
        return around._replace(
            host=LivingEden(around.db, around.s3db, around.settings, around.host._auth, folder)
        )

    def test_an_account_reads_by_the_rights_of_the_synchronisation(self, around: Around) -> None:
        assert not around.host.limits_records or around.host.user_id is None
        around.host.impersonate(around.administrator)
        assert not around.host.limits_records and around.host.rights_mark.startswith(
            str(around.administrator)
        )
