"""A form that stays open while others change the same record, in the pages of a real site."""

from __future__ import annotations

import re
from typing import Any

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration

Form = dict[str, Any]


def organisation(browser: Browser, **values: str) -> str:
    """Enter an organisation; return the path of its page."""
    answer = browser.submit("/org/organisation/create", "org_organisation/create", **values)
    found = re.search(r"/org/organisation/\d+", answer.url)
    assert found, visible(answer.text)
    return found.group()


def opened(browser: Browser, path: str) -> Form:
    """Open the form of a record; return what it would send as it stands."""
    (form,) = (one for one in forms(browser.page(f"{path}/update")).values() if "_shown" in one)
    return form


def send(browser: Browser, path: str, form: Form, **values: str) -> Any:
    return browser.session.post(f"{browser.base}{path}/update", data={**form, **values}, timeout=60)


def shown(browser: Browser, path: str) -> Form:
    form = opened(browser, path)
    return {name: form[name] for name in ("phone", "comments", "year")}


@pytest.fixture()
def colleague(field: WebSite) -> Browser:
    return Browser(field.url).login(EMAIL, PASSWORD)


def test_what_others_changed_meanwhile_stays(admin: Browser, colleague: Browser) -> None:
    path = organisation(admin, name="Open form", phone="11", comments="old")
    form = opened(admin, path)
    send(colleague, path, opened(colleague, path), phone="22")
    answer = send(admin, path, form, comments="new")
    assert answer.url.endswith(path)
    assert "Saved. What others changed meanwhile stands: Phone" in visible(answer.text)
    assert shown(admin, path) == {"phone": "22", "comments": "new", "year": ""}


def test_only_a_field_that_both_changed_is_asked_about(admin: Browser, colleague: Browser) -> None:
    path = organisation(admin, name="Both at once", phone="11", comments="old")
    form = opened(admin, path)
    send(colleague, path, opened(colleague, path), phone="22", year="1999")
    asked = send(admin, path, form, phone="33", comments="new")
    text = visible(asked.text)
    assert f"This was changed while you were editing: {EMAIL}, this site," in text
    assert "Save what I typed 33" in text and "Leave it as it is now 22" in text
    assert text.count("changed while you were editing") == 1 and asked.status_code == 409
    (again,) = (one for one in forms(asked.text).values() if "_shown" in one)
    assert (again["phone"], again["comments"]) == ("33", "new"), "what was typed is kept"

    saved = send(admin, path, again)
    assert "Saved" in saved.text
    assert shown(admin, path) == {"phone": "33", "comments": "new", "year": "1999"}


def test_the_value_of_the_other_can_be_taken(admin: Browser, colleague: Browser) -> None:
    path = organisation(admin, name="Theirs", phone="11", comments="old")
    form = opened(admin, path)
    send(colleague, path, opened(colleague, path), phone="22")
    asked = send(admin, path, form, phone="33", comments="new")
    (again,) = (one for one in forms(asked.text).values() if "_shown" in one)
    send(admin, path, again, _choice_phone="now")
    assert shown(admin, path) == {"phone": "22", "comments": "new", "year": ""}


def test_who_changes_nothing_writes_nothing(admin: Browser, field: WebSite) -> None:
    path = organisation(admin, name="Unchanged", comments="two\nlines", year="1950")
    number = path.rsplit("/", 1)[1]
    before = field.run(f"print(db.org_organisation[{number}].modified_on)")
    answer = send(admin, path, opened(admin, path))
    assert "Nothing was changed" in answer.text
    assert field.run(f"print(db.org_organisation[{number}].modified_on)") == before
