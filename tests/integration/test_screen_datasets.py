"""Data sets: made by an administrator, listed for everybody, archived by the worker, taken by another site."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator

import pytest
import requests

from tests.support.browser import Browser, forms, visible
from tests.support.screens import ACCOUNTS, CLERK, PEER, SECRET, served
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration
PREPARE = f"""{ACCOUNTS}
from applications.eden.modules.s3db.demo import populate
populate(globals(), "headquarters")
"""
BUILD = "scheduler.tasks['sync_archive'](db.sync_dataset(code='OFFICES', deleted=False).id)"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    yield from served(tmp_path_factory, "datasets", PREPARE)


@pytest.fixture()
def admin(site: WebSite) -> Browser:
    return Browser(site.url).login(EMAIL, PASSWORD)


@pytest.fixture()
def offices(admin: Browser) -> Iterator[str]:
    answer = admin.submit(
        "/sync/dataset/create",
        "dataset",
        name="Offices & <b>staff</b>",
        code="OFFICES",
        resources=["org_office", "hrm_human_resource"],
        comments="Ask the desk.",
    )
    found = re.search(r"/sync/dataset/\d+", answer.text)
    assert found, visible(answer.text)
    yield found.group()
    told = visible(admin.page(f"{found.group()}?ask=remove"))
    assert "The records stay" in told and "Leave it as it is" in told
    assert "The data set was removed" in visible(admin.submit(f"{found.group()}?ask=remove", "remove").text)


def test_everybody_sees_what_is_offered_and_how_to_get_it(site: WebSite, offices: str) -> None:
    stranger = Browser(site.url)
    page = stranger.page("/sync/datasets")
    text = visible(page)
    assert (
        "Offices & <b>staff</b>" in text and "Offices, Staff & Volunteers" in text and "Ask the desk." in text
    )
    assert "How to get them" in text and "/eden" in text
    assert "Manage" not in text and "Download" not in text
    assert stranger.get("/sync/dataset").url.startswith(f"{site.url}/default/user/login")
    assert stranger.get("/sync/archive/OFFICES").status_code == 404


def test_without_any_the_pages_say_so(site: WebSite, admin: Browser) -> None:
    assert "offers no data sets" in visible(Browser(site.url).page("/sync/datasets"))
    assert "There are no data sets yet" in visible(admin.page("/sync/dataset"))


def test_what_cannot_be_used_is_refused_at_its_field(admin: Browser, offices: str) -> None:
    answer = admin.submit("/sync/dataset/create", "dataset", name="", code="a b", resources=None)
    assert all(f'id="{name}__error"' in answer.text for name in ("name", "code", "resources"))
    again = admin.submit(
        "/sync/dataset/create", "dataset", name="Twice", code="OFFICES", resources=["org_office"]
    )
    assert "Another data set has this code" in visible(again.text)
    assert 'value="Twice"' in again.text
    for wrong in ("auth_user", "pr_contact", "sync_repository"):
        refused = admin.submit("/sync/dataset/create", "dataset", name="X", code="X", resources=[wrong])
        assert 'id="resources__error"' in refused.text, wrong


def test_the_archive_is_made_by_the_worker_and_given_to_who_may_have_it(
    site: WebSite, admin: Browser, offices: str
) -> None:
    admin.submit(offices, "dataset", archived="on")
    assert "waits for a worker" in visible(admin.page("/sync/dataset"))
    waiting = site.run("print(db(db.scheduler_task.function_name == 'sync_archive').count())")
    assert waiting.strip().startswith("1")
    site.run(f"{BUILD}\n{BUILD}\nassert db(db.sync_dataset_archive).count() == 1")
    uploads = [one.name for one in (site.folder / "applications" / "eden" / "uploads").rglob("*dataset*")]
    assert len(uploads) == 2, "the former files went"
    address = f"{site.url}/sync/archive/OFFICES"
    assert requests.get(address, timeout=30).url.startswith(f"{site.url}/default/user/login")
    assert requests.get(address, auth=(CLERK, PASSWORD), timeout=30).status_code == 403
    answer = requests.get(address, auth=(PEER, SECRET), timeout=30)
    assert answer.headers["Content-Disposition"] == 'attachment; filename="OFFICES.zip"'
    with zipfile.ZipFile(io.BytesIO(answer.content)) as packed:
        names = packed.namelist()
        offices_xml = packed.read("OFFICES/org_office.xml").decode()
        everything = b"".join(packed.read(name) for name in names)
        assert "Ask the desk." in packed.read("OFFICES/README.txt").decode()
    assert sorted(names) == ["OFFICES/README.txt", "OFFICES/hrm_human_resource.xml", "OFFICES/org_office.xml"]
    assert (
        "HRA Headquarters" in offices_xml and b"auth_user" not in everything and b"password" not in everything
    )
    admin.submit(offices, "dataset", public="on")
    site.run(BUILD)
    assert requests.get(address, timeout=30).content[:2] == b"PK"
    assert "Download the archive" in visible(Browser(site.url).page("/sync/datasets"))
    admin.submit(offices, "archive")
    admin.submit(offices, "dataset", archived=None)
    assert requests.get(address, timeout=30).status_code == 404


def test_another_site_takes_the_resources_of_a_data_set(site: WebSite, field: WebSite, offices: str) -> None:
    other = Browser(field.url).login(EMAIL, PASSWORD)
    answer = other.submit(
        "/sync/repository/create",
        "repository",
        name="Headquarters",
        url=site.url,
        username=PEER,
        password=SECRET,
    )
    found = re.search(r"/sync/repository/\d+", answer.url)
    assert found, visible(answer.text)
    page = other.page(f"{found.group()}/task/create")
    link = re.search(r'href="/eden(/sync/repository/[^"]+resource_name=[^"]+)"', page)
    assert link and "Offices & <b>staff</b>" in visible(page)
    ticked = forms(other.page(link.group(1).replace("&amp;", "&")))["task"]["resource_name"]
    assert sorted(ticked) == ["hrm_human_resource", "org_office"]
