"""A form that stays open while the other site changes the same record: two real sites, the real worker, both ends."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.form_filling import record_form
from tests.support.offices import eventually, offices
from tests.support.stage import Stage, staged
from tests.support.webserver import EMAIL, PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.integration]


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), populate=False) as both:
        both.connect("org_organisation")
        with both.worker():
            yield both
        assert both.tickets() == []


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
    assert f"This was changed while you were editing: {EMAIL}, {other_end}," in said
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


def test_who_logs_in_at_two_sites_of_one_host_stays_logged_in_at_both(stage: Stage) -> None:
    one, other = (Browser(site.url) for site in (stage.field, stage.headquarters))
    # A browser sends cookies to every port of a host.
    other.session = one.session
    one.login(EMAIL, PASSWORD)
    other.login(EMAIL, PASSWORD)
    for browser in (one, other, one):
        assert "Log out" in browser.page("/default/index")
    other.page("/default/user/logout")
    assert "Log out" in one.page("/default/index") and "Log out" not in other.page("/default/index")
