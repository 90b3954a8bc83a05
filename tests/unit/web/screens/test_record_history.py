"""Who may read a record sees its changes; who may not change it puts nothing back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.web.screens import record_history as record_history
from s3sync.web.screens.context import ScreenContext
from tests.support.documents import ORG
from tests.support.site import SampleSite


class Forbidden(Exception):
    """The request was refused."""


@pytest.fixture
def site(tmp_path: Path) -> SampleSite:
    found = SampleSite(tmp_path)
    with found.store.transaction():
        found.s3db[ORG].insert(uuid="o", name="Ferry", comments="before")
    found.clock.step()
    with found.store.transaction():
        found.db(found.s3db[ORG].uuid == "o").update(comments="after")
    return found


def screen_of(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, *may: str, sends: bool = False
) -> ScreenContext:
    """Return the context of a person who may do this with records, and who presses *Put this back* or not."""

    def forbid(host: Any) -> None:
        raise Forbidden

    for name, answer in (
        ("may_administer", lambda host: False),
        ("has_permission", lambda host, method, table: method in may),
        ("page_exists", lambda host, *names: False),
        ("forbid", forbid),
    ):
        monkeypatch.setattr(type(site.host), name, answer)
    monkeypatch.setattr(record_history, "pressed", lambda screen, form, name: sends)
    monkeypatch.setattr(record_history, "action_button", lambda name, label: name)
    monkeypatch.setattr(record_history, "redirect", lambda address: None)
    monkeypatch.setattr(record_history, "URL", lambda *parts, **more: "")
    asked = Storage(
        args=lambda at: ORG,
        get_vars=Storage(uuid="o"),
        post_vars=Storage(number="0", field="comments"),
    )
    return ScreenContext(site, str, asked, Storage(), Storage())


@pytest.mark.parametrize("may_change", [False, True])
def test_who_may_only_read_sees_each_change_and_nothing_to_press(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, may_change: bool
) -> None:
    shown = record_history.changes(screen_of(site, monkeypatch, "read", *(["update"] if may_change else [])))
    (entry,) = shown["timeline"].entries
    (field,) = entry.fields
    assert (field.name, field.before, field.after) == ("comments", "before", "after")
    assert (shown["may_change"], shown["administers"]) == (may_change, False)


def test_who_may_only_read_puts_nothing_back_also_without_the_button(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    record_history.changes(screen_of(site, monkeypatch, "read", sends=True))
    assert site.row(ORG, "o").comments == "after"
    record_history.changes(screen_of(site, monkeypatch, "read", "update", sends=True))
    assert site.row(ORG, "o").comments == "before"


def test_who_may_not_read_the_record_sees_nothing(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(Forbidden):
        record_history.changes(screen_of(site, monkeypatch))


@pytest.mark.parametrize("name", ["Ferry", "another"])
def test_where_rights_are_by_record_they_are_asked_for_by_record(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    screen = screen_of(site, monkeypatch, "read", "update")
    allowed = f"SELECT org_organisation.id FROM org_organisation WHERE org_organisation.name = '{name}'"
    monkeypatch.setattr(type(site.host), "accessible", lambda host, method, table: allowed)
    if name == "Ferry":
        assert record_history.changes(screen)["may_change"] is True
    else:
        with pytest.raises(Forbidden):
            record_history.changes(screen)
