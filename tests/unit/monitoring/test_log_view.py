"""The log as it is read: what is asked for, and what a spreadsheet gets."""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

import pytest

import s3sync
from s3sync.conflicts.kept_list import KeptVersionQuery
from s3sync.core import errors as errors
from s3sync.database.paging import day, order_of
from s3sync.monitoring.log_view import LogQuery, harmless
from s3sync.web.screens.words import errors as words_errors


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx", "\nx"])
def test_no_cell_is_a_formula(text: str) -> None:
    assert harmless(text) == f"'{text}"


@pytest.mark.parametrize(("value", "cell"), [(None, ""), (0, "0"), ("a = b", "a = b"), ("", "")])
def test_other_cells_stay_as_they_are(value: Any, cell: str) -> None:
    assert harmless(value) == cell


def test_what_is_asked_for_survives_the_address() -> None:
    asked = LogQuery(3, "org_office", "in", "trouble", "2026-01-31", "2026-02-28", "it's", 7, True)
    assert LogQuery.from_vars(asked.to_vars()) == asked
    wanted = KeptVersionQuery(3, "conflict", "org_office", "resolved", "2026-01-31", "it's")
    assert KeptVersionQuery.from_vars(wanted.to_vars()) == wanted
    assert LogQuery.from_vars({}) == LogQuery() and KeptVersionQuery.from_vars({}) == KeptVersionQuery()
    assert not LogQuery(3).is_narrowed and LogQuery(3, result="fatal").is_narrowed


def test_what_cannot_be_asked_for_is_passed_over() -> None:
    wrong = {
        "repository": "x",
        "direction": "up",
        "result": "odd",
        "since": "2026-13-01",
        "until": "9999999-1-1",
        "run": "-1",
        "kind": "odd",
        "state": "odd",
    }
    assert LogQuery.from_vars(wrong) == LogQuery() and KeptVersionQuery.from_vars(wrong) == KeptVersionQuery()
    assert LogQuery.from_vars({"repository": "4"}, 3).repository == 3
    assert LogQuery.from_vars({"run": "4"}).oldest_first
    assert not LogQuery.from_vars({"run": "4", "sort": "-time"}).oldest_first


def test_days_are_those_of_utc() -> None:
    assert str(day("2026-02-28", 1)) == "2026-03-01 00:00:00"
    assert day("9999-12-31", 1) is None and day(None) is None and day("soon") is None


def test_the_order_is_what_the_address_says_or_the_default() -> None:
    assert order_of({"sort": "nosuch"}, ("time", "name"), "-time").text == "-time"
    order = order_of({"sort": "-name"}, ("time", "name"), "-time")
    assert (order.column, order.descending, order.text) == ("name", True, "-name")


def test_every_error_has_a_heading() -> None:
    for module in pkgutil.walk_packages(s3sync.__path__, "s3sync."):
        if not module.name.startswith("s3sync.adapters.testing"):
            importlib.import_module(module.name)

    def all_of(kind: type) -> set[type]:
        return {kind}.union(*map(all_of, kind.__subclasses__()))

    told = words_errors.errors(str)
    assert {kind.code for kind in all_of(errors.SyncError)} <= told.keys()  # type: ignore[attr-defined]
