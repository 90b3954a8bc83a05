"""Two sites exchange by a memory stick through its page, as people who never saw a path do it."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.looking import look
from tests.support.chromium import PHONE, Person, chromium, missing, person
from tests.support.stage import Stage, staged, told
from tests.support.webserver import EMAIL, PASSWORD, WebSite, worker

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
#: Where the pictures of the screens go, if somebody wants to see them.
PICTURES = os.environ.get("EDEN_PICTURES")
PAGE = "/sync/stick"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("stick")
    with contextlib.ExitStack() as stack:
        both = stack.enter_context(staged(folder, populate=False))
        for site in (both.headquarters, both.field):
            name = "Headquarters" if site is both.headquarters else "Field office"
            allow(site, folder / "KINGSTON", name)
            stack.enter_context(worker(site, site.folder.parent / "worker.log"))
        yield both
        assert both.tickets() == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def allow(site: WebSite, folder: Path, name: str) -> None:
    settings = site.application / "private" / "appconfig.ini"
    text = settings.read_text("utf-8")
    if "[sync]\n" not in text:
        text += "\n[sync]\n"
    assert "\nname = Eden\n" in text
    text = text.replace("\nname = Eden\n", f"\nname = {name}\n")
    settings.write_text(text.replace("[sync]\n", f"[sync]\nfolder_roots = {folder}\n"), "utf-8")


def seen(owner: Person, name: str) -> None:
    """Look at a screen by the rules, and keep its pictures where somebody wants them."""
    look(name, owner)
    if PICTURES:
        for label, (width, height) in (("laptop", (1366, 768)), ("phone", (390, 844))):
            owner.page.set_viewport_size({"width": width, "height": height})
            owner.page.screenshot(path=f"{PICTURES}/stick-{name}-{label}.png", full_page=True)


def somebody(browser: Any, site: WebSite, **options: Any) -> Person:
    found = person(browser, site.url, **options).log_in(EMAIL, PASSWORD)
    found.page.set_default_timeout(30_000)
    return found


def press(owner: Person, name: str, number: int = 0) -> None:
    owner.page.get_by_role("button", name=name, exact=True).nth(number).click()
    owner.page.wait_for_load_state()


def choose_organisations(site: WebSite) -> None:
    site.run(
        "key = db(db.sync_repository.apitype == 'stick').select().first().id\n"
        "db.sync_task.insert(repository_id=key, resource_name='org_organisation')\ndb.commit()"
    )


def until_ended(owner: Person) -> str:
    """Follow the progress of the run until it has ended."""
    deadline = time.monotonic() + 90
    while "The last run" not in owner.text():
        assert time.monotonic() < deadline, owner.text()
        time.sleep(0.5)
        with contextlib.suppress(Exception):
            owner.page.wait_for_load_state()
    return owner.text()


def names(site: WebSite) -> list[str]:
    return sorted(told(site, "[row.name for row in db(db.org_organisation.deleted != True).select()]"))


def test_two_sites_exchange_by_a_stick_without_a_path(stage: Stage, browser: Any) -> None:
    head, field = stage.headquarters, stage.field
    anna, ben = (somebody(browser, site) for site in (head, field))
    anna.open(PAGE)
    assert "No memory stick is here" in anna.text()
    seen(anna, "none")

    (stage.folder / "KINGSTON").mkdir()
    anna.open(PAGE)
    assert "No site has left records on it yet" in anna.text()
    seen(anna, "empty")
    anna.page.fill("input[name=name]", "Field office")
    press(anna, "Prepare the stick")
    assert "has left its name on the stick" in anna.text()
    choose_organisations(head)

    head.run("db.org_organisation.insert(name='Made at headquarters')\ndb.commit()")
    field.run("db.org_organisation.insert(name='Made in the field')\ndb.commit()")
    ben.open(PAGE)
    assert "has left its name on this stick" in ben.text()
    seen(ben, "stranger")
    press(ben, "Add Headquarters")
    assert "know each other now" in ben.text()
    choose_organisations(field)
    ben.open(PAGE)
    ben.page.get_by_role("button", name="Export for").first.click()
    until_ended(ben)

    anna.open(PAGE)
    assert "new for this site" in anna.text()
    seen(anna, "new")
    anna.page.get_by_role("button", name="Import from").first.click()
    until_ended(anna)
    assert names(head) == ["Made at headquarters", "Made in the field"]
    anna.open(PAGE)
    assert "already read" in anna.text() and "What was exchanged" in anna.text()
    seen(anna, "read")

    ben.open(PAGE)
    ben.page.get_by_role("button", name="Import from").first.click()
    until_ended(ben)
    assert names(field) == names(head)


def enter(owner: Person, passphrase: str, again: str | None = None) -> str:
    """Enter a passphrase by the page; return what it says."""
    owner.open(PAGE)
    owner.page.get_by_role("link", name="Change").first.click()
    owner.page.fill("input[name=passphrase]", passphrase)
    owner.page.fill("input[name=again]", passphrase if again is None else again)
    press(owner, "Save")
    return owner.text()


def test_a_stick_is_sealed_and_a_wrong_passphrase_says_what_to_do(stage: Stage, browser: Any) -> None:
    head, field = stage.headquarters, stage.field
    anna, ben = (somebody(browser, site) for site in (head, field))
    assert "12 to 256 characters" in enter(anna, "short")
    assert "The two are not the same" in enter(anna, "correct horse battery", "correct horse cattery")
    seen(anna, "passphrase")
    assert "Enter the same passphrase" in enter(anna, "correct horse battery")
    head.run("db.org_organisation.insert(name='Made later')\ndb.commit()")
    anna.open(PAGE)
    anna.page.get_by_role("link", name="Change").first.click()
    anna.page.get_by_role("link", name="Take away what lies there").click()
    press(anna, "Take away what lies there")
    assert "It was taken away" in anna.page.inner_text("body")
    anna.open(PAGE)
    anna.page.get_by_role("button", name="Export for").first.click()
    until_ended(anna)
    ben.open(PAGE)
    assert "does not open" in ben.text()
    seen(ben, "closed")
    ben.page.get_by_role("button", name="Export for").first.click()
    assert "does not open with the passphrase" in until_ended(ben)
    enter(ben, "correct horse battery")
    ben.open(PAGE)
    ben.page.get_by_role("button", name="Import from").first.click()
    until_ended(ben)
    assert names(field) == names(head) and "Made later" in names(field)
    assert all(
        path.read_bytes().startswith(b"EDENSEAL")
        for path in (stage.folder / "KINGSTON").rglob("*")
        if path.is_file() and path.name != "site.json"
    )


def test_the_page_is_used_by_keyboard_and_on_a_phone(stage: Stage, browser: Any) -> None:
    owner = person(browser, stage.headquarters.url, size=PHONE, java_script_enabled=False).log_in(
        EMAIL, PASSWORD
    )
    owner.open(PAGE)
    button = owner.page.get_by_role("button", name="Export for").first
    button.focus()
    with owner.page.expect_navigation():
        owner.page.keyboard.press("Enter")
    assert "/now" in owner.page.url


def test_a_site_whose_operator_allows_no_folder_says_what_to_do(stage: Stage, browser: Any) -> None:
    settings = stage.field.application / "private" / "appconfig.ini"
    before = settings.read_text("utf-8")
    settings.write_text(before.replace("folder_roots =", "other_roots ="), "utf-8")
    try:
        owner = somebody(browser, stage.field)
        owner.open(PAGE)
        assert "may not use memory sticks yet" in owner.text()
        seen(owner, "forbidden")
    finally:
        settings.write_text(before, "utf-8")
