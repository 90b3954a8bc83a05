"""Edits and deletions made at two real sites before they meet: nothing that a person entered is gone."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.form_filling import organisation
from tests.support.offices import Office, eventually
from tests.support.stage import Link, Stage, linked, staged, told
from tests.support.webserver import EMAIL, PASSWORD

pytestmark = [pytest.mark.slow, pytest.mark.integration]

SITES = ["field", "headquarters"]
STAFF = """
organisation = db.org_organisation.insert(name={name!r})
person = db.pr_person.insert(first_name={name!r}, last_name="Rao")
db.hrm_human_resource.insert(organisation_id=organisation, person_id=person, code="before")
db.commit()
"""
CHANGE_STAFF = "db(db.hrm_human_resource.code == 'before').update(code={code!r})\ndb.commit()"
#: Who is there, and what is kept for a person to decide.
PERSON = (
    "[r.id for r in db((db.pr_person.first_name == {name!r}) & (db.pr_person.deleted == False)).select()]"
)
CODES = "[r.code for r in db(db.hrm_human_resource.deleted == False).select()]"
KEPT = "[[r.tablename, r.id, r.ours] for r in db((db.sync_kept.state == 'open') & ({of})).select()]".format(
    of="db.sync_kept.tablename.belongs(['pr_person', 'hrm_human_resource'])"
)


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("stage"), populate=False) as both:
        yield both
        assert both.tickets() == []


@pytest.fixture(scope="module")
def link(stage: Stage) -> Link:
    """The link of the field office; its schedule is served while a worker runs."""
    resources = ("org_organisation", "pr_person", "hrm_human_resource")
    found = linked(stage.field, "Field office", stage.headquarters, "Headquarters", *resources)
    found.schedule()
    return found


@pytest.mark.parametrize("later", SITES)
def test_of_three_fields_one_is_in_dispute_and_the_others_merge_by_themselves(
    stage: Stage, link: Link, later: str
) -> None:
    name = f"Relief, later at {later}"
    field, headquarters = Office(stage.field, name), Office(stage.headquarters, name)
    organisation(field.browser, name=name, phone="11", comments="old", year="1950")
    link.run()
    assert field.find() and headquarters.find()
    edits = [(headquarters, {"phone": "22", "comments": "hq"}), (field, {"phone": "33", "year": "1960"})]
    for office, values in edits if later == "field" else reversed(edits):
        office.save(**values)
        time.sleep(1.1)  # The clock of a site has seconds.

    won, lost = ("33", "22") if later == "field" else ("22", "33")
    with stage.worker():
        for each in (field, headquarters):
            eventually(each.shows(phone=won, comments="hq", year="1960"))
        page, path = _conflict(field.browser, name)
        text = visible(page)
        assert "1 field that both sites edited" in text and "2 fields that only one site edited" in text
        row = text.partition("What both had")[2]
        assert re.search(rf"Phone 11 33 .*{EMAIL}, this site, .* 22 .*{EMAIL}, Headquarters, ", row), row
        # The value that lost is not gone: whoever wants it back has it, at both sites.
        field.browser.submit(path, "theirs" if later == "field" else "ours")
        for each in (field, headquarters):
            eventually(each.shows(phone=lost, comments="hq", year="1960"))


def _conflict(browser: Browser, name: str) -> tuple[str, str]:
    """Return the page of the only conflict of a record, and its address."""
    page = browser.page("/sync/kept?q=" + name.replace(" ", "+"))
    (path,) = set(re.findall(r'"/eden(/sync/kept/\d+)"', page))
    return browser.page(path), path


@pytest.mark.parametrize("deleted_at", SITES)
def test_staff_edited_at_one_site_while_their_person_is_deleted_at_the_other_can_be_put_back(
    stage: Stage, link: Link, deleted_at: str
) -> None:
    name, code = f"Uma, deleted at {deleted_at}", f"edited while deleted at {deleted_at}"
    stage.field.run(STAFF.format(name=name))
    link.run()
    here, there = stage.field, stage.headquarters
    if deleted_at == "headquarters":
        here, there = there, here
    (key,) = told(here, PERSON.format(name=name))
    browser = Browser(here.url).login(EMAIL, PASSWORD)
    path = f"/pr/person/{key}/delete"
    browser.submit(path, f"delete_pr_person_{key}")
    assert told(here, PERSON.format(name=name)) == []
    there.run(CHANGE_STAFF.format(code=code))

    other = Browser(there.url).login(EMAIL, PASSWORD)
    with stage.worker():
        eventually(lambda: told(there, PERSON.format(name=name)) == [])
        kept = told(there, KEPT)
        assert {table for table, _, _ in kept} == {"pr_person", "hrm_human_resource"}
        assert any(code in ours for _, _, ours in kept), "the edit"
        number = {table: key for table, key, _ in kept}
        assert "The record was changed" in other.submit(f"/sync/kept/{number['pr_person']}", "ours").text
        # The staff record went along with its person, and comes back with it, as it was edited.
        page = visible(other.page(f"/sync/kept/{number['hrm_human_resource']}"))
        assert "The record here says now what our version says" in page
        other.submit(f"/sync/kept/{number['hrm_human_resource']}", "accept")
        eventually(lambda: all(told(each, PERSON.format(name=name)) for each in (here, there)))
        eventually(lambda: all(code in told(each, CODES) for each in (here, there)))
        assert told(there, KEPT) == []
