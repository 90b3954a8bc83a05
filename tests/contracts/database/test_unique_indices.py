"""Unique values change hands on servers, where an index refuses every row that has another's value for a moment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.documents import LATER, data, deleted, resource, told
from tests.support.server_sites import site_on
from tests.support.site import SampleSite

pytestmark = pytest.mark.database

TYPE = "org_organisation_type"


@pytest.fixture(params=["postgres", "mysql"])
def site(request: Any, tmp_path: Path) -> Iterator[SampleSite]:
    with site_on(request.param, tmp_path / "site") as found:
        yield found


def kind(uuid: str, name: str, **more: Any) -> str:
    return resource(TYPE, uuid, data("name", name), **more)


def test_values_go_round_and_reach_new_records_in_any_order(site: SampleSite) -> None:
    site.push("".join(kind(str(n), f"Name {n}") for n in range(5)), TYPE)
    text = kind("new", "Name 0", modified_on=LATER)
    text += "".join(kind(str(n), f"Name {n + 1}", modified_on=LATER) for n in range(5))
    report = site.push(text, TYPE)
    assert told(report) == {"created": 1, "updated": 5}
    assert {row.uuid: row.name for row in site.rows(TYPE)} == {
        "new": "Name 0",
        **{str(n): f"Name {n + 1}" for n in range(5)},
    }


def test_a_twin_is_remembered(site: SampleSite) -> None:
    site.push(kind("mine", "Aqua"), TYPE)
    site.push(kind("theirs", "Aqua"), TYPE)
    assert told(site.push(kind("theirs", "Wash", modified_on=LATER), TYPE)) == {"updated": 1}
    assert [(row.uuid, row.name) for row in site.rows(TYPE)] == [("mine", "Wash")]


def test_the_survivor_of_a_merge_takes_the_unique_value(site: SampleSite) -> None:
    site.push(kind("1", "Amber") + kind("2", "Violet"), TYPE)
    gone = deleted(TYPE, "1", LATER, replaced_by="2")
    assert not site.push(kind("2", "Amber", modified_on=LATER) + gone, TYPE).failures
    assert not site.push(kind("3", "Violet"), TYPE).failures
    assert {row.uuid: row.name for row in site.rows(TYPE)} == {"2": "Amber", "3": "Violet"}


def test_further_uuids_are_told_proposed_and_withdrawn(site: SampleSite) -> None:
    site.push(kind("1", "Amber"), TYPE)
    key, twins = site.row(TYPE, "1").id, site.twins
    with site.store.transaction():
        twins.remember(TYPE, {"sure": key, "other": key + 1})
        twins.remember(TYPE, {"asked": key}, proposed=True)
    asked = {"sure", "asked", "unknown"}
    assert twins.find(TYPE, asked) == {"sure": key}
    assert twins.proposed(TYPE, asked) == {"asked": key}
    assert twins.of(TYPE, [key]) == {key: ["asked", "sure"]}
    with site.store.transaction():
        twins.withdraw(TYPE, asked)
    assert twins.of(TYPE, [key]) == {key: ["sure"]}
    with site.store.transaction():
        twins.remember(TYPE, {"sure": key + 1})
    assert twins.find(TYPE, asked) == {"sure": key + 1}
