"""A form that stays open while the other site changes the same record: two real sites, the real worker, both ends."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest

from tests.support.browser import Browser, visible
from tests.support.form_filling import opened, organisation, record_form, send
from tests.support.stage import Stage, staged
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = [pytest.mark.slow, pytest.mark.integration]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), populate=False) as both:
        both.connect("org_organisation")
        with both.worker():
            yield both
        assert both.tickets() == []


class Office:
    """A person at one of the two sites, before the form of one organisation.

    Args:
        site: the site.
        name: of the organisation.
    """

    def __init__(self, site: WebSite, name: str) -> None:
        self.browser = Browser(site.url).login(EMAIL, PASSWORD)
        self.name = name
        self.path = ""

    def find(self) -> bool:
        """Look whether the organisation has arrived."""
        page = self.browser.page(f"/org/organisation?q={self.name.replace(' ', '+')}")
        found = [part.partition('"')[0] for part in page.split('href="/eden/org/organisation/')[1:]]
        keys = [each for each in found if each.isdigit()]
        self.path = f"/org/organisation/{keys[0]}/update" if keys else ""
        return bool(keys)

    def form(self) -> dict[str, Any]:
        return opened(self.browser, self.path)

    def save(self, form: dict[str, Any] | None = None, **values: str) -> Any:
        return send(self.browser, self.path, form or self.form(), **values)

    def shows(self, **values: str) -> Callable[[], bool]:
        return lambda: values.items() <= self.form().items()


def eventually(check: Callable[[], bool], seconds: float = 120) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, f"not within {seconds} seconds"
        time.sleep(0.5)


def offices(stage: Stage, first: WebSite, name: str) -> tuple[Office, Office]:
    """Enter an organisation at one site; return the people at both, when the other one has it."""
    second = stage.field if first is stage.headquarters else stage.headquarters
    here, there = Office(first, name), Office(second, name)
    organisation(here.browser, name=name, phone="11", comments="old", year="1950")
    assert here.find()
    eventually(there.find)
    return here, there


@pytest.mark.parametrize("end", ["field", "headquarters"])
def test_what_arrived_while_a_form_was_open_survives_at_both_sites(stage: Stage, end: str) -> None:
    """The field opens the form; headquarters' new number arrives; the field changes only the comments and saves."""
    person, other = offices(stage, getattr(stage, end), f"Survives seen from {end}")
    form = person.form()
    other.save(phone="22")
    eventually(person.shows(phone="22"))
    answer = person.save(form, comments="new")
    assert "What others changed meanwhile stands: Phone" in visible(answer.text)
    both = {"phone": "22", "comments": "new", "year": "1950"}
    eventually(person.shows(**both))
    eventually(other.shows(**both))


@pytest.mark.parametrize(("end", "other_end"), [("field", "Headquarters"), ("headquarters", "Field office")])
def test_who_types_what_the_other_site_changed_is_told_who_and_where_and_chooses(
    stage: Stage, end: str, other_end: str
) -> None:
    person, other = offices(stage, getattr(stage, end), f"Disputed seen from {end}")
    form = person.form()
    other.save(phone="22", year="1960")
    eventually(person.shows(phone="22"))
    asked = person.save(form, phone="33", comments="new")
    said = visible(asked.text)
    assert f"This was changed while you were editing: {EMAIL} , {other_end} ," in said
    assert "Save what I typed 33" in said and "Leave it as it is now 22" in said
    again = record_form(asked.text)
    assert (again["phone"], again["comments"]) == ("33", "new"), "everything else that was typed is kept"
    choice = "typed" if end == "field" else "now"
    saved = person.save(again, _choice_phone=choice)
    assert "Saved" in visible(saved.text)
    both = {"phone": "33" if choice == "typed" else "22", "comments": "new", "year": "1960"}
    eventually(person.shows(**both))
    eventually(other.shows(**both))


def test_two_tabs_of_one_site_write_what_each_has_changed(stage: Stage) -> None:
    here, there = offices(stage, stage.field, "Two tabs")
    first, second = here.form(), here.form()
    here.save(first, phone="22")
    here.save(second, comments="new")
    both = {"phone": "22", "comments": "new", "year": "1950"}
    assert here.shows(**both)()
    eventually(there.shows(**both))
