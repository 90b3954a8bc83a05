"""What records wait for: the overview counts it, and leads to a list of exactly these records."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.screens import served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration

PREPARED = """
import json
from datetime import datetime, timedelta
site = current.sync_site
now = site.clock.now()
def repository(name):
    key = db.sync_repository.insert(name=name, url="http://127.0.0.1:9/eden")
    db.sync_task.insert(repository_id=key, resource_name="doc_document")
    db.sync_run.insert(repository_id=key, started_on=now, finished_on=now, state="completed", stage="finished")
    told = {"own": site.journal.identity(), "waiting": 0}
    site.checkpoints.write(key, "doc_document", "pull", json.dumps(told))
    return key
def stored(number):
    return f"doc_document.file.{number:016x}.{'minutes'.encode().hex()}.txt"
def document(number):
    return s3db["doc_document"].insert(name=f"Minutes {number}", uuid=f"d{number}", file=stored(number))
def awaits(key, number, repository_id, target="", field="file", **values):
    db.sync_deferred.insert(tablename="doc_document", record_id=key, fieldname=field, target=target,
                            uuid="o1" if target else stored(number), repository_id=repository_id, **values)
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "awaited")


@pytest.fixture()
def admin(site: WebSite) -> Iterator[Browser]:
    yield Browser(site.url).login(EMAIL, PASSWORD)
    site.run(
        "for name in ('sync_deferred', 'sync_task', 'sync_run', 'sync_checkpoint', 'sync_repository', "
        "'doc_document'):\n    db(db[name].id > 0).delete()\ndb.commit()"
    )


def followed(admin: Browser, name: str) -> str:
    """Follow the link that the overview shows for a repository; return the page as it came."""
    found = re.search(
        rf"<tr>\s*<th scope=\"row\"><a[^>]*>{name}</a>.*?</tr>", admin.page("/sync/index"), re.DOTALL
    )
    assert found
    links = re.findall(r'href="/eden(/sync/repository/\d+/awaited[^"]*)"', found.group())
    assert len(links) == 1, visible(f"<main>{found.group()}</main>")
    return admin.page(links[0])


def listed(page: str) -> list[str]:
    """Return the names of the records in the list, in order."""
    table = page.partition("<tbody>")[2].partition("</tbody>")[0]
    return [visible(f"<main>{each}</main>") for each in re.findall(r'<th scope="row">(.*?)</th>', table)]


@pytest.mark.parametrize(
    ("waits", "says", "names", "more"),
    [
        ("awaits(key, 1, one)", "Files that have not arrived: 1.", ["Minutes 1"], "minutes.txt"),
        (
            "awaits(key, 1, one, target='org_organisation', field='organisation_id')",
            "References here to records that have not arrived: 1.",
            ["Minutes 1"],
            "Organizations: o1",
        ),
        (
            "awaits(key, 1, one, retry_on=datetime(9999, 12, 31))",
            "nobody asks for any more: 1.",
            ["Minutes 1"],
            "A person stopped asking",
        ),
        (
            "two = repository('Two'); awaits(key, 1, two); awaits(other, 2, None)",
            "Whether this other site has them is not known",
            ["Minutes 1", "Minutes 2"],
            "Two",
        ),
        (
            "site.checkpoints.write(one, 'doc_document', 'push', "
            "json.dumps({'own': site.journal.identity(), 'position': site.journal.head(), 'files': [stored(1)]}))",
            "Files that the other site has not got: 1.",
            ["Minutes 1"],
            "minutes.txt",
        ),
    ],
)
def test_the_overview_leads_to_a_list_of_exactly_these_records(
    admin: Browser, site: WebSite, waits: str, says: str, names: list[str], more: str
) -> None:
    site.run(
        f"{PREPARED}\nkey, other = document(1), document(2)\none = repository('One')\ndb.commit()\n"
        "site.checkpoints.write(one, 'doc_document', 'push', "
        "json.dumps({'own': site.journal.identity(), 'position': site.journal.head()}))\n"
        f"{waits}\ndb.commit()"
    )
    page = followed(admin, "One")
    assert says in visible(admin.page("/sync/index"))
    assert listed(page) == names and more in visible(page)
    assert "in step" not in visible(admin.page("/sync/index")).partition("One")[2].partition("Two")[0]


def test_a_long_list_comes_in_pages_and_leads_to_the_others(admin: Browser, site: WebSite) -> None:
    site.run(
        f"{PREPARED}\none = repository('One')\n"
        "for number in range(60): awaits(document(number), number, one)\n"
        "for number in range(2): awaits(number + 1, number, one, target='org_organisation', field='organisation_id')\n"
        "awaits(999999, 1, one, field='file')\n"
        "db.commit()"
    )
    key = re.findall(r'href="/eden/sync/repository/(\d+)"', admin.page("/sync/index"))[0]
    page = admin.page(f"/sync/repository/{key}/awaited")
    assert "References to records that have not come yet: 2" in visible(page) or listed(page)
    files = admin.page(f"/sync/repository/{key}/awaited?what=files")
    assert len(listed(files)) == 50 and "61 entries" in visible(files) and "Page 1 of 2" in visible(files)
    assert "References to records that have not come yet: 2" in visible(files)
    last = admin.page(f"/sync/repository/{key}/awaited?what=files&page=2")
    assert listed(last)[-1] == "not here any more" and len(listed(last)) == 11
    assert f"/sync/repository/{key}/now#files" in files
    odd = admin.page(f"/sync/repository/{key}/awaited?what=nonsense")
    assert "Files that have not come yet" in visible(odd)
