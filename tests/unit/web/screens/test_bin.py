"""Who may read a deleted record sees it in the bin; who may not delete such records does not restore it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.bin import entries as entries
from s3sync.web.screens import bin as bin_screen
from s3sync.web.screens.context import ScreenContext
from tests.support.documents import ORG, org
from tests.support.site import SampleSite


class Forbidden(Exception):
    """The request was refused."""


def screen_of(site: SampleSite, monkeypatch: pytest.MonkeyPatch, *, sends: bool, allowed: bool) -> Any:
    """Return the context of a person before the only entry of the bin."""

    def forbid(host: Any) -> None:
        raise Forbidden

    for name, answer in (
        ("logged_in", lambda host: True),
        ("may_administer", lambda host: False),
        ("has_permission", lambda host, method, table: allowed or method != "delete"),
        ("page_exists", lambda host, *names: False),
        ("forbid", forbid),
    ):
        monkeypatch.setattr(type(site.host), name, answer)
    monkeypatch.setattr(bin_screen, "pressed", lambda screen, form, name: sends)
    monkeypatch.setattr(bin_screen, "action_button", lambda name, label: name)
    monkeypatch.setattr(bin_screen, "redirect", lambda address: None)
    monkeypatch.setattr(bin_screen, "URL", lambda *parts, **more: "")
    (found,) = entries.entries(site, {}, "")[1]
    request = Storage(args=lambda at: str(found.number), get_vars={})
    return ScreenContext(site, str, request, Storage(), Storage())


@pytest.fixture
def site(tmp_path: Path) -> SampleSite:
    found = SampleSite(tmp_path)
    found.push(org("o", "Ferry"), ORG, repository_id=None)
    found.delete(ORG, "o")
    return found


@pytest.mark.parametrize("allowed", [True, False])
def test_only_who_may_delete_is_shown_how_to_restore(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch, allowed: bool
) -> None:
    shown = bin_screen.page(screen_of(site, monkeypatch, sends=False, allowed=allowed))
    assert (shown["title"], shown["button"]) == ("Ferry", "restore" if allowed else None)
    assert site.row(ORG, "o").deleted is True


def test_who_may_not_delete_is_refused_also_without_the_button(
    site: SampleSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(Forbidden):
        bin_screen.page(screen_of(site, monkeypatch, sends=True, allowed=False))
    assert site.row(ORG, "o").deleted is True


def test_who_may_delete_restores(site: SampleSite, monkeypatch: pytest.MonkeyPatch) -> None:
    bin_screen.page(screen_of(site, monkeypatch, sends=True, allowed=True))
    assert site.row(ORG, "o").deleted is False
