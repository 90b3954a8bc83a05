"""A person deletes a record by mistake and restores it from the bin, with a browser, on a laptop and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.browser.looking import look
from tests.support.chromium import LAPTOP, PHONE, SMALL, Person, chromium, missing, person
from tests.support.stage import Stage, staged
from tests.support.webserver import EMAIL, PASSWORD

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]

UMA = """
key = s3db["pr_person"].insert(first_name="Uma", last_name="Lee")
row = db(s3db["pr_person"].id == key).select().first()
s3db["pr_contact"].insert(pe_id=row.pe_id, contact_method="EMAIL", value="uma@example.org")
org_id = s3db["org_organisation"].insert(name="Ferry")
s3db["hrm_human_resource"].insert(person_id=key, organisation_id=org_id, code="H1")
db.commit()
print(key)
"""


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), populate=False) as both:
        yield both
        assert both.tickets() == []


def press(owner: Person, label: str) -> str:
    """Press a button, or follow a link, by what it says; return what the next page says."""
    main = owner.page.locator("main")
    found = main.get_by_role("button", name=label, exact=True)
    (found if found.count() else main.get_by_role("link", name=label)).first.click()
    owner.page.wait_for_load_state()
    return owner.text()


def follow(owner: Person, link: str, size: tuple[int, int]) -> None:
    """Follow a link of the main menu, which a phone shows when it is asked for."""
    if size == PHONE:
        owner.page.locator("details.main-menu summary").click()
    owner.page.get_by_role("navigation", name="Main menu").get_by_role("link", name=link).locator(
        "visible=true"
    ).click()
    owner.page.wait_for_load_state()


def in_other_languages(browser: Any, url: str) -> None:
    """Look at the bin and at the last thing in it, with longer words and from right to left."""
    for language in ("de", "ar"):
        reader = person(browser, url, locale=language).log_in(EMAIL, PASSWORD)
        reader.open("/sync/bin")
        link = reader.page.locator("main table a").first.get_attribute("href")
        for path in ("/sync/bin", link.removeprefix("/eden")):
            reader.open(path)
            for size in (LAPTOP, SMALL, PHONE):
                reader.page.set_viewport_size({"width": size[0], "height": size[1]})
                assert reader.overflow() <= 0 and reader.cut() == [], (path, language, size)
        assert not reader.complaints


def test_from_the_question_to_the_bin_and_back(stage: Stage) -> None:
    field = stage.field
    key = field.run(UMA).strip()
    with chromium() as browser:
        somebody = person(browser, field.url).log_in(EMAIL, PASSWORD)
        somebody.open("/sync/bin")
        assert "The bin is empty" in somebody.text()
        look("the empty bin", somebody)
        for size in (LAPTOP, PHONE):
            somebody.page.set_viewport_size({"width": size[0], "height": size[1]})
            somebody.open(f"/pr/person/{key}/delete")
            question = somebody.text()
            assert "uma@example.org" in question and "H1" in question and "30 days" in question
            assert "3 records were deleted" in press(somebody, "Delete")
            follow(somebody, "Bin", size)
            assert "Uma Lee" in somebody.text() and EMAIL in somebody.text()
            if size == LAPTOP:
                look("the bin", somebody)
            shown = press(somebody, "Look and restore")
            assert "uma@example.org" in shown and "H1" in shown
            if size == LAPTOP:
                look("what was deleted", somebody)
            shown = press(somebody, "Restore")
            assert "3 records were restored" in shown and "uma@example.org" in shown
        somebody.open(f"/pr/person/{key}/delete")
        look("the question", somebody)
        press(somebody, "Delete")
        in_other_languages(browser, field.url)
        somebody.open("/sync/bin")
        press(somebody, "Look and restore")
        assert "except from a backup" in press(somebody, "Delete for good")
        look("what for good means", somebody)
        assert "3 records were deleted for good" in press(somebody, "Delete for good")
        assert "The bin is empty" in somebody.text()
