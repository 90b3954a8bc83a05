"""What the host port does over a complete Eden: tables by name, rules and rights asked for where they lie."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from gluon import current
from gluon.storage import Storage

from s3sync.exchange.importer.context import CallbackFailed, HookForm
from s3sync.host.living_eden import LivingEden
from tests.support.thin_eden import ThinEden, ThinModel


@pytest.fixture
def eden(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ThinEden]:
    for name in ("s3db", "response"):
        monkeypatch.setattr(current, name, None, raising=False)
    made = ThinEden(tmp_path / "eden")
    yield made
    made.db.close()


@pytest.fixture
def fresh(eden: ThinEden) -> LivingEden:
    """The host of a request that has loaded nothing yet."""
    for name in [each for each in eden.db.tables if each.startswith(("org_", "pr_"))]:
        delattr(eden.db, name)
        eden.db.tables.remove(name)
    eden.s3db = ThinModel(eden.db, eden.clock)
    eden.enter()
    return LivingEden(eden.db, eden.s3db, eden.settings, eden.auth, eden.folder)


def test_a_table_is_loaded_when_it_is_asked_for(fresh: LivingEden) -> None:
    assert fresh.table("pr_person")._tablename == "pr_person"
    assert fresh._s3db.loaded == ["pr"] and fresh.table("no_such") is None


def test_one_that_no_model_announces_is_found_as_well(fresh: LivingEden) -> None:
    assert fresh.table("org_office_note")._tablename == "org_office_note"


def test_the_configuration_of_a_table_that_is_not_loaded_is_there(fresh: LivingEden) -> None:
    assert callable(fresh.config("org_office", "onaccept"))
    assert set(fresh.components("pr_person")) == {"contact", "email", "phone"}


def test_a_schema_is_the_same_however_much_a_request_has_loaded(eden: ThinEden, fresh: LivingEden) -> None:
    before = eden.host.version()
    fresh.table("pr_person")
    assert fresh.version() == before


def test_another_version_of_its_code_is_another_schema(eden: ThinEden, fresh: LivingEden) -> None:
    before = eden.host.version()
    models = eden.folder / "models"
    models.mkdir()
    (models / "000_config.py").write_text("settings = None\n", encoding="utf-8")
    assert fresh.version() != before


def test_a_site_decides_itself_what_is_called_on_import(eden: ThinEden) -> None:
    eden.settings.callbacks["org_office", "create_onaccept"] = len
    assert eden.host.config("org_office", "create_onaccept") is len


def test_what_moves_stock_is_not_called(eden: ThinEden) -> None:
    private = eden.folder / "private" / "eden-sync"
    private.mkdir(parents=True)
    (private / "profile.ini").write_text("[transactional]\norg_office = stock\n", encoding="utf-8")
    host = LivingEden(eden.db, eden.s3db, eden.settings, eden.auth, eden.folder)
    assert host.config("org_office", "onaccept") is None
    assert host.config("org_organisation", "onaccept") is not None


def test_the_profile_recognises_records_where_an_eden_has_a_function_or_nothing(eden: ThinEden) -> None:
    private = eden.folder / "private" / "eden-sync"
    private.mkdir(parents=True)
    text = "[recognised]\norg_office = name\norg_organisation = users\n"
    (private / "profile.ini").write_text(text, encoding="utf-8")
    host = LivingEden(eden.db, eden.s3db, eden.settings, eden.auth, eden.folder)
    for rule in (None, lambda item: None):
        eden.s3db.configure("org_office", deduplicate=rule)
        assert tuple(host.config("org_office", "deduplicate").primary) == ("name",)
    assert host.config("org_organisation", "deduplicate").primary == {"name"}, "sets of an Eden count"


def test_a_callback_writes_into_the_form_that_it_was_given_for(eden: ThinEden) -> None:
    def change(form: Storage) -> None:
        form.vars.name, form.errors.other = "Changed", "wrong"

    form = HookForm("org_office", {"name": "Office"})
    eden.host.call(change, "org_office", (form,))
    assert (form.vars.name, form.errors.other) == ("Changed", "wrong")


def test_a_deleted_record_is_a_row_that_is_also_a_number(eden: ThinEden) -> None:
    assert eden.host.call(int, "org_office", ({"id": 5},)) == 5


def test_work_for_a_worker_is_done_at_once(eden: ThinEden, monkeypatch: pytest.MonkeyPatch) -> None:
    class Tasks:
        def _is_alive(self) -> bool:
            return True

    monkeypatch.setattr(current, "s3task", Tasks(), raising=False)
    assert eden.host.call(lambda form: current.s3task._is_alive(), "org_office", (None,)) is False
    assert current.s3task._is_alive() is True


def test_a_failure_names_the_callback(eden: ThinEden) -> None:
    def broken(form: Storage) -> None:
        raise KeyError("x")

    with pytest.raises(CallbackFailed, match=r"broken .* org_office: KeyError"):
        eden.host.call(broken, "org_office", (HookForm("org_office", {}),))
    assert current.response.s3.bulk is None


def test_a_job_without_a_user_is_an_administrators(eden: ThinEden) -> None:
    eden.host.impersonate(None)
    eden.host.act_for_the_site()
    assert eden.host.user_id == eden.administrator


def test_records_wait_for_approval_also_for_an_administrator(eden: ThinEden) -> None:
    assert not eden.host.limits_records and not eden.host.trusts_this_machine
    eden.settings.approves = True
    assert eden.host.limits_records


def test_rights_are_all_none_or_one_query(eden: ThinEden) -> None:
    assert eden.host.accessible("read", "org_office") is True
    eden.host.impersonate(eden.clerk)
    assert eden.host.accessible("read", "org_office") is False
    assert eden.host.accessible("create", "org_organisation") is False
    eden.auth.realm = {3}
    keys = eden.host.accessible("update", "org_organisation")
    assert isinstance(keys, str) and keys.startswith("SELECT") and "realm_entity" in keys
    assert eden.host.accessible("read", "no_such") is False
