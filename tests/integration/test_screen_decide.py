"""Conflicts, rejected records and a record's history, from arrival to decision, on two real sites."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.screens import CLERK
from tests.support.webserver import EMAIL, PASSWORD, WebSite

pytestmark = pytest.mark.integration


@pytest.fixture()
def admin(field: WebSite) -> Iterator[Browser]:
    yield Browser(field.url).login(EMAIL, PASSWORD)
    field.run("db(db.sync_kept.id > 0).delete()\ndb(db.sync_log.id > 0).delete()\ndb.commit()")


def synchronise(field: WebSite, path: str) -> None:
    """Do what the worker does with a queued task."""
    number = path.rpartition("/")[2]
    field.run(f"sync_synchronize({number}, manual=True)\ndb.commit()")


def entry(browser: Browser, path: str, name: str) -> str:
    """Return the address of the entry that a list of kept versions has for a record."""
    found = re.search(rf'href="[^"]*(/sync/kept/\d+)">{name}<', browser.page(path))
    assert found, visible(browser.page(path))
    return found.group(1)


def names(site: WebSite) -> list[str]:
    found = site.run("for row in db(db.org_organisation.deleted == False).select(): print(row.name)")
    return found.split("\n")


MAKE = """
for uuid in {uuids}:
    db.org_organisation.insert(uuid=uuid, name=f"First {{uuid}}", acronym="F")
db.commit()
"""
CHANGE = """
for uuid in {uuids}:
    db(db.org_organisation.uuid == uuid).update(name=f"{where} {{uuid}}", acronym="{where}"[0])
db.commit()
"""


def provoke(field: WebSite, headquarters: WebSite, path: str, *uuids: str) -> None:
    """Change records at both sites between two exchanges; the version of headquarters is taken."""
    headquarters.run(MAKE.format(uuids=uuids))
    synchronise(field, path)
    headquarters.run(CHANGE.format(where="Headquarters", uuids=uuids))
    field.run(CHANGE.format(where="Field", uuids=uuids))
    synchronise(field, path)
    assert {f"Headquarters {each}" for each in uuids} < set(names(field))


def test_conflicts_from_their_arrival_to_the_decision(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    text = visible(admin.page(f"{connected}/kept"))
    assert "Nothing waits for a decision" in text
    provoke(field, headquarters, connected, "one", "two", "three")

    for hint in ("/sync/log", f"{connected}/log"):
        assert "3 records need your decision" in visible(admin.page(hint))
    listed = visible(admin.page("/sync/kept?kind=undecided"))
    assert (
        listed.count("Theirs was taken: that is the rule for this resource.") == 3 and "3 entries" in listed
    )
    for asked in ("kind=rejected", "resource=org_office", "state=resolved", "repository=4711", "q=nosuch"):
        assert "Nothing matches" in visible(admin.page(f"/sync/kept?{asked}"))
    number = connected.rpartition("/")[2]
    for asked in ("kind=conflict", "resource=org_organisation", "state=all", f"repository={number}"):
        assert "3 entries" in visible(admin.page(f"/sync/kept?{asked}&page=9&sort=-name"))
    assert "1 entry" in visible(admin.page("/sync/kept?q=TWO"))

    one = entry(admin, f"{connected}/kept", "Headquarters one")
    text = visible(admin.page(one))
    assert "1 field that both sites edited" in text and "What both had" in text
    assert "Field one" in text and "Headquarters one" in text
    assert "has now from the other site's version" in text
    assert admin.page(re.findall(r'href="/eden(/org/organisation/\d+)"', admin.page(one))[0])
    admin.submit(one, "accept", _formkey="forged")
    assert "open" in visible(admin.page(one)) and "accept" in forms(admin.page(one))
    answer = admin.submit(one, "accept").text
    assert "The record stays as it is" in answer and f"kept as it is, by {EMAIL}" in visible(answer)
    assert "accept" not in forms(admin.page(one)) and "Headquarters one" in names(field)

    two = entry(admin, f"{connected}/kept", "Headquarters two")
    assert "The record was changed." in admin.submit(two, "ours").text
    assert "Field two" in names(field) and "has now from our version" in visible(admin.page(two))

    three = entry(admin, f"{connected}/kept", "Headquarters three")
    field.run("db(db.org_organisation.uuid == 'three').update(name='Later')\ndb.commit()")
    assert "says now something else than both" in visible(admin.page(three))
    assert "theirs" not in forms(admin.page(three))
    assert "Replace what was changed since?" in visible(admin.page(f"{three}?ask=theirs"))
    assert "The record was changed." in admin.submit(f"{three}?ask=theirs", "theirs").text
    assert "Headquarters three" in names(field) and "Later" not in names(field)
    assert "says so already" in admin.submit(three, "theirs").text

    assert "need your decision" not in visible(admin.page("/sync/log"))
    assert "3 entries" in visible(admin.page(f"{connected}/kept?state=resolved"))
    decisions = visible(admin.page("/sync/log?direction=decide"))
    assert f"Decided by {EMAIL} on the conflict of org_organisation" in decisions
    synchronise(field, connected)
    assert {"Headquarters one", "Field two", "Headquarters three"} < set(names(headquarters))


def test_fields_are_chosen_one_by_one(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    provoke(field, headquarters, connected, "mixed")
    path = entry(admin, "/sync/kept", "Headquarters mixed")
    page = admin.page(path)
    assert 'id="name-theirs" checked' in page and 'id="name-ours"' in page
    preview = f"{path}?choose=1&field_name=ours&field_acronym=theirs"
    text = visible(admin.page(preview))
    assert "1 field is changed" in text and "Name Field mixed our version Headquarters mixed" in text
    # Only one site edited it: there is nothing to choose.
    assert "Acronym" not in text
    assert "Headquarters mixed" in names(field)
    admin.submit(preview, "fields", _formkey="forged")
    assert "Headquarters mixed" in names(field)
    answer = admin.submit(preview, "fields").text
    assert "The record was changed." in answer and f"chosen field by field, by {EMAIL}" in visible(answer)
    said = "row = db(db.org_organisation.uuid == 'mixed').select().first()\nprint(row.name, row.acronym)"
    assert field.run(said).strip() == "Field mixed H"
    synchronise(field, connected)
    assert headquarters.run(said).strip() == "Field mixed H"
    assert "Nothing waits for a decision" in visible(admin.page("/sync/kept"))


def test_several_are_decided_by_a_rule(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    provoke(field, headquarters, connected, "a1", "a2", "a3", "a4")
    field.run("db(db.org_organisation.uuid == 'a4').update(name='Changed since')\ndb.commit()")
    one = entry(admin, "/sync/kept", "Headquarters a1").rpartition("/")[2]
    for asked in ("which=chosen&rule=ours", "rule=nosuch", f"id={one}&rule=again"):
        answer = admin.get(f"/sync/kept/decide?{asked}")
        assert answer.url.endswith("/sync/kept") and "Headquarters a1" in answer.text
    text = visible(admin.page(f"/sync/kept/decide?which=chosen&id={one}&rule=ours"))
    assert "Decide on 1 entry?" in text and "Keep ours." in text and "conflict: 1" in text
    assert "Headquarters a1" in names(field)
    answer = admin.submit(f"/sync/kept/decide?which=chosen&id={one}&rule=ours", "decide")
    assert "finished" in visible(answer.text) and "Field a1" in names(field)

    number = connected.rpartition("/")[2]
    everything = f"/sync/kept/decide?which=all&repository={number}&kind=conflict&rule=ours"
    assert "Decide on 3 entries?" in visible(admin.page(everything))
    answer = admin.submit(everything, "decide")
    text = visible(answer.text)
    assert "Decided 2 Left open 1" in text and "was changed here since" in text and EMAIL in text
    assert {"Field a2", "Field a3", "Changed since"} < set(names(field))
    assert "1 entry" in visible(admin.page("/sync/kept"))
    assert "by the rule 'ours': 2. Left open: 1." in visible(admin.page("/sync/log?direction=decide"))
    assert admin.get("/sync/kept/report/4711").status_code == 404


BEGIN = """
from applications.eden.modules.s3sync.conflicts import resolve_many as sweep
from applications.eden.modules.s3sync.conflicts.kept_list import KeptVersionQuery
xml = '<resource name="org_organisation" uuid="%s"><data field="name">{name} %s</data></resource>'
for number in range({count}):
    uuid = f'{name}-{{number}}'
    db.sync_kept.insert(kind='rejected', tablename='org_organisation', uuid=uuid, fingerprint=uuid,
                        theirs=xml % (uuid, number), name=f'{name} {{number}}')
db.commit()
print(sweep.begin(current.sync_site, sweep.Selection(None, KeptVersionQuery(search='{name}')), 'again', 1))
db.commit()
"""


def begin(field: WebSite, name: str, count: int) -> str:
    """Write down that rejected records are to be tried again; return the key of the sweep."""
    return field.run(BEGIN.format(name=name, count=count)).split()[-1]


def test_many_are_decided_in_the_background(admin: Browser, field: WebSite) -> None:
    key = begin(field, "Many", 120)
    field.run(
        "from applications.eden.modules.s3sync.conflicts import resolve_many as sweep\n"
        f"assert not sweep.work(current.sync_site, {key}, 0.0)\n"
        f"sweep.queue(current.sync_site, {key}, 60)\n"
        f"sweep.queue(current.sync_site, {key}, 60)\n"
        "db.commit()"
    )
    text = admin.page(f"/sync/kept/report/{key}")
    assert 'http-equiv="refresh"' in text and "50 of 120 entries" in visible(text)
    assert "-K eden -Q" in visible(text)
    done = field.run(
        "import json\n"
        "(task,) = db(db.scheduler_task.function_name == 'sync_decide').select()\n"
        "print(sync_decide(**json.loads(task.vars)))\ntask.delete_record()\ndb.commit()"
    )
    assert "'decided': 120, 'left open': 0" in done
    text = admin.page(f"/sync/kept/report/{key}")
    assert "finished" in visible(text) and 'http-equiv="refresh"' not in text
    assert sum(name.startswith("Many ") for name in names(field)) == 120


def test_the_page_of_a_sweep_goes_on_with_it_when_asked(admin: Browser, field: WebSite) -> None:
    report = f"/sync/kept/report/{begin(field, 'Further', 3)}"
    assert "0 of 3 entries" in visible(admin.page(report))
    answer = admin.submit(report, "go_on")
    assert answer.status_code == 200 and "finished" in visible(answer.text)
    assert {"Further 0", "Further 1", "Further 2"} < set(names(field))


def test_a_rejected_record_is_tried_again(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    headquarters.run(
        "from datetime import timedelta\n"
        "ahead = current.sync_site.clock.now() + timedelta(days=9)\n"
        "db.org_organisation.insert(uuid='ahead', name='Ahead', modified_on=ahead)\n"
        "db.org_organisation.insert(uuid='wrong', name='Wrong', year=99999, modified_on=ahead)\n"
        "db.commit()"
    )
    synchronise(field, connected)
    assert "2 records need your decision" in visible(admin.page("/sync/log"))

    wrong = entry(admin, f"{connected}/kept?kind=rejected", "Wrong")
    text = visible(admin.page(wrong))
    assert "The record is not here" in text and "Name not mentioned Wrong" in text
    assert "ours" not in forms(admin.page(wrong)) and "Choose field by field" not in text
    assert "Nothing was changed: org_organisation wrong was rejected:" in admin.submit(wrong, "theirs").text
    assert "accept" in forms(admin.page(wrong)) and "Wrong" not in names(field)

    ahead = entry(admin, f"{connected}/kept?kind=rejected", "Ahead")
    assert "The record was created." in admin.submit(ahead, "theirs").text
    assert "Ahead" in names(field) and f"by {EMAIL}" in visible(admin.page(ahead))
    assert "theirs" not in forms(admin.page(ahead))
    assert "1 record needs your decision" in visible(admin.page("/sync/log"))
    answer = visible(admin.submit(wrong, "accept").text)
    assert "kept as it is" in answer and "Wrong" not in names(field)
    assert "The sites differ in this record until it changes here or there" in answer
    assert "Wrong" in visible(admin.page(f"{connected}/kept?state=left"))
    assert "theirs" in forms(admin.page(wrong)), "one can decide otherwise"
    # The entries are taken away before the next test: without them the field could not know that it lacks a record.
    headquarters.run("s3db.delete(db.org_organisation, [db.org_organisation(uuid='wrong').id])\ndb.commit()")


def test_entries_of_a_repository_that_was_deleted_stay(admin: Browser, field: WebSite) -> None:
    field.run(
        'xml = \'<resource name="nosuch_table" uuid="x"><data field="name">Left over</data></resource>\'\n'
        "db.sync_kept.insert(kind='rejected', tablename='nosuch_table', uuid='x', repository_id=4711,\n"
        "                    theirs=xml, fingerprint='x', reason='because')\n"
        "db.commit()"
    )
    path = entry(admin, "/sync/kept", "Left over")
    text = visible(admin.page(path))
    assert "a deleted repository" in text and "does not have the resource any more" in text
    assert "theirs" not in forms(admin.page(path))
    admin.submit(path, "accept")
    assert "Left over" not in admin.page("/sync/kept")


def test_a_record_tells_its_history(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    provoke(field, headquarters, connected, "told")
    number = field.run("print(db(db.org_organisation.uuid == 'told').select().first().id)").split()[0]
    page = admin.page(f"/org/organisation/{number}")
    found = re.search(r'href="/eden(/sync/history/org_organisation\?uuid=told)"', page)
    assert found, "the record's page does not lead to its history"
    text = visible(admin.page(found.group(1)))
    assert "Headquarters told" in text and "is here" in text
    assert "conflict" in text and "open" in text and "warning received" in text
    headquarters.run("db(db.org_organisation.uuid == 'told').update(name='Theirs')\ndb.commit()")
    synchronise(field, connected)
    text = visible(admin.page(found.group(1)))
    assert "counts as made at Headquarters" in text and "brought the last change" in text
    field.run("db(db.org_organisation.uuid == 'told').update(name='Mine')\ndb.commit()")
    text = visible(admin.page(found.group(1)))
    assert "counts as made at this site" in text and "waits to go out" in text
    synchronise(field, connected)
    assert "has the last change" in visible(admin.page(found.group(1)))
    for path in (
        "org_organisation?uuid=nosuch",
        "nosuch?uuid=told",
        "org_organisation",
        "auth_user?uuid=told",
    ):
        assert admin.get(f"/sync/history/{path}").status_code == 404
    assert Browser(field.url).login(CLERK, PASSWORD).get(found.group(1)).status_code == 403


def test_an_entry_that_was_closed_meanwhile_is_not_decided(
    admin: Browser, connected: str, field: WebSite
) -> None:
    key = field.run(
        f"""
xml = '<resource name="org_organisation" uuid="late"><data field="name">Late</data></resource>'
print(db.sync_kept.insert(kind="rejected", tablename="org_organisation", uuid="late", theirs=xml, fingerprint="late",
    repository_id={connected.rpartition("/")[2]}))
db.commit()"""
    ).split()[0]
    page = admin.page(f"/sync/kept/{key}")
    field.run(f"db.sync_kept({key}).update_record(state='superseded')\ndb.commit()")
    answer = admin.session.post(f"{admin.base}/sync/kept/{key}", data=forms(page)["theirs"], timeout=60)
    assert "nothing left to decide" in visible(answer.text) and "Late" not in names(field)
