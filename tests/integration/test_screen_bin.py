"""The bin on two real sites: what a deletion takes along, before and after; restored at the other one; its end."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

import pytest

from tests.integration.test_screen_decide import synchronise
from tests.support.browser import Browser, forms, visible
from tests.support.screens import ACCOUNTS, CLERK, PEER, SECRET
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration

RESOURCES = """
task = db(db.sync_task.resource_name == "org_organisation").select().first()
for name in ("pr_person", "hrm_human_resource"):
    db.sync_task.insert(repository_id=task.repository_id, resource_name=name)
db.commit()
"""
UMA = """
key = s3db['pr_person'].insert(uuid="{uuid}", first_name="{name}", last_name="Lee")
row = db(s3db['pr_person'].id == key).select().first()
org = db(db.org_organisation.name == "Ferry").select().first()
org_id = org.id if org else db.org_organisation.insert(name="Ferry")
s3db['pr_contact'].insert(pe_id=row.pe_id, contact_method="EMAIL", value="{name}@example.org")
s3db['hrm_human_resource'].insert(person_id=key, organisation_id=org_id, code="{name}-1")
db.commit()
print(key)
"""
LIVING = """
for name in ("pr_person", "pr_contact", "hrm_human_resource"):
    print(name, db(s3db[name].deleted == False).count())
"""
ALL, NONE = (
    [f"{name} {number}" for name in ("pr_person", "pr_contact", "hrm_human_resource")] for number in (1, 0)
)


@pytest.fixture(scope="module")
def prepare() -> Mapping[str, str]:
    return {"field": ACCOUNTS, "headquarters": ACCOUNTS}


@pytest.fixture(scope="module")
def path(field: WebSite, connected: str) -> str:
    field.run(RESOURCES)
    return connected


@pytest.fixture()
def there(headquarters: WebSite) -> Iterator[Browser]:
    """The administrator of headquarters."""
    yield Browser(headquarters.url).login(EMAIL, PASSWORD)


def living(site: WebSite) -> list[str]:
    return site.run(LIVING).strip().split("\n")


def person_page(browser: Browser, name: str) -> str:
    found = re.search(rf'href="/eden(/pr/person/\d+)"[^>]*>(?:<bdi>)?{name}', browser.page("/pr/person"))
    assert found, visible(browser.page("/pr/person"))
    return found.group(1)


def entry(browser: Browser, name: str) -> str:
    found = re.search(rf'href="/eden(/sync/bin/\d+)"><bdi>{name}', browser.page("/sync/bin"))
    assert found, visible(browser.page("/sync/bin"))
    return found.group(1)


def delete(browser: Browser, page: str) -> None:
    question = f"{page}/delete"
    (name,) = (each for each in forms(browser.page(question)) if each.startswith("delete_"))
    assert "3 records were deleted" in browser.submit(question, name).text


def test_an_empty_bin_says_what_will_be_in_it(admin: Browser) -> None:
    text = visible(admin.page("/sync/bin"))
    assert "The bin is empty" in text and "30 days" in text


@pytest.mark.parametrize("deleter", ["field", "headquarters"])
def test_deleted_at_one_site_and_restored_at_the_other(
    admin: Browser, there: Browser, path: str, field: WebSite, headquarters: WebSite, deleter: str
) -> None:
    name = f"Uma{deleter[0]}"
    field.run(UMA.format(uuid=f"urn:uuid:{deleter}", name=name))
    synchronise(field, path)
    assert living(field) == living(headquarters) == ALL
    first, second = (admin, there) if deleter == "field" else (there, admin)

    page = person_page(first, name)
    text = visible(first.page(f"{page}/delete"))
    assert "These are deleted with it" in text and f"{name}@example.org" in text and f"{name}-1" in text
    assert "For 30 days it can be restored from the bin" in text
    delete(first, page)
    synchronise(field, path)
    assert living(field) == living(headquarters) == NONE

    listed = visible(second.page("/sync/bin"))
    assert name in listed and EMAIL in listed and "Contacts (1)" in listed
    found = entry(second, name)
    text = visible(second.page(found))
    assert f"{name}@example.org" in text and f"{name}-1" in text and EMAIL in text
    answer = second.submit(found, "restore")
    assert "3 records were restored" in answer.text and "/pr/person/" in answer.url
    synchronise(field, path)
    assert living(field) == living(headquarters) == ALL
    for browser in (first, second):
        assert name not in visible(browser.page("/sync/bin"))
        assert name in visible(browser.page(person_page(browser, name)))
    assert second.get(found).status_code == 404

    delete(first, page)
    synchronise(field, path)


def test_deleted_for_good_here_and_restored_at_the_other_site(
    admin: Browser, there: Browser, path: str, field: WebSite, headquarters: WebSite
) -> None:
    field.run(UMA.format(uuid="urn:uuid:good", name="Ida"))
    synchronise(field, path)
    delete(admin, person_page(admin, "Ida"))
    synchronise(field, path)
    found = entry(admin, "Ida")
    text = visible(admin.page(f"{found}?ask=for_good"))
    assert "Delete Ida Lee for good?" in text and "except from a backup" in text
    assert "Other sites keep it in their bins" in text and "Contacts (1)" in text
    assert "3 records were deleted for good" in admin.submit(f"{found}?ask=for_good", "for_good").text
    assert "Ida" not in visible(admin.page("/sync/bin"))
    assert (
        field.run("print(db(s3db['pr_person'].uuid == 'urn:uuid:good').select().first().first_name)") != "Ida"
    )
    synchronise(field, path)
    there.submit(entry(there, "Ida"), "restore")
    synchronise(field, path)
    assert living(field) == living(headquarters) == ALL
    assert "Ida@example.org" in visible(admin.page(person_page(admin, "Ida")))


def test_who_may_do_what(field: WebSite, admin: Browser) -> None:
    field.run("db.org_organisation.insert(name='Gone')\ndb.commit()")
    key = field.run("print(db(db.org_organisation.name == 'Gone').select().first().id)").strip()
    (name,) = (each for each in forms(admin.page(f"/org/organisation/{key}/delete")) if "delete" in each)
    admin.submit(f"/org/organisation/{key}/delete", name)
    found = entry(admin, "Gone")
    assert {"restore"} <= set(forms(admin.page(found))) and "Delete for good" in visible(admin.page(found))

    nobody = Browser(field.url)
    assert "/user/login" in nobody.get("/sync/bin").url and "/user/login" in nobody.get(found).url
    clerk = Browser(field.url).login(CLERK, PASSWORD)
    text = visible(clerk.page(found))
    assert "Delete for good" not in text
    assert "for_good" not in forms(clerk.page(f"{found}?ask=for_good"))
    peer = Browser(field.url).login(PEER, SECRET)
    assert "Gone" not in peer.get("/sync/bin").text and peer.get(found).status_code in (403, 404)
    # A clerk may delete organisations at this site, so may restore them.
    assert "1 record was restored" in clerk.submit(found, "restore").text


def test_what_stands_in_the_way_is_named_with_a_link(field: WebSite, admin: Browser) -> None:
    field.run(UMA.format(uuid="urn:uuid:way", name="Eva"))
    page = person_page(admin, "Eva")
    staff = field.run("print(db(s3db['hrm_human_resource'].code == 'Eva-1').select().first().id)").strip()
    question = f"/hrm/human_resource/{staff}/delete"
    (name,) = (each for each in forms(admin.page(question)) if "delete" in each)
    admin.submit(question, name)
    question = f"{page}/delete"
    (name,) = (each for each in forms(admin.page(question)) if "delete" in each)
    assert "2 records were deleted" in admin.submit(question, name).text
    found = entry(admin, "Eva-1")
    shown = admin.page(found)
    assert "It cannot be without Eva" in visible(shown) and "restore" not in forms(shown)
    above = entry(admin, "Eva Lee")
    assert f'href="/eden{above}"' in shown
    assert "2 records were restored" in admin.submit(above, "restore").text
    assert "1 record was restored" in admin.submit(found, "restore").text
