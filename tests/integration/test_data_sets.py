"""The addresses by which an unchanged Sahana Eden subscribes to data sets of this site, over HTTP."""

from __future__ import annotations

import hashlib
import io
import re
import zipfile
from collections.abc import Iterator

import pytest
import requests
from lxml import etree

from tests.support.browser import Browser, visible
from tests.support.screens import ACCOUNTS, CLERK, PEER, SECRET, served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration
PREPARE = f"""{ACCOUNTS}
from applications.eden.modules.s3db.demo import populate
populate(globals(), "headquarters")
other = db.sync_repository.insert(name="Peer with a password", username="peer", password="secret")
mine = db.sync_task.insert(repository_id=other, resource_name="org_facility")
db.sync_resource_filter.insert(task_id=mine, tablename="org_facility", filter_string="~.name=SECRET-FILTER")
theirs = db.sync_dataset.insert(repository_id=other, code="THEIRS", name="Theirs")
db.sync_task.insert(repository_id=other, dataset_id=theirs, resource_name="org_facility")
db.sync_task.insert(repository_id=other, resource_name="org_sector", deleted=True)
"""
BUILD = "scheduler.tasks['sync_archive'](db.sync_dataset(code='%s').id); db.commit()"
#: As the adapter of a classic Eden writes them.
SETS, ONE = "/sync/dataset.xml", "/sync/dataset.xml?~.code=OFFICES&mcomponents=None"
TASKS = "/sync/task.xml?~.dataset_id$code=OFFICES%2CNO-SUCH"
DELETED = "?include_deleted=True&~.deleted=True"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    for site in served(tmp_path_factory, "provider", PREPARE):
        admin = Browser(site.url).login(EMAIL, PASSWORD)
        answer = admin.submit(
            "/sync/dataset/create",
            "dataset",
            name="Offices & staff",
            code="OFFICES",
            resources=["org_office", "org_organisation"],
            conditions="org_office: ~.name__like=*HRA*\n",
            components="on",
            archived="on",
            comments="Ask the desk.",
        )
        assert "Saved" in visible(answer.text), visible(answer.text)
        admin.submit(
            "/sync/dataset/create", "dataset", name="Types", code="TYPES", resources=["org_organisation_type"]
        )
        yield site


def ask(site: WebSite, path: str, account: tuple[str, str] | None = (PEER, SECRET)) -> requests.Response:
    return requests.get(f"{site.url}{path}", auth=account, timeout=30, allow_redirects=False)


def told(answer: requests.Response) -> etree._Element:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"].startswith("text/xml")
    return etree.fromstring(answer.content)


def fields(element: etree._Element) -> dict[str, str]:
    return {each.get("field"): each.get("value") or each.text or "" for each in element.findall("data")}


def test_an_eden_finds_the_sets_with_their_tasks(site: WebSite) -> None:
    found = told(ask(site, SETS))
    offices, types = found.findall("resource")
    assert found.get("results") == "2" and fields(types)["code"] == "TYPES"
    assert fields(offices)["name"] == "Offices & staff" and fields(offices)["comments"] == "Ask the desk."
    assert [fields(each)["resource_name"] for each in offices.findall("resource")] == [
        "org_office",
        "org_organisation",
    ]
    (one,) = told(ask(site, ONE)).findall("resource")
    assert one.get("uuid") == offices.get("uuid") and one.findall("resource") == []


def test_an_eden_gets_the_tasks_of_sets_as_it_takes_them(site: WebSite) -> None:
    found = told(ask(site, TASKS))
    office, organisation, behind = found.findall("resource")
    assert fields(office) == {
        "resource_name": "org_office",
        "components": "true",
        "mode": "1",
        "strategy": '["create", "update", "delete", "merge"]',
        "update_policy": '"NEWER"',
        "conflict_policy": '"NEWER"',
    }
    (reference,) = office.findall("reference")
    assert (reference.get("field"), reference.get("resource")) == ("dataset_id", "sync_dataset")
    assert reference.get("uuid") == behind.get("uuid") and fields(behind)["code"] == "OFFICES"
    (condition,) = office.findall("resource")
    assert fields(condition) == {"tablename": "org_office", "filter_string": "~.name__like=*HRA*"}
    assert organisation.findall("resource") == []
    assert all(
        each.get("modified_on") and each.get("uuid", "").startswith("urn:") for each in (office, behind)
    )
    assert told(ask(site, f"{TASKS}&msince=2099-01-01T00:00:00")).findall("resource") == []


def test_only_data_sets_of_this_site_are_told_and_nothing_of_its_repositories(site: WebSite) -> None:
    for path in (SETS, TASKS, "/sync/task.xml", "/sync/resource_filter.xml", f"/sync/task.xml{DELETED}"):
        text = ask(site, path).text
        for secret in ("THEIRS", "SECRET-FILTER", "secret", "Peer with", "org_facility", "repository"):
            assert secret not in text, (path, secret)


def test_what_was_removed_from_a_set_is_told(site: WebSite) -> None:
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    admin.submit(
        "/sync/dataset/create",
        "dataset",
        name="Soon gone",
        code="GONE",
        resources=["org_office", "org_facility"],
        conditions="org_facility: ~.name=A",
    )
    tasks = told(ask(site, "/sync/task.xml?~.dataset_id$code=GONE")).findall("resource")
    names = {fields(each).get("resource_name"): each.get("uuid") for each in tasks}
    page = re.search(r'href="/eden(/sync/dataset/\d+)">Soon gone', admin.page("/sync/dataset"))
    assert page
    admin.submit(page.group(1), "dataset", resources=["org_office"], conditions="")
    (gone,) = told(ask(site, f"/sync/task.xml{DELETED}&msince=2020-01-01T00:00:00"))
    assert (gone.get("uuid"), gone.get("deleted")) == (names["org_facility"], "True")
    (condition,) = told(ask(site, f"/sync/resource_filter.xml{DELETED}"))
    assert (condition.get("name"), condition.get("deleted")) == ("sync_resource_filter", "True")
    assert told(ask(site, f"/sync/task.xml{DELETED}&msince=2099-01-01T00:00:00")).findall("resource") == []
    admin.submit(f"{page.group(1)}?ask=remove", "remove")
    uuids = {each.get("uuid") for each in told(ask(site, f"/sync/task.xml{DELETED}"))}
    assert {names["org_office"], names["org_facility"]} <= uuids
    assert told(ask(site, "/sync/dataset.xml?~.code=GONE")).findall("resource") == []


def test_an_eden_is_told_of_no_archive_for_its_run_would_break_off(site: WebSite) -> None:
    site.run(BUILD % "OFFICES")
    (offices,) = told(ask(site, ONE)).findall("resource")
    assert fields(offices)["use_archive"] == "false" and "archive_url" not in fields(offices)
    assert "archive_url" not in ask(site, TASKS).text and "archive_url" not in ask(site, SETS).text


def test_the_archive_is_where_the_set_says_and_as_an_eden_lays_it_out(site: WebSite) -> None:
    site.run(BUILD % "OFFICES")
    (offices,) = told(ask(site, f"{ONE}&archives=1")).findall("resource")
    assert fields(offices)["use_archive"] == "true"
    answer = ask(site, fields(offices)["archive_url"])
    assert answer.status_code == 200 and answer.headers["Content-Type"] == "application/zip"
    assert answer.headers["ETag"] == f'"{hashlib.sha256(answer.content).hexdigest()}"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        for task in told(ask(site, TASKS)).findall("resource")[:2]:
            document = etree.fromstring(packed.read(f"{task.get('uuid')}.xml"))
            assert fields(task)["resource_name"] in {each.get("name") for each in document}
            assert document.findall(".//resource[@deleted]") == []
    middle = len(answer.content) // 2
    rest = requests.get(
        f"{site.url}{fields(offices)['archive_url']}",
        auth=(PEER, SECRET),
        headers={"Range": f"bytes={middle}-", "If-Range": answer.headers["ETag"]},
        timeout=30,
    )
    assert rest.status_code == 206 and rest.content == answer.content[middle:]
    assert (
        requests.get(f"{site.url}/sync/archive/OFFICES", auth=(PEER, SECRET), timeout=30).content[:2] == b"PK"
    )


def test_who_may_not_have_it_is_told_so_by_every_address(site: WebSite) -> None:
    for path in (
        SETS,
        TASKS,
        f"/sync/task.xml{DELETED}",
        "/sync/resource_filter.xml",
        "/sync/archive/OFFICES/tasks",
    ):
        stranger = ask(site, path, None)
        assert stranger.status_code == 401 and "Basic" in stranger.headers["WWW-Authenticate"], path
        assert ask(site, path, (PEER, "wrong")).status_code == 401, path
        assert ask(site, path, (CLERK, PASSWORD)).status_code == 403, path
    assert ask(site, "/sync/archive/NO-SUCH/tasks").status_code == 404
    assert ask(site, "/sync/archive/NO-SUCH/tasks", None).status_code == 401


def test_what_is_public_is_for_everybody_and_nothing_else(site: WebSite) -> None:
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    page = re.search(r'href="/eden(/sync/dataset/\d+)">Types', admin.page("/sync/dataset"))
    assert page
    admin.submit(page.group(1), "dataset", archived="on", public="on")
    site.run(BUILD % "TYPES")
    (types,) = told(ask(site, f"{SETS}?archives=1", None)).findall("resource")
    assert fields(types)["code"] == "TYPES"
    assert ask(site, fields(types)["archive_url"], None).content[:2] == b"PK"
    assert told(ask(site, "/sync/task.xml", None)).get("results") == "1"
    assert ask(site, "/sync/archive/OFFICES/tasks", None).status_code == 401
    assert len(told(ask(site, SETS)).findall("resource")) == 2
    admin.submit(page.group(1), "dataset", archived=None, public=None)


def test_questions_that_are_not_answered_are_refused_with_a_reason(site: WebSite) -> None:
    for path in (
        "/sync/task.xml?~.resource_name=x",
        "/sync/dataset.xml?[dataset]name__like=*",
        f"{TASKS}&msince=never",
    ):
        assert ask(site, path).status_code == 400, path
    assert ask(site, "/sync/task").status_code == 403, "there is no page"
    posted = requests.post(f"{site.url}{SETS}", data=b"<s3xml/>", auth=(PEER, SECRET), timeout=30)
    assert posted.status_code == 405
    assert ask(site, "/sync/dataset.s3json").json()["$_sync_dataset"][0]["code"]


def test_a_condition_that_cannot_be_met_is_refused_at_its_field(site: WebSite) -> None:
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    for wrong in ("no colon here", "org_office: ~.no_such=1", "auth_user: ~.id=1", "org_office: nonsense"):
        answer = admin.submit(
            "/sync/dataset/create", "dataset", name="W", code="W", resources=["org_office"], conditions=wrong
        )
        assert 'id="conditions__error"' in answer.text, wrong
        assert wrong in visible(answer.text) or wrong.replace("&", "&amp;") in answer.text
