"""Two sites in one process: what one has the other gets, once, whatever is lost on the way."""

from __future__ import annotations

import base64
import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from s3sync.core.policy import Policy
from s3sync.exchange.peer import Asking, Exchange
from s3sync.exchange.run.failures import RunFailed
from s3sync.passive import pull as passive_pull
from s3sync.passive import registration as registration
from s3sync.site import Site
from s3sync.wire.filters import parse_filter
from s3sync.wire.protocol.pull import PullRequest
from s3sync.wire.protocol.registration import RegistrationRequest
from tests.support.exchange import Pair
from tests.support.site import IN_A_FILE, NOW, Clock, SampleSite

ORG, OFFICE, PERSON, DOCUMENT = "org_organisation", "org_office", "pr_person", "doc_document"


class World:
    def __init__(self, folder: Path) -> None:
        self.clock = Clock()
        self.a = SampleSite(folder / "a", IN_A_FILE, clock=self.clock)
        self.b = SampleSite(folder / "b", IN_A_FILE, clock=self.clock)

    def add(self, site: Site, *numbers: int, table: str = ORG, **values: Any) -> None:
        for number in numbers:
            site.db[table].insert(uuid=f"urn:uuid:{table}:{number}", name=f"{table} {number}", **values)
        site.db.commit()

    def change(self, site: Site, number: int, name: str) -> None:
        self.clock.step()
        site.db(site.db[ORG].uuid == f"urn:uuid:{ORG}:{number}").update(name=name)
        site.db.commit()


@pytest.fixture()
def world(tmp_path: Path) -> World:
    return World(tmp_path)


def state(site: Site, table: str = ORG) -> dict[str, tuple[Any, ...]]:
    rows = site.db(site.db[table]).select()
    site.db.commit()
    return {row.uuid: (row.name, row.modified_on, bool(row.deleted)) for row in rows}


def outcomes(report: Any) -> dict[str, int]:
    return {name: count for name, count in report.received.items() if count}


def test_both_get_what_the_other_has_in_pages(world: World) -> None:
    world.add(world.a, 1, 2, 3, 4, 5, 6, 7)
    world.add(world.b, 11, 12, 13, 14)
    pair = Pair(world.a, world.b, ORG)
    report = pair.run()
    assert outcomes(report) == {"created": 4} and report.sent == 7
    assert state(world.a) == state(world.b) and len(state(world.a)) == 11
    idle = pair.run()
    assert outcomes(idle) == {} and idle.sent == 0


def test_changes_and_deletions_travel_both_ways(world: World) -> None:
    world.add(world.a, 1, 2, 3)
    pair = Pair(world.a, world.b, ORG)
    pair.run()
    world.change(world.a, 1, "changed at a")
    world.change(world.b, 2, "changed at b")
    world.clock.step()
    world.b.s3db.delete(ORG, [world.b.db(world.b.db[ORG].uuid == f"urn:uuid:{ORG}:3").select().first().id])
    world.b.db.commit()
    report = pair.run()
    assert outcomes(report) == {"updated": 1, "deleted": 1} and report.sent == 1
    assert state(world.a) == state(world.b)
    assert state(world.a)[f"urn:uuid:{ORG}:3"][2] is True
    idle = pair.run()
    assert outcomes(idle) == {} and idle.sent == 0


def test_a_conflict_ends_equal_and_is_told(world: World) -> None:
    world.add(world.a, 1)
    pair = Pair(world.a, world.b, ORG)
    pair.run()
    world.change(world.a, 1, "older")
    world.change(world.b, 1, "newer")
    pair.run()
    assert state(world.a) == state(world.b)
    assert state(world.a)[f"urn:uuid:{ORG}:1"][0] == "newer"
    assert pair.told.entries[0][2] == "warning"


@pytest.mark.parametrize("lost", [1, 2])
def test_lost_answers_lose_and_repeat_nothing(world: World, lost: int) -> None:
    world.add(world.a, *range(1, 8))
    world.add(world.b, *range(11, 18))
    pair = Pair(world.a, world.b, ORG)
    pair.peer.lose_answers = lost
    pair.run()
    pair.run()
    assert state(world.a) == state(world.b) and len(state(world.a)) == 14
    world.change(world.a, 1, "x")
    pair.peer.lose_answers = lost
    pair.run()
    assert state(world.a) == state(world.b)
    idle = pair.run()
    assert outcomes(idle) == {} and idle.sent == 0


def test_a_run_that_is_broken_off_goes_on_where_it_was(world: World) -> None:
    world.add(world.b, *range(1, 10))
    pair = Pair(world.a, world.b, ORG)
    pull, calls = pair.peer.pull, []

    def cut(exchange: Exchange, asking: Asking) -> Any:
        calls.append(asking.cursor)
        if len(calls) == 3:
            raise RuntimeError("power cut")
        return pull(exchange, asking)

    pair.peer.pull = cut  # type: ignore[method-assign]
    with pytest.raises(RunFailed):
        pair.run()
    assert len(state(world.a)) == 6
    report = pair.run()
    assert outcomes(report) == {"created": 3} and state(world.a) == state(world.b)


def test_references_and_filters(world: World) -> None:
    world.add(world.b, 1, 2)
    first = world.b.db(world.b.db[ORG].uuid == f"urn:uuid:{ORG}:1").select().first().id
    world.add(world.b, 1, 2, table=OFFICE, organisation_id=first)
    filters = (parse_filter("~.name", f"{ORG} 1"),)
    pair = Pair(world.a, world.b, ORG, filters=filters)
    pair.run()
    assert list(state(world.a)) == [f"urn:uuid:{ORG}:1"]
    Pair(world.a, world.b, OFFICE).run()
    offices = world.a.db(world.a.db[OFFICE]).select()
    assert {row.organisation_id for row in offices} == {world.a.db(world.a.db[ORG]).select().first().id}


def test_the_same_as_with_an_eden(world: World) -> None:
    world.add(world.a, 1, 2, 3, 4)
    world.add(world.b, 11, 12)
    pair = Pair(world.a, world.b, ORG, eden=True)
    pair.run()
    assert state(world.a) == state(world.b) and len(state(world.a)) == 6
    world.clock.step(3600)
    world.change(world.b, 11, "changed")
    report = pair.run()
    assert report.received["updated"] == 1 and state(world.a) == state(world.b)


def test_an_eden_that_sends_everything_again_undoes_nothing(world: World) -> None:
    world.add(world.b, 1, 2)
    pair = Pair(world.a, world.b, ORG, eden=True, conflict_policy=Policy.OTHER)
    pair.peer.repeats_everything = True
    world.clock.step(3600)
    pair.run()
    world.clock.step(3600)
    world.change(world.a, 1, "changed here")
    report = pair.run()
    assert outcomes(report) == {"unchanged": 2} and report.sent == 1
    assert state(world.a)[f"urn:uuid:{ORG}:1"][0] == "changed here"
    world.change(world.a, 2, "changed here")
    world.change(world.b, 2, "changed there")
    report = pair.run()
    assert report.received["conflict"] == 1 and state(world.a)[f"urn:uuid:{ORG}:2"][0] == "changed there"


def asked(world: World, uuid: str, msince: datetime | None, *filters: Any) -> set[str]:
    """Ask b as an Eden does; return the names in the answer."""
    world.clock.step()
    path = world.a.spool / "asked.xml"
    with path.open("w+b") as out:
        passive_pull.pull(world.b, PullRequest(ORG, uuid, msince=msince, filters=tuple(filters)), out)
    return set(re.findall(r'<data field="name">([^<]*)<', path.read_text()))


def test_an_eden_gets_what_came_late_with_an_older_time(world: World) -> None:
    uuid = "urn:uuid:old-eden"
    registration.register(world.b, RegistrationRequest(uuid, "old"))
    world.add(world.b, 1)
    assert asked(world, uuid, None) == {f"{ORG} 1"}
    first = NOW + timedelta(hours=1)
    assert asked(world, uuid, first) == set()
    # From a third site, by the journal new, by its time old.
    world.add(world.b, 2, modified_on=NOW - timedelta(days=9))
    second = NOW + timedelta(hours=2)
    assert asked(world, uuid, second) == {f"{ORG} 2"}
    assert asked(world, uuid, second) == {f"{ORG} 2"}, "the answer was lost, so it asks for the same again"
    assert asked(world, uuid, NOW + timedelta(hours=3)) == set()
    assert asked(world, uuid, NOW) == {f"{ORG} 1"}, "an earlier time was set by hand: it decides"
    one = parse_filter("~.name", f"{ORG} 2")
    assert asked(world, uuid, NOW - timedelta(days=10), one) == {f"{ORG} 2"}
    assert asked(world, uuid, None) == {f"{ORG} 1", f"{ORG} 2"}


def stored_file(site: Site, content: bytes) -> str:
    name = base64.urlsafe_b64encode(b"note.txt").decode("ascii")
    stored = f"{DOCUMENT}.file.00000000000000aa.{name}.txt"
    path = site.files.path(DOCUMENT, "file", stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return stored


@pytest.mark.parametrize("pushed", [True, False])
def test_files_follow_their_records(world: World, pushed: bool) -> None:
    source, target = (world.a, world.b) if pushed else (world.b, world.a)
    stored = stored_file(source, b"content")
    world.add(source, 1, table=DOCUMENT, file=stored)
    pair = Pair(world.a, world.b, DOCUMENT)
    pair.run()
    row = target.db(target.db[DOCUMENT]).select().first()
    assert row.file == stored
    assert target.files.path(DOCUMENT, "file", stored).read_bytes() == b"content"
    assert target.pending_references.waiting_files(1, 10) == []
    assert pair.peer.sent_files == ([stored] if pushed else [])


def restore(site: Site, folder: Path, backup: bytes) -> Site:
    """Put yesterday's database back, as after a disk failure, and open the site again."""
    site.db.close()
    (folder / "databases" / "storage.sqlite").write_bytes(backup)
    for rest in ("-wal", "-shm"):
        (folder / "databases" / f"storage.sqlite{rest}").unlink(missing_ok=True)
    return SampleSite(folder, IN_A_FILE)


@pytest.mark.parametrize("which", ["own", "other"])
def test_a_restored_site_gets_everything_back(world: World, tmp_path: Path, which: str) -> None:
    world.add(world.a, 1, 2)
    world.add(world.b, 11, 12)
    pair = Pair(world.a, world.b, ORG)
    pair.run()
    site, folder = (world.a, tmp_path / "a") if which == "own" else (world.b, tmp_path / "b")
    site.db.executesql("PRAGMA wal_checkpoint(TRUNCATE)")
    backup = (folder / "databases" / "storage.sqlite").read_bytes()
    world.add(world.a, 3)
    world.add(world.b, 13)
    pair.run()
    assert len(state(world.a)) == len(state(world.b)) == 6
    restored = restore(site, folder, backup)
    restored.clock = world.clock
    if which == "own":
        world.a = pair.own = pair.peer.own = restored
    else:
        world.b = pair.other = pair.peer.other = restored
    assert len(state(restored)) == 4
    pair.run()
    pair.run()
    assert state(world.a) == state(world.b) and len(state(world.a)) == 6
