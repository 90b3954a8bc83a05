"""The passwords of repositories go where they were typed for, and nowhere else."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from gluon.storage import Storage

from s3sync.adapters.eden import EdenAdapter
from s3sync.site import Repository
from s3sync.web.screens.repository import secrets as secrets
from tests.support.site import SampleSite

HOME = "https://hq.example.org/eden"
(PASSWORD,) = [each for each in EdenAdapter.settings if each.secret]


@pytest.fixture()
def screen(tmp_path: Path) -> Iterator[Any]:
    site = SampleSite(tmp_path / "own")
    request = SimpleNamespace(post_vars=Storage(), env=SimpleNamespace(request_method="POST"))
    yield SimpleNamespace(
        site=site, session=Storage(), request=request, now=site.clock.now(), T=lambda text: text
    )
    site.close()


def entered(screen: Any, **more: str) -> Repository:
    """Return a repository with a stored password."""
    sealed = screen.site.vault.seal("stored one")
    key = screen.site.db.sync_repository.insert(name="HQ", url=HOME, username="me", password=sealed, **more)
    found: Repository = screen.site.repository(int(key))
    return found


def sent(screen: Any, record: Repository | None, **values: str) -> str | None:
    """Return the password that a test with these values would send."""
    given = Storage({"url": HOME, "password": "", **values})
    sealed = secrets.secret_field(screen, EdenAdapter, record, PASSWORD, given)
    opened: str | None = screen.site.vault.open(sealed)
    return opened


@pytest.mark.parametrize(
    ("changed", "goes"),
    [
        ({}, True),
        ({"url": "https://HQ.example.org:443/another/path"}, True),
        ({"username": "somebody else"}, True),
        ({"url": "https://evil.example/eden"}, False),
        ({"url": "http://hq.example.org/eden"}, False),
        ({"url": "https://hq.example.org:8443/eden"}, False),
        ({"url": "https://hq.example.org.evil.example/eden"}, False),
        ({"url": "https://hq.example.org@evil.example/eden"}, False),
        ({"url": "https://[::1"}, False),
        ({"proxy": "http://evil.example:3128"}, False),
    ],
)
def test_a_stored_password_goes_to_the_origin_that_it_was_stored_for(
    screen: Any, changed: dict[str, str], goes: bool
) -> None:
    record = entered(screen)
    assert sent(screen, record, **changed) == ("stored one" if goes else None)
    form = SimpleNamespace(vars=Storage({"url": HOME, "password": "", **changed}), errors=Storage())
    secrets.refuse_another_destination(screen, EdenAdapter, record, form)
    assert bool(form.errors) is not goes, "the person is told"


def test_a_password_that_is_typed_goes_where_the_person_says(screen: Any) -> None:
    assert sent(screen, entered(screen), url="https://new.example/eden", password="typed") == "typed"
    form = SimpleNamespace(vars=Storage(url="https://new.example/eden", password="typed"), errors=Storage())
    secrets.refuse_another_destination(screen, EdenAdapter, entered(screen), form)
    assert not form.errors


def test_a_password_that_was_typed_for_a_test_is_kept_for_that_origin_only(screen: Any) -> None:
    screen.request.post_vars.update(url="https://new.example/eden", password="typed")
    form = SimpleNamespace(element=lambda which: None, elements=lambda which: [])
    secrets.keep_secrets(screen, EdenAdapter, None, form)
    assert sent(screen, None, url="https://new.example/other") == "typed"
    assert sent(screen, None, url="https://evil.example/eden") is None
    screen.request.post_vars.update(url="https://evil.example/eden", password="")
    secrets.keep_secrets(screen, EdenAdapter, None, form)
    assert sent(screen, None, url="https://evil.example/eden") is None, "another page does not hand it on"
