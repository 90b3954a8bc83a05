"""Choosing what is exchanged: add several resources at once, rules, filters by form, starting over, stopping."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
import requests

from tests.support.browser import Browser, forms, visible
from tests.support.screens import ACCOUNTS, PEER, SECRET
from tests.support.webserver import WebSite

pytestmark = pytest.mark.integration
RECORDS = """
for number in range({count}):
    organisation = db.org_organisation.insert(name="Organization %s" % number, year=1990 + number, country="CH")
    db.org_office.insert(name="Office %s" % number, organisation_id=organisation)
"""


@pytest.fixture(scope="module")
def prepare() -> Mapping[str, str]:
    return {
        "field": ACCOUNTS + RECORDS.format(count=12),
        "headquarters": ACCOUNTS + RECORDS.format(count=7),
    }


@pytest.fixture()
def tasks(admin: Browser, field: WebSite, headquarters: WebSite) -> Iterator[str]:
    """The resources of a repository of its own."""
    answer = admin.submit(
        "/sync/repository/create",
        "repository",
        name="Headquarters",
        url=headquarters.url,
        username=PEER,
        password=SECRET,
    )
    found = re.search(r"/sync/repository/\d+", answer.url)
    assert found, visible(answer.text)
    yield f"{found.group()}/task"
    number = found.group().rpartition("/")[2]
    field.run(
        f"db(db.sync_lease.repository_id == {number}).delete()\n"
        "from s3sync.administration.repositories import delete_repository\n"
        f"delete_repository(current.sync_site, {number})\n"
        "db.commit()"
    )


def press(admin: Browser, path: str, page: str, form: str, **changes: Any) -> requests.Response:
    """Send a form of a page that was just shown, as it stands but for these changes; None leaves a value out."""
    data = {name: value for name, value in {**forms(page)[form], **changes}.items() if value is not None}
    return admin.session.post(admin.base + path, data=data, timeout=60)


def add(admin: Browser, tasks: str, *names: str) -> list[str]:
    """Add resources as they are; return the addresses of all resources of the repository."""
    page = admin.submit(f"{tasks}/create", "task", resource_name=list(names), next="1").text
    answer = press(admin, f"{tasks}/create", page, "task", resource_name=list(names), save="1")
    assert answer.url.endswith("/task"), visible(answer.text)
    return list(dict.fromkeys(re.findall(rf'href="/eden({tasks}/\d+)"', answer.text)))


def test_the_list_to_choose_from_says_what_both_sites_have(admin: Browser, tasks: str) -> None:
    text = visible(admin.page(f"{tasks}/create"))
    assert "Organizations org_organisation 12 records here, 7 there." in text
    assert "Travels with:" in text and "as it told:" in text
    modules = re.findall(r"<legend[^>]*>([^<]+)</legend>", admin.page(f"{tasks}/create"))
    assert {"Organizations", "Staff", "Locations", "Shelters"} <= set(modules)


def test_searching_keeps_what_is_ticked(admin: Browser, tasks: str) -> None:
    path = f"{tasks}/create"
    page = admin.submit(path, "task", resource_name="org_office", q="hospital", search="1").text
    assert 'value="org_office"' in page and 'value="hms_hospital"' in page
    assert 'value="gis_location"' not in page
    assert forms(page)["task"]["resource_name"] == "org_office"
    page = press(admin, path, page, "task", resource_name=None, q="no such thing", search="1").text
    assert "Nothing matches" in visible(page)
    assert "Choose at least one." in visible(admin.submit(path, "task", next="1").text)


def test_what_the_other_site_lacks_is_said(admin: Browser, tasks: str, field: WebSite) -> None:
    number = tasks.split("/")[3]
    field.run(
        f"row = db.sync_repository({number})\n"
        "told = dict(row.settings)\n"
        "offered = [each for each in told['offer']['told']['resources'] if each['name'] != 'gis_location']\n"
        "told['offer']['told']['resources'] = offered + [{'name': 'dvi_body', 'title': 'Bodies', 'records': 3}]\n"
        "row.update_record(settings=told)\n"
        "db.commit()"
    )
    path = f"{tasks}/create"
    page = admin.page(path)
    assert "The other site does not offer it" in visible(page)
    assert "Bodies dvi_body – only at the other site" in visible(page) and 'value="dvi_body"' not in page
    there = visible(admin.submit(path, "task", shown="there", search="1").text)
    assert "Bodies" in there and "Organizations org_organisation" not in there
    both = visible(admin.submit(path, "task", shown="both", search="1").text)
    assert "Organizations org_organisation" in both and "Locations gis_location " not in both
    answer = admin.submit(path, "task", resource_name=["org_office"], refresh="1")
    text = visible(answer.text)
    assert "The other site was asked." in text and "Bodies" not in text
    assert forms(answer.text)["task"]["resource_name"] == "org_office"


def test_a_peer_that_cannot_be_asked(admin: Browser, tasks: str, field: WebSite) -> None:
    number = tasks.split("/")[3]
    field.run(f"db(db.sync_repository.id == {number}).update(url='http://127.0.0.1:9/eden')\ndb.commit()")
    text = visible(admin.submit(f"{tasks}/create", "task", refresh="1").text)
    assert "The other site could not be asked:" in text and "12 records here, 7 there." in text


def test_what_is_referred_to_comes_along_and_first(admin: Browser, tasks: str) -> None:
    path = f"{tasks}/create"
    page = admin.submit(path, "task", resource_name="org_office", next="1").text
    text = visible(page)
    assert "Organizations org_organisation Referred to by: Offices, Office Types." in text
    chosen = forms(page)["task"]["resource_name"]
    assert chosen[0] == "org_office" and {"org_organisation", "gis_location"} <= set(chosen)
    back = press(admin, path, page, "task", change="1").text
    assert set(forms(back)["task"]["resource_name"]) == set(chosen)
    kept = ["org_office", "org_organisation"]
    wrong = press(admin, path, page, "task", resource_name=kept, strategy=None, save="1").text
    assert "Choose at least one." in visible(wrong)
    answer = press(admin, path, wrong, "task", strategy=["create"], mode="1", save="1")
    text = visible(answer.text)
    assert "2 resources were added." in text and text.count("Only fetch") == 2
    assert text.index("org_organisation") < text.index("org_office")
    assert "exchanged already" in visible(admin.page(path))
    assert 'value="org_office"' not in admin.page(path)


def test_the_list_is_searched_and_sorted(admin: Browser, tasks: str) -> None:
    add(admin, tasks, "org_organisation", "org_office", "gis_location")

    def listed(query: str) -> list[str]:
        return re.findall(r"text-body-secondary fw-normal\">(\w+)<", admin.page(f"{tasks}?{query}"))

    assert listed("") == ["gis_location", "org_organisation", "org_office"]
    assert listed("sort=name") == ["gis_location", "org_office", "org_organisation"]
    assert listed("sort=-name") == ["org_organisation", "org_office", "gis_location"]
    assert listed("q=offices") == ["org_office"] and listed("q=org_") == ["org_organisation", "org_office"]
    assert listed("sort=nonsense&page=99") == listed("")
    assert 'aria-sort="descending"' in admin.page(f"{tasks}?sort=-name")
    assert "Nothing matches" in visible(admin.page(f"{tasks}?q=nosuch"))
    assert "12 here 7 there" in visible(admin.page(tasks))


def test_rules_are_sentences_and_are_kept(admin: Browser, tasks: str) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    form = forms(admin.page(one))["task"]
    assert (form["mode"], form["update_policy"], form["conflict_policy"]) == ("3", "NEWER", "NEWER")
    assert form["strategy"] == ["create", "update", "delete", "merge"] and form["components"] == "on"
    assert "Here these are: Types of Organizations" in visible(admin.page(one))
    wrong = admin.submit(one, "task", strategy=None, mode="2", conflict_policy="MASTER").text
    assert "Choose at least one." in visible(wrong)
    assert forms(wrong)["task"]["mode"] == "2" and forms(wrong)["task"]["conflict_policy"] == "MASTER"
    text = visible(admin.submit(one, "task", mode="1", strategy=["create"], conflict_policy="THIS").text)
    assert "If both changed it, ours stays." in text and "Only fetch" in text
    form = forms(admin.page(one))["task"]
    assert (form["mode"], form["strategy"], form["conflict_policy"]) == ("1", "create", "THIS")
    paused = visible(admin.submit(one, "task", mode="4").text)
    assert "Pause" in paused
    assert "compares all records" in visible(admin.submit(one, "task", components=None).text)
    assert "components" not in forms(admin.page(one))["task"]
    nonsense = admin.submit(one, "task", mode="17", conflict_policy="nonsense")
    assert nonsense.status_code == 200 and forms(admin.page(one))["task"]["mode"] == "3"


def test_filters_by_form(admin: Browser, tasks: str) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    path = f"{one}/filters"
    shown = visible(admin.page(path))
    assert "Matches 12 of 12 records at this site" in shown and "To count at Headquarters too" in shown
    assert "Choose a field." in visible(admin.submit(path, "filters", add="1").text)
    page = admin.submit(path, "filters", add="1", new="~.name").text
    wrong = press(admin, path, page, "filters", save="1").text
    assert "Enter a value." in visible(wrong) and 'aria-invalid="true"' in wrong
    changes = {"row-0-comparison": "begins", "row-0-value": "Organization 1"}
    page = press(admin, path, wrong, "filters", check="1", **changes).text
    assert "Matches 3 of 12 records" in visible(page) and "~.name__like=Organization 1*" in visible(page)
    # The other site has others: it is asked, and nothing is stored there or here.
    assert re.search(r"\d+ records? match(es)? at Headquarters, of those", visible(page)), visible(page)
    page = press(admin, path, page, "filters", add="1", new="~.year").text
    wrong = press(admin, path, page, "filters", save="1", **{"row-1-value": "many"}).text
    assert "Enter a number." in visible(wrong) and forms(wrong)["filters"]["row-1-value"] == "many"
    page = press(
        admin, path, wrong, "filters", check="1", **{"row-1-value": "2000", "row-1-comparison": "gt"}
    ).text
    assert "Matches 1 of 12 records" in visible(page)
    text = press(admin, path, page, "filters", as_text="1").text
    assert forms(text)["filters"]["text"].split("\n") == ["~.name__like=Organization 1*", "~.year__gt=2000"]
    assert "nosuch" in visible(press(admin, path, text, "filters", text="~.nosuch=1", as_form="1").text)
    by_hand = "~.name__like=Organization 1*\n~.acronym|~.country=CH,DE"
    page = press(admin, path, text, "filters", text=by_hand, as_form="1").text
    assert forms(page)["filters"]["row-1-text"] == "~.acronym|~.country=CH,DE"
    answer = press(admin, path, page, "filters", save="1")
    text = visible(answer.text)
    assert (
        "compares all records" in text and "Name begins with Organization 1 ~.acronym|~.country=CH,DE" in text
    )
    assert "Only if: Name begins with Organization 1" in visible(admin.page(tasks))
    assert "Nothing was changed." in visible(admin.submit(path, "filters", save="1").text)
    page = admin.page(path)
    page = press(admin, path, page, "filters", remove="0").text
    assert "row-1-field" not in forms(page)["filters"] and "Matches 12 of 12" in visible(page)
    page = press(admin, path, page, "filters", remove="0").text
    assert "All of them." in visible(press(admin, path, page, "filters", save="1").text)


def test_choices_of_a_field_are_ticked(admin: Browser, tasks: str) -> None:
    (one,) = add(admin, tasks, "hrm_human_resource")
    path = f"{one}/filters"
    page = admin.submit(path, "filters", add="1", new="~.status").text
    page = press(admin, path, page, "filters", check="1").text
    assert "Choose at least one." in visible(page)
    page = press(admin, path, page, "filters", save="1", **{"row-0-value": ["1", "3"]}).text
    assert "Status is one of: Active, Terminated" in visible(page)
    assert forms(admin.page(path))["filters"]["row-0-value"] == ["1", "3"]


def test_filters_that_cannot_be_read_any_more_can_be_mended(
    admin: Browser, tasks: str, field: WebSite
) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    number = one.rpartition("/")[2]
    field.run(
        f"db.sync_resource_filter.insert(task_id={number}, tablename='org_organisation', filter_string='nonsense')\n"
        "db.commit()"
    )
    assert "Only if: nonsense" in visible(admin.page(tasks)) and "nonsense" in visible(admin.page(one))
    page = admin.page(f"{one}/filters")
    assert forms(page)["filters"]["text"] == "nonsense" and 'aria-invalid="true"' in page
    answer = press(admin, f"{one}/filters", page, "filters", text="~.country=CH", save="1")
    assert "Home Country is CH" in visible(answer.text)


def test_no_condition_is_lost_however_many_there_are(admin: Browser, tasks: str, field: WebSite) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    key = one.rpartition("/")[2]
    field.run(
        "for number in range(60):\n"
        f"    db.sync_resource_filter.insert(task_id={key}, tablename='org_organisation',\n"
        "        filter_string=f'~.year__ge={1900 + number}')\n"
        "db.commit()"
    )
    page = admin.submit(f"{one}/filters", "filters", remove="0").text
    answer = press(admin, f"{one}/filters", page, "filters", save="1")
    assert "compares all records" in visible(answer.text)
    left = field.run(f"print(db(db.sync_resource_filter.task_id == {key}).count())")
    assert left.split()[0] == "59"


def test_values_that_hold_what_queries_are_made_of(admin: Browser, tasks: str) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    page = admin.submit(f"{one}/filters", "filters", add="1", new="~.name").text
    answer = press(admin, f"{one}/filters", page, "filters", save="1", **{"row-0-value": "A & B + 100%, C"})
    assert "Name is A & B + 100%, C" in visible(answer.text)
    assert forms(admin.page(f"{one}/filters"))["filters"]["row-0-value"] == "A & B + 100%, C"


def test_starting_over_asks_and_says_what_it_takes(admin: Browser, tasks: str, field: WebSite) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    repository = tasks.split("/")[3]
    assert "About 19 records travel. How long that takes is not known" in visible(
        admin.page(f"{one}?ask=reset")
    )
    field.run(
        "from datetime import datetime, timedelta\n"
        "now = datetime(2026, 1, 1)\n"
        f"db.sync_run.insert(repository_id={repository}, state='completed', started_on=now, sent=100,\n"
        "    finished_on=now + timedelta(minutes=10), bytes_sent=1000000, bytes_received=1000000)\n"
        "task = db(db.sync_task).select().last()\n"
        "task.update_record(last_pull=now)\n"
        "db.commit()"
    )
    text = visible(admin.page(f"{one}?ask=reset"))
    assert "About 19 records travel. By past synchronizations that takes 371 kB and 2 minutes." in text
    assert "2026-01-01" in visible(admin.page(one))
    admin.get(f"{one}?ask=reset&_formname=reset")
    assert "2026-01-01" in visible(admin.page(one))
    assert "compares all records" in visible(admin.submit(f"{one}?ask=reset", "reset").text)
    assert "2026-01-01" not in visible(admin.page(one))


def test_stopping_asks_and_keeps_the_records(admin: Browser, tasks: str, field: WebSite) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    text = visible(admin.page(f"{one}?ask=delete"))
    assert "Stop exchanging Organizations?" in text and "The records stay at both sites" in text
    assert "Nothing is exchanged yet" in visible(admin.submit(f"{one}?ask=delete", "delete").text)
    assert field.run("print(db(db.org_organisation).count())").strip() == "12"


def test_what_restarts_waits_for_the_end_of_a_run(admin: Browser, tasks: str, field: WebSite) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    repository = tasks.split("/")[3]
    field.run(
        f"run = db.sync_run.insert(repository_id={repository}, state='running')\n"
        f"db.sync_lease.insert(repository_id={repository}, owner='somebody', run_id=run)\n"
        "db.commit()"
    )
    busy = "A synchronization is under way."
    assert busy in visible(admin.submit(f"{one}?ask=reset", "reset").text)
    assert busy in visible(admin.submit(f"{one}?ask=delete", "delete").text)
    assert busy in visible(admin.submit(one, "task", components=None).text)
    page = admin.submit(f"{one}/filters", "filters", add="1", new="~.acronym").text
    changes = {"row-0-comparison": "set"}
    assert busy in visible(press(admin, f"{one}/filters", page, "filters", save="1", **changes).text)
    assert "All of them." in visible(admin.page(one))


def test_outcomes_and_conflicts_are_shown(admin: Browser, tasks: str, field: WebSite) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    repository = tasks.split("/")[3]
    field.run(
        "def told(mode, result):\n"
        f"    db.sync_log.insert(repository_id={repository}, resource_name='org_organisation', mode=mode,\n"
        "                       action='fetch', result=result, message='x')\n"
        "told('pull/outgoing', 'fatal')\n"
        "told('pull/outgoing', 'warning')\n"
        "told('push/outgoing', 'error')\n"
        "for table in ('org_organisation', 'pr_contact', 'gis_location'):\n"
        "    db.sync_kept.insert(kind='conflict', tablename=table, fingerprint=table, uuid='x',\n"
        f"                        repository_id={repository})\n"
        "db.commit()"
    )
    text = visible(admin.page(tasks))
    assert "worked, with remarks" in text and "failed, is tried again" in text and "2 to decide" in text
    text = visible(admin.page(one))
    assert "worked, with remarks" in text and "2 records" in text


def test_a_resource_whose_module_was_switched_off(admin: Browser, tasks: str, field: WebSite) -> None:
    number = tasks.split("/")[3]
    field.run(
        f"task = db.sync_task.insert(repository_id={number}, resource_name='dvi_body')\n"
        "db.sync_resource_filter.insert(task_id=task, tablename='dvi_body', filter_string='~.name=x')\n"
        "db.commit()"
    )
    page = admin.page(tasks)
    assert "This site does not have it." in visible(page) and "Only if: ~.name=x" in visible(page)
    (one,) = set(re.findall(rf'href="/eden({tasks}/\d+)"', page))
    for path in (one, f"{one}/filters"):
        text = visible(admin.page(path))
        assert "its module is switched off" in text and "Choose by conditions" not in text
    assert "Nothing is exchanged yet" in visible(admin.submit(f"{one}?ask=delete", "delete").text)


def test_a_repository_that_begins_by_itself(admin: Browser, tasks: str, field: WebSite) -> None:
    number = tasks.split("/")[3]
    field.run(f"db(db.sync_repository.id == {number}).update(url=None, settings=None)\ndb.commit()")
    assert "the other site begins the exchange" in visible(admin.page(tasks))
    text = visible(admin.page(f"{tasks}/create"))
    assert "What the other site has is not known." in text and "Ask the other site now" not in text
    assert "Organizations org_organisation 12 records here." in text


@pytest.mark.parametrize("form", ["task", "filters"])
def test_a_form_without_its_key_changes_nothing(admin: Browser, tasks: str, form: str) -> None:
    (one,) = add(admin, tasks, "org_organisation")
    path = one if form == "task" else f"{one}/filters"
    answer = admin.submit(path, form, _formkey="forged", mode="2", save="1")
    assert "The page was open for too long." in visible(answer.text)
    assert forms(admin.page(one))["task"]["mode"] == "3"


@pytest.mark.parametrize("part", ["4711", "x", "4711/filters"])
def test_resources_that_do_not_exist(admin: Browser, tasks: str, part: str) -> None:
    assert admin.get(f"{tasks}/{part}").status_code == 404
