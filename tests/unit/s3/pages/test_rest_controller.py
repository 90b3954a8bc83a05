"""Pages of records: addresses and searches that nobody's browser sends by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gluon import HTTP, current

from s3.pages.listing import listing
from s3.pages.rest_controller import ResourceScreens
from tests.support.eden import open_environment


@pytest.fixture
def s3db(tmp_path: Path) -> Any:
    return open_environment(str(tmp_path), "sqlite:memory")["s3db"]


@pytest.mark.parametrize("record_id", ["²", "9" * 30, "x", "-1"])
def test_what_is_no_key_names_no_record(s3db: Any, record_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(current, "T", str, raising=False)
    refused = []
    monkeypatch.setattr(
        "s3.pages.rest_controller.refusal",
        lambda status, message: refused.append(status) or HTTP(status, message),
    )
    screens = ResourceScreens(s3db, None, "org_organisation")
    with pytest.raises(HTTP):
        screens.find(record_id)
    assert refused == [404]


def test_a_search_for_what_no_text_holds_finds_what_is_left_of_it(s3db: Any) -> None:
    table = s3db["org_organisation"]
    table.insert(name="One")
    page = listing(s3db.db, table.id > 0, [table.name], {"q": "O\x00ne"}, searchable=[table.name])
    assert page.searched == "One" and page.total == 1
