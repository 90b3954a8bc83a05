"""Two sites for the tests of the screens, and the administrator of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.support.browser import Browser
from tests.support.screens import ACCOUNTS, served
from tests.support.webserver import EMAIL, PASSWORD, WebSite


@pytest.fixture(scope="module")
def prepare() -> Mapping[str, str]:
    """What is run at each site before it starts; a module that needs more has a fixture of the same name."""
    return {"field": ACCOUNTS, "headquarters": ACCOUNTS}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory, prepare: Mapping[str, str]) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "field", prepare["field"])


@pytest.fixture(scope="module")
def headquarters(tmp_path_factory: pytest.TempPathFactory, prepare: Mapping[str, str]) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "headquarters", prepare["headquarters"])


@pytest.fixture()
def admin(field: WebSite) -> Browser:
    """The administrator of the field office."""
    return Browser(field.url).login(EMAIL, PASSWORD)
