"""Headquarters invites two sites, which join and exchange; it narrows the scope of one and revokes the other.

As people do it in the browser, with a worker at each field office. The overview of headquarters is read at every step.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.browser.looking import look
from tests.support.chromium import Person, chromium, missing, person
from tests.support.webserver import EMAIL, PASSWORD, WebSite, running_site, worker

pytestmark = [
    pytest.mark.browser,
    pytest.mark.integration,
    pytest.mark.slow,
    pytest.mark.skipif(missing() is not None, reason=missing() or ""),
]
ORGANISATION = "org_organisation"
INSERT = "s3db.table('org_organisation').insert(name={name!r}); db.commit()\n"
#: Seconds in which a worker has to have carried out what a person asked for.
PATIENCE = 120


@dataclass
class Office:
    """A site, and the administrator before its screens."""

    site: WebSite
    admin: Person

    def press(self, name: str) -> None:
        # Some forms have one more, which the Enter key presses.
        self.admin.page.get_by_role("button", name=name, exact=True).last.click()
        self.admin.page.wait_for_load_state()

    def add(self, name: str) -> None:
        """Enter an organisation."""
        self.site.run(INSERT.format(name=name))

    def names(self) -> set[str]:
        told = self.site.run(
            "print('|'.join(row.name for row in db(db.org_organisation.deleted == False).select()))"
        )
        return {*told.strip().split("|")} - {""}

    def says(self, name: str) -> str:
        """Return what the overview says of a site."""
        self.admin.open("/sync/index")
        return " ".join(
            self.admin.page.locator("table.repositories tr", has_text=name).first.inner_text().split()
        )

    def waits_until_it_says(self, name: str, words: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while words not in (told := self.says(name)):
            assert time.monotonic() < deadline, told
            time.sleep(1)

    def synchronises(self) -> None:
        """Ask for a run on the page of the repository, and wait until it is over."""
        self.admin.open("/sync/repository/1/now")
        self.press("Synchronize now")


@pytest.fixture(scope="module")
def offices(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Office]]:
    folder = tmp_path_factory.mktemp("offices")
    with contextlib.ExitStack() as stack:
        browser = stack.enter_context(chromium())
        found = {}
        for name in ("headquarters", "north", "south"):
            site = stack.enter_context(running_site(folder / name, INSERT.format(name=f"Red {name}")))
            found[name] = Office(site, person(browser, site.url).log_in(EMAIL, PASSWORD))
            found[name].admin.page.set_default_timeout(30_000)
        yield found
        for each in found.values():
            assert each.site.tickets() == [] and each.admin.complaints == []


def make_scope(headquarters: Office, name: str, condition: str) -> None:
    """Make a scope for organisations that meet a condition."""
    page = headquarters.admin.page
    headquarters.admin.open("/sync/scope/create")
    page.fill("#scope-name", name)
    page.select_option("#scope-new", ORGANISATION)
    headquarters.press("Add")
    for box in ("read", "write"):
        page.check(f"#rule-0-{box}")
    page.fill("#rule-0-filters", condition)
    look(f"scope {name}", headquarters.admin)
    headquarters.press("Save")
    assert name in headquarters.admin.text()


def invite(headquarters: Office, name: str) -> str:
    """Invite a site; return the code."""
    page = headquarters.admin.page
    headquarters.admin.open("/sync/invitation")
    page.fill("input[name=name]", name)
    page.select_option("select[name=scope]", label="Red")
    page.fill("input[name=minutes]", "0")
    page.fill("input[name=address]", headquarters.site.url)
    headquarters.press("Make the invitation")
    look(f"invitation of {name}", headquarters.admin)
    code: str = page.locator("textarea").first.input_value()
    assert code.startswith("EDEN1-")
    return code


def join(office: Office, code: str) -> None:
    """Paste, look, confirm: three clicks."""
    office.admin.open("/sync/join")
    office.admin.page.fill("#join-code", code)
    office.press("See what will happen")
    assert "Organizations" in office.admin.text() and "Red*" in office.admin.text()
    look("what will happen", office.admin)
    office.press("Join")
    told = " ".join(office.admin.page.inner_text("body").split())
    assert "has joined" in told, office.admin.text()


def key_of(headquarters: Office, name: str) -> str:
    headquarters.admin.open("/sync/index")
    address: str = headquarters.admin.page.get_by_role("link", name=name, exact=True).first.get_attribute(
        "href"
    )
    return address.rpartition("/")[2]


def test_headquarters_invites_narrows_and_revokes(offices: dict[str, Office], tmp_path: Path) -> None:
    headquarters, north, south = (offices[name] for name in ("headquarters", "north", "south"))
    headquarters.add("Blue Shield")
    make_scope(headquarters, "Red", "~.name__like=Red*")
    codes = {name: invite(headquarters, name) for name in ("North", "South")}
    join(north, codes["North"])
    join(south, codes["South"])
    # Both have an account by now, and have fetched nothing.
    for name in ("North", "South"):
        assert "in step" not in headquarters.says(name), headquarters.says(name)

    with worker(north.site, tmp_path / "north.log"):
        headquarters.waits_until_it_says("North", "in step")
        assert "in step" not in headquarters.says("South")
        assert north.names() == {"Red headquarters", "Red north"}
        with worker(south.site, tmp_path / "south.log"):
            headquarters.waits_until_it_says("South", "in step")
            # What the south brought is not in the north yet, and headquarters does not say so.
            assert "in step" not in headquarters.says("North"), headquarters.says("North")
            north.synchronises()
            headquarters.waits_until_it_says("North", "in step")
            assert north.names() == {"Red headquarters", "Red north", "Red south"}
            look("overview of headquarters", headquarters.admin)
            narrow_and_revoke(headquarters, north, south)


def narrow_and_revoke(headquarters: Office, north: Office, south: Office) -> None:
    """Nothing new gets to a site that is narrowed, which is no backlog; and nothing at all to one that is revoked."""
    headquarters.add("Red Star")
    for name in ("North", "South"):
        assert "in step" not in headquarters.says(name), headquarters.says(name)
    make_scope(headquarters, "Narrow", "~.name=Red north")
    headquarters.admin.open(f"/sync/repository/{key_of(headquarters, 'North')}/scope")
    headquarters.admin.page.get_by_label("Narrow", exact=True).check()
    headquarters.press("Save")
    north.synchronises()
    headquarters.waits_until_it_says("North", "in step")
    assert "Red Star" not in north.names() and "Red south" in north.names()

    headquarters.admin.open(f"/sync/repository/{key_of(headquarters, 'South')}/scope")
    headquarters.admin.page.get_by_role("link", name="Revoke this site", exact=True).click()
    headquarters.press("Revoke this site")
    assert "revoked" in headquarters.says("South") and "in step" not in headquarters.says("South")
    south.synchronises()
    south.waits_until_it_says(headquarters.site.url, "revoked there")
    assert "Red Star" not in south.names()
    look("overview of a revoked site", south.admin)
    assert "in step" in headquarters.says("North")
