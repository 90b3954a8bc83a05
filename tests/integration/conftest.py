"""Two sites for the tests of the screens, and the administrator of one of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pytest

from tests.support.browser import Browser
from tests.support.screens import ACCOUNTS, PEER, SECRET, served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

CONNECT = """
from applications.eden.modules.s3sync.active.registration import introduce
site = current.sync_site
key = db.sync_repository.insert(
    name="Headquarters", url={url!r}, username={peer!r}, password=site.vault.seal({secret!r}))
db.commit()
found = introduce(site, key)
assert found.error is None, found.error
db.sync_task.insert(repository_id=found.repository_id, resource_name="org_organisation", conflict_policy="OTHER")
db.commit()
print(found.repository_id)
"""


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


@pytest.fixture(scope="module")
def connected(field: WebSite, headquarters: WebSite) -> str:
    """Path of the repository that stands for headquarters."""
    told = field.run(CONNECT.format(url=headquarters.url, peer=PEER, secret=SECRET))
    return f"/sync/repository/{told.split()[-1]}"
