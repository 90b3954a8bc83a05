"""Where the settings of repository types are stored: in the column of their name, else in the column for all others."""

from __future__ import annotations

from typing import Any

import pytest

from s3sync.adapters import adapter_types, can_ask, capabilities_of, needed_columns, where
from s3sync.adapters.base import Adapter
from s3sync.adapters.settings import COLUMNS, Kind, Setting, columns, opened, stored
from tests.support.site import SampleSite

TOKEN = Setting("token", "Token", kind=Kind.SECRET, required=True)
URL = Setting("url", "URL", kind=Kind.ADDRESS, required=True)
FLAG = Setting("with_files", "Files", kind=Kind.BOOLEAN)
PASSWORD = Setting("password", "Password", kind=Kind.SECRET)
ALL = (TOKEN, URL, FLAG, PASSWORD)


class Row(dict):  # type: ignore[type-arg]
    """What pydal returns."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


class Vault:
    def open(self, stored: str | None) -> str | None:
        return None if stored is None else stored.removeprefix("sealed:")


class Token(Adapter):
    apitype, label = "token", "Token"
    settings = (TOKEN,)


def test_values_go_to_their_columns_and_come_back_opened() -> None:
    given = {"token": "sealed:t", "url": "http://x", "with_files": True, "password": "sealed:p"}
    row = Row(columns({"skew": 3.0}, given))
    assert row == {
        "url": "http://x",
        "password": "sealed:p",
        "settings": {"skew": 3.0, "adapter": {"token": "sealed:t", "with_files": True}},
    }
    assert [stored(row, each) for each in ALL] == ["sealed:t", "http://x", True, "sealed:p"]
    assert opened(row, ALL, Vault()) == {"token": "t", "url": "http://x", "with_files": True, "password": "p"}


def test_what_was_learned_of_the_other_site_stays_when_settings_are_stored() -> None:
    assert columns({"offer": {}}, {"url": "x"}) == {"url": "x"}
    assert columns({"offer": {}, "adapter": {"a": 1}}, {"b": 2})["settings"] == {
        "offer": {},
        "adapter": {"b": 2},
    }


def test_the_columns_are_those_of_the_table(tmp_path: Any) -> None:
    site = SampleSite(tmp_path / "a")
    assert set(site.db.sync_repository.fields) >= COLUMNS | {"settings", "apitype"}
    assert not COLUMNS & {"name", "uuid", "apitype", "settings", "capabilities"}


def test_a_required_setting_without_a_column_decides_whether_a_repository_can_be_asked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert needed_columns() == {"apitype", "url", "path", "username"}
    monkeypatch.setitem(adapter_types(), "token", Token)
    assert needed_columns() == {"apitype", "url", "path", "username", "settings"}
    empty, entered = (
        Row(apitype="token", settings=None),
        Row(apitype="token", settings={"adapter": {"token": "t"}}),
    )
    assert not can_ask(empty) and can_ask(entered) and where(entered) == ""


def test_a_type_that_this_site_does_not_have_can_do_nothing() -> None:
    wrike = Row(apitype="wrike", url="https://www.wrike.com")
    assert not can_ask(wrike) and capabilities_of(wrike) == frozenset() and where(wrike) == ""
