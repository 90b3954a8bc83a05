"""Making acquaintance: what one repository stands for, whoever introduced itself first."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from gluon.scheduler import Scheduler
from gluon.storage import Storage

from s3sync.active.registration import ask_for_offer, introduce, known_offer
from s3sync.adapters.base import Remote
from s3sync.adapters.eden import RESOURCE_URL, EdenAdapter
from s3sync.adapters.testing import one_line
from s3sync.administration import dataset_archive as dataset_archive
from s3sync.core.clock import SystemClock
from s3sync.core.cursor import CheckpointKind
from s3sync.core.errors import BadRequest, ForeignAccount, RedirectedElsewhere
from s3sync.exchange.peer import Asking, Exchange
from s3sync.passive import dry_run as dry_run
from s3sync.passive import files as files
from s3sync.passive import push as push
from s3sync.passive import registration as registration
from s3sync.scheduler import jobs as jobs
from s3sync.scheduler import queue as queue
from s3sync.site import Site
from s3sync.transport.client import Transport
from s3sync.wire.protocol.push import PushRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.exchange import DirectPeer
from tests.support.peer import Answer, FakePeer
from tests.support.site import SampleSite

RESOURCE = "org_organisation"


class Line(DirectPeer):
    """A direct peer that looks like an adapter."""

    def __enter__(self) -> Line:
        return self

    def __exit__(self, *exc: object) -> None:
        return


@pytest.fixture()
def sites(tmp_path: Path) -> Iterator[tuple[Site, Site]]:
    own, other = SampleSite(tmp_path / "own"), SampleSite(tmp_path / "other")
    own.connect = lambda apitype, remote, interactive=None: Line(own, other)  # type: ignore[assignment, method-assign, return-value]
    Scheduler(own.db, {queue.FUNCTION: print}, migrate=True, utc_time=True)
    yield own, other
    own.db.close()
    other.db.close()


def enter(site: Site) -> int:
    """Enter the other site's address by hand, with a resource."""
    key: int = site.db.sync_repository.insert(name="entered", url="http://other")
    site.db.sync_task.insert(repository_id=key, resource_name=RESOURCE)
    site.db.commit()
    return key


def introduced(site: Site, other: Site) -> int:
    """The other site introduces itself."""
    registration.register(site, RegistrationRequest(other.config().uuid, "Other"))
    return site.repository(other.config().uuid).id


def test_what_was_entered_goes_over_to_the_repository_that_introduced_itself(
    sites: tuple[Site, Site],
) -> None:
    own, other = sites
    db = own.db
    entered = enter(own)
    jobs.add_job(own, entered, 7, period=60, timeout=50)
    queue.start_now(own, entered, 7, 50)
    run = db.sync_run.insert(repository_id=entered, state="failed", finished_on=own.clock.now())
    db.sync_traffic.insert(day=date(2026, 3, 1), repository_id=entered, received=1)
    kept = db.sync_kept.insert(kind="rejected", tablename=RESOURCE, repository_id=entered, fingerprint="x")
    own.checkpoints.write(entered, RESOURCE, CheckpointKind.PULL, "{}")
    db.sync_lease.insert(repository_id=entered, owner="who works for what is gone")
    db.commit()
    known = introduced(own, other)

    assert introduce(own, entered, join=known).repository_id == known
    assert [row.id for row in db(db.sync_repository).select()] == [known]
    assert db.sync_repository(known).url == "http://other"
    assert len(own.repository(known).tasks) == 1
    (job,) = jobs.jobs_of(db, known)
    called = [json.loads(row.vars) for row in db(db.scheduler_task).select()]
    assert [each["repository_id"] for each in called] == [known, known]
    assert {each["user_id"] for each in called} == {7} and job.scheduler_task.period == 60
    assert queue.waiting(db, known)
    assert db.sync_run(run).repository_id == known and db.sync_kept(kept).repository_id == known
    assert db(db.sync_traffic.repository_id == known).count() == 1
    assert (
        own.checkpoints.read(entered, RESOURCE, CheckpointKind.PULL) is None and db(db.sync_lease).isempty()
    )


def test_a_site_cannot_make_itself_a_repository_of_a_type_that_never_asks(sites: tuple[Site, Site]) -> None:
    own, _ = sites
    for number, (said, stored) in enumerate((("eden", "eden"), ("folder", "eden"), ("pigeon", "eden"))):
        registration.register(own, RegistrationRequest(f"urn:{number}", "Other", said))
        assert own.repository(f"urn:{number}").apitype == stored
    key = own.db.sync_repository.insert(uuid="urn:ours", name="Stick", apitype="folder", path="/srv")
    registration.register(own, RegistrationRequest("urn:ours", "Other", "eden"))
    row = own.db.sync_repository(key)
    assert (row.name, row.apitype) == ("Stick", "folder"), "what was entered here stays"


def test_a_setting_without_a_column_goes_over_with_the_others(sites: tuple[Site, Site]) -> None:
    own, other = sites
    entered = enter(own)
    own.db(own.db.sync_repository.id == entered).update(settings={"adapter": {"outbox": "/srv"}})
    known = introduced(own, other)
    assert introduce(own, entered, join=known).repository_id == known
    assert own.repository(known).settings["adapter"] == {"outbox": "/srv"}


def test_a_resource_that_both_had_is_exchanged_once(sites: tuple[Site, Site]) -> None:
    own, other = sites
    known = introduced(own, other)
    own.db.sync_task.insert(repository_id=known, resource_name=RESOURCE, update_policy="THIS")
    own.db.sync_task.insert(repository_id=known, resource_name="org_office")
    entered = enter(own)
    assert introduce(own, entered, join=known).repository_id == known
    assert sorted((each.resource, each.exchange.update_policy) for each in own.repository(known).tasks) == [
        ("org_office", "NEWER"),
        (RESOURCE, "NEWER"),
    ]


class Moved(Line):
    def offer(self) -> Any | None:
        raise RedirectedElsewhere("A portal wants to be paid first.", target="http://portal")


def test_what_was_offered_stays_remembered_where_it_cannot_be_asked_again(sites: tuple[Site, Site]) -> None:
    own, other = sites
    key = introduce(own, enter(own)).repository_id
    first = known_offer(own.repository(key))
    assert first is not None and first.offer.uuid == other.config().uuid
    own.connect = lambda apitype, remote, interactive=None: Moved(own, other)  # type: ignore[assignment, method-assign, return-value]
    with pytest.raises(RedirectedElsewhere):
        ask_for_offer(own.repository(key))
    assert known_offer(own.repository(key)) == first


def test_who_is_sent_elsewhere_has_not_met_an_eden(tmp_path: Path) -> None:
    portal = Answer(302, headers={"Location": "https://portal.example.org/pay"})
    with FakePeer(lambda asked: portal) as server:
        line = Transport(server.url, clock=SystemClock(), spool=tmp_path)
        remote = Remote(1, None, "other", "urn:own", "own", {"url": server.url})
        with EdenAdapter(remote, one_line(line)) as peer:
            with pytest.raises(RedirectedElsewhere):
                peer.offer()


@pytest.mark.parametrize(
    "given",
    [
        {"name": "Field\x00 office\nBcc: everybody@example.org"},
        {"name": "Field office", "apitype": "e" * 5000},
        {"name": "Field office", "apitype": "eden\x00"},
        {"name": "Field office", "capabilities": ["cur\x00sor", "gzip", "x" * 5000]},
    ],
)
def test_what_a_site_says_about_itself_fits_into_every_database(given: dict[str, Any]) -> None:
    told = RegistrationRequest.from_body(json.dumps({"uuid": "urn:x", **given}).encode())
    assert told.name.isprintable() and told.name.startswith("Field office")
    assert told.apitype == "eden"
    assert told.capabilities <= {"gzip"}


def test_two_repositories_become_one_only_if_a_person_says_so(sites: tuple[Site, Site]) -> None:
    own, other = sites
    known, entered = introduced(own, other), enter(own)
    asked = introduce(own, entered)
    assert (asked.same_as, asked.succeeded, asked.error) == (known, False, None)
    assert own.repository(known).url is None and own.repository(entered).uuid != other.config().uuid
    assert introduce(own, entered, join=entered).same_as == known, "another answer is asked about again"


def as_account(site: Site, key: int) -> None:
    """Let an account of this site be the one that asks."""
    assert isinstance(site, SampleSite)
    site.auth.user = Storage(id=key)


def test_a_repository_belongs_to_the_account_that_registered_it(sites: tuple[Site, Site]) -> None:
    own, other = sites
    as_account(own, 7)
    known = introduced(own, other)
    before = own.db.sync_repository(known).as_dict()
    as_account(own, 8)
    line = DirectPeer(other, own)
    exchange = Exchange(RESOURCE)
    attempts: list[Any] = [
        lambda: registration.register(own, RegistrationRequest(str(other.config().uuid), "Mine", "nosuch")),
        lambda: line.pull(exchange, Asking(cursor="", limit=10)),
        lambda: line.pull(exchange, Asking(cursor="", limit=10, look=True)),
        lambda: files.take_file(own, str(other.config().uuid), "x", io.BytesIO(b"x")),
        lambda: push.push(own, PushRequest(RESOURCE, str(other.config().uuid)), io.BytesIO(b"<s3xml/>")),
        lambda: dry_run.dry_run(
            own, PushRequest(RESOURCE, str(other.config().uuid)), io.BytesIO(b"<s3xml/>")
        ),
    ]
    for attempt in attempts:
        with pytest.raises(ForeignAccount):
            attempt()
    assert own.db.sync_repository(known).as_dict() == before
    own.repository(known).update(account_id=None)
    line.pull(exchange, Asking(cursor="", limit=10))
    assert own.repository(known).account_id == 8, "released, and taken by who came first"


def test_an_account_registers_a_bounded_number_of_sites(
    sites: tuple[Site, Site], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("s3sync.passive.registration.MOST_REGISTERED", 3)
    own, _ = sites
    words = frozenset(f"w{number}" for number in range(1000))
    as_account(own, 7)
    for name in "abc":
        body = RegistrationRequest(name, "Site", capabilities=words).to_body()
        registration.register(own, RegistrationRequest.from_body(body))
    with pytest.raises(BadRequest):
        registration.register(own, RegistrationRequest("d", "Site"))
    registration.register(own, RegistrationRequest("a", "Site A"))
    as_account(own, 8)
    registration.register(own, RegistrationRequest("d", "Site"))
    rows = own.db(own.db.sync_repository.account_id == 7).select()
    assert len(rows) == 3 and {len(row.capabilities) for row in rows} == {100}


def test_what_we_learned_by_our_own_registration_is_not_overwritten_from_outside(
    sites: tuple[Site, Site],
) -> None:
    own, _ = sites
    key = introduce(own, enter(own)).repository_id
    before = own.repository(key)
    registration.register(
        own, RegistrationRequest(before.uuid, "Mine", "nosuch", frozenset((RESOURCE_URL, "look")))
    )
    after = own.repository(key)
    assert (after.name, after.apitype, after.capabilities) == (
        before.name,
        before.apitype,
        before.capabilities,
    )


def test_nobody_announces_what_is_only_ever_detected(sites: tuple[Site, Site]) -> None:
    own, _ = sites
    told = frozenset((RESOURCE_URL, "cursor"))
    registration.register(own, RegistrationRequest("urn:new", "New", capabilities=told))
    assert own.repository("urn:new").capabilities == {"cursor"}


def test_what_is_remembered_of_another_site_is_dated_by_the_clock_of_this_one(
    sites: tuple[Site, Site],
) -> None:
    own, other = sites
    known = introduced(own, other)
    assert own.db.sync_repository(known).last_connected == own.clock.now()
    own.db.sync_repository(known).update_record(last_connected=None)
    DirectPeer(other, own).pull(Exchange(RESOURCE), Asking(cursor="", limit=10))
    assert own.db.sync_repository(known).last_connected == own.clock.now()
    own.db.sync_repository(known).update_record(last_connected=None)
    assert introduce(own, enter(own), join=known).repository_id == known
    assert own.db.sync_repository(known).last_connected == own.clock.now()


def test_an_archive_says_when_it_was_made_by_the_clock_of_its_site(sites: tuple[Site, Site]) -> None:
    own, _ = sites
    key = own.db.sync_dataset.insert(code="set", name="A set", use_archive=True)
    own.db.sync_task.insert(dataset_id=key, resource_name=RESOURCE)
    own.db.commit()
    dataset_archive.build(own, key)
    assert own.db(own.db.sync_dataset_archive).select().first().date == own.clock.now()
