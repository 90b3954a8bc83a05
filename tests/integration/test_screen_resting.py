"""Repositories of types that an Eden has, and nobody can reach any more, are shown with the reason why they rest."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.screens import served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration
RESTS = {
    "ccrm": "no CiviCRM lets anybody in any more",
    "wrike": "Wrike has switched off the interface",
    "mcb": "Mariner CommandBridge has no public interface",
    "adashi": "ADASHI sends to an Eden in a way",
    "filesync": "add a repository of the type Folder on this machine in its place",
    "from_elsewhere": "this site has no repositories of the type from_elsewhere",
}


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "resting")


@pytest.fixture(scope="module")
def admin(field: WebSite) -> Browser:
    return Browser(field.url).login(EMAIL, PASSWORD)


@pytest.mark.parametrize("apitype", sorted(RESTS))
def test_a_repository_of_a_type_that_an_eden_had_says_why_it_rests(
    field: WebSite, admin: Browser, apitype: str
) -> None:
    """As it is after an Eden's database was taken over: with its address, its account and a resource."""
    made = field.run(
        f"key = db.sync_repository.insert(name='Old {apitype}', apitype={apitype!r}, url='https://old.example.org')\n"
        "db.sync_task.insert(repository_id=key, resource_name='org_organisation')\ndb.commit()\nprint('KEY', key)"
    )
    path = f"/sync/repository/{made.partition('KEY')[2].split()[0]}"
    for page in ("/sync/index", path, f"{path}/update"):
        text = visible(admin.page(page))
        assert "It rests: " in text and RESTS[apitype] in text, (page, text)
    for tab in ("task", "job", "now", "log", "preview"):
        assert admin.get(f"{path}/{tab}").status_code in (200, 404), tab
    assert 'name="url"' not in admin.page(f"{path}/update"), "saving a form would make it an Eden"
    kept = f"print('TYPE', db.sync_repository({path.rpartition('/')[2]}).apitype)"
    assert field.run(kept).split("TYPE")[1].strip() == apitype
    admin.submit(f"{path}/update?ask=delete", "delete")
    assert f"Old {apitype}" not in visible(admin.page("/sync/index"))
