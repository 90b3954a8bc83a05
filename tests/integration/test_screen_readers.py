"""What those see of the synchronisation who do not administer a site."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.screens import served
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration

EMAIL, PASSWORD = "reader@example.com", "a-password-of-the-reader"
SETUP = f"""
from applications.eden.modules.s3db.setup import create_user
create_user(globals(), {EMAIL!r}, {PASSWORD!r})
def repository(name):
    now = current.sync_site.clock.now()
    key = db.sync_repository.insert(name=name, url="http://127.0.0.1:9/eden", last_connected=now)
    db.sync_task.insert(repository_id=key, resource_name="org_organisation")
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "readers")


def test_who_does_not_administer_sees_how_the_sites_stand_and_where_a_record_is(site: WebSite) -> None:
    program = (
        "repository('Headquarters')\nprint(s3db['org_organisation'].insert(name='Red Cross'))\ndb.commit()"
    )
    key = site.run(f"{SETUP}\n{program}").split()[0]
    reader = Browser(site.url).login(EMAIL, PASSWORD)
    page = reader.page("")
    assert "Headquarters" in visible(page)
    assert "Each record tells whether the other sites have it." in visible(page)
    assert "/sync/index" not in page
    record = visible(reader.page(f"/org/organisation/{key}"))
    assert re.search(r"At other sites\s+Headquarters\s+\W?\s*waits to go out", record), record[-900:]
    further = "db.sync_repository.insert(name=f'Further {number}', url='http://127.0.0.1:9/eden')"
    site.run(f"for number in range(5):\n    {further}\ndb.commit()")
    # Of many sites only the numbers are told.
    assert "Headquarters" not in visible(reader.page(""))
    assert "never connected" in visible(reader.page(""))


def test_the_account_of_a_site_with_a_scope_learns_nothing_of_other_sites(site: WebSite) -> None:
    email = "peer@example.com"
    site.run(
        "from applications.eden.modules.s3db.setup import create_user\n"
        f"account = create_user(globals(), {email!r}, {PASSWORD!r})\n"
        "scope = db.sync_scope.insert(name='Some')\n"
        "db.sync_repository.insert(name='Its site', url='http://127.0.0.1:9/eden', scope_id=scope,"
        " account_id=account)\n"
        "db.commit()"
    )
    home = visible(Browser(site.url).login(email, PASSWORD).page(""))
    assert "Records" in home and "Its site" not in home and "never connected" not in home
