"""A form that stays open in a browser while the other site changes its record, or until the session has ended."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from tests.browser.looking import look
from tests.support.chromium import Person, chromium, missing, person
from tests.support.stage import Stage, staged
from tests.support.webserver import EMAIL, PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]

NAME = "Relief with two offices"


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), populate=False) as both:
        both.connect("org_organisation")
        with both.worker():
            yield both
        assert both.tickets() == []


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with chromium() as found:
        yield found


def somebody(browser: Any, root: str, **options: Any) -> Person:
    return person(browser, root, **options).log_in(EMAIL, PASSWORD)


def another_tab(owner: Person) -> Person:
    return Person(owner.page.context.new_page(), owner.root)


def fill(owner: Person, **values: str) -> None:
    for name, value in values.items():
        owner.page.fill(f"[name={name}]", value)


def save(owner: Person) -> str:
    owner.page.get_by_role("button", name="Save", exact=True).click()
    owner.page.wait_for_load_state()
    return owner.text()


def find(owner: Person) -> bool:
    """Open the record, if it is there."""
    owner.open(f"/org/organisation?q={NAME.replace(' ', '+')}")
    link = owner.page.locator("main").get_by_role("link", name=NAME)
    if not link.count():
        return False
    link.first.click()
    owner.page.wait_for_load_state()
    return True


def edit(owner: Person) -> None:
    assert find(owner)
    owner.page.get_by_role("link", name="Edit", exact=True).first.click()
    owner.page.wait_for_load_state()


def eventually(check: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 120
    while not check():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def shows(owner: Person, *words: str) -> Callable[[], bool]:
    return lambda: find(owner) and all(each in owner.text() for each in words)


def test_a_telephone_number_that_arrives_while_a_form_is_open(stage: Stage, browser: Any) -> None:
    field, headquarters = (somebody(browser, each.url) for each in (stage.field, stage.headquarters))
    headquarters.open("/org/organisation/create")
    fill(headquarters, name=NAME, phone="11 11", comments="old")
    save(headquarters)
    eventually(lambda: find(field))

    # Each end once: the one has its form open while the number of the other one arrives.
    for here, there, number, words in (
        (field, headquarters, "22 22", "written in the field"),
        (headquarters, field, "33 33", "written at headquarters"),
    ):
        edit(here)
        edit(there)
        fill(there, phone=number)
        save(there)
        eventually(shows(another_tab(here), number))
        fill(here, comments=words)
        assert "What others changed meanwhile stands: Phone" in save(here)
        for each in (here, there):
            eventually(shows(each, number, words))


def test_a_number_that_both_have_changed_is_a_question(stage: Stage, browser: Any) -> None:
    field, headquarters = (somebody(browser, each.url) for each in (stage.field, stage.headquarters))
    for here, there, site, choice in (
        (field, headquarters, "Headquarters", "Save what I typed"),
        (headquarters, field, "Field office", "Leave it as it is now"),
    ):
        edit(here)
        edit(there)
        theirs, ours = f"{site} 44", f"{site} 55"
        fill(there, phone=theirs)
        save(there)
        eventually(shows(another_tab(here), theirs))
        fill(here, phone=ours, comments=f"typed against {site}")
        asked = save(here)
        assert "This was changed while you were editing" in asked and f"{EMAIL}, {site}, " in asked
        look(f"a disputed field at the end of {here.root}", here)
        here.page.get_by_role("radio", name=choice).check()
        assert "Saved" in save(here)
        chosen = ours if choice == "Save what I typed" else theirs
        for each in (here, there):
            eventually(shows(each, chosen, f"typed against {site}"))


@pytest.mark.parametrize("script", [True, False])
def test_who_logged_out_in_another_tab_goes_on_after_the_log_in(
    stage: Stage, browser: Any, script: bool
) -> None:
    owner = somebody(browser, stage.field.url, java_script_enabled=script)
    owner.open("/org/organisation/create")
    name = f"Typed after the session {'with' if script else 'without'} script"
    fill(owner, name=name, comments="two\nlines", year="1999")
    another_tab(owner).open("/default/user/logout")
    assert "What you typed is kept for a day" in save(owner)
    if script:
        look("the log-in page that keeps what was typed", owner)
    owner.page.fill("input[name=email]", EMAIL)
    owner.page.fill("input[name=password]", PASSWORD)
    owner.page.press("input[name=password]", "Enter")
    owner.page.wait_for_load_state()
    assert "You are logged in again, and what you typed is here" in owner.text()
    assert owner.page.input_value("[name=name]") == name
    assert owner.page.input_value("[name=comments]") == "two\nlines"
    if script:
        look("the form with what was typed", owner)
    assert "Saved" in save(owner) and name in owner.text()
