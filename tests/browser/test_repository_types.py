"""The form of each type of repository fits on a phone, and what a connection test of alerts says stands on it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from s3sync.adapters import adapter_types
from tests.browser.looking import look
from tests.support.alerts import alert, alert_server, info, rss
from tests.support.chromium import PHONE, Person, chromium, missing, person
from tests.support.screens import served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "types")


@pytest.fixture(scope="module")
def owner(site: WebSite) -> Iterator[Person]:
    with chromium() as browser:
        yield person(browser, site.url, size=PHONE).log_in(EMAIL, PASSWORD)


@pytest.mark.parametrize("apitype", sorted(adapter_types()))
def test_the_form_of_a_type_fits_on_a_phone(owner: Person, apitype: str) -> None:
    owner.open(f"/sync/repository/create?type={apitype}")
    look(apitype, owner)
    assert owner.page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 1


def test_a_source_of_alerts_is_tested_on_a_phone(owner: Person) -> None:
    with alert_server() as server:
        server.pages.update({"/a": alert("A1", info()), "/feed": rss("/a")})
        owner.open("/sync/repository/create?type=cap")
        assert "conditions on it are not possible" in owner.text()
        found: Any = owner.page
        found.fill("input[name=name]", "The weather service")
        found.fill("input[name=url]", f"{server.url}/feed")
        with found.expect_navigation():
            found.get_by_role("button", name="Test the connection").first.click()
        look("alerts", owner)
        assert "It is a feed with 1 alert." in owner.text()
