"""The application as people and programs meet it: a real web server on a site of its own, over HTTP."""

from __future__ import annotations

import html
import re
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from s3sync import VERSION
from tests.support.application import EMAIL, PASSWORD, Browser, checkout_without, served
from tests.support.places import CHECKOUT

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with served(CHECKOUT, tmp_path_factory.mktemp("application") / "site") as base:
        yield base


@pytest.fixture
def administrator(site: str) -> Browser:
    return Browser(site).login(EMAIL)


def test_strangers_see_the_door_only(site: str) -> None:
    stranger = Browser(site)
    assert "Log in" in stranger.get("").text
    assert stranger.get("/org/organisation").url.startswith(f"{site}/default/user/login")
    assert stranger.get("/admin/users").url.startswith(f"{site}/default/user/login")
    assert "register" not in stranger.get("/default/user/login").text
    wrong = stranger.submit("/default/user/login", {"email": EMAIL, "password": "not-the-password"})
    assert "Log out" not in wrong.text
    # What went wrong looks so, and is read out at once; who is no user is not told which version runs here.
    assert re.search(r'<div class="alert alert-danger" role="alert">[^<]*password is wrong', wrong.text)
    assert VERSION not in wrong.text
    assert f"Eden Sync {VERSION}" in stranger.login(EMAIL).get("").text


def test_programs_are_asked_for_credentials(site: str) -> None:
    for credentials in (None, (EMAIL, "wrong-password"), ("nobody@example.com", PASSWORD)):
        answer = requests.get(f"{site}/org/organisation.xml", auth=credentials, timeout=30)
        assert (answer.status_code, answer.text) == (401, "Authentication Required")
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="eden"'
        assert "Set-Cookie" not in answer.headers


def test_a_cookie_alone_does_not_write(administrator: Browser) -> None:
    answer = administrator.session.post(
        f"{administrator.base}/org/organisation.xml", data="<s3xml/>", timeout=30
    )
    assert answer.status_code == 401


def test_pages_keep_to_their_policy(administrator: Browser) -> None:
    for path in ("", "/org/organisation", "/pr/person/create", "/cr/shelter/1", "/admin/user/1"):
        page = administrator.get(path)
        assert page.status_code == 200
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
        assert not re.search(r"\s(on\w+|style)=|<script(?![^>]*src=)", page.text), path
        assert not re.search(r"(src|href)=\"(https?:)?//", page.text), path


def test_create_read_update_search_delete(administrator: Browser) -> None:
    created = administrator.submit(
        "/org/organisation/create", {"name": 'Relief "A" & <b>Co', "acronym": "RA", "year": "1999"}
    )
    assert "Relief &quot;A&quot; &amp; &lt;b&gt;Co" in created.text
    path = created.url[len(administrator.base) :]
    refused = administrator.submit("/org/organisation/create", {"name": "", "year": "12345"})
    assert "name__error" in refused.text and "year__error" in refused.text
    changed = administrator.submit(f"{path}/update", {"name": "Relief Again", "acronym": "RA"})
    assert changed.url == created.url and "Relief Again" in changed.text
    assert "Relief Again" in administrator.get("/org/organisation?q=gain").text
    assert "Relief Again" not in administrator.get("/org/organisation?q=nothing").text
    deleted = administrator.submit(f"{path}/delete", {})
    assert deleted.url == f"{administrator.base}/org/organisation"
    assert "Relief Again" not in deleted.text
    assert administrator.get(path).status_code == 404


def test_components_are_written_below_their_master(administrator: Browser) -> None:
    refused = administrator.submit(
        "/org/office/1/contact/create",
        {"contact_method": "EMAIL", "value": "no address", "priority": "1", "access": "1"},
    )
    assert "value__error" in refused.text
    saved = administrator.submit(
        "/org/office/1/contact/create",
        {"contact_method": "EMAIL", "value": "desk@example.org", "priority": "1", "access": "1"},
    )
    assert saved.url == f"{administrator.base}/org/office/1"
    assert "desk@example.org" in saved.text
    own = re.search(r"/org/office/1/contact/(\d+)/update", saved.text)
    assert own
    assert administrator.get(f"/org/office/2/contact/{own.group(1)}/update").status_code == 404
    administrator.submit(f"/org/office/1/contact/{own.group(1)}/delete", {})
    assert "desk@example.org" not in administrator.get("/org/office/1").text


def test_a_record_in_use_is_not_deleted(administrator: Browser) -> None:
    asked = administrator.get("/org/organisation/1/delete")
    assert "It cannot be deleted: these need it" in asked.text and 'href="/eden/org/office/1"' in asked.text
    assert 'value="Delete"' not in asked.text
    administrator.submit("/org/organisation/1/delete", {})
    assert administrator.get("/org/organisation/1").status_code == 200


def test_a_file_goes_up_and_down(site: str, administrator: Browser) -> None:
    saved = administrator.submit(
        "/org/office/1/document/create",
        {"name": "Map", "date": "2025-03-01"},
        files={"file": ("map of town.txt", b"here be dragons")},
    )
    links = re.findall(r'href="/eden(/default/download/[^"]+)"', saved.text)
    assert administrator.get(links[-1]).content == b"here be dragons"
    with_credentials = requests.get(site + links[-1], auth=("peer@example.com", PASSWORD), timeout=30)
    assert with_credentials.content == b"here be dragons"
    # An Eden asks without credentials; it must not take the login page for the file.
    assert requests.get(site + links[-1], timeout=30).status_code == 403
    assert administrator.get("/default/download/auth_user.password.a.b.txt").status_code == 404
    assert administrator.get("/default/download/no_table.file.a.b.txt").status_code == 404


def test_roles_decide_what_is_seen(site: str) -> None:
    clerk = Browser(site).login("clerk@example.com")
    home = clerk.get("").text
    assert "Organizations" in home and "Administration" not in home
    assert clerk.get("/org/organisation").status_code == 200
    assert clerk.get("/admin/users").status_code == 403
    peer = Browser(site).login("peer@example.com")
    assert peer.get("/org/organisation").status_code == 403, "this role is for the interface only"


def test_what_does_not_exist_is_not_found(administrator: Browser) -> None:
    for path in ("/org/organisation/9999", "/org/organisation/x", "/org/office/1/nothing", "/nosuch/index"):
        assert administrator.get(path).status_code == 404, path
    assert administrator.get("/org/organisation.json").status_code == 415


def test_refusals_are_pages_that_help(site: str, administrator: Browser) -> None:
    for path in ("/org/organisation/9999", "/org/nosuch", "/nosuch/index", "/default/user/impersonate/1"):
        page = administrator.get(path)
        assert page.status_code == 404, path
        assert "There is no such page" in page.text and "To the home page" in page.text, path
        assert "default-src 'self'" in page.headers["Content-Security-Policy"]
    stranger = Browser(site).get("/nosuch/index").text
    assert 'href="/eden/default/user/login"' in stranger[stranger.index("<main") :]
    assert requests.get(f"{site}/org/nosuch.xml", timeout=30).text.startswith("The address leads nowhere")
    malformed = requests.get(f"{site.rpartition('/')[0]}/%3C", timeout=30)
    assert malformed.status_code == 400 and "To the home page" in malformed.text


def test_a_failing_page_says_so_and_names_its_report(tmp_path: Path) -> None:
    checkout = checkout_without(tmp_path / "checkout", set())
    controller = checkout / "applications" / "eden" / "controllers" / "broken.py"
    controller.write_text("def index():\n    raise RuntimeError('secret')\n", encoding="utf-8")
    folder = tmp_path / "site"
    with served(checkout, folder) as base:
        page = requests.get(f"{base}/broken/index", timeout=30)
        program = requests.get(f"{base}/broken/index.xml", timeout=30)
        reports = folder / "applications" / "eden" / "errors"
        names = {one.name for one in reports.iterdir()}
        for one in reports.iterdir():
            one.unlink()
    assert page.status_code == 500
    assert "Something went wrong here" in page.text and "secret" not in page.text
    assert 'href="/eden/default/index"' in page.text and "bootstrap.min.css" in page.text
    assert any(name in page.text for name in names)
    assert program.status_code == 500 and "<html" not in program.text


def test_lists_are_searched_sorted_and_paged(administrator: Browser) -> None:
    def names(page: str) -> list[str]:
        return re.findall(r'<td><a href="/eden/org/organisation/\d+">([^<]+)</a>', page)

    listed = administrator.get("/org/organisation").text
    assert names(listed) == sorted(names(listed)) and len(names(listed)) > 3
    turned = administrator.get("/org/organisation?sort=-name").text
    assert names(turned) == sorted(names(listed), reverse=True)
    assert 'aria-sort="descending"' in turned and "sort=name" in turned
    assert names(administrator.get("/org/organisation?sort=nothing&page=99").text) == names(listed)
    for number in range(55):
        administrator.submit("/org/sector/create", {"name": f"Sector {number:02}"})
    assert len(re.findall("Sector \\d\\d<", administrator.get("/org/sector?q=Sector").text)) == 50
    second = administrator.get("/org/sector?q=Sector&page=2&sort=name").text
    assert re.findall("Sector \\d\\d(?=<)", second) == [f"Sector {number}" for number in range(50, 55)]
    assert "q=Sector" in second and "Page 2 of 2" in second
    assert "Nothing was found" in administrator.get("/org/sector?q=%3Cnowhere%3E").text


def test_readers_choose_language_and_colours(site: str) -> None:
    reader = Browser(site)
    assert 'lang="en" dir="ltr"' in reader.get("/default/user/login").text
    back = reader.get("/default/choose?language=ar&back=/eden/default/user/login")
    assert back.url == f"{site}/default/user/login"
    assert 'lang="ar" dir="rtl"' in back.text and "bootstrap.rtl.min.css" in back.text
    assert 'data-bs-theme="dark"' in reader.get("/default/choose?theme=dark").text
    again = reader.get("/default/choose?theme=system&language=en")
    assert "data-bs-theme" not in again.text and 'dir="ltr"' in again.text
    for elsewhere in ("https://example.org/", "//example.org/", "/\\example.org"):
        answer = reader.get("/default/choose", params={"theme": "light", "back": elsewhere})
        assert answer.url.startswith(site), elsewhere


def test_the_framework_comes_with_the_pages(site: str) -> None:
    for path in ("/default/user/login", "/sync/datasets"):
        head = requests.get(site + path, timeout=30).text.partition("</head>")[0]
        addresses = re.findall(r'<(?:link rel="stylesheet" href|script src)="/eden([^"]+)"', head)
        for address in addresses:
            answer = requests.get(site + address, timeout=30)
            assert answer.status_code == 200 and "max-age=315360000" in answer.headers["Cache-Control"], (
                address
            )
        names = [address.rpartition("/")[2] for address in addresses]
        assert names == ["bootstrap.min.css", "eden.css", "dark.css", "eden.js"], path


def test_users_are_administered(site: str, administrator: Browser) -> None:
    values = {"first_name": "New", "last_name": "Clerk", "email": "new@example.com"}
    short = administrator.submit("/admin/user", {**values, "new_password": "short"})
    assert "new_password__error" in short.text
    listed = administrator.submit("/admin/user", {**values, "new_password": PASSWORD, "roles": "3"})
    assert listed.url == f"{site}/admin/users"
    assert "Authenticated, Synchronization" in listed.text
    number = re.search(r"/admin/user/(\d+)\">new@example.com", listed.text)
    assert number
    values["roles"] = ""
    administrator.submit(f"/admin/user/{number.group(1)}", values)
    newcomer = Browser(site).login("new@example.com")
    assert newcomer.get("/org/office").url == f"{site}/org/office"
    administrator.submit(f"/admin/user/{number.group(1)}", {**values, "account_disabled": "on"})
    assert newcomer.get("/org/office").url.startswith(f"{site}/default/user/login"), "out at once"
    refused = requests.get(
        f"{site}/default/download/x", auth=("new@example.com", PASSWORD), timeout=30, allow_redirects=False
    )
    assert refused.status_code == 401
    own = administrator.submit(
        "/admin/user/1", {"first_name": "A", "email": EMAIL, "account_disabled": "on", "roles": "1"}
    )
    assert "account_disabled__error" in own.text


def test_all_resources_can_be_listed_shown_and_filled_in(administrator: Browser) -> None:
    for path in (
        "/org/facility",
        "/org/organisation_type",
        "/gis/location",
        "/pr/person",
        "/hrm/human_resource",
        "/cr/shelter",
        "/hms/hospital",
        "/doc/document",
        "/event/incident",
    ):
        assert administrator.get(path).status_code == 200, path
        assert administrator.get(f"{path}/create").status_code == 200, path
        if "facility" not in path:
            assert administrator.get(f"{path}/1").status_code == 200, path
            assert administrator.get(f"{path}/1/update").status_code == 200, path


def test_values_of_every_kind_survive_an_unchanged_form(administrator: Browser) -> None:
    """What a form shows is what it accepts: saving it as it is changes no value."""
    for path in ("/pr/person_availability/1", "/cr/shelter/1", "/hms/status/1", "/event/incident/1"):
        before = administrator.get(path).text
        form = administrator.get(f"{path}/update").text
        values: dict[str, Any] = {}
        for select in re.findall(r"<select.*?</select>", form, re.DOTALL):
            name = re.search(r'name="([^"]+)"', select)
            chosen = [
                re.search(r'value="([^"]*)"', option)
                for option in re.findall(r"<option[^>]*>", select)
                if "selected" in option
            ]
            if name:
                values[name.group(1)] = [html.unescape(one.group(1)) for one in chosen if one]
        for tag in re.findall(r"<input[^>]*>", form):
            name, value = (re.search(rf' {key}="([^"]*)"', tag) for key in ("name", "value"))
            kind = re.search(r'type="([^"]+)"', tag)
            if not name or (kind and kind.group(1) in ("hidden", "submit", "file")):
                continue
            if kind and kind.group(1) == "checkbox":
                if "checked" in tag:
                    values.setdefault(name.group(1), []).append(value.group(1) if value else "on")
            else:
                values[name.group(1)] = html.unescape(value.group(1)) if value else ""
        for name, text in re.findall(
            r"<textarea[^>]*name=\"([^\"]+)\"[^>]*>(.*?)</textarea>", form, re.DOTALL
        ):
            values[name] = html.unescape(text)
        saved = administrator.submit(f"{path}/update", values)
        assert saved.url == f"{administrator.base}{path}", re.findall(r"\w+__error\">[^<]*", saved.text)

        def visible(page: str) -> str:
            return page[page.index('<dl class="record">') : page.index("</dl>")]

        assert visible(saved.text) == visible(before)


def test_a_module_that_is_not_listed_does_not_exist(tmp_path: Path) -> None:
    checkout = checkout_without(tmp_path / "checkout", {"sync", "cr", "doc"})
    folder = tmp_path / "site"
    with served(checkout, folder) as base:
        administrator = Browser(base).login(EMAIL)
        for path in ("/cr/shelter", "/doc/document", "/sync/index", "/sync/repository"):
            answer = administrator.get(path)
            assert answer.status_code == 404, path
            assert "not enabled" in answer.text
        for path in ("/cr/shelter.xml", "/sync/sync.xml?resource=org_office"):
            assert requests.get(base + path, auth=(EMAIL, PASSWORD), timeout=30).status_code == 404, path
        register = f"{base}/sync/repository/register.json"
        assert requests.post(register, data="{}", auth=(EMAIL, PASSWORD), timeout=30).status_code == 404
        home = administrator.get("/admin/index").text
        assert "Synchronization" not in home and "Shelters" not in home and "Users" in home
        assert administrator.get("/org/office/1").status_code == 200
    database = sqlite3.connect(folder / "applications" / "eden" / "databases" / "storage.sqlite")
    tables = [row[0] for row in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    database.close()
    assert "org_office" in tables
    assert not [one for one in tables if one.startswith(("sync_", "cr_", "doc_document"))]


def test_synchronization_is_for_administrators_and_listed_for_them_only(
    site: str, administrator: Browser
) -> None:
    assert 'href="/eden/sync/index"' in administrator.get("/admin/index").text
    assert administrator.get("/sync/index").status_code == 200
    clerk = Browser(site).login("clerk@example.com")
    # The bin is everybody's: of it each sees what may be read.
    assert set(re.findall("/eden/sync/[a-z]+", clerk.get("").text)) == {"/eden/sync/bin"}
    assert clerk.get("/sync/index").status_code == 403
    assert Browser(site).get("/sync/index").url.startswith(f"{site}/default/user/login")
