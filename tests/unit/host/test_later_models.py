"""Which models a request that only asks does without, and that they run as soon as they are needed."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Callable

import pytest
from gluon import HTTP, current
from gluon.compileapp import run_models_in
from gluon.globals import Response
from gluon.restricted import RestrictedError
from gluon.storage import Storage

from s3sync.host import later_models as later_models
from s3sync.host.eden import EdenHost
from s3sync.host.later_models import LATER, NEEDED, AskedHost, LaterModels, know, put_off
from s3sync.host.port import DataModel
from tests.support.places import APPLICATION

BEFORE, AFTER = ["0000_sync", "000_config", "00_db", "01_later", "sync"], ["02_rest", "10_org", "zzz_pages"]
FINGERPRINT = "of the models"
TABLES = ("auth_user", "sync_task", "org_organisation")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An application whose models note that they ran."""
    monkeypatch.setattr(later_models, "_tables", {})
    (tmp_path / "models").mkdir()
    for name in (*BEFORE, *AFTER):
        add(tmp_path, name)
    add(tmp_path, "01_later", f"put_off = later(globals(), {FINGERPRINT!r})\n")
    return tmp_path


def add(folder: Path, name: str, text: str = "") -> None:
    (folder / "models" / f"{name}.py").write_text(f"ran.append({name!r})\n{text}", encoding="utf-8")


def run(folder: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Run the models for a question, as web2py does; return their names."""
    request = Storage(folder=f"{folder}/", controller="sync", function="news")
    for name, value in {"request": request, "response": Response()}.items():
        monkeypatch.setattr(current, name, value, raising=False)
    current.response.models_to_run = [r"^\w+\.py$", r"^sync/\w+\.py$"]
    names: dict[str, Any] = {"ran": [], "later": put_off}
    run_models_in(names)
    return names


def learn(folder: Path) -> None:
    know(f"{folder}/", FINGERPRINT, TABLES)


def test_a_process_runs_all_models_until_it_knows_the_tables(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = run(folder, monkeypatch)
    assert (names["ran"], names["put_off"]) == (sorted([*BEFORE, *AFTER]), None)
    know(f"{folder}/", "of other models", TABLES)
    assert run(folder, monkeypatch)["put_off"] is None


def test_the_others_run_once_when_they_are_needed(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    learn(folder)
    names = run(folder, monkeypatch)
    assert names["ran"] == BEFORE
    later = names["put_off"]
    later.after(lambda: names["ran"].append("after"))
    later.run()
    later.run()
    assert names["ran"] == [*BEFORE, *AFTER, "after"]


@pytest.mark.parametrize("name", ["01_guard", "zz_last", "sync_more"])
def test_a_model_of_the_site_that_is_no_data_model_is_not_put_off(
    folder: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    learn(folder)
    add(folder, name)
    names = run(folder, monkeypatch)
    assert names["put_off"] is None
    assert {name, *AFTER} <= {*names["ran"]}


@pytest.mark.parametrize("place", ["models/sync", "compiled"])
def test_nothing_is_put_off_where_models_lie_elsewhere(
    folder: Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    learn(folder)
    (folder / place).mkdir()
    request = Storage(folder=f"{folder}/", controller="sync")
    monkeypatch.setattr(current, "request", request, raising=False)
    assert put_off({}, FINGERPRINT) is None


def test_every_bundled_model_is_needed_or_may_run_later() -> None:
    bundled = {each.name for each in (APPLICATION / "models").glob("*.py")}
    assert set(NEEDED) <= bundled
    assert all(re.match(LATER, each) for each in bundled - set(NEEDED))
    assert not any(re.match(LATER, each) for each in NEEDED)


def test_a_model_that_refuses_the_request_does_so_later_too(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    learn(folder)
    add(folder, "10_org", "raise refused\n")
    names = run(folder, monkeypatch)
    names["refused"] = HTTP(503, "closed")
    with pytest.raises(HTTP) as told:
        names["put_off"].run()
    assert told.value.status == 503


def test_models_that_failed_are_not_taken_for_a_data_model(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process would keep a schema of the tables before the failure as that of all tables."""
    learn(folder)
    add(folder, "10_org", "raise ValueError\n")
    names = run(folder, monkeypatch)
    later = names["put_off"]
    later.after(lambda: names["ran"].append("after"))
    with pytest.raises(RestrictedError) as first:
        later.run()
    with pytest.raises(RestrictedError) as again:
        later.run()
    assert again.value is first.value
    assert names["ran"] == [*BEFORE, "02_rest", "10_org"]


def test_what_the_process_knows_changes_with_the_tables_not_with_their_order() -> None:
    know("folder/", FINGERPRINT, TABLES)
    later = LaterModels({}, ("folder/", FINGERPRINT))
    first = later.tables
    know("folder/", FINGERPRINT, reversed(TABLES))
    assert later.tables is first
    know("folder/", FINGERPRINT, TABLES[:2])
    assert later.tables == TABLES[:2]


class Model:
    """A data model that exists once the models have run."""

    def __init__(self) -> None:
        self.ran: list[str] = []

    def run(self) -> None:
        self.ran.append("models")

    @property
    def tables(self) -> tuple[str, ...]:
        return TABLES

    def resource(self, table: str, id: list[int]) -> Any:
        return Storage(delete=lambda: None, error=None)

    def __getattr__(self, name: str) -> Callable[..., Any]:
        assert self.ran, f"{name} was asked for before the models ran"
        return lambda *given: {} if name == "get_components" else name


ASKED: dict[str, tuple[Any, ...]] = {
    "load_all": (),
    "table": ("org_organisation",),
    "config": ("org_organisation", "deduplicate"),
    "components": ("org_organisation",),
    "super_key": ("pr_pentity",),
    "delete": ("org_organisation", [1]),
    "title": ("org_organisation",),
    "name_fields": ("org_organisation",),
}


@pytest.mark.parametrize("name", ASKED)
def test_whatever_needs_the_data_model_runs_the_models(name: str) -> None:
    model: Any = Model()
    host = AskedHost(model, None, model, Storage(), None, "folder")
    assert (host.version(), model.ran) == (TABLES, [])
    getattr(host, name)(*ASKED[name])
    assert model.ran


def test_all_of_the_port_that_needs_the_data_model_is_known() -> None:
    """What is new in the port, and asks the data model, must run the models as well."""
    needs_none = {"version", "call", "has_realm_rule", "set_realms"}
    asked = {each for each in vars(DataModel) if not each.startswith("_")}
    assert asked - needs_none <= {*ASKED} & {*vars(AskedHost)}
    methods = {name: each for name, each in vars(EdenHost).items() if hasattr(each, "__code__")}
    direct = {name for name, each in methods.items() if "_s3db" in each.__code__.co_names}
    assert direct - {"__init__"} <= {*vars(AskedHost)}
