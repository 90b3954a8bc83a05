"""The administrator's screens on two real sites: connect, choose, schedule, synchronise, read; and every refusal."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, forms, visible
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration
PEER, SECRET = "peer@example.com", "a-secret-password"
CREATE = f"""
from applications.eden.modules.s3.setup import create_user
create_user(globals(), {PEER!r}, {SECRET!r}, roles=("Synchronization",))
create_user(globals(), "clerk@example.com", {PASSWORD!r})
"""


@pytest.fixture(scope="module")
def field(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("field") / "site", CREATE) as site:
        yield site
        assert site.tickets() == []


@pytest.fixture(scope="module")
def headquarters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("headquarters") / "site", CREATE) as site:
        yield site
        assert site.tickets() == []


@pytest.fixture()
def admin(field: WebSite) -> Browser:
    return Browser(field.url).login(EMAIL, PASSWORD)


def repository(browser: Browser, name: str, url: str, password: str = SECRET) -> str:
    """Add a repository; return its path."""
    answer = browser.submit(
        "/sync/repository/create", "repository", name=name, url=url, username=PEER, password=password
    )
    found = re.search(r"/sync/repository/\d+", answer.url)
    assert found, visible(answer.text)
    browser.told = visible(answer.text)  # type: ignore[attr-defined]
    return found.group()


@pytest.fixture()
def connected(admin: Browser, headquarters: WebSite) -> Iterator[str]:
    path = repository(admin, "Headquarters", headquarters.url)
    yield path
    admin.submit(path, "delete")


def test_an_empty_overview_says_how_to_begin(admin: Browser) -> None:
    text = visible(admin.page("/sync/index"))
    assert "Add a repository" in text and "No worker is running" in text and "-K eden -Q" in text


def test_a_repository_registers_itself_and_says_so(
    admin: Browser, connected: str, headquarters: WebSite
) -> None:
    assert "registered at the other site: Registration" in admin.told  # type: ignore[attr-defined]
    page = admin.page(connected)
    sender = forms(page)["repository"]["uuid"]
    assert "Eden Sync" in visible(page)
    other = Browser(headquarters.url).login(EMAIL, PASSWORD)
    assert forms(other.page("/sync/config"))["config"]["uuid"] == sender
    assert "waits for the other site" in visible(other.page("/sync/index"))
    assert "introduced itself" in visible(other.page("/sync/log"))
    again = admin.submit(connected, "register")
    assert "Registration update successful" in visible(again.text)


def test_both_sites_may_enter_each_other(
    admin: Browser, connected: str, headquarters: WebSite, field: WebSite
) -> None:
    other = Browser(headquarters.url).login(EMAIL, PASSWORD)
    repository(other, "Field", field.url)
    text = visible(other.page("/sync/index"))
    assert text.count(field.url) == 1 and "waits for the other site" not in text
    double = repository(other, "Field again", field.url)
    assert "already here as the repository Field" in other.told  # type: ignore[attr-defined]
    other.submit(double, "delete")


@pytest.mark.parametrize(
    ("url", "password", "part"),
    [
        ("{url}", "wrong", "Check user name and password"),
        ("http://127.0.0.1:9/eden", SECRET, "it is tried again by itself"),
        ("{root}/nothing", SECRET, "the registration failed"),
        ("{own}", SECRET, "is this site itself"),
    ],
)
def test_a_registration_that_fails_says_why(
    admin: Browser, headquarters: WebSite, field: WebSite, url: str, password: str, part: str
) -> None:
    root = headquarters.url.rpartition("/")[0]
    path = repository(admin, "Lost", url.format(url=headquarters.url, root=root, own=field.url), password)
    assert part in admin.told and "Saved" in admin.told  # type: ignore[attr-defined]
    assert "fatal" in visible(admin.page(f"{path}/log")) or "error" in visible(admin.page(f"{path}/log"))
    admin.submit(path, "delete")


def test_passwords_stay_here(admin: Browser, connected: str, field: WebSite) -> None:
    page = admin.page(connected)
    assert SECRET not in page and "vault:" not in page
    assert forms(page)["repository"]["password"] == ""
    stored = field.run("for row in db(db.sync_repository).select(): print(row.password)")
    assert SECRET not in stored and "vault:1:" in stored
    answer = admin.submit(connected, "repository", name="Renamed")
    assert "registered at the other site" in visible(answer.text)


@pytest.mark.parametrize(
    ("changes", "part"),
    [({"name": ""}, "Enter a value"), ({"url": "ftp://x"}, "http://"), ({"proxy": "nonsense"}, "http://")],
)
def test_what_cannot_be_a_repository_is_not_stored(
    admin: Browser, changes: dict[str, str], part: str
) -> None:
    values = {"name": "x", "url": "http://127.0.0.1:9/eden", **changes}
    answer = admin.submit("/sync/repository/create", "repository", **values)
    assert part in visible(answer.text) and answer.url.endswith("/create")


def test_resources_with_filters(admin: Browser, connected: str) -> None:
    tasks = f"{connected}/task"
    answer = admin.submit(
        f"{tasks}/create", "task", resource_name="org_organisation", filters="~.name__like=A*\n~.country=CH"
    )
    assert "[~]~.name__like=A*" in visible(answer.text)
    (task,) = set(re.findall(rf"{tasks}/\d+", answer.text))
    form = forms(admin.page(task))["task"]
    assert form["strategy"] == ["create", "update", "delete", "merge"] and form["mode"] == "3"
    assert form["filters"].split() == ["[~]~.name__like=A*", "[~]~.country=CH"]
    assert 'value="org_organisation"' not in admin.page(f"{tasks}/create")
    wrong = visible(admin.submit(task, "task", filters="~.nosuch=1").text)
    assert "nosuch" in wrong
    assert "Choose at least one" in visible(admin.submit(task, "task", strategy=None).text)
    admin.submit(task, "task", mode="1", strategy=["create"], conflict_policy="THIS", filters="")
    form = forms(admin.page(task))["task"]
    assert (form["mode"], form["strategy"], form["conflict_policy"]) == ("1", "create", "THIS")
    assert form["filters"] == ""
    assert "compares all records" in visible(admin.submit(task, "reset").text)
    assert "Nothing is exchanged yet" in visible(admin.submit(task, "delete").text)


def test_the_schedule(admin: Browser, connected: str) -> None:
    jobs = f"{connected}/job"
    assert "by hand only" in visible(admin.page(jobs))
    answer = admin.submit(f"{jobs}/create", "job", every="2", unit="3600")
    assert "2 hours" in visible(answer.text) and "QUEUED" in answer.text
    (job,) = set(re.findall(rf"{jobs}/\d+", answer.text))
    assert forms(admin.page(job))["job"]["every"] == "2"
    assert "no" in visible(admin.submit(job, "job", every="3", unit="60", enabled=None).text)
    assert "queued" in visible(admin.submit(job, "reset").text)
    assert "Enter" in visible(admin.submit(job, "job", every="0").text)
    assert "by hand only" in visible(admin.submit(job, "delete").text)


def work(site: WebSite) -> None:
    """Do what the worker does with the queued task."""
    site.run(
        "import json\n"
        "task = db(db.scheduler_task.repeats == 1).select(orderby=~db.scheduler_task.id).first()\n"
        "task.update_record(status='COMPLETED')\n"
        "print(sync_synchronize(**json.loads(task.vars)))\n"
        "db.commit()"
    )


def test_a_run_by_hand_from_the_button_to_the_log(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    headquarters.run("db.org_organisation.insert(name='Made at headquarters')\ndb.commit()")
    assert "Nothing is exchanged yet" in visible(admin.page(f"{connected}/now"))
    admin.submit(f"{connected}/task/create", "task", resource_name="org_organisation")
    answer = admin.submit(f"{connected}/now", "start")
    assert "Waiting for a worker" in visible(answer.text) and 'http-equiv="refresh"' in answer.text
    work(field)
    text = visible(admin.page(f"{connected}/now"))
    assert "completed" in text and "1 created" in text
    assert "1 records received: 1 created" in visible(admin.page(f"{connected}/log?result=success&mode=pull"))
    assert "There are no entries" in visible(admin.page(f"{connected}/log?result=fatal"))
    assert "Made at headquarters" in visible(admin.page("/org/organisation"))
    entry = re.search(r"/sync/log/\d+", admin.page(f"{connected}/log"))
    assert entry and "Message" in visible(admin.page(entry.group()))
    assert "completed" in visible(admin.page("/sync/index"))


def synchronise(admin: Browser, field: WebSite, path: str) -> None:
    """Press the button, and let a worker do it."""
    admin.submit(f"{path}/now", "start")
    work(field)


def entry(browser: Browser, path: str, name: str) -> str:
    """Return the address of the entry that a list of kept versions has for a record."""
    found = re.search(rf'href="[^"]*(/sync/kept/\d+)">{name}<', browser.page(path))
    assert found, visible(browser.page(path))
    return found.group(1)


def names(site: WebSite) -> list[str]:
    found = site.run("for row in db(db.org_organisation.deleted == False).select(): print(row.name)")
    return found.split("\n")


MAKE = """
for uuid in ("one", "two", "three"):
    db.org_organisation.insert(uuid=uuid, name=f"First {uuid}")
db.commit()
"""
CHANGE = """
for uuid in ("one", "two", "three"):
    db(db.org_organisation.uuid == uuid).update(name=f"{where} {{uuid}}")
db.commit()
"""


def test_conflicts_from_their_arrival_to_the_decision(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    text = visible(admin.page(f"{connected}/kept"))
    assert "Nothing waits for a decision" in text and "need your decision" not in admin.page("/sync/index")
    task = f"{connected}/task/create"
    admin.submit(task, "task", resource_name="org_organisation", conflict_policy="OTHER")
    headquarters.run(MAKE)
    synchronise(admin, field, connected)
    headquarters.run(CHANGE.format(where="Headquarters"))
    field.run(CHANGE.format(where="Field"))
    synchronise(admin, field, connected)
    assert {f"Headquarters {each}" for each in ("one", "two", "three")} < set(names(field))

    for hint in ("/sync/index", "/sync/log", f"{connected}/log"):
        assert "3 records need your decision" in visible(admin.page(hint))
    listed = visible(admin.page("/sync/kept?kind=undecided"))
    assert listed.count("Policy OTHER: the other site's version was taken.") == 3 and "Entries: 3" in listed
    for asked in ("kind=rejected", "resource=org_office", "state=resolved", "repository=4711"):
        assert "Nothing matches" in visible(admin.page(f"/sync/kept?{asked}"))
    number = connected.rpartition("/")[2]
    for asked in ("kind=conflict", "resource=org_organisation", "state=all", f"repository={number}"):
        assert "Entries: 3" in visible(admin.page(f"/sync/kept?{asked}&page=9"))

    one = entry(admin, f"{connected}/kept", "Headquarters one")
    text = visible(admin.page(one))
    assert "Name different Field one Headquarters one" in text and "says now what the other site" in text
    assert admin.page(re.findall(r'href="/eden(/org/organisation/\d+)"', admin.page(one))[0])
    admin.submit(one, "accept", _formkey="forged")
    assert "State open" in visible(admin.page(one))
    answer = visible(admin.submit(one, "accept").text)
    assert "The record stays as it is" in answer and "State decided, 20" in answer and EMAIL in answer
    assert "accept" not in forms(admin.page(one)) and "Headquarters one" in names(field)

    two = entry(admin, f"{connected}/kept", "Headquarters two")
    assert "The record was changed." in visible(admin.submit(two, "ours").text)
    assert "Field two" in names(field) and "says now what our version says" in visible(admin.page(two))

    three = entry(admin, f"{connected}/kept", "Headquarters three")
    field.run("db(db.org_organisation.uuid == 'three').update(name='Later')\ndb.commit()")
    assert "says now something else than both" in visible(admin.page(three))
    assert "The record was changed." in visible(admin.submit(three, "theirs").text)
    assert "Headquarters three" in names(field) and "Later" not in names(field)
    assert "says so already" in visible(admin.submit(three, "theirs").text)

    assert "need your decision" not in visible(admin.page("/sync/index"))
    assert "Entries: 3" in visible(admin.page(f"{connected}/kept?state=resolved"))
    synchronise(admin, field, connected)
    assert {"Headquarters one", "Field two", "Headquarters three"} < set(names(headquarters))


def test_a_rejected_record_is_tried_again(
    admin: Browser, connected: str, field: WebSite, headquarters: WebSite
) -> None:
    admin.submit(f"{connected}/task/create", "task", resource_name="org_organisation", mode="1")
    headquarters.run(
        "from datetime import datetime, timedelta\n"
        "ahead = datetime.utcnow().replace(microsecond=0) + timedelta(days=9)\n"
        "db.org_organisation.insert(uuid='ahead', name='Ahead', modified_on=ahead)\n"
        "db.org_organisation.insert(uuid='wrong', name='Wrong', year=99999, modified_on=ahead)\n"
        "db.commit()"
    )
    synchronise(admin, field, connected)
    assert "2 records need your decision" in visible(admin.page("/sync/index"))

    wrong = entry(admin, f"{connected}/kept?kind=rejected", "Wrong")
    text = visible(admin.page(wrong))
    assert "The record is not here" in text and "Name not mentioned Wrong" in text
    assert "ours" not in forms(admin.page(wrong))
    assert "Nothing was changed: org_organisation wrong was rejected:" in visible(
        admin.submit(wrong, "theirs").text
    )
    assert "State open" in visible(admin.page(wrong)) and "Wrong" not in names(field)

    ahead = entry(admin, f"{connected}/kept?kind=rejected", "Ahead")
    assert "The record was created." in visible(admin.submit(ahead, "theirs").text)
    assert "Ahead" in names(field) and "State decided" in visible(admin.page(ahead))
    assert "theirs" not in forms(admin.page(ahead))
    assert "1 record needs your decision" in visible(admin.page("/sync/log"))
    answer = visible(admin.submit(wrong, "accept").text)
    assert "State decided" in answer and "Wrong" not in names(field)


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


def test_settings(admin: Browser) -> None:
    former = forms(admin.page("/sync/config"))["config"]["uuid"]
    admin.submit("/sync/config", "config", uuid="urn:uuid:mine", proxy="http://127.0.0.1:3128")
    form = forms(admin.page("/sync/config"))["config"]
    assert (form["uuid"], form["proxy"]) == ("urn:uuid:mine", "http://127.0.0.1:3128")
    assert "Enter a value" in visible(admin.submit("/sync/config", "config", uuid="").text)
    admin.submit("/sync/config", "config", uuid=former, proxy="")


def test_a_form_without_its_key_changes_nothing(admin: Browser, connected: str) -> None:
    for form in ("delete", "repository", "register"):
        admin.submit(connected, form, _formkey="forged", name="forged")
    text = visible(admin.page("/sync/index"))
    assert "Headquarters" in text and "forged" not in text
    admin.get(f"{connected}?_formname=delete")
    assert "Headquarters" in visible(admin.page("/sync/index"))


@pytest.mark.parametrize(
    "path",
    [
        "/sync/repository/4711",
        "/sync/repository/x",
        "/sync/log/4711",
        "/sync/kept/4711",
        "/sync/kept/x",
        "/sync/nothing",
    ],
)
def test_pages_that_do_not_exist(admin: Browser, path: str) -> None:
    assert admin.get(path).status_code == 404


def test_parts_of_another_repository_are_not_reached(admin: Browser, connected: str) -> None:
    for part in ("task/4711", "job/4711", "nothing", "task/x"):
        assert admin.get(f"{connected}/{part}").status_code == 404


@pytest.mark.parametrize(
    "path", ["/sync/index", "/sync/config", "/sync/log", "/sync/kept", "/sync/repository/create"]
)
def test_the_screens_are_for_administrators(field: WebSite, path: str) -> None:
    assert Browser(field.url).get(path).url.startswith(f"{field.url}/default/user/login")
    assert Browser(field.url).login("clerk@example.com", PASSWORD).get(path).status_code == 403
    assert Browser(field.url).login(PEER, SECRET).get(path).status_code == 403
