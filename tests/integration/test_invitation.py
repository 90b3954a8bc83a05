"""Headquarters invites two sites, which join and exchange; it narrows the scope of one, and revokes the other."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator

import pytest

from tests.support.browser import Browser, visible
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site

pytestmark = pytest.mark.integration

RECORDS = """
for name in ("Red Cross", "Red Crescent", "Blue Shield"):
    s3db.table("org_organisation").insert(name=name)
"""
OWN = """
s3db.table("org_organisation").insert(name="{name}")
"""


class Office:
    """A running site and its administrator."""

    def __init__(self, site: WebSite) -> None:
        self.site = site
        self.admin = Browser(site.url).login(EMAIL, PASSWORD)

    def names(self) -> set[str]:
        """Return the names of its organisations."""
        told = self.site.run(
            "print('|'.join(row.name for row in db(db.org_organisation.deleted == False).select()))"
        )
        return set(told.strip().split("|")) - {""}

    def synchronise(self) -> str:
        """Run its repository, as the worker does; return how that ended."""
        code = """
from s3sync.worker.synchronise import synchronize
from s3sync.core.errors import SyncError
row = db(db.sync_repository.url != None).select().first()
try:
    print(synchronize(row.id)["state"])
except SyncError as error:
    print("failed", error.explain())
db.commit()
"""
        return self.site.run(code).strip()

    def state(self, name: str) -> str:
        code = f"""
from s3sync.monitoring.status import statuses
for each in statuses(current.sync_site):
    if each.name == {name!r}:
        print(each.state.reason.value)
"""
        return self.site.run(code).strip()


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Office, Office, Office]]:
    folder = tmp_path_factory.mktemp("invitation")
    with running_site(folder / "hq", RECORDS) as hq:
        with running_site(folder / "north", OWN.format(name="Red North")) as north:
            with running_site(folder / "south", OWN.format(name="Red South")) as south:
                yield Office(hq), Office(north), Office(south)
                assert [site.tickets() for site in (hq, north, south)] == [[], [], []]


def invite(headquarters: Office, name: str, scope: str) -> str:
    """Make an invitation on the screens; return its code."""
    admin = headquarters.admin
    wanted = {"name": name, "scope": scope, "minutes": "0", "days": "7", "address": headquarters.site.url}
    page = admin.submit("/sync/invitation", "invite", **wanted)
    assert page.status_code == 200
    found = re.search(r"<textarea[^>]*>(EDEN1-[^<]+)</textarea>", page.text)
    assert found, visible(page.text)
    assert admin.get("/sync/invitation/file").text.strip() == html.unescape(found[1])
    return html.unescape(found[1])


def join(office: Office, code: str) -> str:
    """Take an invitation up: paste, look, confirm."""
    admin = office.admin
    seen = admin.submit("/sync/join", "join", code=code, look="1", file=None)
    assert "What will happen" in seen.text, visible(seen.text)
    token = re.search(r'name="_formkey" value="([^"]+)"', seen.text)
    assert token
    data = {"_formname": "join", "_formkey": token[1], "code": code, "join": "1"}
    joined = admin.session.post(office.site.url + "/sync/join", data=data, timeout=60)
    assert "This site has joined" in joined.text, visible(joined.text)
    return visible(seen.text)


def test_headquarters_invites_two_sites_narrows_one_and_revokes_the_other(
    offices: tuple[Office, Office, Office],
) -> None:
    headquarters, north, south = offices
    admin = headquarters.admin
    # Without a scope the screen says what to do first.
    assert "Add a scope" in admin.page("/sync/invitation")
    rules = {
        "rule-0-resource": "org_organisation",
        "rule-0-read": "1",
        "rule-0-write": "1",
        "rule-0-components": "1",
        "rule-0-filters": "~.name__like=Red*",
    }
    admin.submit("/sync/scope/create", "scope", name="Red", save="1", **rules)
    codes = [invite(headquarters, name, "1") for name in ("North", "South")]
    assert "North" in admin.page("/sync/invitation")

    seen = join(north, codes[0])
    assert "Organizations" in seen and "Red*" in seen
    join(south, codes[1])
    assert headquarters.state("North") == "no_contact"
    # A code is for one site.
    again = south.admin.submit("/sync/join", "join", code=codes[0], look="1", file=None)
    assert "exchanges with" in visible(again.text)

    assert north.synchronise() == "completed"
    assert north.names() == {"Red Cross", "Red Crescent", "Red North"}
    assert headquarters.state("North") == "equal" and headquarters.state("South") != "equal"
    assert south.synchronise() == "completed"
    assert headquarters.names() == {"Red Cross", "Red Crescent", "Blue Shield", "Red North", "Red South"}
    assert headquarters.state("North") == "behind", "it has not fetched what the south brought"
    assert north.synchronise() == "completed" and "Red South" in north.names()
    assert headquarters.state("North") == headquarters.state("South") == "equal"

    # Headquarters has what each of them began, on its page and in a list of all.
    key = headquarters.site.run("print(db(db.sync_repository.name == 'North').select().first().id)").strip()
    seen = visible(admin.page(f"/sync/repository/{key}"))
    assert "Exchanges that it began" in seen and "Organizations" in seen and "completed" in seen
    listed = visible(admin.page("/sync/begun?kind=moved"))
    assert "North" in listed and "South" in listed and "1 created" in listed
    assert (
        "South" not in visible(admin.page(f"/sync/begun?kind=moved&repository={key}")).partition("Filter")[2]
    )

    # The scope of the north is narrowed: nothing new gets there, and that is no backlog.
    narrow = {**rules, "rule-0-filters": "~.name=Red Cross"}
    admin.submit("/sync/scope/create", "scope", name="Narrow", save="1", **narrow)
    key = headquarters.site.run("print(db(db.sync_repository.name == 'North').select().first().id)").strip()
    admin.submit(f"/sync/repository/{key}/scope", "give", scope="2")
    headquarters.site.run("s3db.table('org_organisation').insert(name='Red Star'); db.commit()")
    assert north.synchronise() == "completed"
    assert "Red Star" not in north.names() and "Red Crescent" in north.names()
    assert headquarters.state("North") == "equal"

    # The south is revoked: it is told so, and gets nothing.
    key = headquarters.site.run("print(db(db.sync_repository.name == 'South').select().first().id)").strip()
    admin.submit(f"/sync/repository/{key}/scope?ask=revoke", "revoke")
    assert headquarters.state("South") == "revoked"
    assert "An administrator revoked this site" in visible(admin.page("/sync/index"))
    told = south.synchronise()
    assert told.startswith("failed") and "taken away" in told
    assert "Red Star" not in south.names()
    assert "refused" in visible(admin.page("/sync/begun?kind=refused")).partition("Filter")[2]
    assert headquarters.state("North") == "equal"


def test_the_command_line_does_the_same(offices: tuple[Office, Office, Office]) -> None:
    headquarters, north, _ = offices
    code = (
        "from s3sync.command_line.commands import carry_out; import json;"
        "print(json.dumps(carry_out(current.sync_site, T, {given!r}, print)))"
    )

    def asked(office: Office, **given: object) -> dict[str, object]:
        found: dict[str, object] = json.loads(office.site.run(code.format(given=given)).splitlines()[-1])
        return found

    wanted = {"name": "East", "minutes": 15, "days": 7, "address": headquarters.site.url}
    refused = asked(headquarters, command="invite", scope="None such", **wanted)
    assert "no scope None such" in str(refused["error"]) and "Red" in str(refused["remedy"])
    made = asked(headquarters, command="invite", scope="Red", **wanted)
    assert str(made["code"]).startswith("EDEN1-")
    again = asked(north, command="join", code=made["code"])
    assert "exchanges with" in str(again["error"])
    north.site.run("db(db.sync_repository).delete(); db.commit()")
    told = headquarters.site.run(
        "from s3sync.administration.repositories import delete_repository;"
        "row = db(db.sync_repository.name == 'North').select().first();"
        "delete_repository(current.sync_site, row.id); db.commit();"
        "print(db.auth_user(row.account_id).registration_key)"
    )
    assert told.strip() == "disabled", "with its account it could register anew, without a scope"
    joined = asked(north, command="join", code=made["code"])
    assert joined["resources"] == ["org_organisation"], joined
