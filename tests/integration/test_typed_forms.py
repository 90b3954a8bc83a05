"""What was typed into a form outlives its session, over real HTTP: it goes back to who typed it, and to nobody else."""

from __future__ import annotations

import contextlib
import re
import sqlite3
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.form_filling import a_day_passes, log_in_here, opened, organisation, record_form, send
from tests.support.screens import ACCOUNTS, CLERK
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration

CREATE = "/org/organisation/create"
TYPED = {
    "name": "Typed with care",
    "comments": "two\r\nlines & <signs> – Ärzte",
    "year": "1999",
    "phone": "12 34",
}


@pytest.fixture(scope="module")
def prepare() -> Mapping[str, str]:
    return {"field": ACCOUNTS}


@pytest.fixture(autouse=True)
def nothing_kept(field: WebSite) -> None:
    for path in kept(field):
        path.unlink()


def typed_in(page: str) -> dict[str, str]:
    form = record_form(page)
    return {name: re.sub(r"\r?\n", "\r\n", form[name]) for name in TYPED}


def kept(site: WebSite) -> list[Path]:
    folder = site.folder / "applications" / "eden" / "private" / "typed"
    return list(folder.iterdir()) if folder.exists() else []


def saved(site: WebSite, name: str) -> int:
    return int(site.run(f"print(db((db.org_organisation.name == {name!r})).count())"))


def log(site: WebSite) -> str:
    return (site.folder.parent / "server.log").read_text()


@pytest.mark.parametrize("end", ["a day passed", "logged out in another tab", "the browser forgot"])
def test_who_saves_after_the_session_ended_logs_in_and_goes_on(
    field: WebSite, admin: Browser, end: str
) -> None:
    name = f"{TYPED['name']}, {end}"
    form = {**opened(admin, CREATE), **TYPED, "name": name}
    if end == "a day passed":
        a_day_passes(field)
    elif end == "logged out in another tab":
        admin.get("/default/user/logout")
    else:
        admin.session.cookies.clear()
    asked = send(admin, CREATE, form)
    assert "/default/user/login" in asked.url
    assert "What you typed is kept for a day" in visible(asked.text)
    (file,) = kept(field)
    assert file.stat().st_mode & 0o077 == 0 and b"Typed" not in file.read_bytes()

    short = log_in_here(admin, asked, EMAIL, "short")
    wrong = log_in_here(admin, short, EMAIL, "a-wrong-guess")
    assert "Email or password is wrong" in visible(wrong.text)
    shown = log_in_here(admin, wrong, EMAIL)
    assert typed_in(shown.text) == {**TYPED, "name": name}
    assert "You are logged in again, and what you typed is here" in visible(shown.text)
    assert saved(field, name) == 0, "only a person saves"
    again = admin.session.get(shown.url)
    assert typed_in(again.text) == {**TYPED, "name": name}, "it may be loaded once more"

    done = admin.session.post(again.url, data=record_form(again.text), timeout=60)
    assert "Saved" in visible(done.text) and saved(field, name) == 1
    assert kept(field) == []
    for answer in (asked, wrong, shown, again, done):
        assert "Typed" not in answer.url and "1999" not in answer.url
    assert "Typed with" not in log(field) and "1999" not in log(field)


def test_a_form_that_was_open_for_a_day_is_saved_by_who_is_logged_in_again(
    field: WebSite, admin: Browser
) -> None:
    path = organisation(admin, name="Open for a day", phone="1")
    form = opened(admin, f"{path}/update")
    a_day_passes(field)
    # In another tab.
    Browser.login(admin, EMAIL, PASSWORD)
    answer = send(admin, f"{path}/update", form, phone="2")
    assert "Saved" in visible(answer.text) and opened(admin, f"{path}/update")["phone"] == "2"


def test_a_form_is_saved_however_many_others_were_opened_since(admin: Browser) -> None:
    form = opened(admin, CREATE)
    for _ in range(12):
        opened(admin, CREATE)
    assert "Saved" in visible(send(admin, CREATE, form, name="The first of many").text)


def test_a_form_that_nobody_can_vouch_for_is_shown_again(field: WebSite, admin: Browser) -> None:
    form = {**opened(admin, CREATE), **TYPED, "name": "Forged", "_proof": "gAAAAA"}
    answer = send(admin, CREATE, form)
    assert typed_in(answer.text) == {**TYPED, "name": "Forged"} and saved(field, "Forged") == 0
    assert "The page was open for too long" in visible(answer.text)
    foreign = opened(Browser(field.url).login(CLERK, PASSWORD), CREATE)
    other = {**form, "_proof": opened(admin, CREATE)["_proof"]}
    assert saved(field, "Forged") == 0 and "Saved" not in send(admin, CREATE, other).text
    assert foreign["_proof"] != form["_proof"]


def test_what_one_typed_is_not_shown_to_another(field: WebSite, admin: Browser) -> None:
    form = {**opened(admin, CREATE), **TYPED, "name": "Mine alone"}
    admin.session.cookies.clear()
    asked = send(admin, CREATE, form)
    shown = log_in_here(admin, asked, CLERK)
    assert record_form(shown.text)["name"] == "" and "Mine alone" not in shown.text
    assert "typed under another account" in visible(shown.text)
    admin.get("/default/user/logout")
    admin.login(EMAIL, PASSWORD)
    home = admin.page("/default/index")
    (link,) = re.findall(r'href="/eden(/org/organisation/create\?typed=[0-9a-f]+)"', home)
    assert "Mine alone" not in home
    assert record_form(admin.page(link))["name"] == "Mine alone"
    assert "?typed=" not in admin.page("/default/index"), "who has seen it is not reminded"


def test_a_form_that_comes_under_another_account_is_kept_for_who_opened_it(
    field: WebSite, admin: Browser
) -> None:
    form = {**opened(admin, CREATE), **TYPED, "name": "Opened by another"}
    admin.get("/default/user/logout")
    admin.login(CLERK, PASSWORD)
    answer = send(admin, CREATE, form)
    assert answer.status_code == 409 and "opened under another account" in visible(answer.text)
    assert "Opened by another" not in answer.text and saved(field, "Opened by another") == 0
    assert "?typed=" not in admin.page("/default/index")
    admin.get("/default/user/logout")
    admin.login(EMAIL, PASSWORD)
    (link,) = re.findall(
        r'href="/eden(/org/organisation/create\?typed=[0-9a-f]+)"', admin.page("/default/index")
    )
    page = admin.page(link)
    assert typed_in(page)["name"] == "Opened by another"
    done = send(admin, link, record_form(page))
    assert "Saved" in visible(done.text)


def test_a_form_of_others_is_not_kept(field: WebSite) -> None:
    stranger = Browser(field.url)
    before = len(kept(field))
    answer = send(stranger, CREATE, {"_formname": "org_organisation/create", "_formkey": "x", **TYPED})
    assert answer.status_code == 409 and "log in in another one, then load this one again" in visible(
        answer.text
    )
    large = {**TYPED, "comments": "x" * 200_000, "_formname": "org_organisation/create"}
    assert send(stranger, CREATE, large).status_code == 413
    assert len(kept(field)) == before


def test_a_long_text_and_a_file_of_somebody_who_was_logged_in(field: WebSite, admin: Browser) -> None:
    path = "/doc/document/create"
    form = {**opened(admin, path), "name": "Report", "comments": "Long. " * 50_000}
    admin.get("/default/user/logout")
    asked = send(admin, path, form, files={"file": ("report.bin", b"\0" * 300_000)})
    shown = log_in_here(admin, asked, EMAIL)
    found = record_form(shown.text)
    assert (found["name"], found["comments"]) == ("Report", form["comments"])
    assert "choose files again" in visible(shown.text)


def test_more_than_is_kept_is_sent_again_by_the_browser(field: WebSite, admin: Browser) -> None:
    path = "/gis/location/create"
    shape = f"LINESTRING ({', '.join(f'{n / 1e5:.5f} {n / 1e5:.5f}' for n in range(120_000))})"
    form = {**opened(admin, path), "name": "A long river", "wkt": shape}
    admin.get("/default/user/logout")
    asked = send(admin, path, form)
    assert asked.status_code == 413 and "too long to be kept" in visible(asked.text)
    # In a new page, as the answer says; then the browser sends the same once more.
    admin.login(EMAIL, PASSWORD)
    assert "Saved" in visible(send(admin, path, form).text)


def test_no_more_than_some_forms_of_a_user_are_kept(field: WebSite, admin: Browser) -> None:
    form = opened(admin, CREATE)
    admin.session.cookies.clear()
    for number in range(24):
        send(admin, CREATE, form, name=f"Number {number}")
    assert len(kept(field)) == 20


def test_a_button_that_was_pressed_twice_saves_once(field: WebSite, admin: Browser) -> None:
    form = {**opened(admin, CREATE), "name": "Pressed twice"}
    first, second = send(admin, CREATE, form), send(admin, CREATE, form)
    assert first.url == second.url and saved(field, "Pressed twice") == 1
    third = send(admin, CREATE, form, name="Went back and typed another name")
    assert "Saved" in visible(third.text) and third.url != first.url


def test_other_forms_of_the_site_go_on_after_a_log_in(field: WebSite, admin: Browser) -> None:
    path = "/sync/repository/create?type=eden"
    (form,) = (one for one in forms(admin.page(path)).values() if "url" in one)
    form.update(
        name="Regional office", url="https://region.example.org/eden", username="us", password="not kept"
    )
    admin.get("/default/user/logout")
    asked = send(admin, path, form)
    assert len(kept(field)) == 1
    shown = log_in_here(admin, asked, EMAIL)
    (found,) = (one for one in forms(shown.text).values() if "url" in one)
    assert (found["name"], found["url"], found["password"]) == (form["name"], form["url"], "")
    assert "not kept" not in shown.text


def test_a_log_in_page_that_was_open_for_long_says_so(field: WebSite) -> None:
    person = Browser(field.url)
    page = person.get("/default/user/login")
    person.session.cookies.clear()
    answer = log_in_here(person, page, EMAIL)
    assert "The page was open for too long" in visible(answer.text) and PASSWORD not in answer.text
    assert "Log out" in log_in_here(person, answer, EMAIL).text


@pytest.mark.parametrize("values", [{"name": ""}, {"year": "no year"}])
def test_a_value_that_is_not_valid_keeps_the_others(admin: Browser, values: dict[str, str]) -> None:
    answer = send(admin, CREATE, {**opened(admin, CREATE), **TYPED, **values})
    assert answer.status_code == 422 and "Look at the fields that are marked" in visible(answer.text)
    assert typed_in(answer.text) == {**TYPED, **values}


def test_a_value_that_must_be_unique_keeps_the_others(admin: Browser) -> None:
    path = "/org/organisation_type/create"
    for status in (200, 422):
        answer = send(admin, path, {**opened(admin, path), "name": "Taken", "comments": "kept"})
        assert answer.status_code == status
    assert record_form(answer.text)["comments"] == "kept"


def test_who_has_chosen_a_file_is_told_to_choose_it_again(admin: Browser) -> None:
    path = "/doc/document/create"
    form = {**opened(admin, path), "date": "no date", "comments": "kept"}
    answer = send(admin, path, form, files={"file": ("report.txt", b"content")})
    assert answer.status_code == 422 and "Choose the file again" in visible(answer.text)
    assert record_form(answer.text)["comments"] == "kept"


def test_a_busy_database_costs_nothing_that_was_typed(field: WebSite, admin: Browser) -> None:
    form = {**opened(admin, CREATE), **TYPED, "name": "While busy"}
    database = field.folder / "applications" / "eden" / "databases" / "storage.sqlite"
    with contextlib.closing(sqlite3.connect(database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = send(admin, CREATE, form)
        other.execute("ROLLBACK")
    assert answer.status_code == 503 and int(answer.headers["Retry-After"]) > 0
    assert "Save again in a moment" in visible(answer.text)
    assert typed_in(answer.text) == {**TYPED, "name": "While busy"}
    assert "Saved" in visible(send(admin, CREATE, record_form(answer.text)).text)


def test_a_page_that_fails_has_what_was_typed_and_sends_it_again(field: WebSite, admin: Browser) -> None:
    form = {**opened(admin, CREATE), **TYPED, "name": "While the database was gone"}
    settings = field.folder / "applications" / "eden" / "private" / "appconfig.ini"
    before = settings.read_text() if settings.exists() else ""
    settings.write_text(before + "\n[db]\nuri = postgres://nobody@127.0.0.1:1/nowhere\n")
    try:
        answer = send(admin, CREATE, form)
    finally:
        settings.write_text(before)
    assert answer.status_code == 500 and "Keep it open, and press the button later" in visible(answer.text)
    assert typed_in(answer.text) == {**TYPED, "name": "While the database was gone"}
    for ticket in (field.folder / "applications" / "eden" / "errors").iterdir():
        assert b"While the" not in ticket.read_bytes()
        ticket.unlink()
    assert "Saved" in visible(send(admin, CREATE, record_form(answer.text)).text)
