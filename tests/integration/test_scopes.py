"""What the account of another site gets at every address of the application, with and without a scope."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.support.browser import Browser, visible
from tests.support.places import APPLICATION
from tests.support.rest import Line
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration

#: The accounts: of a site without a scope, and of one that may read organisations called Red..., and write locations.
FREE, BOUND = "free@example.com", "bound@example.com"
UUIDS = {FREE: "urn:uuid:free", BOUND: "urn:uuid:bound"}
#: Stands in every record that the bound account may not have.
SECRET = "Blue Cross"
FILE = "doc_document.file.ab12cd34.626c75652e747874.txt"

PREPARE = f"""
from applications.eden.modules.s3db.setup import create_user
for each in ({FREE!r}, {BOUND!r}):
    create_user(globals(), each, {PASSWORD!r}, roles=("Synchronization",))
org = s3db.table("org_organisation")
for name in ("Red Cross", {SECRET!r}):
    org.insert(name=name, uuid="urn:uuid:" + name.split()[0].lower())
db.commit()
for name in ("Hidden " + {SECRET!r}, {SECRET!r}):
    db(org.uuid == "urn:uuid:blue").update(name=name)
    db.commit()
person = s3db.table("pr_person")
deleted = person.insert(first_name={SECRET!r}, last_name="Deleted", uuid="urn:uuid:gone")
db.commit()
s3db.delete(person, [deleted])
db.commit()
s3db.table("pr_person").insert(first_name={SECRET!r}, last_name="Smith")
s3db.table("doc_document").insert(name={SECRET!r}, file={FILE!r})
path = current.sync_site.files.path("doc_document", "file", {FILE!r})
path.parent.mkdir(parents=True, exist_ok=True)
path.write_text({SECRET!r})
db.sync_dataset.insert(code="ALL", name="All", archive_public=False)
"""


class Address(NamedTuple):
    """A request, and what it gets.

    Attributes:
        method, path, body: the request; REPO stands for who asks, ORG for what the bound site may read.
        free: status without a scope.
        bound: status with one.
    """

    method: str
    path: str
    free: int
    bound: int
    body: str = ""


#: Addresses that answer with an error as long as no worker runs, or always.
ODD = ("/default/problem", "/sync/health")
#: Screens about records: they are refused as screens are, in any format.
SCREENS = ("/sync/changes/", "/sync/bin")
S3XML = '<s3xml><resource name="{table}" uuid="urn:uuid:new"><data field="name">New</data></resource></s3xml>'
ORGS, PLACES = S3XML.format(table="org_organisation"), S3XML.format(table="gis_location")
PULL, PUSH = (
    "/sync/sync.xml?repository=REPO&resource=",
    "/sync/sync.xml?repository=REPO&components=None&resource=",
)
ANY = "/sync/sync.xml?resource="
STANDING = json.dumps({"journal": "j", "number": 1, "fetches": ["org_organisation", "pr_person"]})
PULLS = {
    "digest": "0" * 32,
    "token": "t",
    "pulls": ["resource=org_organisation&cursor=", "resource=pr_person&cursor="],
}

PUSHES = json.dumps([["resource=org_organisation&checkpoint=&journal=j", ORGS]])

TABLE = (
    Address("GET", PULL + "org_organisation", 200, 200),
    Address("GET", PULL + "org_organisation&cursor=", 200, 200),
    Address("GET", PULL + "org_organisation&cursor=&look=1", 200, 200),
    Address("GET", PULL + "org_organisation&[~]~.name__like=Blue*", 200, 200),
    Address("GET", PULL + "gis_location&cursor=", 200, 403),
    Address("GET", PULL + "pr_person&cursor=", 200, 403),
    Address("GET", PULL + "doc_document", 200, 403),
    Address("GET", PULL.replace(".xml", ".s3json") + "org_organisation", 200, 200),
    Address("GET", PULL.replace(".xml", ".s3json") + "pr_person", 200, 403),
    Address("GET", ANY + "org_organisation", 200, 403),
    Address("GET", ANY + "org_organisation&repository=urn:uuid:nobody", 200, 403),
    Address("GET", ANY + "org_organisation&repository=urn:uuid:free", 200, 403),
    Address("POST", PUSH + "org_organisation&look=1", 200, 403, ORGS),
    Address("POST", PUSH + "org_organisation", 200, 403, ORGS),
    Address("POST", PUSH + "gis_location", 200, 200, PLACES),
    Address("POST", PUSH + "pr_person", 200, 403, "<s3xml/>"),
    Address("GET", "/sync/offer.json?repository=REPO", 200, 200),
    Address("GET", "/sync/offer.json", 200, 403),
    Address("POST", "/sync/news.json?repository=REPO", 200, 200, json.dumps(PULLS)),
    Address("POST", "/sync/news.json", 403, 403, json.dumps(PULLS)),
    Address("POST", "/sync/pushes.json?repository=REPO", 200, 200, PUSHES),
    Address("POST", "/sync/standing.json?repository=REPO", 200, 200, STANDING),
    Address(
        "POST", "/sync/repository/register.json", 200, 200, json.dumps({"uuid": "REPO", "name": "again"})
    ),
    Address("POST", "/sync/join.json", 403, 403, json.dumps({"uuid": "REPO", "name": "x", "key": "guessed"})),
    Address("GET", "/sync/join.json", 405, 405),
    Address("GET", "/sync/join", 403, 403),
    Address("GET", "/sync/invitation", 403, 403),
    Address("GET", f"/sync/file/{FILE}?repository=REPO", 200, 404),
    Address("GET", f"/sync/file/{FILE}", 200, 403),
    Address("PUT", f"/sync/file/{FILE}?repository=REPO", 200, 200, "x"),
    Address("GET", f"/sync/download/9999999999/{'0' * 64}/{FILE}", 403, 403),
    Address("GET", "/sync/part/" + "0" * 64 + "?repository=REPO", 200, 200),
    Address("GET", f"/default/download/{FILE}", 200, 403),
    Address("GET", "/sync/archive/ALL", 404, 404),
    Address("GET", "/org/organisation.xml", 200, 403),
    Address("GET", "/org/organisation/ORG.xml", 200, 403),
    Address("POST", "/org/organisation.xml", 200, 403, ORGS),
    Address("PUT", "/org/organisation/ORG.xml", 400, 403, "<s3xml"),
    Address("DELETE", "/org/organisation/999999.xml", 404, 403),
    Address("GET", "/pr/person.xml", 200, 403),
    Address("GET", "/org/organisation", 403, 403),
    Address("GET", "/sync/changes/org_organisation.xml?uuid=urn:uuid:blue", 200, 403),
    Address("GET", "/sync/bin.xml", 200, 403),
    Address("GET", "/sync/bin/1.xml", 200, 403),
    Address("GET", "/sync/index", 403, 403),
    Address("GET", "/sync/scope", 403, 403),
    Address("GET", "/sync/repository/1", 403, 403),
    Address("GET", "/sync/changes/org_organisation?uuid=urn:uuid:blue", 403, 403),
    Address("GET", "/sync/bin", 200, 403),
    Address("GET", "/sync/datasets", 200, 200),
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebSite]:
    with running_site(tmp_path_factory.mktemp("scopes") / "site", PREPARE) as running:
        for account, uuid in UUIDS.items():
            body = json.dumps({"uuid": uuid, "name": account})
            assert Line(running, account).post("/sync/repository/register.json", data=body).status_code == 200
        _bind(running)
        yield running
        assert running.tickets() == []


def _bind(site: WebSite) -> None:
    """Give the bound account its scope, on the screens."""
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    number = site.run(f"print(db(db.sync_repository.uuid == {UUIDS[BOUND]!r}).select().first().id)").strip()
    rules = {
        "rule-0-resource": "org_organisation",
        "rule-0-read": "1",
        "rule-0-components": "1",
        "rule-0-filters": "~.name__like=Red*",
        "rule-1-resource": "gis_location",
        "rule-1-write": "1",
    }
    # What a site could not store as the condition of its resource is refused where it is typed.
    long = {**rules, "rule-0-filters": f"~.name={'x' * 600}"}
    refused = admin.submit("/sync/scope/create", "scope", name="Long", save="1", **long)
    assert "is too long, 512 are possible" in visible(refused.text)
    answer = admin.submit(f"/sync/scope/create?repository={number}", "scope", name="Bound", save="1", **rules)
    assert answer.status_code == 200 and "Bound" in answer.text, answer.text


def _ask(site: WebSite, account: str, address: Address) -> tuple[int, str]:
    path = address.path.replace("REPO", UUIDS[account]).replace("/ORG.", "/1.")
    answer = Line(site, account).request(
        address.method, path, data=address.body.replace("REPO", UUIDS[account]).encode() or None
    )
    return answer.status_code, answer.text


@pytest.mark.parametrize("address", TABLE, ids=lambda each: f"{each.method} {each.path}"[:90])
def test_what_an_account_gets_at_an_address(site: WebSite, address: Address) -> None:
    status, _ = _ask(site, FREE, address)
    assert status == address.free, "without a scope"
    status, text = _ask(site, BOUND, address)
    assert status == address.bound, f"with a scope: {text[:300]}"
    assert SECRET not in text
    if status == 403 and address.path.startswith(SCREENS):
        assert "<html" in text or text == "Insufficient Privileges"
    elif status == 403 and address.path.startswith("/sync/"):
        assert "<html" in text or json.loads(text)["hint"]


def _functions() -> list[str]:
    """Return every address of the application: controller and function."""
    found = []
    for file in sorted((APPLICATION / "controllers").glob("*.py")):
        for name in re.findall(r"^def ([a-z]\w*)\(\):", file.read_text(encoding="utf-8"), re.MULTILINE):
            found.append(f"/{file.stem}/{name}")
    return found


def test_no_address_in_any_format_shows_what_is_outside_of_the_scope(site: WebSite) -> None:
    functions = _functions()
    assert len(functions) > 60 and "/org/organisation" in functions and "/sync/sync" in functions
    shown = []
    for function in functions:
        for ending in ("", ".xml", ".json", ".s3json", ".csv", ".load", "/1", "/1.xml", "/1.json"):
            answer = Line(site, BOUND).get(function + ending)
            if SECRET in answer.text or (answer.status_code >= 500 and function not in ODD):
                shown.append((function + ending, answer.status_code))
    assert shown == []


def test_by_a_log_in_the_account_sees_no_record_either(site: WebSite) -> None:
    browser = Browser(site.url).login(BOUND, PASSWORD)
    shown = []
    for function in _functions():
        if function in ("/default/user",):
            continue
        for ending in ("", "/1", ".xml"):
            answer = browser.get(function + ending)
            if SECRET in answer.text:
                shown.append((function + ending, answer.status_code))
    assert shown == []


def test_another_role_of_the_account_does_not_widen_its_scope(site: WebSite) -> None:
    site.run(
        f"user = db(db.auth_user.email == {BOUND!r}).select().first()\n"
        "db.auth_membership.insert(user_id=user.id, group_id=db.auth_group.insert(role='Clerk')); db.commit()"
    )
    browser = Browser(site.url).login(BOUND, PASSWORD)
    shown = []
    for function in _functions():
        if function in ("/default/user",):
            continue
        for ending in ("", "/1", ".xml", ".json", ".csv", ".xlsx"):
            answer = browser.get(function + ending)
            table = ending == ".xlsx" and not function.startswith("/sync/")
            if SECRET in answer.text or (answer.ok and table):
                shown.append((function + ending, answer.status_code))
    assert shown == []
    for ending in ("", ".csv", ".xlsx", "/create", "/import"):
        assert browser.get(f"/org/organisation{ending}").status_code == 403, ending


def test_an_account_with_a_scope_is_not_let_go_by_its_repository(site: WebSite) -> None:
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    for account, is_bound in ((FREE, False), (BOUND, True)):
        key = site.run(
            f"print(db(db.sync_repository.uuid == {UUIDS[account]!r}).select().first().id)"
        ).strip()
        asked = visible(admin.page(f"/sync/repository/{key}/update?ask=release"))
        assert ("Let another account use" in asked) is not is_bound
        assert ("kept as long as it has a scope" in asked) is is_bound
        asked = visible(admin.page(f"/sync/repository/{key}/update?ask=delete"))
        assert "Delete the repository" in asked
        assert (f"The account {account} can log in as before" in asked) is is_bound


def test_what_the_bound_site_wrote_is_what_it_may_write(site: WebSite) -> None:
    told = site.run(
        "print(db(db.gis_location.uuid == 'urn:uuid:new').count(), "
        f"db((db.org_organisation.uuid == 'urn:uuid:new') & (db.org_organisation.name != {SECRET!r})).count())"
    )
    assert told.split()[0] == "1"


def test_the_log_says_what_was_not_allowed(site: WebSite) -> None:
    admin = Browser(site.url).login(EMAIL, PASSWORD)
    number = site.run(f"print(db(db.sync_repository.uuid == {UUIDS[BOUND]!r}).select().first().id)").strip()
    page = admin.get(f"/sync/repository/{number}/log").text
    assert page.count("does not let the asking site read pr_person.") == 1, "once a day"
    assert "Not allowed: its scope does not let the asking site read pr_person." in page
    assert "Not allowed there" not in page, "that is what the other site is told"
    assert "Bound" in admin.get(f"/sync/repository/{number}/scope").text
