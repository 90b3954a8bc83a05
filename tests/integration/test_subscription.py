"""One site subscribes to data sets of another one, by the screens and with the real worker."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.browser import Browser, visible
from tests.support.screens import ACCOUNTS, CLERK, PEER, SECRET, served
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site, worker

pytestmark = pytest.mark.integration
MANY = 40
PREPARE = f"""{ACCOUNTS}
for at in range({MANY}):
    key = db.org_organisation.insert(name="Relief <%02d> & Söhne" % at, uuid="urn:org:%02d" % at)
    if at % 2:
        db.org_office.insert(name="Office %02d" % at, organisation_id=key, uuid="urn:office:%02d" % at)
db.org_organisation.insert(name="Not in the set", uuid="urn:other")
"""
BUILD = "scheduler.tasks['sync_archive'](db.sync_dataset(code='RELIEF', deleted=False).id); db.commit()"
#: After the archive was made.
EDIT = """
db(db.org_organisation.uuid == "urn:org:03").update(name="Relief <03> renamed")
current.sync_site.host.delete("org_organisation", [db.org_organisation(uuid="urn:org:04").id])
db.org_organisation.insert(name="Relief new", uuid="urn:org:new")
db.commit()
"""
STATE = """
table = db.org_organisation
for row in db(table.deleted == False).select(orderby=table.uuid):
    print(row.uuid, row.name)
for row in db(db.org_office.deleted == False).select():
    print(row.uuid, db.org_organisation(row.organisation_id).uuid)
"""


@pytest.fixture(scope="module")
def provider(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    for site in served(tmp_path_factory, "provider", PREPARE):
        admin = Browser(site.url).login(EMAIL, PASSWORD)
        admin.submit(
            "/sync/dataset/create",
            "dataset",
            name="Relief organisations",
            code="RELIEF",
            resources=["org_organisation", "org_office"],
            conditions="org_organisation: ~.name__like=Relief*",
            archived="on",
            comments="All of them.",
        )
        site.run(BUILD)
        site.run(EDIT)
        yield site


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("subscriber") / "site") as site:
        yield site
        assert site.tickets() == []


@pytest.fixture()
def admin(own: WebSite) -> Browser:
    return Browser(own.url).login(EMAIL, PASSWORD)


def create(admin: Browser, provider: WebSite, username: str, password: str, **values: str) -> str:
    answer = admin.submit(
        "/sync/repository/create?type=data",
        "repository",
        name="Provider",
        url=provider.url,
        username=username,
        password=password,
        **values,
    )
    return visible(answer.text) if values else answer.url


def run_until(admin: Browser, own: WebSite, repository: str, runs: int) -> str:
    """Let the worker synchronise, and wait until so many runs have ended; return what the log says."""
    admin.submit(f"{repository}/now", "start")
    deadline = time.monotonic() + 90
    while True:
        states = own.run("print(*[row.state for row in db(db.sync_run).select()])").split()
        if len(states) == runs and "running" not in states:
            break
        assert time.monotonic() < deadline, states
        time.sleep(1)
    assert set(states) == {"completed"}
    return visible(admin.page(f"{repository}/log"))


def test_the_connection_test_says_in_words_what_is_wrong(admin: Browser, provider: WebSite) -> None:
    told = create(admin, provider, PEER, SECRET, test="1")
    assert "The connection works" in told and "Eden Sync" in told
    told = create(admin, provider, PEER, "wrong", test="1")
    assert "The connection works" not in told and "password" in told.lower()
    told = create(admin, provider, CLERK, PASSWORD, test="1")
    assert "Synchronization" in told and "The connection works" not in told


def test_a_person_finds_the_sets_subscribes_and_the_worker_fetches_all_of_it(
    admin: Browser, own: WebSite, provider: WebSite, tmp_path: Path
) -> None:
    url = create(admin, provider, PEER, SECRET)
    assert url.endswith("/sets"), "the next thing to do"
    found = re.search(r"/sync/repository/\d+", url)
    assert found
    repository = found.group()
    page = visible(admin.page(f"{repository}/sets"))
    assert "Relief organisations" in page and "All of them." in page and "Offices, Organizations" in page
    assert "from an archive" in page and "only some of the records" in page
    answer = admin.submit(f"{repository}/sets", "sets", code=["RELIEF"])
    assert "fetches what is in the data sets" in visible(answer.text)
    assert admin.get(f"{repository}/task/create").url.endswith("/sets"), "nothing is added by hand"
    with worker(own, tmp_path / "worker.log"):
        log = run_until(admin, own, repository, 1)
        assert log.count("are taken from the archive of the data set RELIEF") == 2, log
        assert own.run(STATE).split("\n")[:-1] == [
            line for line in provider.run(STATE).split("\n")[:-1] if "urn:other" not in line
        ], "also what changed after the archive was made"
        # What the provider changes in the set is taken over at the beginning of the next run.
        theirs = Browser(provider.url).login(EMAIL, PASSWORD)
        sets = re.search(r'href="/eden(/sync/dataset/\d+)">Relief', theirs.page("/sync/dataset"))
        assert sets
        theirs.submit(
            sets.group(1), "dataset", resources=["org_organisation", "org_organisation_type"], conditions=""
        )
        log = run_until(admin, own, repository, 2)
        assert "resources that are fetched from now on: org_organisation_type" in log, log
        assert "has other records by now; these are compared anew: org_organisation" in log
        assert "they end here, and their records stay: org_office" in log
    state = own.run(STATE)
    assert "urn:other Not in the set" in state and "urn:office:01 urn:org:01" in state
    resources = visible(admin.page(f"{repository}/task"))
    assert "Offices" not in resources.split("Resources that are exchanged")[1]


def test_a_set_that_is_unticked_ends_and_one_that_is_not_offered_is_told(
    admin: Browser, own: WebSite, provider: WebSite
) -> None:
    own.run(
        "key = db.sync_repository.insert(name='Second', apitype='data', "
        f"url={provider.url!r}, username={PEER!r}, password=current.sync_site.vault.seal({SECRET!r}))\n"
        "gone = db.sync_dataset.insert(repository_id=key, code='GONE', name='Was there')\n"
        "db.sync_task.insert(repository_id=key, dataset_id=gone, resource_name='org_facility', mode=1)\n"
        "db.commit()"
    )
    found = re.search(r"/sync/repository/\d+(?=[^>]*>Second)", admin.page("/sync/index"))
    assert found
    page = visible(admin.page(f"{found.group()}/sets"))
    assert "Was there" in page and "does not offer it any more" in page
    answer = admin.submit(f"{found.group()}/sets", "sets", code=None)
    assert "Saved" in visible(answer.text)
    left = own.run("print(db((db.sync_task.repository_id == 2) & (db.sync_task.deleted == False)).count())")
    assert left.strip() == "0"


def test_where_the_other_site_cannot_be_asked_the_page_says_why(admin: Browser, own: WebSite) -> None:
    own.run(
        "key = db.sync_repository.insert(name='Silent', apitype='data', url='http://127.0.0.1:9/eden')\n"
        "db.sync_dataset.insert(repository_id=key, code='KEPT', name='Chosen before')\ndb.commit()"
    )
    found = re.search(r"/sync/repository/\d+(?=[^>]*>Silent)", admin.page("/sync/index"))
    assert found
    page = visible(admin.page(f"{found.group()}/sets"))
    assert "could not be asked which data sets it has" in page and "Chosen before" in page
    assert "any more" not in page.split("Chosen before")[1].split("untick")[0]
    answer = visible(admin.submit(f"{found.group()}/sets", "sets", code=["KEPT"]).text)
    assert "Nothing was changed" in answer


def test_other_types_have_no_such_page(admin: Browser, own: WebSite) -> None:
    own.run("db.sync_repository.insert(name='Usual', url='http://127.0.0.1:9/eden'); db.commit()")
    found = re.search(r"/sync/repository/\d+(?=[^>]*>Usual)", admin.page("/sync/index"))
    assert found and admin.get(f"{found.group()}/sets").status_code == 404
    assert "Data sets" not in visible(admin.page(found.group())).split("Usual")[1].split("Schedule")[0]
