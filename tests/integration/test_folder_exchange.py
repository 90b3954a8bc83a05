"""Two sites exchange through a folder, as the worker does it; the type needs no line and no registration."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler

from s3sync.active.preview import preview
from s3sync.exchange.peer import Capability
from s3sync.exchange.run.failures import RunFailed
from s3sync.monitoring.status import statuses
from s3sync.scheduler import jobs as jobs
from s3sync.worker import synchronise as synchronise
from tests.support.site import IN_A_FILE, Clock, SampleSite
from tests.support.stylesheets import IMPORT, install

ORG, OFFICE = "org_organisation", "org_office"


class Exchange:
    """Two sites that reach the same folder, and nothing else of each other."""

    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.shared = folder / "shared"
        self.shared.mkdir()
        self.a, self.b = (self._site(folder / name) for name in ("a", "b"))
        self.sites = (self.a, self.b)

    def _site(self, folder: Path) -> SampleSite:
        (folder / "private").mkdir(parents=True)
        (folder / "private" / "appconfig.ini").write_text(f"[sync]\nfolder_roots = {self.shared}\n")
        site = SampleSite(folder, IN_A_FILE, clock=self.clock)
        repository = site.db.sync_repository.insert(
            name="stick", apitype="folder", path=str(self.shared), settings={}
        )
        for resource in (ORG, OFFICE):
            site.db.sync_task.insert(repository_id=repository, resource_name=resource)
        site.db.commit()
        return site

    def run(self, *sites: SampleSite) -> list[dict[str, Any]]:
        done = []
        for site in sites or (self.a, self.b, self.a):
            self.clock.step()
            done.append(synchronise._synchronize(site, 1, None, True))
        return done

    def add(self, site: SampleSite, uuid: str, name: str) -> None:
        self.clock.step()
        site.db[ORG].insert(uuid=uuid, name=name)
        site.db.commit()

    def change(self, site: SampleSite, uuid: str, **values: Any) -> None:
        self.clock.step()
        site.db(site.db[ORG].uuid == uuid).update(**values)
        site.db.commit()


@pytest.fixture()
def exchange(tmp_path: Path) -> Exchange:
    return Exchange(tmp_path)


def state(site: SampleSite) -> dict[str, tuple[str, bool]]:
    rows = site.db(site.db[ORG]).select()
    site.db.commit()
    return {row.uuid: (row.name, bool(row.deleted)) for row in rows}


def test_what_one_site_has_the_other_gets_and_nothing_comes_twice(exchange: Exchange) -> None:
    exchange.add(exchange.a, "one", "One")
    exchange.add(exchange.b, "two", "Two")
    exchange.run()
    assert state(exchange.a) == state(exchange.b) == {"one": ("One", False), "two": ("Two", False)}
    files = sorted(each.name for each in exchange.shared.iterdir())
    exchange.run()
    assert sorted(each.name for each in exchange.shared.iterdir()) == files, "nothing new, no file"
    again = exchange.a.db(exchange.a.db.sync_run).select().last()
    assert (again.created, again.updated, again.sent, again.state) == (0, 0, 0, "completed")


def test_changes_and_deletions_follow(exchange: Exchange) -> None:
    exchange.add(exchange.a, "one", "One")
    exchange.add(exchange.a, "two", "Two")
    exchange.run()
    exchange.change(exchange.b, "one", name="Changed at b")
    exchange.change(exchange.a, "two", deleted=True)
    exchange.run(exchange.b, exchange.a, exchange.b)
    assert state(exchange.a) == state(exchange.b) == {"one": ("Changed at b", False), "two": ("Two", True)}


def test_records_arrive_with_what_they_refer_to(exchange: Exchange) -> None:
    site = exchange.a
    key = site.db[ORG].insert(uuid="one", name="One")
    site.db[OFFICE].insert(uuid="office", name="Office", organisation_id=key)
    site.db.commit()
    exchange.run(exchange.a, exchange.b)
    office = exchange.b.row(OFFICE, "office")
    assert exchange.b.db[ORG](office.organisation_id).uuid == "one"


def test_both_changed_the_same_record_and_the_newer_version_stays_at_both(exchange: Exchange) -> None:
    exchange.add(exchange.a, "one", "One")
    exchange.run()
    exchange.change(exchange.a, "one", name="At a")
    exchange.change(exchange.b, "one", name="At b, later")
    exchange.run(exchange.a, exchange.b, exchange.a, exchange.b)
    assert state(exchange.a) == state(exchange.b) == {"one": ("At b, later", False)}


def test_a_broken_file_fails_the_run_by_name_and_the_rest_of_the_exchange_goes_on(exchange: Exchange) -> None:
    exchange.add(exchange.b, "two", "Two")
    exchange.run(exchange.b)
    broken = exchange.shared / f"{ORG}-0-broken.xml"
    broken.write_bytes(b"<s3xml><resource")
    exchange.add(exchange.a, "one", "One")
    with pytest.raises(RunFailed, match=r"0-broken\.xml cannot be taken"):
        exchange.run(exchange.a)
    entry = exchange.a.db(exchange.a.db.sync_log.result.belongs(("error", "fatal"))).select().first()
    assert str(broken) in entry.message and "Move it away" in entry.remedy
    assert len(list(exchange.shared.glob(f"{ORG}-2*.xml"))) == 2, "what is sent was sent"
    broken.unlink()
    exchange.run(exchange.a)
    assert set(state(exchange.a)) == {"one", "two"}


def test_a_folder_that_is_gone_is_told_and_nothing_counts_as_sent(exchange: Exchange) -> None:
    exchange.add(exchange.a, "one", "One")
    gone = exchange.shared.rename(exchange.shared.with_name("gone"))
    with pytest.raises(RunFailed, match="There is no folder"):
        exchange.run(exchange.a)
    gone.rename(exchange.shared)
    exchange.run(exchange.a, exchange.b)
    assert set(state(exchange.b)) == {"one"}


def test_the_preview_shows_what_would_come_and_takes_nothing(exchange: Exchange) -> None:
    exchange.add(exchange.b, "two", "Two")
    exchange.run(exchange.b)
    site = exchange.a
    for _ in range(2):
        repository = site.repository(1)
        found = preview(repository, repository.tasks)
        assert found.error is None
        incoming = found.resources[0].incoming
        assert incoming is not None and incoming.error is None and incoming.dry_run is not None
        assert incoming.dry_run.outcomes == {"created": 1}
    assert not list(site.spool.iterdir()) and state(site) == {}


def test_the_overview_knows_the_folder_and_when_it_was_reached(exchange: Exchange) -> None:
    Scheduler(exchange.a.db, {jobs.FUNCTION: print}, migrate=True, utc_time=True)
    exchange.run(exchange.a)
    (found,) = statuses(exchange.a)
    assert found.where == str(exchange.shared) and found.facts.is_active
    assert found.facts.last_contact is not None and found.facts.last_contact.date() == date(2026, 3, 1)
    assert Capability.REGISTER not in exchange.a.repository(1).peer().capabilities


def test_documents_in_a_format_of_the_operator_are_read_and_written(exchange: Exchange) -> None:
    """One site writes them, the other one reads them; each has the stylesheets in a folder of its own."""
    for site in exchange.sites:
        install(site.folder / "private" / "formats", reads=IMPORT.replace("@number", "@id"))
    repository = exchange.a.db.sync_repository
    exchange.a.db(repository.id == 1).update(settings={"adapter": {"own_format": "sitelist"}})
    exchange.a.db.commit()
    exchange.add(exchange.a, "one", "Red & Cross")
    exchange.run(exchange.a)
    (written,) = [path for path in exchange.shared.iterdir() if path.name.startswith(ORG)]
    assert written.suffix == ".sitelist" and 'label="Red &amp; Cross"' in written.read_text("utf-8")
    exchange.run(exchange.b)
    names = [row.name for row in exchange.b.db(exchange.b.db[ORG]).select()]
    exchange.b.db.commit()
    assert names == ["Red & Cross"]
    (exchange.shared / f"{ORG}-other.sitelist").write_text("<sites>", "utf-8")
    with pytest.raises(RunFailed, match="no XML"):
        exchange.run(exchange.b)
