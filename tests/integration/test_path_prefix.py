"""A site below a path of a reverse proxy, which keeps or strips the path: pages, cookies, and another site."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import pytest
import requests

from launcher.configuration import Wishes
from launcher.instance import prepare_instance
from tests.support.browser import Browser, visible
from tests.support.path_proxy import PathProxy
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration

ROWS = 's3db.table("org_organisation").insert(name="Red Cross")'
PULL = f"""
from applications.eden.modules.s3sync.active.registration import introduce
from applications.eden.modules.s3sync.worker.synchronise import synchronize
site = current.sync_site
key = db.sync_repository.insert(
    name="Headquarters", url={{url!r}}, username={EMAIL!r}, password=site.vault.seal({PASSWORD!r}))
db.commit()
found = introduce(site, key)
assert found.error is None, found.error
db.sync_task.insert(repository_id=found.repository_id, resource_name="org_organisation")
db.commit()
synchronize(found.repository_id)
db.commit()
print([row.name for row in db(db.org_organisation).select()])
"""
#: What a page asks a browser to load, to go to and to send.
_ADDRESS = re.compile(r'<[a-z]+\b[^>]*?\s(?:href|src|action)="([^"]*)"')


@pytest.fixture(scope="module")
def proxy() -> Iterator[PathProxy]:
    with PathProxy("/relief") as found:
        yield found


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, proxy: PathProxy) -> Iterator[WebSite]:
    folder = tmp_path_factory.mktemp("below") / "site"
    prepare_instance(folder, Wishes(public_url=proxy.url))
    with running_site(folder, ROWS) as running:
        proxy.target = ("127.0.0.1", running.port)
        yield running
    assert running.tickets() == []


def leading_out(page: requests.Response) -> list[str]:
    """Return the addresses of a page that are not below the path."""
    found = {urljoin(page.url, html.unescape(each)) for each in _ADDRESS.findall(page.text)}
    assert len(found) > 5, page.text
    return sorted(each for each in found if not urlsplit(each).path.startswith("/relief/"))


@pytest.mark.parametrize("strips", [False, True], ids=["kept", "stripped"])
def test_all_of_a_site_works_below_a_path(site: WebSite, proxy: PathProxy, strips: bool) -> None:
    proxy.strips = strips
    person = Browser(f"{proxy.url}/eden")
    asked = person.get("/org/organisation")
    assert asked.history and "/relief/eden/default/user/login" in asked.url
    person.login(EMAIL, PASSWORD)
    assert {each.path for each in person.session.cookies} == {"/relief"}
    pages = [
        person.get(path) for path in ("/default/index", "/org/organisation", "/sync/index", "/sync/config")
    ]
    assert [leading_out(page) for page in pages] == [[]] * len(pages)
    assert f"{proxy.url}/eden" in visible(pages[-1].text)
    loaded = {address for page in pages for address in _ADDRESS.findall(page.text) if "/static/" in address}
    answers = [person.session.get(urljoin(proxy.url, each), timeout=30) for each in sorted(loaded)]
    assert len(answers) > 3 and all(each.ok for each in answers)
    # A form that leads on by a redirection, and what leads nowhere.
    chosen = person.get("/default/choose?language=de")
    assert chosen.history[0].headers["Location"] == "/relief/eden/default/index"
    assert [each.path for each in person.session.cookies if each.name == "eden_language"] == ["/relief"]
    lost = person.get("/org/nothing")
    assert lost.status_code == 404 and leading_out(lost) == []
    assert requests.get(f"{proxy.url}/eden/sync/health", timeout=30).json()["database"] is True
    assert person.session.get(proxy.url, timeout=30).ok


@pytest.mark.parametrize("strips", [False, True], ids=["kept", "stripped"])
def test_another_site_exchanges_with_it(
    site: WebSite, proxy: PathProxy, strips: bool, tmp_path: Path
) -> None:
    proxy.strips = strips
    office = WebSite(tmp_path / "office", 0)
    assert "Red Cross" in office.run(PULL.format(url=f"{proxy.url}/eden"))


def test_who_asks_it_without_a_proxy_or_by_one_that_hides_the_host_can_log_in(
    site: WebSite, proxy: PathProxy
) -> None:
    assert "Red Cross" in Browser(site.url).login(EMAIL, PASSWORD).page("/org/organisation")
    proxy.strips, proxy.host = True, f"127.0.0.1:{site.port}"
    try:
        assert "Red Cross" in Browser(f"{proxy.url}/eden").login(EMAIL, PASSWORD).page("/org/organisation")
    finally:
        proxy.host = None
