"""What a person saves while a page is imported is in the record or kept beside it, on database servers.

On PostgreSQL people save at any moment. On MariaDB, as on SQLite, they wait for the import, and save after it.
"""

from __future__ import annotations

import contextlib
import threading
import uuid
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Callable

import pytest

from benchmarks.sites import connect
from s3sync.conflicts import timeline as timeline
from s3sync.core.policy import Policy, Terms
from s3sync.exchange.importer import Report
from tests.support.databases import CHARSET, MYSQL_URI, POSTGRES_URI, discard
from tests.support.documents import data, deleted, org, resource, told
from tests.support.site import NOW, SampleSite

pytestmark = [pytest.mark.database, pytest.mark.slow]

ORG = "org_organisation"
#: How the plain interface imports.
BY_HAND = Terms(update_policy=Policy.OTHER)
LATE = NOW + timedelta(seconds=30)


class Sites:
    """A site, and the same one in another process: a person's.

    Args:
        uri: an empty database.
        folder: the site's folder.
    """

    def __init__(self, uri: str, folder: Path) -> None:
        self.site = SampleSite(folder, uri)
        self.person = SampleSite(folder, uri, clock=self.site.clock)
        self.people_wait = uri.startswith("mysql")

    def save(self, table: str, of: str, **values: Any) -> None:
        """Save a form a minute later."""
        self.form(table, of, **values)()

    def form(self, table: str, of: str, **values: Any) -> Callable[[], None]:
        """Open the form of a record; return what saves it a minute after that is called."""
        key, found = self.site.row(table, of).id, self.person.s3db[table]

        def save() -> None:
            now = self.site.clock.step()
            self.person.db.commit()
            assert self.person.db(found.id == key).update(modified_on=now, **values) == 1
            self.person.db.commit()

        return save

    @contextlib.contextmanager
    def before(self, method: str, table: str, act: Callable[[], None]) -> Iterator[None]:
        """Let a person do something when the store of the import is called for a table for the first time.

        The person gets a second, and waits for the import after that.
        """
        store, call = self.site.store, getattr(self.site.store, method)
        people: list[threading.Thread] = []

        def called(wanted: Any, *arguments: Any, **more: Any) -> Any:
            if wanted.name == table and not people:
                people.append(threading.Thread(target=act))
                people[0].start()
                people[0].join(1)
            return call(wanted, *arguments, **more)

        setattr(store, method, called)
        try:
            yield
        finally:
            delattr(store, method)
        (person,) = people
        person.join(20)
        assert not person.is_alive()
        self.site.db.rollback()

    def before_comparing(self, table: str, act: Callable[[], None]) -> Any:
        """Let a person do something when the records were found."""
        return self.before("held", table, act)

    def before_writing(self, table: str, act: Callable[[], None]) -> Any:
        """Let a person do something when everything is decided."""
        return self.before("update", table, act)


@pytest.fixture(scope="module", params=[POSTGRES_URI, MYSQL_URI], ids=["postgres", "mariadb"])
def sites(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sites]:
    server, name = str(request.param), f"eden_test_{uuid.uuid4().hex[:12]}"
    try:
        admin = connect(server)
    except Exception as error:  # each driver has its own class for "no server here"
        pytest.skip(f"no server at {server}: {error}")
    if server == MYSQL_URI:
        kind, more = " CHARACTER SET utf8mb4", CHARSET
    else:
        admin.autocommit, kind, more = True, "", ""
    admin.cursor().execute(f"CREATE DATABASE {name}{kind}")
    folder = tmp_path_factory.mktemp("races") / "site"
    sites = Sites(f"{server.rpartition('/')[0]}/{name}{more}", folder)
    yield sites
    for each in (sites.site, sites.person):
        discard(each.db)
    admin.cursor().execute(f"DROP DATABASE {name}")
    admin.close()


def formers(sites: Sites, table: str, name: str, field: str) -> list[Any]:
    """Return the former values of a field that are written down."""
    key = sites.site.row(table, name).id
    changes = sites.site.changes.of(table, [key]).get(key, [])
    return [each.fields[field][0] for each in changes if field in each.fields]


def theirs(name: str, *parts: str) -> str:
    return org(name, f"Org {name}", *parts, modified_on=LATE)


def test_an_edit_before_a_page_is_compared_is_in_conflict_with_it(sites: Sites) -> None:
    site = sites.site
    site.push(org("o1", "Org o1", data("comments", "old")), ORG)
    with sites.before_comparing(ORG, sites.form(ORG, "o1", comments="mine")):
        report = site.push(theirs("o1", data("comments", "theirs")), ORG, exchanged=site.journal.head())
    assert site.row(ORG, "o1").comments == "mine"
    if sites.people_wait:
        assert told(report) == {"updated": 1}
        assert formers(sites, ORG, "o1", "comments") == ["old", "theirs"]
    else:
        assert told(report) == {"conflict": 1}
        assert ["theirs" in (each.theirs or "") for each in site.kept() if each.uuid == "o1"] == [True]


@pytest.mark.parametrize("moved", [LATE, NOW], ids=["later", "of the same second"])
def test_who_saves_while_a_page_is_written_saves_after_it(sites: Sites, moved: datetime) -> None:
    site, name = sites.site, f"o2-{moved:%S}"
    site.push(org(name, f"Org {name}", data("comments", "old")), ORG)
    page = org(name, f"Org {name}", data("comments", "theirs"), modified_on=moved)
    with sites.before_writing(ORG, sites.form(ORG, name, comments="mine")):
        assert told(site.push(page, ORG)) == {"updated": 1}
    assert site.row(ORG, name).comments == "mine"
    assert formers(sites, ORG, name, "comments") == ["old", "theirs"]


def test_what_a_program_overwrites_is_what_was_saved_last(sites: Sites) -> None:
    site = sites.site
    site.push(org("o3", "Org o3", data("comments", "old")), ORG)
    with sites.before_comparing(ORG, sites.form(ORG, "o3", comments="mine")):
        site.push(theirs("o3", data("comments", "theirs")), ORG, BY_HAND, repository_id=None)
    first, last = ("theirs", "mine") if sites.people_wait else ("mine", "theirs")
    assert site.row(ORG, "o3").comments == last
    assert formers(sites, ORG, "o3", "comments") == ["old", first]


def test_what_is_put_back_replaces_what_was_saved_last(sites: Sites) -> None:
    site = sites.site
    site.push(org("o4", "Org o4", data("comments", "first")), ORG)
    sites.save(ORG, "o4", comments="second")
    with sites.before_comparing(ORG, sites.form(ORG, "o4", comments="mine")):
        timeline.put_back(site, site.schema.table(ORG), "o4", 0, "comments", None)
    third, last = ("first", "mine") if sites.people_wait else ("mine", "first")
    assert site.row(ORG, "o4").comments == last
    assert formers(sites, ORG, "o4", "comments") == ["first", "second", third]


def test_a_deletion_sees_what_was_saved_last(sites: Sites) -> None:
    site = sites.site
    site.push(org("o5", "Org o5"), ORG)
    with sites.before_comparing(ORG, sites.form(ORG, "o5", comments="mine")):
        report = site.push(deleted(ORG, "o5", LATE), ORG, exchanged=site.journal.head())
    assert told(report) == ({"deleted": 1} if sites.people_wait else {"conflict": 1})
    # Who saved after the deletion has written into what the bin brings back.
    assert (site.row(ORG, "o5").deleted, site.row(ORG, "o5").comments) == (sites.people_wait, "mine")


def test_a_record_found_by_its_name_that_gets_another_one_is_looked_for_again(sites: Sites) -> None:
    site = sites.site
    site.push(org("o6", "Relief"), ORG)

    adopting = Terms(synchronise_uuids=True)

    def take() -> Report:
        return site.push(org("o7", "Relief", data("comments", "theirs"), modified_on=LATE), ORG, adopting)

    with sites.before_comparing(ORG, sites.form(ORG, "o6", name="Relief and more")):
        report = site.store.again_after_deadlock(take)
    if sites.people_wait:
        assert site.row(ORG, "o7").name == "Relief and more"
    else:
        assert told(report) == {"created": 1}
        assert (site.row(ORG, "o6").name, site.row(ORG, "o7").name) == ("Relief and more", "Relief")


def test_a_component_edited_while_its_master_is_deleted_is_kept(sites: Sites) -> None:
    site = sites.site
    contact = resource("pr_contact", "c8", data("contact_method", "SMS"), data("value", "+1"))
    site.push(
        resource("pr_person", "p8", data("first_name", "Ann"), data("last_name", "Lee"), contact), "pr_person"
    )
    with sites.before_comparing("pr_contact", sites.form("pr_contact", "c8", value="+2")):
        site.push(deleted("pr_person", "p8", LATE), "pr_person", exchanged=site.journal.head())
    gone = site.row("pr_contact", "c8")
    assert gone.deleted is True
    kept = ["+2" in (each.ours or "") for each in site.kept() if each.uuid == "c8"]
    assert (gone.value, kept) == ("+2", []) if sites.people_wait else kept == [True]
