"""The administrator's screens on two real sites: connect, choose, schedule, synchronise, read; and every refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.screens import CLERK, PEER, SECRET
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration


def repository(browser: Browser, name: str, url: str, password: str = SECRET) -> str:
    """Add a repository; return its path."""
    answer = browser.submit(
        "/sync/repository/create", "repository", name=name, url=url, username=PEER, password=password
    )
    found = re.search(r"/sync/repository/\d+", answer.url)
    assert found, visible(answer.text)
    browser.told, browser.at = visible(answer.text), answer.url  # type: ignore[attr-defined]
    return found.group()


def end(browser: Browser, path: str) -> None:
    """Delete a repository; the question is answered with yes."""
    text = visible(browser.page(f"{path}/update?ask=delete"))
    assert "All records that were exchanged stay" in text and "Leave it as it is" in text
    answer = browser.submit(f"{path}/update?ask=delete", "delete")
    assert "The repository was deleted" in visible(answer.text) or "was deleted" in answer.text


@pytest.fixture()
def connected(admin: Browser, headquarters: WebSite) -> Iterator[str]:
    path = repository(admin, "Headquarters", headquarters.url)
    yield path
    end(admin, path)


def test_an_empty_overview_says_how_to_begin(admin: Browser) -> None:
    text = visible(admin.page("/sync/index"))
    assert "Add Repository" in text and "No worker is running" in text and "-K eden -Q" in text


def test_a_repository_registers_itself_and_says_so(
    admin: Browser, connected: str, headquarters: WebSite
) -> None:
    assert "registered at the other site: Registration" in admin.told  # type: ignore[attr-defined]
    page = admin.page(f"{connected}/update")
    sender = forms(page)["repository"]["uuid"]
    assert "Eden Sync" in visible(page)
    other = Browser(headquarters.url).login(EMAIL, PASSWORD)
    assert forms(other.page("/sync/config/identifier"))["identifier"]["uuid"] == sender
    assert "waits for the other site" in visible(other.page("/sync/index"))
    assert "introduced itself" in visible(other.page("/sync/log"))
    again = admin.submit(f"{connected}/update", "register")
    assert "Registration update successful" in visible(again.text)


def test_both_sites_may_enter_each_other(
    admin: Browser, connected: str, headquarters: WebSite, field: WebSite
) -> None:
    other = Browser(headquarters.url).login(EMAIL, PASSWORD)
    repository(other, "Field", field.url)
    asked = other.told  # type: ignore[attr-defined]
    assert "the same site?" in asked and f"with the account {PEER}" in asked
    before = visible(other.page("/sync/index"))
    assert "waits for the other site" in before, "nothing becomes one without being told"
    joined = other.submit(other.at, "join")  # type: ignore[attr-defined]
    assert "registered at the other site" in visible(joined.text)
    text = visible(other.page("/sync/index"))
    assert text.count(field.url) == 1 and "waits for the other site" not in text
    double = repository(other, "Field again", field.url)
    assert "already here as the repository Field" in other.told  # type: ignore[attr-defined]
    end(other, double)


@pytest.mark.parametrize(
    ("url", "password", "part"),
    [
        ("{url}", "wrong", "Check user name and password"),
        ("http://127.0.0.1:9/eden", SECRET, "it is tried again by itself"),
        ("{root}/nothing", SECRET, "the registration failed"),
        ("{own}", SECRET, "is this site itself"),
    ],
)
def test_a_registration_that_fails_says_why(
    admin: Browser, headquarters: WebSite, field: WebSite, url: str, password: str, part: str
) -> None:
    root = headquarters.url.rpartition("/")[0]
    path = repository(admin, "Lost", url.format(url=headquarters.url, root=root, own=field.url), password)
    assert part in admin.told and "Saved" in admin.told  # type: ignore[attr-defined]
    assert "fatal" in visible(admin.page(f"{path}/log")) or "error" in visible(admin.page(f"{path}/log"))
    end(admin, path)


def test_passwords_stay_here(admin: Browser, connected: str, field: WebSite) -> None:
    page = admin.page(f"{connected}/update")
    assert SECRET not in page and "vault:" not in page
    assert forms(page)["repository"]["password"] == ""
    stored = field.run("for row in db(db.sync_repository).select(): print(row.password)")
    assert SECRET not in stored and "vault:1:" in stored
    answer = admin.submit(f"{connected}/update", "repository", name="Renamed")
    assert "registered at the other site" in visible(answer.text)


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"name": ""}, "Enter a value"), ({"url": "ftp://x"}, "http://"), ({"proxy": "nonsense"}, "http://")],
)
def test_what_cannot_be_a_repository_is_not_stored(
    admin: Browser, changes: dict[str, str], part: str
) -> None:
    values = {"name": "x", "url": "http://127.0.0.1:9/eden", **changes}
    answer = admin.submit("/sync/repository/create", "repository", **values)
    assert part in visible(answer.text) and answer.url.endswith("/create")


def work(site: WebSite) -> None:
    """Do what the worker does with the queued task."""
    site.run(
        "import json\n"
        "task = db(db.scheduler_task.repeats == 1).select(orderby=~db.scheduler_task.id).first()\n"
        "task.update_record(status='COMPLETED')\n"
        "print(sync_synchronize(**json.loads(task.vars)))\n"
        "db.commit()"
    )


def test_a_run_by_hand_from_the_button_to_the_log(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    headquarters.run("db.org_organisation.insert(name='Made at headquarters')\ndb.commit()")
    assert "Nothing is exchanged yet" in visible(admin.page(f"{connected}/now"))
    admin.submit(f"{connected}/task/create", "task", resource_name="org_organisation")
    answer = admin.submit(f"{connected}/now", "start")
    assert "Waiting for a worker" in visible(answer.text) and 'http-equiv="refresh"' in answer.text
    work(field)
    text = visible(admin.page(f"{connected}/now"))
    assert "completed" in text and "1 created" in text
    assert "1 record received: 1 created" in visible(
        admin.page(f"{connected}/log?result=success&direction=in")
    )
    assert "There are no entries" in visible(admin.page(f"{connected}/log?result=fatal"))
    assert "Made at headquarters" in visible(admin.page("/org/organisation"))
    entry = re.search(r"/sync/log/\d+", admin.page(f"{connected}/log"))
    assert entry and "What happened" in visible(admin.page(entry.group()))
    assert "completed" in visible(admin.page("/sync/index"))


def test_a_form_without_its_key_changes_nothing(admin: Browser, connected: str) -> None:
    for form in ("delete", "repository", "register"):
        path = f"{connected}/update" + ("?ask=delete" if form == "delete" else "")
        admin.submit(path, form, _formkey="forged", name="forged")
    text = visible(admin.page("/sync/index"))
    assert "Headquarters" in text and "forged" not in text
    admin.get(f"{connected}?_formname=delete")
    assert "Headquarters" in visible(admin.page("/sync/index"))


@pytest.mark.parametrize(
    "path",
    [
        "/sync/repository/4711",
        "/sync/repository/x",
        "/sync/log/4711",
        "/sync/kept/4711",
        "/sync/kept/x",
        "/sync/nothing",
    ],
)
def test_pages_that_do_not_exist(admin: Browser, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_parts_of_another_repository_are_not_reached(admin: Browser, connected: str) -> None:
    for part in ("task/4711", "job/4711", "nothing", "task/x"):
        assert admin.get(f"{connected}/{part}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/sync/index", "/sync/config", "/sync/log", "/sync/kept", "/sync/repository/create"]
)
def test_the_screens_are_for_administrators(field: WebSite, path: str) -> None:
    assert Browser(field.url).get(path).url.startswith(f"{field.url}/default/user/login")
    assert Browser(field.url).login(CLERK, PASSWORD).get(path).status_code == 403
    assert Browser(field.url).login(PEER, SECRET).get(path).status_code == 403
